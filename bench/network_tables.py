"""What tables of networks cost: `python -m bench.network_tables`, as root, prints the figures of ADR 0020."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from plugins.network.tests.documents import parsed
from plugins.network.tests.lab import OUTSIDE, Lab
from tests.namespaces import Namespace
from virtkit.network.nftables import apply
from virtkit.xml.network import Network
from virtkit_network import ruleset

PACKETS, RUNS, NETWORKS = 10_000, 7, 50


def network(number: int) -> Network:
    """A network with NAT."""
    return parsed(
        f"<network><name>n{number}</name><forward mode='nat'/><bridge name='vb{number}'/>"
        f"<ip address='10.{number}.0.1' prefix='24'/></network>"
    )


def packet(guest: Namespace) -> float:
    """Microseconds that a packet to the outside takes, the best of some runs; the sender does all of the work."""
    with guest.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.connect((OUTSIDE, 9))
        return min(_timed(lambda: [sender.send(b"x") for _ in range(PACKETS)]) for _ in range(RUNS)) / PACKETS * 1e6


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    with Namespace() as host, host.entered(), Lab(host, first := network(10)) as lab:
        lab.outside.run("nft", "add table ip sink")
        lab.outside.run("nft", "add chain ip sink c { type filter hook prerouting priority -300; policy drop; }")
        guest = lab.guest(first, "10.10.0.10/24")
        print(f"a packet by 1 table    {packet(guest):6.2f} us")
        apply(ruleset.remove(first))
        print(f"a packet by no table   {packet(guest):6.2f} us")
        apply(ruleset.install(first))
        others = [network(11 + number) for number in range(NETWORKS)]
        installs = [_timed(lambda other=other: apply(ruleset.install(other))) for other in others]  # type: ignore[misc]
        print(f"installing one         {min(installs) * 1e3:6.2f} ms")
        print(f"a packet by {NETWORKS + 1} tables  {packet(guest):6.2f} us")
        print(f"replacing one          {_timed(lambda: apply(ruleset.install(first))) * 1e3:6.2f} ms")
        print(f"removing one           {_timed(lambda: apply(ruleset.remove(first))) * 1e3:6.2f} ms")


if __name__ == "__main__":
    main()
