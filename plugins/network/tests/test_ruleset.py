"""The rules of a network: pure, taken by the kernel, and nobody else's."""

from __future__ import annotations

import pytest

from plugins.network.tests import documents
from plugins.network.tests.documents import GOLDEN, NAMES, given, lines, parsed, ruled
from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError, InternalError
from virtkit.network.nftables import RefusedError, apply, listed
from virtkit_network import ruleset

RULED = sorted(path.stem for path in GOLDEN.glob("*.rules"))

FOREIGN = """
add table inet mine
add set inet mine s { type ipv4_addr; elements = { 192.0.2.1 }; }
add chain inet mine c { type filter hook forward priority 0; policy accept; }
add rule inet mine c ip saddr @s drop
add table ip nat
add chain ip nat POSTROUTING { type nat hook postrouting priority 100; }
add rule ip nat POSTROUTING ip saddr 192.0.2.0/24 masquerade
"""


def everything(host: Namespace) -> str:
    return host.run("nft", "list", "ruleset").stdout


@pytest.mark.parametrize("name", NAMES)
def test_rules_are_their_golden_file(name: str) -> None:
    golden = GOLDEN / f"{name}.rules"
    assert (golden.read_text() if golden.exists() else "") == lines(ruled(name))


@pytest.mark.parametrize("name", RULED)
def test_the_kernel_takes_the_rules_and_gives_them_up(network: Namespace, name: str) -> None:
    network.run("nft", FOREIGN)
    before = everything(network)
    apply(ruled(name))
    installed = everything(network)
    apply(ruled(name))
    assert installed == everything(network)  # in the place of those that were there
    apply(ruleset.remove(given(name)))
    assert before == everything(network)
    apply(ruleset.remove(given(name)))  # there is nothing to remove


def test_what_is_refused_leaves_the_rules_as_they_were(network: Namespace) -> None:
    apply(ruled("default"))
    before = everything(network)
    wrong = {"add": {"rule": {"family": "inet", "table": "nowhere", "chain": "c", "expr": [{"accept": None}]}}}
    with pytest.raises(RefusedError):
        apply([*ruled("default"), wrong])
    assert before == everything(network)


def test_two_networks_have_tables_of_their_own(network: Namespace) -> None:
    apply(ruled("default"))
    apply(ruled("isolated"))
    apply(ruleset.remove(given("default")))
    assert listed("inet", ruleset.table_of(given("default"))) is None
    assert listed("inet", ruleset.table_of(given("isolated"))) is not None


def test_an_open_network_has_no_rules_until_a_port_leads_to_it(network: Namespace) -> None:
    apply(ruled("open"))
    assert everything(network) == ""


@pytest.mark.parametrize("name", ["vb*", "a b", 'a"b', "a,b", "a;b", "ü", "a/b", "-a", "", "a" * 16, "$x", "@s", "a\n"])
def test_a_name_that_nftables_would_misread_is_refused(name: str) -> None:
    for document in (given("default"), given("rich")):
        if document.name == "default":
            assert document.bridge is not None
            document.bridge.name = name
        else:
            assert document.forward is not None
            document.forward.interfaces[0].dev = name
        with pytest.raises(ConfigUnsupportedError, match=f"network '{document.name}': .* cannot be the name of a link"):
            ruleset.install(document)


def test_a_network_without_a_bridge_is_told() -> None:
    with pytest.raises(InternalError, match="network 'n' has no bridge"):
        ruleset.install(parsed("<network><name>n</name></network>"))


def test_subnets_that_overlap_are_taken_once(network: Namespace) -> None:
    document = parsed(
        "<network><name>n</name><forward/><bridge name='vb0'/><ip address='10.0.0.1' prefix='8'/>"
        "<ip address='10.1.0.1' prefix='16'/><ip address='224.0.0.1' prefix='16'/></network>"
    )
    apply(ruleset.install(document))
    assert documents.lines(ruleset.install(document)).count('"10.1.0.0"') == 0
