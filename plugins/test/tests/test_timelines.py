"""Whatever is done to a domain, it answers as libvirt's does, has the same state afterwards, and tells the same."""

from __future__ import annotations

import pytest

from plugins.test.tests import timelines
from plugins.test.tests.bench import Bench


@pytest.mark.parametrize("name", timelines.TIMELINES)
def test_a_timeline_is_libvirts(bench: Bench, name: str) -> None:
    player = timelines.Player(bench)
    for step, expected in zip(timelines.TIMELINES[name], timelines.recorded()[name], strict=True):
        assert player.play(step) == expected


@pytest.mark.libvirt
@pytest.mark.parametrize("name", timelines.TIMELINES)
def test_the_recorded_timeline_is_what_libvirt_does(name: str) -> None:
    assert timelines.record(name) == timelines.recorded()[name]
