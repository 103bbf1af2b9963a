"""Defining, listing and undefining filters; the standard ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.netfilter.tests.lab import DROP_PING, filter_xml, ref, rule
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    NoNWFilterError,
    OperationFailedError,
    SystemCallError,
    VirtError,
    XMLDetailError,
    XMLError,
    XMLInvalidSchemaError,
)
from virtkit.store import Collection

UUID = "6e1b2c7a-0d8f-4f25-9a3c-1f2e3d4c5b6a"
OTHER = "6e1b2c7a-0d8f-4f25-9a3c-1f2e3d4c5b6b"

STANDARD = {
    "allow-arp", "allow-dhcp", "allow-dhcp-server", "allow-dhcpv6", "allow-dhcpv6-server", "allow-incoming-ipv4",
    "allow-incoming-ipv6", "allow-ipv4", "allow-ipv6", "clean-traffic", "clean-traffic-gateway", "no-arp-ip-spoofing",
    "no-arp-mac-spoofing", "no-arp-spoofing", "no-ip-multicast", "no-ip-spoofing", "no-ipv6-multicast",
    "no-ipv6-spoofing", "no-mac-broadcast", "no-mac-spoofing", "no-other-l2-traffic", "no-other-rarp-traffic",
    "qemu-announce-self", "qemu-announce-self-rarp",
}  # fmt: skip
"""What libvirt 9.0 installs."""


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"nwfilter:///embed?root={tmp_path}"


@pytest.fixture
def conn(uri: str) -> Iterator[virtkit.Connection]:
    with virtkit.open(uri) as connection:
        yield connection


# Documents


def test_a_definition_is_completed_as_libvirt_does(conn: virtkit.Connection) -> None:
    text = "<rule action='drop' direction='out'><arp arpsrcipaddr='$IP' match='no'/></rule>"
    defined = conn.define_nwfilter(f"<filter name='a' chain='arp-x'><uuid>{UUID}</uuid>{text}{ref('b')}</filter>")
    assert defined.xml_desc() == (
        "<filter name='a' chain='arp-x' priority='-500'>\n"
        f"  <uuid>{UUID}</uuid>\n"
        "  <rule action='drop' direction='out' priority='500'>\n"
        "    <arp match='no' arpsrcipaddr='$IP'/>\n"
        "  </rule>\n"
        "  <filterref filter='b'/>\n"
        "</filter>\n"
    )


def test_a_chain_that_is_not_named_is_the_root_and_has_no_priority(conn: virtkit.Connection) -> None:
    assert "<filter name='a' chain='root'>" in conn.define_nwfilter("<filter name='a'/>").xml_desc()


def test_a_name_without_uuid_redefines(conn: virtkit.Connection) -> None:
    first = conn.define_nwfilter(filter_xml("a", uuid=UUID))
    again = conn.define_nwfilter(filter_xml("a", DROP_PING))
    assert (first.ref, UUID) == (again.ref, again.uuid_string)
    assert "icmp" in first.xml_desc()


def test_name_and_uuid_belong_together(conn: virtkit.Connection) -> None:
    conn.define_nwfilter(filter_xml("a", uuid=UUID))
    for refused in (filter_xml("a", uuid=OTHER), filter_xml("b", uuid=UUID)):
        with pytest.raises(OperationFailedError):
            conn.define_nwfilter(refused)
    assert "b" not in conn.list_nwfilter_names()


def test_what_nobody_knows_is_kept_and_told(conn: virtkit.Connection, caplog: pytest.LogCaptureFixture) -> None:
    odd = "<filter name='a' colour='red'><rule action='drop' direction='in'><mac/><shape/></rule></filter>"
    with caplog.at_level(logging.WARNING):
        text = conn.define_nwfilter(odd).xml_desc()
    assert "colour='red'" in text
    assert "<shape/>" in text
    assert "colour" in caplog.text
    with pytest.raises(XMLInvalidSchemaError, match="colour"):
        conn.define_nwfilter(odd, 1)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("<filter", XMLDetailError, "line 1"),
        ("<network/>", XMLError, "network"),
        ("<filter/>", XMLError, "no name"),
        ("<filter name=''/>", XMLError, "no name"),
        ("<filter name='../a'/>", XMLError, "slash"),
        ("<filter name='a&#10;b'/>", XMLError, "control"),
        ("<filter name='.a'/>", XMLError, "dot"),
        (f"<filter name='{'a' * 300}'/>", XMLError, "longer"),
        ("<filter name='a' chain='fwd'/>", InvalidArgError, "fwd"),
        ("<filter name='a' chain='arp;flush ruleset'/>", InvalidArgError, "chain"),
        (filter_xml("a", "<rule direction='in'/>"), XMLError, "no action"),
        (filter_xml("a", "<rule action='drop'/>"), XMLError, "no direction"),
        (filter_xml("a", rule("explode", "in")), ConfigUnsupportedError, "explode"),
        (filter_xml("a", rule("drop", "up")), ConfigUnsupportedError, "up"),
        (filter_xml("a", "<filterref/>"), XMLError, "names no filter"),
        (filter_xml("a", ref("b", "<parameter name='A B' value='1'/>")), XMLError, "A B"),
        (filter_xml("a", ref("b", "<parameter name='A' value='1; drop'/>")), XMLError, "1; drop"),
        (filter_xml("a", ref("b", "<parameter name='A'/>")), XMLError, "''"),
        (filter_xml("a", uuid="1234"), XMLError, "1234"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_reason(
    conn: virtkit.Connection, text: str, error: type[VirtError], words: str
) -> None:
    before = conn.list_nwfilter_names()
    with pytest.raises(error, match=words):
        conn.define_nwfilter(text)
    assert before == conn.list_nwfilter_names()


def test_names_with_metacharacters_are_only_names(conn: virtkit.Connection, uri: str) -> None:
    name = "$(reboot) `id` {\"; 'x' %s"
    conn.define_nwfilter(filter_xml(name.replace("'", "&apos;"), uuid=UUID))
    with virtkit.open(uri) as other:
        assert name == other.lookup_nwfilter_by_uuid(UUID).name


# Loops


def test_a_filter_cannot_include_itself(conn: virtkit.Connection) -> None:
    with pytest.raises(OperationFailedError, match="a -> a"):
        conn.define_nwfilter(filter_xml("a", ref("a")))


def test_a_filter_cannot_include_itself_through_others(conn: virtkit.Connection) -> None:
    conn.define_nwfilter(filter_xml("a", ref("b")))  # which does not exist yet
    conn.define_nwfilter(filter_xml("b", ref("c"), ref("d")))
    with pytest.raises(OperationFailedError, match="c -> a -> b -> c"):
        conn.define_nwfilter(filter_xml("c", ref("d"), ref("a")))
    assert "c" not in conn.list_nwfilter_names()


def test_a_long_line_of_references_is_followed_to_its_end(conn: virtkit.Connection) -> None:
    for number in range(1500):
        conn.define_nwfilter(filter_xml(f"n{number}", ref(f"n{number + 1}")))
    with pytest.raises(OperationFailedError, match="include itself"):
        conn.define_nwfilter(filter_xml("n1500", ref("n0")))


# What is stored


def test_definitions_outlive_the_connection_and_what_is_undefined_is_gone(conn: virtkit.Connection, uri: str) -> None:
    text = conn.define_nwfilter(filter_xml("a", DROP_PING)).xml_desc()
    with virtkit.open(uri) as other:
        found = other.lookup_nwfilter_by_name("a")
        assert text == found.xml_desc()
        found.undefine()
        with pytest.raises(NoNWFilterError):
            found.undefine()
    with pytest.raises(NoNWFilterError):
        conn.lookup_nwfilter_by_name("a")


def test_a_definition_that_cannot_be_stored_is_not_there(
    conn: virtkit.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = conn.define_nwfilter(filter_xml("a")).xml_desc()

    def full(*_: object) -> None:
        raise SystemCallError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Collection, "save", full)
        for name in ("a", "b"):
            with pytest.raises(SystemCallError):
                conn.define_nwfilter(filter_xml(name, DROP_PING))
    assert old == conn.lookup_nwfilter_by_name("a").xml_desc()
    assert "b" not in conn.list_nwfilter_names()


def test_a_damaged_definition_harms_no_other(
    conn: virtkit.Connection, uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        conn.define_nwfilter(filter_xml(name))
    conn.close()
    (tmp_path / "etc/nwfilter/a.xml").write_text("<filter name='b'")
    (tmp_path / "etc/nwfilter/c.xml").write_text("<filter name='b'/>")
    with virtkit.open(uri) as other:
        assert {*STANDARD, "b"} == set(other.list_nwfilter_names())
    assert "a.xml is left out" in caplog.text
    assert "c.xml is left out" in caplog.text


# The standard filters


def test_a_root_has_the_standard_filters_from_the_start(uri: str) -> None:
    with virtkit.open(uri, readonly=True) as conn:
        assert STANDARD == set(conn.list_nwfilter_names())


def test_the_standard_filters_have_the_same_uuids_everywhere(conn: virtkit.Connection, tmp_path: Path) -> None:
    with virtkit.open(f"nwfilter:///embed?root={tmp_path / 'other'}") as other:
        assert {each.ref for each in conn.list_nwfilters()} == {each.ref for each in other.list_nwfilters()}


def test_a_definition_takes_the_place_of_a_standard_filter_on_its_root_alone(
    conn: virtkit.Connection, uri: str, tmp_path: Path
) -> None:
    standard = conn.lookup_nwfilter_by_name("allow-arp")
    before = standard.xml_desc()
    conn.define_nwfilter(filter_xml("allow-arp", DROP_PING))
    assert "icmp" in standard.xml_desc()
    with virtkit.open(uri) as same, virtkit.open(f"nwfilter:///embed?root={tmp_path / 'other'}") as other:
        assert "icmp" in same.lookup_nwfilter_by_name("allow-arp").xml_desc()
        assert before == other.lookup_nwfilter_by_name("allow-arp").xml_desc()


def test_a_standard_filter_that_was_undefined_stays_away(conn: virtkit.Connection, uri: str) -> None:
    conn.lookup_nwfilter_by_name("allow-arp").undefine()
    conn.define_nwfilter(filter_xml("allow-ipv4", DROP_PING)).undefine()
    conn.close()
    with virtkit.open(uri) as other:
        assert STANDARD - {"allow-arp", "allow-ipv4"} == set(other.list_nwfilter_names())
        other.define_nwfilter(filter_xml("allow-arp", uuid=UUID))
        assert UUID == other.lookup_nwfilter_by_name("allow-arp").uuid_string


def test_a_standard_filter_is_defined_again_from_its_own_description(conn: virtkit.Connection) -> None:
    found = conn.lookup_nwfilter_by_name("clean-traffic")
    text = found.xml_desc()
    found.undefine()
    assert text == conn.define_nwfilter(text).xml_desc()
