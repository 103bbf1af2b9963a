"""Conversations with guest agents, with one that is none: it hangs, babbles, lies and goes away."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.qemu.tests.fake_agent import EMPTY, FakeAgent, Request, began, fake_agent
from plugins.qemu.tests.rig import eventually
from virtkit.errors import (
    AgentUnresponsiveError,
    InternalError,
    OperationTimeoutError,
    OperationUnsupportedError,
)
from virtkit_qemu import unixsocket
from virtkit_qemu.agent import CONVERSATION_BYTES, Agent, Line, NonsenseError, Received, parse

SHORT = 0.1
LISTENERS_ROOM = 2  # one more than listen() was told
NUMBER = 271828


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeAgent]:
    with fake_agent(tmp_path) as made:
        yield made


def refusing(kind: str, reason: str) -> bytes:
    return json.dumps({"error": {"class": kind, "desc": reason}}).encode() + b"\n"


# What is understood


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_an_answer_is_understood_however_it_is_cut(fake: FakeAgent, piece: int) -> None:
    fake.piece = piece
    fake.reply = lambda request: json.dumps({"return": request}).encode() + b"\n"
    assert {"execute": "guest-x", "arguments": {"a": ["ü"]}} == fake.agent.ask("guest-x", {"a": ["ü"]})


@pytest.mark.parametrize(
    "before",
    [
        b'{"return": 7}\n',
        b"\xff" + b'{"return": 1}\n',
        b"\x00\x80 garbage \xff{\n\xff\xff",
        b'{"return": {"half',
        b"\n" * 99,
    ],
)
def test_what_comes_before_the_number_belongs_to_others(fake: FakeAgent, before: bytes) -> None:
    fake.before = before
    assert {} == fake.agent.ask("guest-ping")


def test_the_answer_to_a_command_whose_caller_gave_up_is_not_taken_for_the_next_ones(fake: FakeAgent) -> None:
    late = b'{"return": "late"}\n'
    fake.agent.line.seconds = SHORT

    def hang(request: Request) -> bytes:
        fake.before = late
        return b""

    fake.reply = hang
    with pytest.raises(AgentUnresponsiveError):
        fake.agent.ask("guest-slow")
    fake.reply = lambda request: b'{"return": "in time"}\n'
    fake.agent.line.seconds = None
    assert "in time" == fake.agent.ask("guest-next")


# What is not


def test_an_agent_that_hangs_costs_its_time_only(fake: FakeAgent) -> None:
    fake.reply = lambda request: b""
    fake.agent.line.seconds = SHORT
    with pytest.raises(AgentUnresponsiveError, match="'web': the guest agent has not answered guest-x in time"):
        fake.agent.ask("guest-x")


def test_an_agent_that_does_not_even_begin_is_waited_for_no_longer(tmp_path: Path) -> None:
    silent = unixsocket.listen(tmp_path / "silent")
    agent = Agent("domain 'web'", tmp_path / "silent", Line(SHORT))
    with silent, pytest.raises(AgentUnresponsiveError, match="no other program has its channel open"):
        agent.ask("guest-x")


def test_a_socket_at_which_too_many_wait_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "crowded"
    with unixsocket.listen(path):
        waiting = [unixsocket.connect(path) for _ in range(LISTENERS_ROOM)]
        with pytest.raises(BlockingIOError):
            unixsocket.connect(path, seconds=SHORT)
        with pytest.raises(AgentUnresponsiveError, match="has not answered"):
            Agent("domain 'web'", path, Line(SHORT)).ask("guest-x")
        for each in waiting:
            each.close()


def test_nobody_at_the_socket_is_told(tmp_path: Path) -> None:
    with pytest.raises(AgentUnresponsiveError, match="'web': the guest agent went away"):
        Agent("domain 'web'", tmp_path / "none", Line()).ask("guest-x")


def test_an_agent_that_goes_away_in_the_middle_is_told(fake: FakeAgent) -> None:
    def leave(request: Request) -> bytes:
        raise ConnectionError

    fake.reply = leave
    with pytest.raises(AgentUnresponsiveError, match="went away before it answered guest-x"):
        fake.agent.ask("guest-x")
    fake.reply = lambda request: EMPTY
    assert {} == fake.agent.ask("guest-ping")


NONSENSE = {
    b"{": "no JSON",
    b"\xff{}": "no JSON",
    b'"\xc3"': "no JSON",
    b"[" * 100_000: "no JSON",
    b'{"return": NaN}': "no JSON",
    b'{"return": 1e999}': "no JSON",
    b'{"return": ' + b"9" * 5000 + b"}": "no JSON",
    b"[]": "no answer",
    b"7": "no answer",
    b'{"event": "x"}': "no answer",
    b'{"return": 1, "error": {}}': "no answer",
}


@pytest.mark.parametrize("line", NONSENSE, ids=lambda line: repr(line[:12]))
def test_an_answer_that_is_none_is_told_with_the_guest(fake: FakeAgent, line: bytes) -> None:
    fake.reply = lambda request: line + b"\n"
    with pytest.raises(InternalError, match="'web': in answer to guest-x the guest agent sent what is") as raised:
        fake.agent.ask("guest-x")
    assert NONSENSE[line] in raised.value.message
    assert len(raised.value.message) < 400


@pytest.mark.parametrize("line", [b"x" * (CONVERSATION_BYTES + 1), b"\n" * (CONVERSATION_BYTES + 1)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_agent_that_does_not_stop_talking_is_cut_off(fake: FakeAgent, line: bytes, when: str) -> None:
    if when == "before":
        fake.before = line
    else:
        fake.reply = lambda request: line
    with pytest.raises(InternalError, match=r"'web': .* the guest agent sent more than 4194304 bytes"):
        fake.agent.ask("guest-x")


@pytest.mark.parametrize("kind", ["CommandNotFound", "CommandDisabled"])
def test_a_command_that_the_agent_does_not_know_is_not_supported(fake: FakeAgent, kind: str) -> None:
    fake.reply = lambda request: refusing(kind, "what?")
    with pytest.raises(OperationUnsupportedError, match="'web': the guest agent refused guest-x: 'what\\?'"):
        fake.agent.ask("guest-x")


def test_a_refusal_is_told_in_words_that_do_no_harm(fake: FakeAgent) -> None:
    fake.reply = lambda request: refusing("GenericError", "\x1b[2J" + "no" * 9999)
    with pytest.raises(InternalError, match=r"refused guest-x: '\\x1b\[2Jnono") as raised:
        fake.agent.ask("guest-x")
    assert len(raised.value.message) < 400


@pytest.mark.parametrize("error", ["7", "null", '{"class": [], "desc": {}}'])
def test_a_refusal_of_any_form_is_a_refusal(fake: FakeAgent, error: str) -> None:
    fake.reply = lambda request: f'{{"error": {error}}}\n'.encode()
    with pytest.raises(InternalError, match="refused guest-x"):
        fake.agent.ask("guest-x")


# One at a time


def test_two_callers_do_not_speak_at_once_and_the_second_does_not_wait_for_ever(fake: FakeAgent) -> None:
    fake.reply = lambda request: b""
    fake.agent.line.seconds = None
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fake.agent.ask, "guest-first")
        eventually(lambda: fake.requests)
        with pytest.raises(OperationTimeoutError, match="'web': another call speaks with the guest agent"):
            fake.agent.answer("guest-second", None, SHORT)
        fake.agent.line.hang_up()
        assert isinstance(first.exception(30), AgentUnresponsiveError)
    assert ["guest-first"] == fake.requests


def test_callers_take_turns(fake: FakeAgent) -> None:
    fake.reply = lambda request: json.dumps({"return": request["arguments"]["n"]}).encode() + b"\n"
    with ThreadPoolExecutor(8) as pool:
        assert list(range(40)) == list(pool.map(lambda n: fake.agent.ask("guest-x", {"n": n}), range(40)))


def test_nobody_is_hung_up_on_who_does_not_speak(fake: FakeAgent) -> None:
    fake.agent.line.hang_up()
    assert {} == fake.agent.ask("guest-ping")
    fake.agent.line.hang_up()
    assert {} == fake.agent.ask("guest-ping")


# Commands without an answer


def test_an_order_is_obeyed_if_the_agent_goes_on_without_a_word(fake: FakeAgent) -> None:
    fake.reply = lambda request: EMPTY if request["execute"] == "guest-ping" else b""
    fake.agent.order("guest-shutdown", {"mode": "powerdown"})
    assert ["guest-shutdown", "guest-ping"] == fake.requests


def test_an_order_is_obeyed_if_it_ends_the_agent(fake: FakeAgent) -> None:
    def leave(request: Request) -> bytes:
        raise ConnectionError

    fake.reply = leave
    fake.agent.order("guest-shutdown", {"mode": "powerdown"})
    assert ["guest-shutdown"] == fake.requests


def test_an_order_that_fails_is_told(fake: FakeAgent) -> None:
    fake.reply = lambda request: refusing("GenericError", "no shutdown here") if "arguments" in request else EMPTY
    with pytest.raises(InternalError, match="refused guest-shutdown: 'no shutdown here'"):
        fake.agent.order("guest-shutdown", {"mode": "powerdown"})


def test_a_command_can_be_sent_without_waiting(fake: FakeAgent) -> None:
    fake.reply = lambda request: b""
    fake.agent.tell("guest-x", None)
    eventually(lambda: fake.requests == ["guest-x"])


# The parser


@given(st.binary(), st.lists(st.dictionaries(st.text(), st.integers() | st.text())), st.data())
def test_answers_are_found_after_any_garbage_in_any_pieces(
    garbage: bytes, results: list[dict[str, object]], data: st.DataObject
) -> None:
    sent = [{"return": NUMBER}, *({"return": result} for result in results)]
    stream = garbage + began(NUMBER) + b"".join(json.dumps(each).encode() + b"\n" for each in sent[1:])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    received = Received(NUMBER)
    pieces = (stream[start:end] for start, end in itertools.pairwise([0, *cuts, len(stream)]))
    assert sent == [answer for piece in pieces for answer in received.take(piece)]


@given(st.binary())
def test_any_line_is_an_answer_or_nonsense(line: bytes) -> None:
    try:
        answer = parse(line)
    except NonsenseError:
        return
    assert ("return" in answer) != ("error" in answer)


@given(st.lists(st.binary(), max_size=5))
def test_whatever_an_agent_sends_ends_in_an_answer_or_an_error(pieces: list[bytes]) -> None:
    received = Received(NUMBER)
    try:
        for piece in [began(NUMBER), *pieces]:
            for answer in received.take(piece):
                assert ("return" in answer) != ("error" in answer)
    except NonsenseError:
        pass
