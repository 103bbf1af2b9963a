"""The base of every error of virtkit: libvirt's error model as an exception."""

from __future__ import annotations

from typing import Any, ClassVar

LEVEL_WARNING = 1
LEVEL_ERROR = 2


class VirtError(Exception):
    """What went wrong, in the fields libvirt's clients know.

    A message names the object, says what is wrong with it and what to do next. The cause, where there is one, is
    chained (`raise ... from cause`).

    Attributes:
        code: Error number (`virtkit.enums.ErrorNumber`); fixed per class.
        message: The text for people.
        domain: Which part reported it (`virtkit.enums.ErrorDomain`); 0 is none.
        level: 1 warning, 2 error.
        str1: Machine-readable detail, by convention of the code; a function name where an argument was refused.
        str2: Likewise; the argument's name where an argument was refused.
        str3: Likewise.
        int1: Likewise; the errno of a `SystemCallError`. -1 is none.
        int2: Likewise.
    """

    code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        domain: int = 0,
        level: int = LEVEL_ERROR,
        str1: str | None = None,
        str2: str | None = None,
        str3: str | None = None,
        int1: int = -1,
        int2: int = -1,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.domain = domain
        self.level = level
        self.str1 = str1
        self.str2 = str2
        self.str3 = str3
        self.int1 = int1
        self.int2 = int2

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, {**self.__dict__})


def _rebuild(cls: type[VirtError], message: str, fields: dict[str, Any]) -> VirtError:
    error = cls(message)
    error.__dict__.update(fields)
    return error
