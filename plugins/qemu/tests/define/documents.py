"""The corpus: definitions as users write them, what becomes of them, and the facts of the QEMU they are made for.

`golden/NAME.xml` is what the real libvirt makes of `corpus/NAME.xml`, byte for byte; `test_libvirt.py` proves it where
there is a libvirt. `python -m plugins.qemu.tests.define.documents` writes them anew.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from virtkit.xml.domain import Domain
from virtkit_qemu import define
from virtkit_qemu.facts import Facts, decode

FOLDER = Path(__file__).parent
CORPUS, GOLDEN = FOLDER / "corpus", FOLDER / "golden"
FACTS = FOLDER / "qemu-7.2.json.gz"
EMULATOR = "/usr/bin/qemu-system-x86_64"
NAMES = sorted(path.stem for path in CORPUS.glob("*.xml"))


@cache
def facts() -> Facts:
    """What Debian's QEMU 7.2 can do."""
    return decode(gzip.decompress(FACTS.read_bytes()))[1]


def given(name: str) -> str:
    """A definition as a user wrote it."""
    return (CORPUS / f"{name}.xml").read_text()


def golden(name: str) -> str:
    """What becomes of it."""
    return (GOLDEN / f"{name}.xml").read_text()


def completed(text: str) -> Domain:
    """A definition, parsed and completed."""
    document = Domain.parse(text)
    define.complete(document, facts(), EMULATOR)
    return document


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in NAMES:
        (GOLDEN / f"{name}.xml").write_text(completed(given(name)).format())
