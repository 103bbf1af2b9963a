"""Debian's cloud kernel: its package, its modules and what they need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

from tests.guests.cache import Cache, GuestBuildError, run

NEWEST = "linux-image-cloud-amd64"
_PACKAGE_OF_KERNEL = re.compile(r"Depends: (linux-image-\S+-cloud-amd64)$", re.MULTILINE)
_NEEDED_MODULES = re.compile(rb"\0depends=([^\0]*)\0")


def kernel_package(cache: Cache) -> Path:
    """The kernel's package file: the one in the cache, else the newest one that Debian offers."""
    cached = sorted(cache.folder.glob("linux-image-*.deb"))
    if cached:
        return cached[-1]
    try:
        return _offered_package(cache)
    except GuestBuildError:
        # Package lists are missing on a fresh machine, and old ones name files that are gone.
        run("apt-get", "update", package="apt")
        return _offered_package(cache)


def _offered_package(cache: Cache) -> Path:
    depends = run("apt-cache", "depends", NEWEST, package="apt")
    found = _PACKAGE_OF_KERNEL.search(depends)
    if found is None:
        raise GuestBuildError(f"apt knows no kernel behind {NEWEST}: is Debian's main archive configured?")
    return cache.built(f"{found[1]}.deb", _download)


def _download(target: Path) -> None:
    as_us = ("-o", "APT::Sandbox::User=root")
    run("apt-get", *as_us, "download", target.stem, package="apt", folder=target.parent)
    (downloaded,) = target.parent.glob("*.deb")
    downloaded.rename(target)


@frozen
class KernelTree:
    """An unpacked kernel package.

    Attributes:
        root: The folder it is unpacked in.
        modules: Path of each module by name, with underscores as the kernel has it.
    """

    root: Path
    modules: dict[str, Path] = field(init=False)

    @modules.default
    def _find_modules(self) -> dict[str, Path]:
        return {path.stem.replace("-", "_"): path for path in self.root.glob("lib/modules/*/kernel/**/*.ko")}

    @property
    def image(self) -> Path:
        """The bootable kernel."""
        (image,) = self.root.glob("boot/vmlinuz-*")
        return image

    @property
    def release(self) -> str:
        """What `uname -r` prints in the guest."""
        return self.image.name.removeprefix("vmlinuz-")

    def needs(self, module: str) -> list[str]:
        """The modules to load before `module`, as its own description names them."""
        if module not in self.modules:
            raise GuestBuildError(f"kernel {self.release} has no module {module}")
        found = _NEEDED_MODULES.search(self.modules[module].read_bytes())
        return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []

    def closure(self, modules: Iterable[str]) -> dict[str, list[str]]:
        """Each of the modules and of all they need, with its own needs."""
        needs: dict[str, list[str]] = {}
        wanted = list(modules)
        while wanted:
            module = wanted.pop()
            if module not in needs:
                needs[module] = self.needs(module)
                wanted += needs[module]
        return needs


def unpacked(package: Path, folder: Path) -> KernelTree:
    """Unpack a kernel package into `folder`."""
    run("dpkg-deb", "-x", package, folder, package="dpkg")
    return KernelTree(folder)
