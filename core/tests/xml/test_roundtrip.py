"""Whatever is read or built can be printed and read again, and stays what it was."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from core.tests.xml import samples
from core.tests.xml.kinds import KINDS
from virtkit.errors import VirtError
from virtkit.xml.element import Document, Element
from virtkit.xml.network import Network
from virtkit.xml.pool import StoragePool
from virtkit.xml.schema import (
    AttributeField,
    AttributesField,
    ChildField,
    ElementsField,
    Field,
    LeafField,
    MetadataField,
    TextField,
)
from virtkit.xml.secret import Secret
from virtkit.xml.surplus import Node
from virtkit.xml.units import Size
from virtkit.xml.values import Refusal
from virtkit.xml.volume import StorageVolume
from virtkit.xml.writer import escape

DOCUMENTS = list(dict.fromkeys(kind.document for kind in KINDS.values()))
ROOTS: dict[str, type[Document]] = {cls.tag: cls for cls in (Network, StoragePool, StorageVolume, Secret)}
EXAMPLES = [*samples.NETWORKS.values(), *samples.POOLS.values(), *samples.VOLUMES.values(), *samples.SECRETS.values()]

DEPTH = 3
"""How deep documents are built: deeper ones of a domain take hypothesis minutes."""

# Tab and newline are left out: libvirt prints them raw in attributes, too, where they come back as blanks.
characters = st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
texts = st.text(characters, max_size=20)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,8}", fullmatch=True)


@given(st.text(max_size=30))
def test_escaped_text_is_read_back_without_what_xml_cannot_carry(text: str) -> None:
    carried = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)
    parsed = etree.fromstring(f"<a>{escape(text)}</a>")
    assert re.sub("\r\n?", "\n", carried) == (parsed.text or "")


def _leaf(tag: str, attributes: dict[str, str]) -> Node:
    return Node(tag, tuple(attributes.items()))


def _branch(tag: str, content: list[Node] | str) -> Node:
    return Node(tag, (), (content,) if isinstance(content, str) else tuple(content))


nodes = st.recursive(
    st.builds(_leaf, names, st.dictionaries(names, st.text("a<>&'\" é", max_size=5), max_size=3)),
    lambda inner: st.builds(_branch, names, st.lists(inner, min_size=1, max_size=3) | texts.filter(bool)),
    max_leaves=8,
)


@given(st.lists(nodes, max_size=4))
def test_unknown_subtrees_are_written_back_as_they_were(unknown: list[Node]) -> None:
    known = {name for field in Network.fields.values() for name in field.child_names}
    unknown = [node for node in unknown if node.tag not in known]
    text = "<network>\n" + "".join(node.format("  ") for node in unknown) + "</network>\n"
    if not unknown:
        text = "<network/>\n"
    document = Network.parse(text)
    assert text == document.format()
    assert len(unknown) == len(document.notices)


def _value(value: Any) -> st.SearchStrategy[Any]:
    """Return valid values of a field's kind, by trying texts of several kinds on it."""
    if isinstance(value, Size):
        return st.integers(0, 2**40)
    if value.read is None:
        return texts.filter(bool)
    tried = ["0", "1", "7", "yes", "no", "on", "off", "0755", "10.0.0.1", "fe80::1", "52:54:00:00:00:01", "/a/b"]
    tried += ["6695eb01f6a4830479aa97f2502e193f", *_words(value.read)]
    valid = []
    for text in tried:
        try:
            valid.append(value.read(text))
        except Refusal:
            continue
    return st.sampled_from([item for item in valid if item is not None]) if valid else st.none()


def _words(read: Any) -> list[str]:
    """Return the words that `one_of` or `either` closed over."""
    found = [cell.cell_contents for cell in getattr(read, "__closure__", None) or ()]
    return sorted(word for words in found if isinstance(words, (frozenset, dict)) for word in words)


def _field(field: Field, depth: int) -> st.SearchStrategy[Any] | None:
    match field:
        case AttributeField() | TextField():
            return _value(field.value)
        case AttributesField():
            return st.dictionaries(st.sampled_from(field.attribute_names), texts)
        case LeafField(value=None):
            return st.booleans()
        case LeafField():
            value = _value(field.value)
            return st.lists(value, max_size=2) if field.many else value
        case ChildField() if depth:
            strategies = [
                objects(cls, depth - 1, {field.key: st.just(key)} if field.key else {})
                for key, cls in field.classes.items()
            ]
            return st.lists(st.one_of(strategies), max_size=2) if field.many else st.one_of(strategies)
        case ElementsField():
            return st.lists(st.sampled_from(field.child_names).map(Node), max_size=2)
        case MetadataField():
            subtree = names.map(lambda name: (f"urn:{name}", f'<x:{name} xmlns:x="urn:{name}"/>'))
            return st.lists(subtree, max_size=2).map(dict)
    return None


def objects(
    cls: type[Element], depth: int, fixed: dict[str, st.SearchStrategy[Any]] | None = None
) -> st.SearchStrategy[Element]:
    """Return objects of a class with any of its fields set to valid values."""
    fields = {name: strategy for name, field in cls.fields.items() if (strategy := _field(field, depth)) is not None}
    fields = {name: strategy for name, strategy in fields.items() if name not in (fixed or {})}
    return st.fixed_dictionaries(fixed or {}, optional=fields).map(lambda values: cls(**values))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_any_object_that_is_printed_reads_as_itself(document: type[Document]) -> None:
    @settings(max_examples=40, deadline=None)
    @given(objects(document, DEPTH))
    def check(built: Document) -> None:
        printed = built.format()
        read = document.parse(printed)
        assert () == read.notices
        assert printed == read.format()

    check()


junk = st.one_of(
    st.just("<x/>"),
    st.just("<!-- c -->"),
    st.just(" stray "),
    st.just("<x a='1'>t<y/></x>"),
    st.just("<name>again</name>"),
    st.just("<x:y xmlns:x='urn:x' x:z='1'/>"),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_document_with_junk_in_any_place_settles_after_one_printing(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(EXAMPLES))
    places = [match.end() for match in re.finditer(r"<[^>]*>", text)][:-1]
    for place in sorted(data.draw(st.lists(st.sampled_from(places), max_size=4)), reverse=True):
        text = text[:place] + data.draw(junk) + text[place:]
    document = next(
        cls for cls in (Network, StoragePool, StorageVolume, Secret) if text.lstrip().startswith(f"<{cls.tag}")
    )
    try:
        first = document.parse(text)
    except VirtError:
        return  # junk in the text of a value is a bad value
    printed = first.format()
    assert printed == document.parse(printed).format()


@settings(max_examples=200)
@given(st.one_of(st.text(), st.binary(), st.text("<>/!-[]?&;'\"=network pool\n")))
def test_any_input_gives_a_document_or_an_error_of_ours(text: str | bytes) -> None:
    with suppress(VirtError):
        Network.parse(text)
