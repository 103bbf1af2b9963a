"""What a hook is called with arrives at the driver behind a daemon, and what that returns comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from plugins.remote.tests.binding.samples import Samples, plain_hooks, signatures
from virtkit.params import ULLONG, TypedParams
from virtkit_remote.binding.calling import START, call_of
from virtkit_remote.binding.serving import handler
from virtkit_remote.client.plans import Facts, plan_of, regular
from virtkit_remote.protocol.frames import CALL, OK, REPLY, pack

SIGNATURES = signatures()
OWN = {"connect_supports_feature", "connect_is_secure", "domain_get_scheduler_type"}
"""Hooks that the daemon answers by hand, with more than the driver's result."""

HOOKS = [name for name in plain_hooks() if name not in OWN]


def through(name: str, operation: Callable[..., Any], *arguments: Any) -> Any:
    """Call a hook of a client whose calls an operation answers behind a daemon's binding."""
    plan = (plan_of(name) or (lambda _, *given: regular(name, *given)))(Facts(secure=True), *arguments)
    try:
        step = next(plan)
        while True:
            step = plan.send(answer(step.call.procedure.name, step.arguments, step.room, name, operation))
    except StopIteration as end:
        return end.value


def answer(called: str, arguments: Sequence[Any], room: int, name: str, operation: Callable[..., Any]) -> Sequence[Any]:
    """The wire results of one call; those of other hooks, which a plan makes to know more, are answered aside."""
    call = call_of(called)
    own = operation if called in (name, name.removesuffix("_flags")) else ASIDE[called]
    message = pack(call.program, call.procedure.number, CALL, 0, OK, call.request(arguments, room))
    payload = handler(called, own)(message)
    return call.results(pack(call.program, call.procedure.number, REPLY, 0, OK, payload), START)


ASIDE: dict[str, Callable[..., Any]] = {
    "connect_supports_feature": lambda *_: True,
    "domain_get_info": lambda *_: Samples().of("DomainInfo")._replace(nr_virt_cpu=3),
    "domain_get_vcpus_flags": lambda *_: 3,
    "node_get_info": lambda *_: Samples().of("NodeInfo")._replace(nodes=1, sockets=1, cores=5, threads=8),
}
"""What a plan asks besides: three vCPUs, and CPU maps of 5 bytes as in the samples."""


NUMBERS = TypedParams.all_of(ULLONG, {"user": 2**63, "idle": 7})
RESULTS: dict[str, Any] = {
    "domain_get_cpu_stats": [NUMBERS, NUMBERS],
    "domain_get_scheduler_parameters": NUMBERS,  # its clients cannot take texts
    "node_get_cpu_stats": NUMBERS,
    "node_get_memory_stats": NUMBERS,
}
"""What hooks return that have no room for every kind of parameter."""


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_through_the_wire_is_the_hook(name: str) -> None:
    samples = Samples()
    arguments = samples.arguments(SIGNATURES[name])
    result = RESULTS[name] if name in RESULTS else samples.of(SIGNATURES[name].return_annotation)
    taken: list[tuple[Any, ...]] = []

    def operation(*given: Any) -> Any:
        taken.append(given)
        return result

    returned = through(name, operation, *arguments)
    assert ([tuple(arguments)] * len(taken), repr(result)) == (taken, repr(returned))
    if isinstance(result, TypedParams):
        assert [*result.entries()] == [*returned.entries()]


@pytest.mark.parametrize("name", [name for name in HOOKS if "| None" in SIGNATURES[name].return_annotation])
def test_nothing_comes_back_as_nothing(name: str) -> None:
    arguments = Samples().arguments(SIGNATURES[name])
    assert through(name, lambda *_: None, *arguments) is None


@pytest.mark.parametrize(
    "name",
    [name for name in HOOKS if any("None" in str(each.annotation) for each in SIGNATURES[name].parameters.values())],
)
def test_an_argument_that_is_left_out_stays_so(name: str) -> None:
    taken: list[tuple[Any, ...]] = []
    hook = SIGNATURES[name]
    annotations = [each.annotation for each in hook.parameters.values()][2:]
    given = Samples().arguments(hook)
    arguments = [None if "None" in kind else value for kind, value in zip(annotations, given, strict=True)]

    def operation(*found: Any) -> Any:
        taken.append(found)
        return Samples().of(hook.return_annotation)

    through(name, operation, *arguments)
    assert [tuple(arguments)] * len(taken) == taken


EMPTY: dict[str, Any] = {"TypedParams": TypedParams(), "dict[DomainMemoryStatTags, int]": {}}


@pytest.mark.parametrize(
    "name",
    [name for name in HOOKS if SIGNATURES[name].return_annotation.startswith(("list", "dict", "TypedParams"))],
)
def test_an_empty_list_comes_back_empty(name: str) -> None:
    annotation = SIGNATURES[name].return_annotation
    empty = EMPTY.get(annotation, [])
    arguments = Samples().arguments(SIGNATURES[name])
    assert repr(empty) == repr(through(name, lambda *_: empty, *arguments))
