"""Networks, pools, volumes and interfaces become what libvirt's test driver makes of them."""

from __future__ import annotations

import pytest

from plugins.test.tests import objects
from plugins.test.tests.bench import Bench


@pytest.mark.parametrize(("kind", "text"), objects.OBJECTS, ids=range(len(objects.OBJECTS)))
def test_a_definition_is_completed_or_refused(bench: Bench, kind: str, text: str) -> None:
    expected = objects.recorded()[objects.OBJECTS.index((kind, text))]
    assert objects.made(bench, kind, text) == expected


@pytest.mark.libvirt
def test_the_recorded_answers_are_what_libvirt_gives() -> None:
    assert objects.record() == objects.recorded()
