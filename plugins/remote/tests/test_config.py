"""The configuration file: what is declared is what is shown, checked and read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from virtkit.errors import ConfSyntaxError
from virtkit_remote.daemon import config
from virtkit_remote.daemon.config import Config, Limits, Setting, Tcp, UnixSocket


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "virtkitd.toml"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_an_empty_file_is_the_defaults(path: Path) -> None:
    assert Config() == config.load(written(path, ""))


def test_what_is_shown_is_the_defaults_commented_out(path: Path) -> None:
    assert Config() == config.load(written(path, config.show()))


def test_what_is_shown_can_be_put_in_force_line_by_line(path: Path) -> None:
    text = re.sub(r"^#(\w+ = )", r"\1", config.show(), flags=re.MULTILINE)
    assert Config() == config.load(written(path, text))


def test_every_setting_is_shown_with_what_it_means() -> None:
    shown = " ".join(config.show().replace("\n# ", " ").split())
    for name, cls in config.TABLES.items():
        assert f" [{name}] " in shown
        for key, (_, declared) in config.settings(cls).items():
            assert declared.meaning in shown
            assert f"#{key} = " in shown


def test_every_setting_is_declared_with_a_type_and_a_sentence() -> None:
    for cls in config.TABLES.values():
        for default, declared in config.settings(cls).values():
            assert type(default) in (bool, int, str, tuple)
            assert declared.meaning.endswith(".")


def test_every_default_is_allowed() -> None:
    for cls in config.TABLES.values():
        for default, declared in config.settings(cls).values():
            value = list(default) if isinstance(default, tuple) else default
            assert None is config._wrong(value, default, declared)


def test_the_limits_are_those_of_libvirt_where_it_has_them() -> None:
    limits = Config().limits
    assert (5000, 20, 33554432) == (limits.clients, limits.anonymous_clients, limits.message_bytes)
    assert (5, 5, 16509, 16514) == (*attrs.astuple(Config().keepalive), Config().tcp.port, Config().tls.port)


def test_a_client_may_wait_for_many_guests_before_its_other_calls_wait() -> None:
    limits = Config().limits
    assert limits.client_requests >= 10 * 5  # libvirt's five are used up by five guests that are stuck
    assert limits.workers > limits.client_requests


def test_what_a_file_says_holds(path: Path) -> None:
    text = """
        [unix]
        mode = 0o770
        group = "libvirt"
        [peer]
        groups = ["libvirt", "wheel"]
        [tcp]
        enabled = true
        [limits]
        clients = 7
    """
    found = config.load(written(path, text))
    assert UnixSocket(mode=0o770, group="libvirt") == found.unix
    assert ("libvirt", "wheel") == found.peer.groups
    assert (Tcp(enabled=True), Limits(clients=7)) == (found.tcp, found.limits)


@pytest.mark.parametrize(("text", "problem"), [
    ("[unx]", "there is no table [unx]; did you mean unix?"),
    ("[quota]", "there is no table [quota]; there are unix, unix_readonly,"),
    ("tcp = true", "tcp is a table: write [tcp] and its settings below"),
    ("[tcp]\nprot = 1", "tcp.prot is no setting; did you mean port?"),
    ("[tcp]\nport = '1'", "tcp.port must be a whole number, not '1'"),
    ("[tcp]\nport = true", "tcp.port must be a whole number, not True"),
    ("[tcp]\nenabled = 1", "tcp.enabled must be true or false, not 1"),
    ("[tcp]\nport = 65536", "tcp.port must be 0 to 65535, not 65536"),
    ("[limits]\nclients = 0", "limits.clients must be 1 or more, not 0"),
    ("[tcp]\naddress = 1", 'tcp.address must be a text in quotes such as "a", not 1'),
    ("[tcp]\nauth = 'peer'", "tcp.auth must be one of none, sasl, not 'peer'"),
    ("[unix]\nauth = 'pear'", "unix.auth must be one of none, peer, sasl, polkit, not 'pear'; did you mean peer?"),
    ("[access]\npolicy = 'policy.toml'", "access.policy must be an absolute path, not 'policy.toml'"),
    ("[peer]\nusers = 'alice'", """peer.users must be a list of texts such as ["a", "b"], not 'alice'"""),
    ("[peer]\nusers = [1]", """peer.users must be a list of texts such as ["a", "b"], not [1]"""),
])  # fmt: skip
def test_a_mistake_is_told_with_file_and_key(path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfSyntaxError) as raised:
        config.load(written(path, text))
    assert 9 == raised.value.domain
    assert raised.value.message.startswith(f"{path}: {problem}")


def test_all_mistakes_are_told_at_once_where_asked(path: Path) -> None:
    written(path, "[tcp]\nprot = 1\nport = true\n[limits]\nclients = 1\n[lag]\n")
    assert 3 == len(config.problems_of(path))
    with pytest.raises(ConfSyntaxError, match=r"\(2 more: virtkitd --check-config"):
        config.load(path)


def test_a_file_without_mistakes_has_no_problems(path: Path) -> None:
    assert [] == config.problems_of(written(path, config.show()))


@pytest.mark.parametrize("content", [b"[tcp", b"[tcp]\naddress = '\xff'"])
def test_what_is_not_toml_is_told_as_such(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfSyntaxError, match="is not TOML"):
        config.load(path)


def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(ConfSyntaxError, match=f"cannot read {path}: No such file"):
        config.load(path)


def test_a_running_daemon_takes_over_what_needs_no_restart() -> None:
    old = Config()
    new = Config(tcp=Tcp(enabled=True, auth="none"), limits=Limits(clients=7))
    assert ["tcp.enabled"] == config.needing_restart(old, new)
    assert Config(tcp=Tcp(auth="none"), limits=Limits(clients=7)) == config.taken_over(old, new)


@pytest.mark.parametrize(("default", "declared", "value", "fine"), [
    (0o700, Setting("", octal=True, most=0o777), 0o777, True),
    (0o700, Setting("", octal=True, most=0o777), 0o1777, False),
    (5, Setting(""), -1, False),
    ("", Setting("", path=True), "", True),
])  # fmt: skip
def test_bounds_include_their_ends(default: Any, declared: Setting, value: Any, fine: bool) -> None:
    assert fine is (config._wrong(value, default, declared) is None)
