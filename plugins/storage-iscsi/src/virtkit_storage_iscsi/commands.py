"""Argument lists of `iscsiadm`, and what it prints. Nothing here runs it.

Every value is given as `--option=value`, so that none can be taken for an option.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

PORT = 3260
"""The port of iSCSI."""

DEFAULT_INTERFACE = "default"
"""The interface of `iscsiadm` that has the host's own initiator name."""

LOGIN_TRIES = "1"
"""How often iscsid tries to log in; each takes up to `node.conn[0].timeo.login_timeout`, which is 15 s."""

PASSWORD = "node.session.auth.password"

_NAME = re.compile(r"(iqn\.|eui\.|naa\.)[^\s/,\x00-\x1f\x7f]{1,219}")
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:_%-]{0,254}")
_FOUND = re.compile(r"(?P<portal>\S+:\d+),-?\d+ (?P<name>\S+)")


class Node(NamedTuple):
    """A target at a server, as `iscsiadm` has a record of it.

    Attributes:
        target: Its qualified name.
        host: The server.
        port: Its port.
        initiator: The name that the host has there; empty: its own.
    """

    target: str
    host: str
    port: int = PORT
    initiator: str = ""

    @property
    def portal(self) -> str:
        """Where it is reached."""
        return portal(self.host, self.port)

    @property
    def interface(self) -> str:
        """The interface of `iscsiadm` that has the initiator's name."""
        return interface(self.initiator)


def is_name(text: str) -> bool:
    """Whether a text is the name of a target or initiator: `iqn.`, `eui.` or `naa.` and what follows."""
    return _NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether a text can be the name or address of a server."""
    return _HOST.fullmatch(text) is not None


def portal(host: str, port: int) -> str:
    """Where a server is reached."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def interface(initiator: str) -> str:
    """The name of the interface for an initiator."""
    if not initiator:
        return DEFAULT_INTERFACE
    return f"virtkit-{hashlib.sha256(initiator.encode()).hexdigest()[:12]}"


def discover(host: str, port: int, initiator: str) -> list[str]:
    """Ask a server for its targets; nothing is kept of the answer."""
    return [
        *("iscsiadm", "--mode=discovery", "--type=sendtargets", f"--portal={portal(host, port)}"),
        *(f"--interface={interface(initiator)}", "--op=nonpersistent"),
    ]


def discovered(output: bytes) -> list[str]:
    """The targets that a server has told of, each once."""
    lines = (_FOUND.fullmatch(line.strip()) for line in output.decode(errors="replace").splitlines())
    return list(dict.fromkeys(found["name"] for found in lines if found and is_name(found["name"])))


def new_interface(initiator: str) -> list[list[str]]:
    """Make the interface for an initiator; one that is there is made the same again."""
    of = ["iscsiadm", "--mode=iface", f"--interface={interface(initiator)}"]
    return [[*of, "--op=new"], [*of, "--op=update", "--name=iface.initiatorname", f"--value={initiator}"]]


def of_node(node: Node, *operation: str) -> list[str]:
    """Do something with a node."""
    return [
        *("iscsiadm", "--mode=node", f"--targetname={node.target}", f"--portal={node.portal}"),
        *(f"--interface={node.interface}", *operation),
    ]


def update(node: Node, name: str, value: str) -> list[str]:
    """Change a setting of a node."""
    return of_node(node, "--op=update", f"--name={name}", f"--value={value}")


def settings(username: str) -> dict[str, str]:
    """The settings of a new node but for the password.

    Args:
        username: What it authenticates with; empty: it does not.
    """
    found = {"node.startup": "manual", "node.session.initial_login_retry_max": LOGIN_TRIES}
    if username:
        found |= {"node.session.auth.authmethod": "CHAP", "node.session.auth.username": username}
    return found


def is_manual(record: bytes) -> bool:
    """Whether a node's record, as `iscsiadm` shows it, is used by nobody when the host starts."""
    return re.search(rb"^node\.startup = manual$", record, re.MULTILINE) is not None


def with_password(record: str, password: str) -> str:
    """The stored record of a node with a password."""
    kept = [line for line in record.splitlines() if not line.startswith((f"{PASSWORD} =", "# END RECORD"))]
    return "".join(f"{line}\n" for line in [*kept, f"{PASSWORD} = {password}", "# END RECORD"])


def rescan(session: int) -> list[str]:
    """Look for logical units that are new."""
    return ["iscsiadm", "--mode=session", f"--sid={session}", "--rescan"]
