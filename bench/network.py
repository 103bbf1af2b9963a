"""The rows of `make bench BENCH=network`: networks and filters in virtkitd beside libvirtd, asked by one client.

    python -m bench.network                 every row
    python -m bench.network networks        the rows of these functions

Each daemon takes a network namespace of its own for the host's network.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import rpc
from bench.rpc import SYSTEM_PYTHON, Client, Daemons, best_rounds, milliseconds
from bench.rpc_daemons import QEMU, Server, greeted
from bench.table import NO_LIMIT, Row
from tests.interop.virtkitd import Virtkitd
from tests.namespaces import Namespace

ROUNDS = 10
FEW = 3
NETWORKS = 50
BINDINGS = 200
UPDATE_SECONDS = 2.0
"""What an update of a filter that so many interfaces use may take."""

SCRIPT = "network_client.py"


@contextmanager
def own(folder: Path, local: str) -> Iterator[Server]:
    """Our virtkitd, with a root and a network of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        Namespace() as network,
        Virtkitd(folder, namespace=network) as daemon,
        greeted(daemon.socket, local),
    ):
        for number in range(BINDINGS):
            network.run("ip", "link", "add", f"guest{number}", "type", "veth", "peer", "name", f"peer{number}")
        yield Server(daemon.socket, daemon.process.pid, 0.0)


def _client(server: Server, work: str) -> Client:
    return Client(server.uri(QEMU), work, SYSTEM_PYTHON, SCRIPT)


def compared(daemons: Daemons, work: str, argument: object, rounds: int) -> tuple[float, float]:
    """Seconds that one call takes, ours and theirs."""
    with daemons.running(QEMU) as pair, ExitStack() as stack:
        clients = [[stack.enter_context(_client(server, work))] for server in pair]
        ours, theirs = best_rounds(clients, rounds, argument)
    return ours, theirs


def networks(daemons: Daemons) -> Iterator[Row]:
    yield milliseconds("start a NAT network with DHCP", compared(daemons, "start", "", ROUNDS), 0.5)
    yield milliseconds("stop it", compared(daemons, "stop", "", ROUNDS), NO_LIMIT)
    yield milliseconds(
        f"start {NETWORKS} isolated networks, each", compared(daemons, "start_many", NETWORKS, FEW), NO_LIMIT
    )
    yield milliseconds(f"list {NETWORKS} networks", compared(daemons, "list_all", NETWORKS, ROUNDS), NO_LIMIT)


def filters(daemons: Daemons) -> Iterator[Row]:
    with daemons.our(QEMU) as server, _client(server, "update_filter") as client:
        seconds = min(client.round(BINDINGS) for _ in range(FEW))
    yield Row.absolute(f"update a filter that {BINDINGS} interfaces use", "s", seconds, None, UPDATE_SECONDS)


MAKERS = (networks, filters)


def rows() -> Iterator[Row]:
    """The table."""
    return rpc.rows_of(MAKERS, (), own)


if __name__ == "__main__":
    sys.exit(rpc.main(makers=MAKERS, ours=own))
