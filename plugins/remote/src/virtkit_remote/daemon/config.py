"""The daemon's configuration: a TOML file, whose tables are the classes here and whose keys are their fields.

Each setting is declared once, with its default, its unit and what it means. From the declaration come the check of a
file, what `virtkitd --show-config` prints, and which changes a running daemon takes over when told to reload.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfSyntaxError

LINE = 100
"""Width of the comments that `show` writes."""


class Setting(NamedTuple):
    """What is known of a setting beside its name and default, which gives the type.

    Attributes:
        meaning: What it does, in sentences.
        unit: Of a number; empty: it counts.
        restart: A running daemon keeps the value it started with.
        choices: The only values there are; empty: any.
        least: Smallest number.
        most: Largest number; None: no limit.
        octal: A number that is written in octal, as file modes are.
        path: An absolute path, or empty for the default.
    """

    meaning: str
    unit: str = ""
    restart: bool = False
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    octal: bool = False
    path: bool = False


def setting(default: Any, meaning: str, **known: Any) -> Any:
    """Declare a setting; the keywords are the fields of `Setting`."""
    return attrs.field(default=default, metadata={Setting: Setting(meaning, **known)})


@attrs.frozen
class UnixSocket:
    """A socket in the file system."""

    enabled: bool = setting(True, "Whether the daemon listens there.", restart=True)
    path: str = setting("", "Where the socket is; empty: in the run folder.", restart=True, path=True)
    mode: int = setting(
        0o700, "Who may connect at all, as permissions of the socket.", restart=True, octal=True, most=0o777
    )
    group: str = setting("", "Group that the socket belongs to; empty: the daemon's own.", restart=True)
    auth: str = setting(
        "peer",
        "How a client proves who it is: none; peer: by its UNIX user, see [peer]; sasl: by name and password; polkit.",
        choices=("none", "peer", "sasl", "polkit"),
    )


@attrs.frozen
class ReadOnlySocket(UnixSocket):
    """The socket whose clients can only look. Everybody on the host may, unless told otherwise."""

    mode: int = setting(
        0o777, "Who may connect at all, as permissions of the socket.", restart=True, octal=True, most=0o777
    )
    auth: str = setting("none", "As for [unix].", choices=("none", "peer", "sasl", "polkit"))


@attrs.frozen
class AdminSocket(UnixSocket):
    """The socket for virt-admin: clients, limits, logs of the daemon itself."""

    auth: str = setting(
        "peer", "How a client proves who it is: none, or peer: by its UNIX user.", choices=("none", "peer")
    )


@attrs.frozen
class Tcp:
    """TCP without encryption: for networks where nobody listens, or behind a tunnel."""

    enabled: bool = setting(False, "Whether the daemon listens there.", restart=True)
    address: str = setting("127.0.0.1", "Address to listen on; empty: all of the host.", restart=True)
    port: int = setting(16509, "Port to listen on; 0: any free one.", restart=True, most=65535)
    auth: str = setting(
        "sasl",
        "How a client proves who it is: none, or sasl. libvirt's own clients refuse passwords without encryption.",
        choices=("none", "sasl"),
    )


@attrs.frozen
class Tls:
    """TCP with TLS. Clients show certificates, and the daemon takes those of its authorities."""

    enabled: bool = setting(False, "Whether the daemon listens there.", restart=True)
    address: str = setting("", "Address to listen on; empty: all of the host.", restart=True)
    port: int = setting(16514, "Port to listen on; 0: any free one.", restart=True, most=65535)
    auth: str = setting("none", "What is asked beyond the certificate: none, or sasl.", choices=("none", "sasl"))
    authorities: str = setting("", "Certificates of the authorities; empty: /etc/pki/CA/cacert.pem.", path=True)
    revocations: str = setting("", "What they revoked; empty: /etc/pki/CA/cacrl.pem if it exists.", path=True)
    certificate: str = setting("", "The daemon's own; empty: /etc/pki/libvirt/servercert.pem.", path=True)
    key: str = setting("", "Its private key; empty: /etc/pki/libvirt/private/serverkey.pem.", path=True)
    verify_client: bool = setting(True, "Whether a client without a certificate of the authorities is refused.")
    allowed_names: tuple[str, ...] = setting(
        (),
        "Distinguished names of clients that are let in, such as 'C=GB,O=Lab,CN=*' with * for anything; "
        "empty: all that have a certificate.",
    )


@attrs.frozen
class Peer:
    """Who is let in by auth = "peer". The daemon's own user and root always are."""

    users: tuple[str, ...] = setting((), "Names of UNIX users; '*' is everybody.")
    groups: tuple[str, ...] = setting((), "Names of UNIX groups.")


