"""The rows of `make bench BENCH=network`: networks with NAT and DHCP in virtkitd and libvirtd, asked by one client.

    python -m bench.network                 every row

How clients and rounds are run stands in `bench.rpc`. Each daemon is in a network namespace of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

from bench import rpc
from bench.rpc import SYSTEM_PYTHON, Client, Daemons, Pair, best_rounds, milliseconds
from bench.rpc_daemons import QEMU, own
from bench.table import NO_LIMIT, Row
from tests.namespaces import Namespace

ROUNDS = 10
SCRIPT = "network_client.py"


def compared(sides: Pair, work: str) -> tuple[float, float]:
    """Seconds that one call takes, ours and theirs."""
    with ExitStack() as stack:
        clients = [[stack.enter_context(Client(side.uri(QEMU), work, SYSTEM_PYTHON, SCRIPT))] for side in sides]
        ours, theirs = best_rounds(clients, ROUNDS)
    return ours, theirs


def network(daemons: Daemons) -> Iterator[Row]:
    with Namespace() as host, host.entered(), daemons.running(QEMU) as sides:
        yield milliseconds("network: start", compared(sides, "start"), 0.5)
        yield milliseconds("network: stop", compared(sides, "stop"), NO_LIMIT)
        yield milliseconds("network: add a DHCP host live", compared(sides, "update"), NO_LIMIT)
        yield milliseconds("network: make and delete a port", compared(sides, "port"), NO_LIMIT)


MAKERS = (network,)


def rows() -> Iterator[Row]:
    """The table."""
    return rpc.rows_of(MAKERS, (), own)


if __name__ == "__main__":
    sys.exit(rpc.main(makers=MAKERS))
