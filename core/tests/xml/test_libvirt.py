"""The real libvirt beside us: what it prints, we print from it byte for byte, whatever order it comes in."""

from __future__ import annotations

import random

import pytest
from lxml import etree

from core.tests.xml import samples
from core.tests.xml.libvirt import Refused, printed
from virtkit.errors import VirtError
from virtkit.xml.element import Document
from virtkit.xml.network import Network
from virtkit.xml.pool import StoragePool
from virtkit.xml.volume import StorageVolume

pytestmark = pytest.mark.libvirt

CASES = [
    pytest.param(kind, document, text, id=f"{kind}-{name}")
    for kind, document, texts in (
        ("network", Network, samples.NETWORKS),
        ("pool", StoragePool, samples.POOLS),
        ("volume", StorageVolume, samples.VOLUMES),
    )
    for name, text in texts.items()
]


@pytest.mark.parametrize(("kind", "document", "text"), CASES)
def test_what_libvirt_prints_is_printed_again_byte_for_byte(kind: str, document: type[Document], text: str) -> None:
    expected = printed(kind, text)
    parsed = document.parse(expected)
    assert () == parsed.notices
    assert expected == parsed.format()


@pytest.mark.parametrize(("kind", "document", "text"), CASES)
def test_shuffled_names_are_printed_in_libvirts_order(kind: str, document: type[Document], text: str) -> None:
    expected = printed(kind, text)
    for seed in range(5):
        root = etree.fromstring(expected, etree.XMLParser(remove_blank_text=True))
        _shuffle(root, random.Random(seed))
        assert expected == document.parse(etree.tostring(root)).format()


def _shuffle(node: etree._Element, order: random.Random) -> None:
    """Shuffle attributes and children, but keep children of one name in their order."""
    if node.tag == "metadata":
        return
    attributes = list(node.attrib.items())
    node.attrib.clear()
    node.attrib.update(order.sample(attributes, len(attributes)))
    ranks = {child.tag: order.random() for child in node}
    node[:] = sorted(node, key=lambda child: ranks[child.tag])
    for child in node:
        _shuffle(child, order)


REFUSED = {
    "network-not-xml": ("network", Network, "hello"),
    "network-truncated": ("network", Network, "<network><name>a</name>"),
    "network-root": ("network", Network, "<pool/>"),
    "network-forward-mode": ("network", Network, "<network><name>a</name><forward mode='x'/></network>"),
    "network-ip": ("network", Network, "<network><name>a</name><ip address='x'/></network>"),
    "network-mac": ("network", Network, "<network><name>a</name><bridge/><mac address='x'/></network>"),
    "network-uuid": ("network", Network, "<network><name>a</name><uuid>x</uuid></network>"),
    "pool-truncated": ("pool", StoragePool, "<pool type='dir'>"),
    "pool-root": ("pool", StoragePool, "<network/>"),
    "pool-format": (
        "pool",
        StoragePool,
        "<pool type='fs'><name>a</name><source><device path='/a'/><format type='x'/></source></pool>",
    ),
    "pool-port": (
        "pool",
        StoragePool,
        "<pool type='netfs'><name>a</name><source><host name='h' port='x'/></source></pool>",
    ),
    "volume-root": ("volume", StorageVolume, "<pool/>"),
    "volume-type": ("volume", StorageVolume, "<volume type='x'><name>a</name><capacity>1</capacity></volume>"),
    "volume-unit": ("volume", StorageVolume, "<volume><name>a</name><capacity unit='q'>1</capacity></volume>"),
    "volume-capacity": ("volume", StorageVolume, "<volume><name>a</name><capacity>x</capacity></volume>"),
    "volume-format": (
        "volume",
        StorageVolume,
        "<volume><name>a</name><capacity>1</capacity><target><format type='x'/></target></volume>",
    ),
    "volume-mode": (
        "volume",
        StorageVolume,
        "<volume><name>a</name><capacity>1</capacity>"
        "<target><permissions><mode>9</mode></permissions></target></volume>",
    ),
}


@pytest.mark.parametrize(("kind", "document", "text"), REFUSED.values(), ids=REFUSED)
def test_a_bad_document_has_the_code_and_domain_that_libvirt_gives_it(
    kind: str, document: type[Document], text: str
) -> None:
    with pytest.raises(Refused) as real:
        printed(kind, text)
    with pytest.raises(VirtError) as ours:
        document.parse(text)
    assert (real.value.code, real.value.domain) == (ours.value.code, ours.value.domain)
