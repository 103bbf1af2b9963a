"""The corpus of networks, and their golden files.

`golden/NAME.conf` is dnsmasq's configuration for `corpus/NAME.xml` and `golden/NAME.rules` its rules, a command of
libnftables a line; a network without the one or the other has no such file.
`python -m plugins.network.tests.documents` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from virtkit.define.network import complete
from virtkit.network.nftables import Command
from virtkit.xml.network import Network
from virtkit_network import forwarding, ruleset
from virtkit_network.dnsmasq.configuration import Paths, configuration

FOLDER = Path(__file__).parent
CORPUS, GOLDEN = FOLDER / "corpus", FOLDER / "golden"
NAMES = sorted(path.stem for path in CORPUS.glob("*.xml"))
LIB, RUN = Path("/var/lib/virtkit/network"), Path("/run/virtkit/network")


def parsed(text: str) -> Network:
    """A completed definition."""
    network = Network.parse(text)
    complete(network)
    return network


def given(name: str) -> Network:
    """A definition of the corpus."""
    return parsed((CORPUS / f"{name}.xml").read_text())


def configured(name: str) -> str | None:
    """Its configuration of dnsmasq, in the system's folders."""
    return configuration(given(name), Paths.of(LIB, RUN, name))


def ruled(name: str) -> list[Command]:
    """Its rules, while nothing is handed out."""
    network = given(name)
    return ruleset.install(network, forwarding.resolve(forwarding.read(network), network, []))


def lines(commands: list[Command]) -> str:
    """Rules as in a golden file."""
    return "".join(f"{json.dumps(command)}\n" for command in commands)


if __name__ == "__main__":
    for path in GOLDEN.glob("*"):
        path.unlink()
    GOLDEN.mkdir(exist_ok=True)
    for name in NAMES:
        if (text := configured(name)) is not None:
            (GOLDEN / f"{name}.conf").write_text(text)
        if commands := ruled(name):
            (GOLDEN / f"{name}.rules").write_text(lines(commands))
