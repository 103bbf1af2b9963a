"""Daemons of other hosts through the program `ssh`: on the far side a helper leads to the daemon's socket.

Whatever stands in a URI stays a value: none of it becomes an option of ssh, a part of its configuration or shell text
on the far side. Names of users and hosts are held to a small alphabet, since a `ProxyCommand` of the user's ssh
configuration may hand them to a shell.
"""

from __future__ import annotations

import math
import os
import re
import shlex
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError, InvalidArgError, SystemCallError, VirtError
from virtkit_remote.client.transports.program import Program, ProgramTransport
from virtkit_remote.client.transports.unix import is_session

if TYPE_CHECKING:
    from virtkit.driver import Authenticate
    from virtkit.uri import URI

REMOTE = ErrorDomain.REMOTE
HOST = re.compile(r"\w[\w.:%-]*")
USER = re.compile(r"[\w.+@](?:[\w.+@\\-]*[\w.+@-])?")
OPTION_VALUE = re.compile(r'[^\x00-\x1f\x7f"\\$]*')
"""What can stand between quotes in a value of ssh's configuration; `%` is doubled."""

PROXIES = ("auto", "native", "netcat")
HOST_KEYS = {"normal": "yes", "auto": "accept-new", "ignore": "no"}
"""`known_hosts_verify=` -> ssh's `StrictHostKeyChecking`."""

METHODS = {
    "agent": "publickey",
    "privkey": "publickey",
    "password": "password",
    "keyboard-interactive": "keyboard-interactive",
    "gssapi": "gssapi-with-mic",
}
"""`sshauth=` -> ssh's `PreferredAuthentications`."""

REFUSALS = ("Permission denied", "Host key verification failed", "Too many authentication failures")
"""What ssh writes when one side does not prove who it is."""

FIND_SYSTEM = "set -- {system}"
FIND_SESSION = (
    'if test "$(id -u)" = 0; then set -- {system}; '
    "else run=${{XDG_RUNTIME_DIR:-/run/user/$(id -u)}}; "
    'set -- "$run/virtkit/libvirt-sock" "$run/libvirt/libvirt-sock"; fi'
)
JOIN = (
    'nc={netcat}; quit=; "$nc" -h 2>&1 | grep -q -e "-q " && quit=-q0; '
    'for sock; do test -S "$sock" && exec "$nc" $quit -U "$sock"; done; '
    'echo "no daemon listens on this host: tried $*" >&2; exit 1'
)
"""Netcat on the first socket there is; where it has the option, it ends with its input."""

