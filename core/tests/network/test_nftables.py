"""Rules of nftables, in a network namespace."""

from __future__ import annotations

import pytest

from virtkit.network import nftables
from virtkit.network.nftables import Command, RefusedError

pytestmark = pytest.mark.usefixtures("network")

TABLE: Command = {"add": {"table": {"family": "inet", "name": "lab"}}}
CHAIN: Command = {"add": {"chain": {"family": "inet", "table": "lab", "name": "open"}}}


def rule(chain: str) -> Command:
    return {"add": {"rule": {"family": "inet", "table": "lab", "chain": chain, "expr": [{"accept": None}]}}}


def test_a_transaction_is_carried_out() -> None:
    nftables.apply([TABLE, CHAIN, rule("open")])
    found = nftables.listed("inet", "lab")
    assert found is not None
    assert [next(iter(item)) for item in found] == ["table", "chain", "rule"]


def test_nothing_of_a_refused_transaction_is_in_force() -> None:
    with pytest.raises(RefusedError, match="No such file or directory"):
        nftables.apply([TABLE, CHAIN, rule("closed")])
    assert nftables.listed("inet", "lab") is None


def test_what_is_no_command_is_refused() -> None:
    with pytest.raises(RefusedError):
        nftables.apply([{"add": {"nonsense": {}}}])


def test_the_chains_of_a_table_are_listed_without_the_rest() -> None:
    assert nftables.chains("inet", "lab") == []
    nftables.apply([TABLE, CHAIN, rule("open")])
    assert [item["chain"]["name"] for item in nftables.chains("inet", "lab")] == ["open"]
    assert nftables.chains("inet", "other") == []
