"""Documents that mean harm, or are broken: a clear error, in bounded time and memory."""

from __future__ import annotations

import pytest

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, VirtError, XMLDetailError, XMLError
from virtkit.xml.network import Network
from virtkit.xml.pool import StoragePool
from virtkit.xml.reader import MAX_ATTRIBUTES, MAX_BYTES, MAX_ELEMENTS, MAX_NAMESPACES
from virtkit.xml.reading import MAX_NOTICES

MALFORMED = {
    "empty": ("", "Document is empty"),
    "blank": (" \n ", ":2: Start tag expected"),
    "no markup": ("hello", "Start tag expected"),
    "truncated": ("<network>\n<name>a</name>\n", ":3:"),
    "wrong end tag": ("<network>\n<name>a</nome></network>", ":2: Opening and ending tag mismatch"),
    "repeated attribute": ("<network a='1' a='2'/>", "redefined"),
    "second root": ("<network/><network/>", "Extra content"),
    "unknown entity": ("<network><name>&xxe;</name></network>", "Entity 'xxe' not defined"),
    "NUL": ("<network>\0</network>", "NUL character at 9"),
    "reference to NUL": ("<network>&#0;</network>", "invalid xmlChar value 0"),
    "control character": ("<network>\x08</network>", "PCDATA invalid Char value 8"),
    "not UTF-8": (b"<network><name>\xff</name></network>", "not UTF-8: invalid start byte at 15"),
    "UTF-16": ("<network/>".encode("utf-16"), "not UTF-8"),
    "surrogate": ("<network>\ud800</network>", "not UTF-8: surrogates not allowed at 9"),
    "deep": ("<a>" * 100_000 + "</a>" * 100_000, "Excessive depth"),
    "deep below a known root": ("<network>" + "<a>" * 300, "Excessive depth"),
    "large": ("<network>" + " " * MAX_BYTES + "</network>", f"longer than {MAX_BYTES} bytes"),
    "large only as bytes": ("<network>" + "é" * (MAX_BYTES // 2) + "</network>", f"longer than {MAX_BYTES} bytes"),
    "many elements": ("<network>" + "<a/>" * MAX_ELEMENTS + "</network>", f"more than {MAX_ELEMENTS} elements"),
    "many comments": ("<network>" + "<!---->" * MAX_ELEMENTS + "</network>", f"more than {MAX_ELEMENTS} elements"),
    "many attributes": (
        "<network " + " ".join(f"a{number}=''" for number in range(MAX_ATTRIBUTES + 1)) + "/>",
        f"more than {MAX_ATTRIBUTES} attributes",
    ),
    "many prefixes": (
        "<network>" + "<x:a xmlns:x='u'/>" * (MAX_NAMESPACES + 1) + "</network>",
        f"more than {MAX_NAMESPACES} namespace prefixes",
    ),
    "long name": ("<network><" + "a" * 1_000_000 + "/></network>", "Name too long"),
}


@pytest.mark.parametrize(("text", "problem"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_document_is_refused_with_the_reason(text: str | bytes, problem: str) -> None:
    with pytest.raises(XMLDetailError) as caught:
        Network.parse(text)
    assert problem in caught.value.message
    assert ErrorDomain.NETWORK == caught.value.domain
    assert len(caught.value.message) < 1000


DOCTYPES = {
    "plain": "<!DOCTYPE network><network/>",
    "entities": "<!DOCTYPE network [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><network><name>&b;</name></network>",
    "external": "<!DOCTYPE network SYSTEM 'file:///etc/passwd'><network/>",
    "behind a declaration": "<?xml version='1.0' encoding='UTF-16'?>\n<!DOCTYPE network><network/>",
    "behind comments": "<!-- a-b --><!-- <network> --> <?p ? ?>\t<!DOCTYPE network><network/>",
    "behind a byte order mark": "\ufeff<!DOCTYPE network><network/>",
}


@pytest.mark.parametrize("text", DOCTYPES.values(), ids=DOCTYPES)
def test_a_doctype_is_refused_before_the_parser_sees_it(text: str) -> None:
    with pytest.raises(XMLDetailError, match="a DOCTYPE is not allowed"):
        Network.parse(text)


def test_what_only_looks_like_a_doctype_is_content() -> None:
    document = Network.parse("<!-- <!DOCTYPE x> --><network><name><![CDATA[<!DOCTYPE x>]]></name></network>")
    assert document.name == "<!DOCTYPE x>"


@pytest.mark.parametrize("piece", ["<!-- -->", "<!--->-->", "<?p ??>", "<!--", "<?p ?", " "])
def test_a_long_prolog_is_read_in_one_pass(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    with pytest.raises(VirtError):
        Network.parse(text + "<pool/>")


def test_nothing_is_included() -> None:
    document = Network.parse(
        "<network xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd'/></network>"
    )
    assert "  <xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd'/>\n" in document.format()


LONG = {
    "number": (Network, "<network connections='{}'/>", "9", XMLError),
    "uuid": (Network, "<network><uuid>{}</uuid></network>", "-", InternalError),
    "mac": (Network, "<network><mac address='{}'/></network>", "1:", XMLError),
    "address": (Network, "<network><ip address='{}'/></network>", "1.", XMLError),
    "word": (Network, "<network ipv6='{}'/>", "y", XMLError),
    "size": (StoragePool, "<pool><capacity>{}</capacity></pool>", "9", XMLError),
    "unit": (StoragePool, "<pool><capacity unit='{}'>1</capacity></pool>", "k", InvalidArgError),
}


@pytest.mark.parametrize(("document", "text", "piece", "error"), LONG.values(), ids=LONG)
def test_a_long_value_is_refused_with_a_short_message(
    document: type[Network | StoragePool], text: str, piece: str, error: type[VirtError]
) -> None:
    with pytest.raises(error) as caught:
        document.parse(text.format(piece * (2_000_000 // len(piece))))
    assert len(caught.value.message) < 300


def test_the_deepest_document_that_is_read_is_written_back() -> None:
    text = "<network>" + "<a>" * 255 + "</a>" * 255 + "</network>"
    document = Network.parse(text)
    assert document == Network.parse(document.format())
    assert 255 == document.copy().format().count("<a")


def test_many_unknown_names_are_kept_but_not_all_listed() -> None:
    count = 20_000
    document = Network.parse("<network>" + "<a b='1'/>" * count + "</network>")
    assert MAX_NOTICES + 1 == len(document.notices)
    assert f"{count - MAX_NOTICES} more" in str(document.notices[-1])
    assert count == document.format().count("<a b='1'/>")