PREFER_HELPER = "if command -v virt-ssh-helper >/dev/null 2>&1; then {helper}; fi; {netcat}"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""What no quoting makes harmless: a login shell such as csh ends a quoted text at the end of a line."""


class SSHTransport(ProgramTransport):
    """A connection through ssh."""

    name = "ssh"
    secure = True
    encrypted = True

    def lost(self) -> VirtError:
        """The error for a connection that ended: ssh tells a refusal from a broken one by its words alone."""
        reason = self.why()
        if any(words in reason for words in REFUSALS):
            step = "try `ssh` to that host by hand, then name the key with ?keyfile=PATH or load it into the agent"
            return AuthFailedError(f"{self.peer} cannot be reached: {reason}; {step}", domain=REMOTE)
        return super().lost()


def connect(uri: URI, *, readonly: bool, timeout: float, authenticate: Authenticate | None = None) -> SSHTransport:
    """Start ssh to the host of a URI; whether it gets there shows when bytes are sent."""
    arguments = command(uri, readonly=readonly, timeout=timeout)
    user = f"{uri.user}@" if uri.user else ""
    program = Program(uri, arguments, detached=_is_set(uri, "no_tty"))
    return SSHTransport(program, f"{user}{uri.host} over ssh")


def command(uri: URI, *, readonly: bool, timeout: float) -> list[str]:
    """The argument list of ssh.

    Raises:
        InvalidArgError: The URI has no host, or holds what cannot be handed to ssh.
        SystemCallError: The file of `keyfile=` cannot be read.
    """
    _check_names(uri)
    arguments = [uri.parameter("command", "ssh")]
    if uri.port:
        arguments += ["-p", str(uri.port)]
    if uri.user:
        arguments += ["-l", uri.user]
    arguments += ["-T", "-e", "none", "-o", f"ConnectTimeout={max(math.ceil(timeout), 1)}"]
    for option in _options(uri):
        arguments += ["-o", option]
    text = remote_text(uri, readonly=readonly)
    if CONTROL.search(text):
        raise InvalidArgError(f"URI {uri}: it holds control characters; leave them out", domain=REMOTE)
    return [*arguments, "--", uri.host, f"sh -c {shlex.quote(text)}"]


def remote_text(uri: URI, *, readonly: bool) -> str:
    """What the shell of the far side runs: libvirt's helper, else netcat on the daemon's socket.

    A URI with `socket=` or `netcat=` means netcat, since the helper looks for sockets itself.
    """
    proxy = uri.parameter("proxy", "auto")
    if proxy not in PROXIES:
        raise InvalidArgError(f"URI {uri}: proxy={proxy} is none of {', '.join(PROXIES)}", domain=REMOTE)
    by_netcat = [name for name in ("socket", "netcat") if uri.parameter(name)]
    if proxy == "native" and by_netcat:
        raise InvalidArgError(
            f"URI {uri}: proxy=native finds the socket itself; leave out {' and '.join(by_netcat)}",
            domain=REMOTE,
        )
    helper = f"exec virt-ssh-helper {'-r ' if readonly else ''}-- {shlex.quote(uri.for_server())}"
    if proxy == "native":
        return helper
    netcat = _netcat(uri, readonly)
    return netcat if proxy == "netcat" or by_netcat else PREFER_HELPER.format(helper=helper, netcat=netcat)


def _netcat(uri: URI, readonly: bool) -> str:
    program, given = uri.parameter("netcat", "nc"), uri.parameter("socket")
    if program.startswith("-"):
        raise InvalidArgError(f"URI {uri}: netcat={program} is no program; give its name or path", domain=REMOTE)
    if given and not given.startswith("/"):
        raise InvalidArgError(
            f"URI {uri}: socket={given} is no absolute path on {uri.host}; write it from /", domain=REMOTE
        )
    ending = "-ro" if readonly else ""
    system = [given] if given else [f"/run/{daemon}/libvirt-sock{ending}" for daemon in ("virtkit", "libvirt")]
    find = FIND_SESSION if is_session(uri) and not given else FIND_SYSTEM
    return f"{find.format(system=shlex.join(system))}; {JOIN.format(netcat=shlex.quote(program))}"


def _options(uri: URI) -> list[str]:
    """Settings of ssh's configuration."""
    options = []
    if _is_set(uri, "no_tty"):
        options.append("BatchMode=yes")
    if _is_set(uri, "no_verify"):
        options.append("StrictHostKeyChecking=no")
    elif uri.parameter("known_hosts_verify"):
        options.append(f"StrictHostKeyChecking={_chosen(uri, 'known_hosts_verify', HOST_KEYS)}")
    if uri.parameter("known_hosts"):
        options.append(f"UserKnownHostsFile={_quoted(uri, 'known_hosts')}")
    if uri.parameter("keyfile"):
        options.append(f"IdentityFile={_quoted(uri, 'keyfile')}")
        _check_key(uri)
    if uri.parameter("sshauth"):
        options.append(f"PreferredAuthentications={_chosen(uri, 'sshauth', METHODS)}")
    return options


def _check_names(uri: URI) -> None:
    if not uri.host:
        raise InvalidArgError(f"URI {uri}: transport ssh needs a host; add one behind //", domain=REMOTE)
    for kind, name, allowed in (("host", uri.host, HOST), ("user", uri.user or "root", USER)):
        if not allowed.fullmatch(name):
            raise InvalidArgError(
                f"URI {uri}: {name!r} cannot be the {kind} of an ssh connection; "
                "give it another name in ~/.ssh/config and use that",
                domain=REMOTE,
            )


def _check_key(uri: URI) -> None:
    """Refuse a missing key, without which ssh would try others and then speak of those."""
    path = os.path.expanduser(uri.parameter("keyfile"))
    try:
        open(path, "rb").close()
    except OSError as cause:
        raise SystemCallError(
            f"cannot open {uri}: cannot read the key {path}: {cause.strerror}; check keyfile=",
            domain=REMOTE,
            int1=cause.errno or -1,
        ) from cause


def _quoted(uri: URI, name: str) -> str:
    """A parameter as a value of ssh's configuration, which is split at blanks and has variables."""
    value = uri.parameter(name)
    if not OPTION_VALUE.fullmatch(value):
        raise InvalidArgError(
            f"URI {uri}: {name}={value!r} cannot be handed to ssh; use a path without quotes, backslashes and $",
            domain=REMOTE,
        )
    return f'"{value}"'.replace("%", "%%")


def _chosen(uri: URI, name: str, table: dict[str, str]) -> str:
    """A parameter's comma-separated words in those of ssh, each once."""
    words = uri.parameter(name).split(",")
    for word in words:
        if word not in table:
            raise InvalidArgError(f"URI {uri}: {name}={word} is none of {', '.join(table)}", domain=REMOTE)
    return ",".join(dict.fromkeys(table[word] for word in words))


def _is_set(uri: URI, name: str) -> bool:
    return uri.parameter(name, "0") != "0"
