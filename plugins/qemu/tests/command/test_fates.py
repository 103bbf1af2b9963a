"""Nothing a user wrote is silently lost: each field of a domain has arguments, is harmless, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.qemu.tests.command.fates import FATES, classes, fates, name_of, told
from plugins.qemu.tests.command.lines import GOLDEN, line, live
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain import Domain
from virtkit.xml.domain.devices.disk import Transient
from virtkit.xml.element import Element
from virtkit_qemu import command
from virtkit_qemu.command.fields import ARGUMENTS, HARMLESS

OTHER = {
    "controller.Controller.model_name": "ioh3420",
    "disk.DiskDriver.discard": "ignore",
    "domain.Domain.on_reboot": "destroy",
    "domain.Domain.type": "kvm",
    "features.Clock.adjustment": "3600",
    "tune.VcpuCount.placement": "auto",
}
"""Field whose absence means what most documents say -> another value."""


def _result(document: Domain) -> tuple[object, ...]:
    """What a document becomes."""
    return line(document), command.preparation(document)


Places = tuple[tuple[Element, str], ...]


def test_what_becomes_of_every_field_of_the_model_is_decided() -> None:
    decided = dict(row.split("\t") for row in FATES.read_text().splitlines())
    assert decided == fates(), (
        "decide in virtkit_qemu.command.fields, then run `python -m plugins.qemu.tests.command.fates`"
    )


@pytest.mark.parametrize("table", [ARGUMENTS, HARMLESS], ids=["arguments", "harmless"])
def test_the_tables_name_fields_that_are_there(table: dict[type[Element], frozenset[str]]) -> None:
    reached = {base for cls in classes() for base in cls.__mro__}
    assert not [cls.__name__ for cls in table if cls not in reached]
    assert not [name_of(cls, name) for cls, names in table.items() for name in names if name not in cls.fields]


def test_no_field_is_in_both_tables() -> None:
    assert not [name_of(cls, name) for cls in classes() for name in told(ARGUMENTS, cls) & told(HARMLESS, cls)]


def test_a_field_that_is_not_decided_is_refused_with_its_path() -> None:
    document = live("q35-disk-virtio")
    document.devices.disks[0].transient = Transient(share_backing=True)
    with pytest.raises(ConfigUnsupportedError, match="'q35-disk-virtio': <devices/disk/transient> is not supported"):
        line(document)


def test_what_no_field_knows_has_no_arguments_and_is_no_reason_to_refuse() -> None:
    plain = live("q35-disk-virtio")
    strange = Domain.parse(plain.format().replace("<devices>", "<devices><flux capacity='1'/>"))
    assert ["/domain/devices/flux"] == [notice.path for notice in strange.notices]
    assert line(plain) == line(strange)


def test_every_field_with_arguments_has_an_effect_in_some_document_of_the_corpus() -> None:
    silent = {name for name, fate in fates().items() if fate == "arguments"}
    for path in sorted(GOLDEN.glob("*.args")):
        document = live(path.stem)
        before = _result(document)
        for places in _set_fields(document):
            names = {name_of(type(element), field) for element, field in places}
            if names & silent and _matters(document, *places[-1], before):
                silent -= names
    assert not silent


def _set_fields(element: Element, above: Places = ()) -> Iterator[Places]:
    """Each field that is set, after those it is inside of: a part that matters makes its whole matter."""
    for name, value in list(element.content().items()):
        if name in told(ARGUMENTS, type(element)):
            places = (*above, (element, name))
            yield places
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Element):
                    yield from _set_fields(item, places)


def _matters(document: Domain, element: Element, field: str, before: tuple[object, ...]) -> bool:
    """Whether the command line is another one, or refused, without a field or with another value of it."""
    value = vars(element).pop(field)
    try:
        others = [*_others(value), OTHER.get(name_of(type(element), field))]
        return any(_differs(document, element, field, other, before) for other in others)
    finally:
        vars(element)[field] = value


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [None, not value]
    return [None, value + 1] if isinstance(value, int) else [None]


def _differs(document: Domain, element: Element, field: str, value: Any, before: tuple[object, ...]) -> bool:
    if value is None:
        vars(element).pop(field, None)
    else:
        vars(element)[field] = value
    try:
        return _result(document) != before
    except ConfigUnsupportedError:
        return True
