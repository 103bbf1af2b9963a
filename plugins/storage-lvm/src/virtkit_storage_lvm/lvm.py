"""Runs LVM's programs, each with a deadline, and says which pool and which command an error is about."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TypeVar

from virtkit.errors import OperationFailedError, OperationTimeoutError, SystemCallError
from virtkit.services.runner import ProgramError, Result, run
from virtkit.storage.backend import STORAGE, Guard
from virtkit_storage_lvm import planning, reports
from virtkit_storage_lvm.planning import Command
from virtkit_storage_lvm.reports import Device, Group, LogicalVolume

REPORT_TIMEOUT = 60.0
"""Seconds for a report: a tenth of one where nothing is wrong, but another command may hold the group's lock."""

CHANGE_TIMEOUT = 600.0
"""Seconds for a change: LVM may be configured to discard what it removes, which takes minutes on large devices."""

REFUSED = 5
"""Status of LVM's programs for what cannot be done or is not there."""

NO_VOLUME = b"Failed to find logical volume"
NOT_FOUND = b"not found"
"""What they say of what is not there; the runner has them speak in LC_ALL=C."""

T = TypeVar("T")


def volumes(subject: str, group: str) -> list[LogicalVolume] | None:
    """The volumes of a group that LVM does not hide; None where there is no such group.

    Args:
        subject: What messages begin with: the pool.
        group: The group.

    Raises:
        OperationFailedError: LVM's program failed.
        OperationTimeoutError: It did not end.
        SystemCallError: It is not installed.
    """
    command = planning.list_volumes(group)
    result = _run(subject, command, REPORT_TIMEOUT, absent=NOT_FOUND)
    return None if result.status else _read(subject, command, result, reports.volumes)


def selected(subject: str, command: Command) -> list[LogicalVolume]:
    """The volumes that a command of `planning` selects. Errors as from `volumes`."""
    return _read(subject, command, _run(subject, command, REPORT_TIMEOUT), reports.volumes)


def volume(subject: str, group: str, name: str) -> LogicalVolume | None:
    """One volume; None where there is none of that name. Errors as from `volumes`."""
    command = planning.find_volume(group, name)
    result = _run(subject, command, REPORT_TIMEOUT, absent=NO_VOLUME)
    found = _read(subject, command, result, reports.volumes)
    return found[0] if found else None


def group(subject: str, name: str) -> Group | None:
    """A volume group; None where there is none of that name. Errors as from `volumes`."""
    command = planning.measure_group(name)
    result = _run(subject, command, REPORT_TIMEOUT, absent=NOT_FOUND)
    found = _read(subject, command, result, reports.groups)
    return found[0] if found else None


def devices(subject: str) -> list[Device]:
    """All physical volumes of the host. Errors as from `volumes`."""
    command = planning.list_devices()
    return _read(subject, command, _run(subject, command, REPORT_TIMEOUT), reports.devices)


def signatures(subject: str, device: str) -> list[str]:
    """What is on a device. Errors as from `volumes`."""
    command = planning.list_signatures(device)
    return _read(subject, command, _run(subject, command, REPORT_TIMEOUT), reports.signatures)


def change(subject: str, command: Command, guard: Guard | None = None) -> None:
    """Run a command that changes something.

    Args:
        subject: What messages begin with: the pool.
        command: See `planning`.
        guard: Called now and then; what it raises ends the command, wherever it is.

    Raises:
        OperationFailedError: It failed.
        OperationTimeoutError: It did not end.
        SystemCallError: LVM is not installed.
    """
    _run(subject, command, CHANGE_TIMEOUT, guard=guard)


def _run(
    subject: str, command: Command, timeout: float, *, absent: bytes | None = None, guard: Guard | None = None
) -> Result:
    """Run a command; with `absent` what it says about what is not there is no failure."""
    try:
        return run(command, timeout=timeout, guard=guard, domain=STORAGE)
    except ProgramError as error:
        if absent is not None and error.status == REFUSED and absent in error.stderr:
            return Result(error.status, b"", error.stderr)
        raise OperationFailedError(_message(subject, error.message, command), domain=STORAGE) from error
    except OperationTimeoutError as error:
        message = f"{error.message}; a device may hang, or another command of LVM"
        raise OperationTimeoutError(_message(subject, message, command), domain=STORAGE) from error
    except SystemCallError as error:
        raise SystemCallError(f"{subject}: {error.message}", domain=STORAGE, int1=error.int1) from error


def _read(subject: str, command: Command, result: Result, reader: Callable[[bytes], list[T]]) -> list[T]:
    if result.status:
        return []
    try:
        return reader(result.stdout)
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        message = f"{command[0]} reports what is not understood: {error!r}"
        raise OperationFailedError(_message(subject, message, command), domain=STORAGE) from error


def _message(subject: str, what: str, command: Command) -> str:
    return f"{subject}: {what}; the command was: {shlex.join(command)}"
