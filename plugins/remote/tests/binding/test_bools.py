"""What is a number on the wire and true or false at the hook."""

from __future__ import annotations

import pytest

from virtkit.discovery import functions
from virtkit.refs import DomainRef
from virtkit_remote.binding.calling import call_of
from virtkit_remote.binding.serving import handler
from virtkit_remote.binding.shape import shape

DOM = DomainRef("web", bytes(16), 1)
HEADER = bytes(28)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_driver_gets_true_or_false(wanted: bool) -> None:
    given: list[object] = []
    serve = handler("domain_set_autostart", lambda dom, autostart: given.append(autostart))
    assert b"" == serve(HEADER + call_of("domain_set_autostart").request((DOM, int(wanted)), 0))
    assert given == [wanted]
    assert wanted is given[0]


def test_every_hook_that_says_bool_gets_one() -> None:
    saying = [name for name, known in functions().items() if "bool" in known.types]
    assert 10 == len(saying)
    assert [] == [name for name in saying if shape(name).take is None]