@attrs.frozen
class Sasl:
    """Who is let in by auth = "sasl"."""

    users: str = setting(
        "", "File of users, which `virtkitd --add-user NAME` writes; empty: sasl-users in the etc folder.", path=True
    )


@attrs.frozen
class Access:
    """What clients may do once they are in."""

    policy: str = setting(
        "", "File of rules; empty: who is in may do anything the socket allows. See docs/how-to/run-the-daemon.md.",
        path=True,
    )  # fmt: skip
    plugins: bool = setting(
        True, "Whether installed packages with an access plugin (entry points virtkit.access) are asked.", restart=True
    )


@attrs.frozen
class Limits:
    """Bounds on what clients can take from the daemon."""

    clients: int = setting(5000, "Clients connected at the same time; further ones are sent away.", least=1)
    anonymous_clients: int = setting(
        20, "Clients that have not yet proved who they are; further ones are sent away.", least=1
    )
    client_requests: int = setting(64, "Calls of one client that are served at the same time; others wait.", least=1)
    message_bytes: int = setting(
        33554432, "Longest message to take; a client that announces a longer one is cut.", unit="bytes",
        least=65536, most=33554432,
    )  # fmt: skip
    auth_seconds: int = setting(30, "Time a client has to prove who it is, before it is cut.", unit="seconds", least=1)
    workers: int = setting(200, "Calls that wait for guests, disks or programs at the same time.", least=1)


@attrs.frozen
class Keepalive:
    """How the daemon finds out that a client is gone without a word."""

    interval: int = setting(5, "Silence after which the client is asked for a sign of life; 0: never.", unit="seconds")
    count: int = setting(5, "Questions without an answer before the client is cut.", least=1)


@attrs.frozen
class Log:
    """What the daemon says about itself."""

    level: str = setting("info", "Least importance to write.", choices=("debug", "info", "warning", "error"))
    format: str = setting("text", "text: for people; json: an object per line.", choices=("text", "json"))
    file: str = setting("", "Where to; empty: standard error, which systemd collects.", path=True)


@attrs.frozen
class AuditLog:
    """What clients changed: a line per call with who, what, on which object, and how it ended."""

    enabled: bool = setting(True, "Whether it is written.")
    file: str = setting("", "Where to; empty: audit.log in the log folder.", path=True)


@attrs.frozen
class Config:
    """The whole configuration."""

    unix: UnixSocket = attrs.field(factory=UnixSocket)
    unix_readonly: ReadOnlySocket = attrs.field(factory=ReadOnlySocket)
    admin: AdminSocket = attrs.field(factory=AdminSocket)
    tcp: Tcp = attrs.field(factory=Tcp)
    tls: Tls = attrs.field(factory=Tls)
    peer: Peer = attrs.field(factory=Peer)
    sasl: Sasl = attrs.field(factory=Sasl)
    access: Access = attrs.field(factory=Access)
    limits: Limits = attrs.field(factory=Limits)
    keepalive: Keepalive = attrs.field(factory=Keepalive)
    log: Log = attrs.field(factory=Log)
    audit: AuditLog = attrs.field(factory=AuditLog)


TABLES: dict[str, type[Any]] = {name: type(values) for name, values in attrs.asdict(Config(), recurse=False).items()}
"""Name of a table -> its class."""


def settings(cls: type[Any]) -> dict[str, tuple[Any, Setting]]:
    """The settings of a table by name: default and declaration, in order."""
    return {each.name: (each.default, each.metadata[Setting]) for each in attrs.fields(cls)}


# From a file


def load(path: str | os.PathLike[str]) -> Config:
    """Read a configuration file.

    Raises:
        ConfSyntaxError: The file cannot be read or something in it is wrong; the message names the first thing.
    """
    config, problems = _read(Path(path))
    if problems:
        more = f" ({len(problems) - 1} more: virtkitd --check-config {path})" if problems[1:] else ""
        raise ConfSyntaxError(f"{problems[0]}{more}", domain=int(ErrorDomain.CONF))
    return config


