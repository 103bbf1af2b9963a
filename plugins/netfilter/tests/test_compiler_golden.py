from __future__ import annotations

import pytest

from plugins.netfilter.tests.lan import DEVICE
from plugins.netfilter.tests.rulesets import FILTERS, GOLDEN, MARKS, device, rules, shown
from tests.namespaces import Namespace
from virtkit.errors import ConfigUnsupportedError
from virtkit.network.nftables import apply, listed
from virtkit_netfilter.compiler import TABLE, chains_by_device, install, remove


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_becomes_these_rules(name: str) -> None:
    assert (GOLDEN / f"{name}.rules").read_text() == shown(name)


def test_every_golden_file_belongs_to_a_filter() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in GOLDEN.iterdir())


@pytest.mark.parametrize("name", FILTERS)
def test_the_kernel_takes_the_rules_twice_and_forgets_them(name: str, network: Namespace) -> None:
    try:
        commands = install(device(name), FILTERS, MARKS)
    except ConfigUnsupportedError:
        assert name == "limits"
        return
    apply(commands)
    apply(commands)
    found = listed("bridge", TABLE)
    assert found is not None
    theirs = [item["rule"] for item in found if "rule" in item and item["rule"]["chain"].startswith(f"{DEVICE}/")]
    assert sorted(rule["chain"] for rule in rules(commands)) == sorted(rule["chain"] for rule in theirs)
    apply(remove(DEVICE, MARKS, chains_by_device(found)[DEVICE]))
    left = network.run("nft", "list", "ruleset").stdout
    assert DEVICE not in left
    assert "chain link-out" in left


def test_what_nft_lists_of_hostile_comments_is_what_nft_reads(network: Namespace) -> None:
    apply(install(device("metacharacters"), FILTERS, MARKS))
    text = network.run("nft", "list", "ruleset").stdout
    with Namespace() as elsewhere:
        elsewhere.run("sh", "-c", 'printf %s "$0" | nft -f -', text)
        assert text == elsewhere.run("nft", "list", "ruleset").stdout
    assert "reboot" in text
