"""Connection URIs are read as libvirt reads them, and written back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit.errors import InternalError, InvalidArgError
from virtkit.uri import CLIENT_PARAMETERS, TRANSPORTS, URI, is_alias, parse

PARSED = [
    ("test:///default", URI("test", path="/default")),
    ("qemu:///system", URI("qemu", path="/system")),
    ("qemu:///embed?root=/srv/lab", URI("qemu", path="/embed", query=(("root", "/srv/lab"),))),
    ("qemu+ssh://root@lab.example:2222/system", URI("qemu", "ssh", "root", "lab.example", 2222, "/system")),
    ("QEMU+TLS://[fe80::1%25eth0]/system", URI("qemu", "tls", host="fe80::1%eth0", path="/system")),
    ("qemu+unix:///system?socket=/run/a%20b", URI("qemu", "unix", path="/system", query=(("socket", "/run/a b"),))),
    ("remote+tcp://host", URI("remote", "tcp", host="host")),
    ("xen://host/", URI("xen", host="host", path="/")),
    ("test:///srv/my%20node.xml", URI("test", path="/srv/my node.xml")),
    (
        "lxc:///system?a=1;b=2&b=3&flag",
        URI("lxc", path="/system", query=(("a", "1"), ("b", "2"), ("b", "3"), ("flag", ""))),
    ),
    ("qemu+ssh://h/system?keyfile=/k+1", URI("qemu", "ssh", host="h", path="/system", query=(("keyfile", "/k+1"),))),
]


@pytest.mark.parametrize(("text", "expected"), PARSED, ids=[text for text, _ in PARSED])
def test_a_uri_is_read_into_its_parts(text: str, expected: URI) -> None:
    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *("not a uri", "", "/system", "://x", "1qemu:///system", "qemu://[::1/system", "qemu://h:x/"),
        *("qemu://h:65536/", f"qemu://h:{'9' * 5000}/", "qemu://[lab]/"),
    ],
)
def test_what_is_no_uri_is_an_internal_error_of_the_uri_domain(text: str) -> None:
    with pytest.raises(InternalError, match="not a connection URI") as caught:
        parse(text)
    assert 45 == caught.value.domain


@pytest.mark.parametrize("text", ["qemu+zzz:///system", "qemu+:///system"])
def test_an_unknown_transport_is_an_invalid_argument_that_lists_the_known(text: str) -> None:
    with pytest.raises(InvalidArgError, match=", ".join(TRANSPORTS)) as caught:
        parse(text)
    assert 13 == caught.value.domain


def test_the_unix_transport_goes_with_no_host() -> None:
    with pytest.raises(InvalidArgError, match="drop the host 'lab'"):
        parse("qemu+unix://lab/system")


def test_a_hostile_uri_is_refused_before_it_is_read_and_shown_in_part() -> None:
    with pytest.raises(InternalError, match="too long") as caught:
        parse("qemu:///" + "x" * 1_000_000)
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("qemu:///system", False),
        ("qemu+unix:///system", True),
        ("qemu://host/system", True),
        ("test:///default", False),
    ],
)
def test_a_transport_or_a_host_means_a_daemon(text: str, remote: bool) -> None:
    assert remote == parse(text).is_remote


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("qemu+ssh://root@host/system?keyfile=/k&no_tty=1", "qemu:///system"),
        ("lxc+tcp://host/?domain=7&proxy=always", "lxc:///?domain=7"),
        ("remote+tls://host/", ""),
        ("qemu+tls://host/system?name=test:///default", "test:///default"),
    ],
)
def test_the_server_is_sent_what_the_client_does_not_consume(text: str, sent: str) -> None:
    assert sent == parse(text).for_server()


def test_the_first_of_equal_parameters_counts() -> None:
    uri = parse("qemu:///embed?root=/a&root=/b")
    assert ("/a", "", "none") == (uri.parameter("root"), uri.parameter("other"), uri.parameter("other", "none"))


@pytest.mark.parametrize(
    ("text", "alias"), [("lab", True), ("lab_2-a", True), ("", False), ("qemu:///x", False), ("a.b", False)]
)
def test_an_alias_is_a_plain_word(text: str, alias: bool) -> None:
    assert alias == is_alias(text)


words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=" "), max_size=12)
hosts = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?", fullmatch=True) | st.just("fe80::1%eth0")
uris = st.builds(
    URI,
    driver=st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True),
    transport=st.sampled_from(("", "tls", "tcp", "ssh", "ext")),
    user=words,
    host=hosts,
    port=st.integers(0, 65535),
    path=words.map("/".__add__),
    query=st.lists(st.tuples(words.filter(bool), words), max_size=3).map(tuple),
)


@given(uris)
def test_a_uri_written_and_read_again_is_the_same(uri: URI) -> None:
    assert uri == parse(str(uri))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_an_error_of_ours(text: str) -> None:
    try:
        uri = parse(text)
    except (InternalError, InvalidArgError):
        return
    assert uri.driver


def test_the_clients_parameters_are_those_of_libvirt() -> None:
    assert {"socket", "mode", "keyfile", "no_verify", "name"} <= CLIENT_PARAMETERS
    assert "root" not in CLIENT_PARAMETERS