def problems_of(path: str | os.PathLike[str]) -> list[str]:
    """Everything that is wrong with a configuration file, a sentence each."""
    return _read(Path(path))[1]


def needing_restart(old: Config, new: Config) -> list[str]:
    """The settings, as `table.key`, that differ and that a running daemon does not take over."""
    return [
        f"{name}.{key}"
        for name, cls in TABLES.items()
        for key, (_, declared) in settings(cls).items()
        if declared.restart and getattr(getattr(old, name), key) != getattr(getattr(new, name), key)
    ]


def taken_over(old: Config, new: Config) -> Config:
    """What a running daemon has after it was told of a new configuration: the old where a restart is needed."""
    return attrs.evolve(new, **{
        name: attrs.evolve(getattr(new, name), **{
            key: getattr(getattr(old, name), key) for key, (_, declared) in settings(cls).items() if declared.restart
        })
        for name, cls in TABLES.items()
    })  # fmt: skip


def _read(path: Path) -> tuple[Config, list[str]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        return Config(), [f"cannot read {path}: {cause.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        return Config(), [f"{path} is not TOML: {cause}"]
    problems: list[str] = []
    read = {}
    for name, values in tables.items():
        if name not in TABLES:
            problems.append(f"{path}: there is no table [{name}]{_near(name, TABLES)}")
        elif not isinstance(values, dict):
            problems.append(f"{path}: {name} is a table: write [{name}] and its settings below")
        else:
            found = [f"{path}: {name}.{each}" for each in _wrong_in(TABLES[name], values)]
            problems += found
            read[name] = TABLES[name]() if found else TABLES[name](**_frozen(values))
    return Config(**read), problems


def _wrong_in(cls: type[Any], values: dict[str, Any]) -> Iterator[str]:
    known = settings(cls)
    for key, value in values.items():
        if key not in known:
            yield f"{key} is no setting{_near(key, known)}"
            continue
        problem = _wrong(value, *known[key])
        if problem:
            yield f"{key} {problem}"


def _wrong(value: Any, default: Any, declared: Setting) -> str | None:
    """What is wrong with a value; None if nothing is."""
    if isinstance(default, tuple):
        if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            return f'must be a list of texts such as ["a", "b"], not {value!r}'
    elif type(value) is not type(default):
        return f"must be {SHOWN_TYPES[type(default)]}, not {value!r}"
    elif declared.choices and value not in declared.choices:
        return f"must be one of {', '.join(declared.choices)}, not {value!r}{_near(value, declared.choices)}"
    elif declared.path and value and not value.startswith("/"):
        return f"must be an absolute path, not {value!r}"
    elif type(value) is int and not declared.least <= value <= (value if declared.most is None else declared.most):
        bounds = f"{declared.least} or more" if declared.most is None else f"{declared.least} to {declared.most}"
        return f"must be {bounds}, not {value}"
    return None


SHOWN_TYPES: dict[type, str] = {bool: "true or false", int: "a whole number", str: 'a text in quotes such as "a"'}


def _near(name: Any, known: Any) -> str:
    found = get_close_matches(str(name), list(known), 1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(known)}"


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


# To a file


def show() -> str:
    """The configuration with every setting at its default, commented out: what a file starts from."""
    lines = ["# Configuration of virtkitd. A line that begins with # says what holds without it."]
    for name, cls in TABLES.items():
        lines += ["", *_comment((cls.__doc__ or "").splitlines()[0]), f"[{name}]"]
        for key, (default, declared) in settings(cls).items():
            lines += [*_comment(_described(declared)), f"#{key} = {_written(default, declared)}"]
    return "\n".join(lines) + "\n"


def _described(declared: Setting) -> str:
    notes = [f"In {declared.unit}." if declared.unit else "", "Needs a restart." if declared.restart else ""]
    return " ".join([declared.meaning, *filter(None, notes)])


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, LINE, break_on_hyphens=False)]


def _written(value: Any, declared: Setting) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"0o{value:o}" if declared.octal else str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_written(each, declared) for each in value)}]"
    return f'"{value}"'
