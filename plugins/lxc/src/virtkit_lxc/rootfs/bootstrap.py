"""Root file systems of Debian and its relatives, by debootstrap(8).

debootstrap mounts /proc in what it makes, and runs programs of it. Both happen in namespaces of mounts and processes
that end with it, however it ends, so that nothing but files is left to remove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError, OperationFailedError, SystemCallError
from virtkit.services.runner import Result, find_program, run

if TYPE_CHECKING:
    from virtkit.roots import Bootstrap

LXC = ErrorDomain.LXC

SECONDS = 3600.0
"""How long it may take: it loads some hundred packages over a line of any speed."""

APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")

LOG = "debootstrap/debootstrap.log"

QUOTED_LINES = 3
"""Lines at the end of its output and of its log that a message quotes."""

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
"""Names of suites, variants and packages; none looks like an option."""

FAR = re.compile(r"(https?|ftp|file)://?[!-~]+")


def fill(folder: Path, source: Bootstrap) -> None:
    """Install the packages of a suite into an empty folder.

    Raises:
        InvalidArgError: The request cannot be said to debootstrap.
        SystemCallError: debootstrap is not installed; `int1` is the errno.
        OperationFailedError: It failed; the message quotes it.
        OperationTimeoutError: It took too long.
    """
    words = list(_words(folder, source))
    if find_program("debootstrap") is None:
        raise SystemCallError(
            "debootstrap is not installed, which makes roots of packages: apt-get install debootstrap",
            domain=LXC,
            int1=2,
        )
    result = run([*APART, "debootstrap", *words], timeout=SECONDS, accept=range(256), domain=LXC)
    if result.status:
        said = "; ".join(_complaint(result, folder)) or "it says nothing"
        raise OperationFailedError(f"debootstrap failed with status {result.status}: {said}", domain=LXC)


def _complaint(result: Result, folder: Path) -> list[str]:
    """What it says of a failure, on standard output too, and the end of its log, which goes with the folder."""
    lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
    said = [line for line in lines if line.startswith(("E: ", "W: "))] or lines[-QUOTED_LINES:]
    with suppress(OSError):
        log = (folder / LOG).read_text(errors="replace").splitlines()
        said = [*said, *log[-QUOTED_LINES:]]
    return said


def _words(folder: Path, source: Bootstrap) -> Iterator[str]:
    for what, name in (("suite", source.suite), *(("package", each) for each in source.include)):
        _check(what, name, WORD)
    if source.variant:
        _check("variant", source.variant, WORD)
        yield f"--variant={source.variant}"
    if source.include:
        yield f"--include={','.join(source.include)}"
    if source.keyring:
        yield f"--keyring={source.keyring}"
    if not source.signed:
        yield "--no-check-gpg"
    yield source.suite
    yield str(folder)
    if source.mirror:
        _check("mirror", source.mirror, FAR)
        yield source.mirror


def _check(what: str, text: str, form: re.Pattern[str]) -> None:
    if not form.fullmatch(text):
        raise InvalidArgError(f"{text!r} is no name of a {what} for debootstrap", domain=LXC)
