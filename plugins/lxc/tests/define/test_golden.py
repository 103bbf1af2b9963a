"""Completed definitions are libvirt's, text for text: `golden` is what libvirt 9.0's LXC driver shows for `corpus`.

The one difference is the `<emulator>`: libvirt's program is not ours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.services.guests.describing import without_run
from virtkit.xml.domain import Domain
from virtkit_lxc import define

CORPUS = Path(__file__).parent / "corpus"
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.name for path in CORPUS.glob("*.xml"))
LIBVIRT = "/usr/lib/libvirt/libvirt_lxc"
LIKE_A_RUN = {"limits.xml", "seclabel-static.xml"}
"""They say themselves what a run adds where it is missing: a partition, a label. It is taken from them too."""


def completed(name: str) -> Domain:
    domain = Domain.parse((CORPUS / name).read_text())
    define.complete(domain, "x86_64", LIBVIRT)
    return domain


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_shown_as_libvirt_shows_it(name: str) -> None:
    assert (GOLDEN / name).read_text() == completed(name).format()


@pytest.mark.parametrize("name", NAMES)
def test_completing_again_changes_nothing(name: str) -> None:
    domain = completed(name)
    define.complete(domain, "x86_64", LIBVIRT)
    assert (GOLDEN / name).read_text() == domain.format()


@pytest.mark.parametrize("name", sorted(set(NAMES) - LIKE_A_RUN))
def test_what_a_run_adds_can_be_taken_away(name: str) -> None:
    live = define.live(completed(name))
    live.id = 7
    assert (GOLDEN / name).read_text() == without_run(live).format()


def test_consoles_and_interfaces_of_a_run_have_aliases() -> None:
    devices = define.live(completed("rich.xml")).devices
    assert ["console0", "console1"] == [console.alias for console in devices.consoles]
    assert ["net0"] == [interface.alias for interface in devices.interfaces]
