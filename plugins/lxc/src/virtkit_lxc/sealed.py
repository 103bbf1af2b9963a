"""A program as a sealed copy in memory, which nobody can write, not even root in a container (CVE-2019-5736).

Between liblxc's start of the first process and that one's own program, the process runs liblxc's program inside the
container, where a hostile tree can have it executed once more and then written through /proc/self/exe. liblxc can copy
its programs itself, but does so at each start, and each monitor then has the copy for itself; this one is shared.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from functools import cache

from virtkit.enums import ErrorDomain
from virtkit.errors import SystemCallError
from virtkit.services.runner import find_program

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@cache
def sealed(name: str) -> int:
    """The descriptor of a copy of a program: run it as `/proc/self/fd/N`, and pass it on. It stays open.

    A program that is replaced by an upgrade is run as it was until this process ends.

    Raises:
        SystemCallError: It is not installed; `int1` is the errno.
    """
    path = find_program(name)
    try:
        if path is None:
            raise FileNotFoundError(2, "No such file or directory")
        copy = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(path, "rb") as program, open(copy, "wb", closefd=False) as file:
            shutil.copyfileobj(program, file)
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, SEALS)
    except OSError as error:
        raise SystemCallError(
            f"cannot run {name}: {error.strerror}; install Debian's lxc", domain=ErrorDomain.LXC, int1=error.errno or -1
        ) from error
    return copy
