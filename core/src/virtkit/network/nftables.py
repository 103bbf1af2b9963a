"""Rules of nftables, through the JSON of libnftables: a list of commands is one transaction.

    apply([{"add": {"table": {"family": "inet", "name": "virtkit"}}}, ...])
    listed("inet", "virtkit")

The format is in libnftables-json(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError, InternalError

if TYPE_CHECKING:
    from nftables import Nftables

Command = dict[str, Any]
"""One command of libnftables-json(5), such as `{"add": {"rule": {...}}}`."""

FIREWALL = ErrorDomain.FIREWALL

QUOTED_LINES = 3
"""Lines of a complaint that an error message quotes."""


class RefusedError(InternalError):
    """The kernel, or the library, refused a transaction: nothing of it is in force."""


def apply(commands: Iterable[Command]) -> None:
    """Carry out commands, all or none.

    Raises:
        RefusedError: They were refused; the message quotes why.
        ConfigUnsupportedError: The library is not installed.
    """
    nft = _open()
    status, _, complaint = nft.json_cmd({"nftables": list(commands)})
    if status:
        raise _refused("change the rules of nftables", complaint)


def listed(family: str, table: str) -> list[dict[str, Any]] | None:
    """Everything in a table: chains, sets, maps, rules with their handles; None: there is no such table.

    Raises:
        RefusedError: The tables cannot be listed.
        ConfigUnsupportedError: The library is not installed.
    """
    nft = _open()
    nft.set_json_output(True)
    if (family, table) not in _tables(nft):
        return None
    status, text, complaint = nft.cmd(f"list table {family} {table}")
    if status:
        raise _refused(f"list the table {family} {table}", complaint)
    found: list[dict[str, Any]] = json.loads(text)["nftables"]
    return [item for item in found if "metainfo" not in item]


def chains(family: str, table: str) -> list[dict[str, Any]]:
    """The chains of a table as in `listed`; without the rest, which takes far longer. Empty: there is no such table.

    Errors as from `listed`.
    """
    nft = _open()
    nft.set_json_output(True)
    status, text, complaint = nft.cmd(f"list chains {family}")
    if status:
        raise _refused(f"list the chains of {family} {table}", complaint)
    found: list[dict[str, Any]] = json.loads(text)["nftables"]
    return [item for item in found if "chain" in item and item["chain"]["table"] == table]


def _tables(nft: Nftables) -> set[tuple[str, str]]:
    status, text, complaint = nft.cmd("list tables")
    if status:
        raise _refused("list the tables of nftables", complaint)
    found = [item["table"] for item in json.loads(text)["nftables"] if "table" in item]
    return {(table["family"], table["name"]) for table in found}


def _open() -> Nftables:
    """A new context: it belongs to the network namespace of the thread that makes it."""
    try:
        from nftables import Nftables

        return Nftables()
    except (ImportError, OSError) as error:  # OSError: the package is there, the library is not
        raise ConfigUnsupportedError(
            f"nftables cannot be used: {error}; install Debian's libnftables1 and the Python package pip-nftables",
            domain=FIREWALL,
        ) from error


def _refused(what: str, complaint: str) -> RefusedError:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return RefusedError(f"cannot {what}: {'; '.join(lines[:QUOTED_LINES])}", domain=FIREWALL)
