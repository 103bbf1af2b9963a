"""What LVM needs of the host."""

from __future__ import annotations

import os
from collections.abc import Iterator

from virtkit.driver import Finding
from virtkit.services.runner import find_program

CONTROL = "/dev/mapper/control"

PROGRAMS = {"lvs": "lvm2", "wipefs": "util-linux"}
"""Programs that everything needs, and the packages that have them."""

THIN_CHECK = "thin_check"


def findings() -> Iterator[Finding]:
    """What pools cannot work without."""
    for name, package in PROGRAMS.items():
        path = find_program(name)
        yield Finding(name, path is not None, path or f"{name} is not installed", "" if path else _install(package))
    root = os.geteuid() == 0
    yield Finding(
        "privileges",
        root,
        "root" if root else "LVM works for root alone",
        "" if root else "use the daemon of the system",
    )
    why = _refused(CONTROL) if root else ""
    yield Finding(
        CONTROL,
        not why,
        f"device-mapper cannot be used: {why}" if why else "device-mapper",
        "load its module with `modprobe dm-mod`" if why else "",
    )


def wishes() -> Iterator[Finding]:
    """What is missed only by some volumes."""
    path = find_program(THIN_CHECK)
    yield Finding(
        THIN_CHECK,
        path is not None,
        path or "not installed: thin volumes cannot be activated",
        "" if path else _install("thin-provisioning-tools"),
    )


def _install(package: str) -> str:
    return f"apt-get install {package}"


def _refused(path: str) -> str:
    """Why a device cannot be opened; empty where it can."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.strerror or str(error)
    return ""
