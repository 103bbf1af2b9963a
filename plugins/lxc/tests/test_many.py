"""A hundred containers at once."""

from __future__ import annotations

import pytest

from plugins.lxc.tests.lab import Lab
from tests.containers import remains
from virtkit_lxc import runtime

COUNT = 100


@pytest.mark.slow
def test_a_hundred_containers_start_run_and_end_without_a_trace(lab: Lab) -> None:
    root = lab.root()
    made = [lab.started(root=root, name=f"many{number}") for number in range(COUNT)]
    assert COUNT == len({each.running.init.pid for each in made if each.running.alive})
    assert all(each.started == runtime.find(each.plan.folder) for each in made)
    for each in made:
        runtime.stop(each.name, each.running, kill=True)
        each.end()
    assert {} == remains(lab.folder)
