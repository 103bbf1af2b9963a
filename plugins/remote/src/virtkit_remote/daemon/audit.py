"""The log of changes: who called what, on which object, and how it ended.

A line is a JSON object:

| key | value |
|---|---|
| `time` | when the call ended, with the host's zone |
| `requester` | the caller in words |
| `identity` | what is known of it (`virtkit.access.Identity`), without what is not |
| `function` | the API function |
| `object` | `kind`, `name`, `uuid` as far as the call or its result tells; null where neither does |
| `outcome` | `success`, `refused` by the rules of access, or `failed` |
| `error` | number and message, where it did not succeed |
| `seconds` | how long it took |

Arguments are not written: passwords and secrets are among them. Functions that a read-only connection may call change
nothing and are left out.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from virtkit import refs
from virtkit.access import Identity
from virtkit.discovery import Function
from virtkit.enums import ErrorDomain
from virtkit.errors import AccessDeniedError, OperationDeniedError, SystemCallError
from virtkit.ops import Operation
from virtkit.xml.values import UUID
from virtkit_remote.daemon.logs import moment

KINDS: dict[type, str] = {
    refs.DomainRef: "domain",
    refs.SnapshotRef: "snapshot",
    refs.CheckpointRef: "checkpoint",
    refs.NetworkRef: "network",
    refs.NetworkPortRef: "network_port",
    refs.StoragePoolRef: "storage_pool",
    refs.StorageVolRef: "storage_vol",
    refs.InterfaceRef: "interface",
    refs.NodeDeviceRef: "node_device",
    refs.NWFilterRef: "nwfilter",
    refs.NWFilterBindingRef: "nwfilter_binding",
    refs.SecretRef: "secret",
}
"""Class of a reference -> what it refers to."""


def _uuid(uuid: bytes) -> str:
    return UUID.write(uuid) if UUID.write and len(uuid) == 16 else uuid.hex()


PARTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    **dict.fromkeys(("name", "portdev", "usage_id"), ("name", str)),
    "uuid": ("uuid", _uuid),
    "dom": ("domain", lambda ref: ref.name),
    "net": ("network", lambda ref: ref.name),
    "pool": ("pool", str),
}
"""Field of a reference -> the key it is written under, and its text."""

_log = logging.getLogger(__name__)


class Audit:
    """Writes the log. Lines are whole whoever writes beside, and come in the order in which calls end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, behind what it has; only the daemon's own user can read it.

        Raises:
            SystemCallError: It cannot be written.
        """
        self.path = Path(path)
        self._file = self._opened()

    def watched(self, function: Function, operation: Operation, identity: Identity) -> Operation:
        """A function that writes a line whenever it was called; itself where it changes nothing.

        What refuses calls has to be inside, so that refusals are written too.

        Args:
            function: What the API says of it.
            operation: The function, without its session.
            identity: Who is going to call it.
        """
        if function.meta.readonly:
            return operation

        who = {key: value for key, value in identity._asdict().items() if value not in (None, ())}
        # What is the same in every line: one takes half the time where this is not made anew.
        caller = json.dumps({"requester": str(identity), "identity": who, "function": function.name})[1:-1]

        def call(*arguments: Any) -> Any:
            began = time.monotonic()
            try:
                result = operation(*arguments)
            except BaseException as error:
                self._write(caller, arguments, began, error)
                raise
            self._write(caller, (*arguments, result), began)
            return result

        return call

    def reopen(self) -> None:
        """Open the file anew, after it was moved away.

        Raises:
            SystemCallError: It cannot be written; the one that is open stays so.
        """
        file = self._opened()
        os.dup2(file, self._file, inheritable=False)  # the number stays, for those who are just writing
        os.close(file)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as cause:
            raise SystemCallError(
                f"cannot write the audit log {self.path}: {cause.strerror}; change audit.file in the configuration",
                domain=int(ErrorDomain.RPC),
                int1=cause.errno or -1,
            ) from cause

    def _write(self, caller: str, values: Iterable[Any], began: float, error: BaseException | None = None) -> None:
        about = "null"
        for value in values:
            if type(value) in KINDS:
                about = described(value)
                break
        ended = '"outcome": "success"' if error is None else failure(error)
        seconds = round(time.monotonic() - began, 6)
        line = f'{{"time": "{moment(time.time())}", {caller}, "object": {about}, {ended}, "seconds": {seconds}}}'
        try:
            os.write(self._file, f"{line}\n".encode())  # at once: with O_APPEND nothing comes between
        except OSError as cause:
            _log.error("the audit log %s cannot be written (%s), so its line is here: %s", self.path, cause, line)


def failure(error: BaseException) -> str:
    """How a call ended that did not succeed, as the end of a line says it."""
    outcome = "refused" if isinstance(error, (AccessDeniedError, OperationDeniedError)) else "failed"
    told = json.dumps({"code": getattr(error, "code", 1), "message": str(error)})
    return f'"outcome": "{outcome}", "error": {told}'


def described(ref: Any) -> str:
    """An object by its reference, as JSON: a snapshot or checkpoint with its domain, a volume with its pool.

    Made here: the encoder needs more time to get ready for a dictionary than for what is in this one.
    """
    parts = [f'"kind": "{KINDS[type(ref)]}"']
    for field in ref.__match_args__:
        if field in PARTS:
            key, text = PARTS[field]
            parts.append(f'"{key}": {quoted(text(getattr(ref, field)))}')
    return "{" + ", ".join(parts) + "}"
