"""Command lines of the corpus of definitions, and their golden files.

`golden/NAME.args` is the command line of `corpus/NAME.xml`, an argument a line; `refused.tsv` has the definitions that
can be kept and not be started yet, with what is said. `python -m plugins.qemu.tests.command.lines` writes both anew.
"""

from __future__ import annotations

from pathlib import Path

from plugins.qemu.tests.define.documents import NAMES, completed, facts, given
from virtkit.errors import ConfigUnsupportedError
from virtkit.network.ownership import PLUGGED
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.character import CharacterSource
from virtkit_qemu import command, define
from virtkit_qemu.command.block import encrypted
from virtkit_qemu.runtime import Runtime
from virtkit_qemu.volumes import Place

FOLDER = Path(__file__).parent
GOLDEN, REFUSED = FOLDER / "golden", FOLDER / "refused.tsv"
TAPS = {"net0": (20,), "net1": (21, 22)}
"""Descriptors of the interfaces of documents that are about them; those of others have one each."""
IMAGES = ("root.img", "cd.iso", "top.qcow2", "other.qcow2", "base.qcow2")
VOLUMES = {("images", name): Place("file", f"/var/lib/images/{name}") for name in IMAGES}
VOLUMES |= {("vg", "data"): Place("block", "/dev/vg/data")}
"""Where the volumes of the corpus are."""


def live(name: str) -> Domain:
    """The document of a run, with what a start writes into it: free ports, and sockets of channels."""
    document = define.live(completed(given(name)))
    for number, server in enumerate(document.devices.graphics):
        if server.port == -1:
            server.port = 5900 + number
    for channel in document.devices.channels:
        if channel.type == "unix" and channel.source is None:
            channel.sources = [CharacterSource(mode="bind", path=f"/run/guest/{channel.alias}")]
    return document


def line(document: Domain) -> list[str]:
    """Its command line."""
    descriptors = TAPS if document.name and document.name.endswith("-taps") else one_each(document)
    passphrases = {name: number for number, (name, _, _) in enumerate(encrypted(document), 30)}
    return command.build(document, facts(), Runtime(5, Path("/run/guest"), VOLUMES, passphrases, descriptors))


def one_each(document: Domain) -> dict[str, tuple[int, ...]]:
    """A descriptor for every interface that ends on the host."""
    plugged = [interface for interface in document.devices.interfaces if interface.type in PLUGGED]
    return {interface.alias or "": (number,) for number, interface in enumerate(plugged, 20)}


def refused() -> dict[str, str]:
    """Definition -> what is said when it is to be started."""
    rows = [row.partition("\t") for row in REFUSED.read_text().splitlines()]
    return {name: said for name, _, said in rows}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    said = {}
    for name in NAMES:
        try:
            (GOLDEN / f"{name}.args").write_text("\n".join([*line(live(name)), ""]))
        except ConfigUnsupportedError as error:
            said[name] = str(error)
    REFUSED.write_text("".join(f"{name}\t{text}\n" for name, text in said.items()))
