"""What a test kernel is made of, as it is found on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from attrs import frozen

from tests.guests.cache import Cache, GuestBuildError, digest, run

PROGRAM = "linux.uml"
MODULES = Path("/usr/lib/uml/modules")
NEEDED = {PROGRAM: "user-mode-linux", "busybox": "busybox-static", "setpriv": "util-linux", "insmod": "kmod"}
"""Programs of a test kernel, and the Debian packages that have them."""

WIDE_REGISTERS = Path(__file__).with_name("wide-registers.c")


class KernelUnavailableError(Exception):
    """There can be no test kernel here; the message says why and what would help."""


@frozen
class Installed:
    """The kernel of Debian's package user-mode-linux.

    Attributes:
        release: What `uname -r` prints in it.
        preload: Library that it has to be started with on this CPU.
    """

    release: str
    preload: Path | None


def installed() -> Installed:
    """The kernel of this machine.

    Raises:
        KernelUnavailableError: A package is missing.
    """
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise KernelUnavailableError(f"{program} is not installed: apt-get install {package}")
    releases = sorted(path.parent.name for path in MODULES.glob("*/modules.dep"))
    if not releases:
        raise KernelUnavailableError(
            f"no kernel's modules are in {MODULES}: apt-get install --reinstall user-mode-linux"
        )
    return Installed(releases[-1], _preload())


def _preload() -> Path | None:
    if " amx_tile" not in Path("/proc/cpuinfo").read_text():
        return None
    try:
        return Cache().built(f"wide-registers-{digest(WIDE_REGISTERS.read_bytes())}.so", _compile)
    except GuestBuildError as cause:
        raise KernelUnavailableError(f"on a CPU with AMX the kernel needs {WIDE_REGISTERS.name}: {cause}") from cause


def _compile(target: Path) -> None:
    run("gcc", "-O2", "-shared", "-fPIC", "-o", target, WIDE_REGISTERS, package="gcc libc6-dev")
