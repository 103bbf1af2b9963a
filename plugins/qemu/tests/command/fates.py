"""What becomes of each field of the model of domains when one is started.

`fates.tsv` says it for every field: `arguments`, `harmless` or `refused`. A field that is added to the model is refused
until somebody decides otherwise in `virtkit_qemu.command.fields`; the file, written anew by
`python -m plugins.qemu.tests.command.fates`, shows the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from virtkit.xml.domain import Domain
from virtkit.xml.element import Element
from virtkit_qemu.command.fields import ARGUMENTS, HARMLESS, Table

FATES = Path(__file__).with_name("fates.tsv")


def name_of(cls: type[Element], field: str = "") -> str:
    """`disk.DiskDriver.cache`."""
    return ".".join(filter(None, (cls.__module__.rpartition(".")[2], cls.__name__, field)))


def told(table: Table, cls: type[Element]) -> frozenset[str]:
    """The fields of a class that a table has, under its own name or that of a base."""
    return next((table[base] for base in cls.__mro__ if base in table), frozenset())


def classes() -> Iterator[type[Element]]:
    """The classes of elements that can be part of a document without being refused or harmless as a whole."""
    seen: dict[type[Element], None] = {Domain: None}
    waiting: list[type[Element]] = [Domain]
    while waiting:
        cls = waiting.pop()
        yield cls
        for name, field in cls.fields.items():
            if name in told(ARGUMENTS, cls):
                new = [below for _, _, below in field.child_classes() if below not in seen]
                seen.update(dict.fromkeys(new))
                waiting += dict.fromkeys(new)


def fates() -> dict[str, str]:
    """Field -> what becomes of it."""
    found: dict[str, str] = {}
    for cls in classes():
        for name in cls.fields:
            harmless, arguments = name in told(HARMLESS, cls), name in told(ARGUMENTS, cls)
            fate = "harmless" if harmless else "arguments" if arguments else "refused"
            found[name_of(cls, name)] = fate
    return dict(sorted(found.items()))


if __name__ == "__main__":
    FATES.write_text("".join(f"{name}\t{fate}\n" for name, fate in fates().items()))
