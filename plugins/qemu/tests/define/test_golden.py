from __future__ import annotations

import pytest

from plugins.qemu.tests.define.documents import CORPUS, GOLDEN, NAMES, completed, given, golden
from virtkit.define.disks import sorted_controllers
from virtkit.xml.domain import Domain


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_becomes_what_libvirt_makes_of_it(name: str) -> None:
    assert golden(name) == completed(given(name)).format()


@pytest.mark.parametrize("name", NAMES)
def test_completing_a_complete_definition_only_sorts_its_controllers_as_in_libvirt(name: str) -> None:
    document = Domain.parse(golden(name))
    document.devices.controllers = sorted_controllers(document.devices.controllers)
    assert document.format() == completed(golden(name)).format()


def test_every_golden_file_belongs_to_a_definition() -> None:
    assert {path.name for path in CORPUS.iterdir()} == {path.name for path in GOLDEN.iterdir()}
