"""How the words of a command are read."""

from __future__ import annotations

import pytest

from virtkit_cli.command import Arguments, Flag, UsageError, Word, argument, option, parse, usage
from virtkit_cli.command import Command as Declared
from virtkit_cli.values import bytesize, kib, number

WORDS: tuple[Word, ...] = (
    argument("domain", "name of a domain"),
    argument("count", "a number", number),
    option("pool", "name of a pool"),
    option("when", "first a name", by_name=True),
    Flag("live", "now", 1),
    Flag("config", "later", 2),
    Flag("current", "either", excludes=("live", "config")),
    option("mode", "how", choices=("fast", "slow")),
    option("rest", "all that follows", many=True),
)


def read(*given: str) -> Arguments:
    return parse("do", WORDS, given)


def refusal(*given: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(*given)
    return str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        ("web", "3", "default"),
        ("--domain", "web", "--count", "3", "--pool", "default"),
        ("--count=3", "web", "default"),
        ("--pool", "default", "web", "3"),
        ("web", "--pool=default", "3"),
    ],
)
def test_a_value_is_given_by_place_or_by_name(given: tuple[str, ...]) -> None:
    args = read(*given)
    assert ("web", 3, "default") == (args.domain, args.count, args.pool)


def test_what_is_not_given_has_its_default() -> None:
    args = read("web", "3")
    assert (None, None, [], False, 0) == (args.pool, args.mode, args.rest, args.live, args.flags)


def test_flags_add_up_their_bits() -> None:
    assert 3 == read("--live", "web", "3", "--config").flags


def test_values_left_over_go_to_the_word_that_takes_many() -> None:
    assert ["a", "b"] == read("web", "3", "default", "fast", "a", "b").rest


def test_a_word_that_goes_by_name_only_takes_no_place() -> None:
    args = read("web", "3", "--when", "now", "default")
    assert ("now", "default") == (args.when, args.pool)


def test_after_two_dashes_nothing_is_a_name() -> None:
    assert "--live" == read("--count=3", "--", "--live").domain


def test_a_single_dash_and_a_negative_number_are_values() -> None:
    args = read("-", "-1")
    assert ("-", -1) == (args.domain, args.count)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("web",), "do needs --count: a number; see virtkit help do"),
        (("web", "many"), "do --count 'many': a whole number is expected; see virtkit help do"),
        (("web", "3", "--nosuch"), "do takes no --nosuch; see virtkit help do"),
        (("web", "3", "--pool"), "do needs a value after --pool: name of a pool; see virtkit help do"),
        (("web", "3", "--live=yes"), "do takes no value for --live; see virtkit help do"),
        (("web", "3", "--live", "--current"), "do takes --current or --live, not both; see virtkit help do"),
        (("web", "3", "--mode", "odd"), "do --mode 'odd': one of fast, slow is expected; see virtkit help do"),
    ],
)
def test_wrong_words_are_named_with_what_was_expected(given: tuple[str, ...], message: str) -> None:
    assert message == refusal(*given)


def test_a_value_too_many_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no further value: 'x'"):
        parse("do", (), ["x"])


def test_the_usage_shows_what_is_needed_and_what_may_be_left_out() -> None:
    shown = usage(Declared("do", "help", WORDS[:3] + WORDS[4:5] + WORDS[8:], lambda session, args: None))
    assert "do <domain> <count> [--pool <text>] [--live] [--rest <text>]..." == shown


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("1024", 1024), ("1K", 1024), ("1k", 1024), ("1KiB", 1024), ("1KB", 1000), ("2G", 2 << 30)],
)  # fmt: skip
def test_sizes_have_units(text: str, size: int) -> None:
    assert size == bytesize(text)


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("1KiB", 1), ("1025bytes", 2), ("1M", 1024), ("1MB", 977)])
def test_memory_is_counted_in_kib_rounded_up(text: str, size: int) -> None:
    assert size == kib(text)


@pytest.mark.parametrize("text", ["", "G", "1.5G", "-1", "1X", "1 G"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a size is expected"):
        bytesize(text)
