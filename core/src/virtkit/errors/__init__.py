"""Errors: one class per error code of libvirt, and our own refinements of them.

Every error is a `VirtError`; a program catches the class of the code it expects (`NoDomainError`,
`OperationInvalidError`, ...). `error_of` makes the right class for a code that came over a wire.
"""

from __future__ import annotations

from typing import Any

from virtkit.errors.base import LEVEL_ERROR as LEVEL_ERROR
from virtkit.errors.base import LEVEL_WARNING as LEVEL_WARNING
from virtkit.errors.base import VirtError as VirtError
from virtkit.errors.codes import *  # noqa: F403
from virtkit.errors.codes import CLASS_OF_CODE, InvalidArgError, NoConnectError


class NoDriverError(NoConnectError):
    """No installed driver serves the URI; the message names the package to install."""


class DriverError(NoConnectError):
    """A driver is installed but cannot be used.

    It fails to import, was written for another `HOOK_API`, or breaks the hook specifications; the message says which
    and what to do.
    """


def unsupported_flags(function: str, flags: int, *, domain: int = 0) -> InvalidArgError:
    """The error for flag bits a function does not know.

    Args:
        function: Name of the refusing function; becomes `str1`.
        flags: The offending bits alone.
        domain: Error domain of the driver.
    """
    message = f"{function} does not know the flags {flags:#x}; leave them out"
    return InvalidArgError(message, domain=domain, str1=function, str2="flags", int1=0, int2=0)


def error_of(code: int, message: str, **fields: Any) -> VirtError:
    """An error of the class for `code`; an unknown code becomes a plain `VirtError` that keeps its number."""
    cls = CLASS_OF_CODE.get(code)
    if cls is None:
        error = VirtError(message, **fields)
        error.__dict__["code"] = code
        return error
    return cls(message, **fields)
