"""The Linux guest: Debian's cloud kernel and a busybox, up in two to three seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

from attrs import frozen

from tests.guests import agent
from tests.guests.cache import Cache, GuestBuildError, digest
from tests.guests.initramfs import Initramfs
from tests.guests.kernel import KernelTree, kernel_package, unpacked

BUSYBOX = Path("/bin/busybox")
INIT = Path(__file__).with_name("init.sh")
POWER_BUTTON = Path(__file__).with_name("power-button.sh")
LEASE = Path(__file__).with_name("lease.sh")
# What `modules=` on the kernel's command line can name; init always loads the first two, for the power button.
MODULES = (
    "button",
    "evdev",
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_scsi",
    "sd_mod",
    "virtio_console",
    "virtio_balloon",
    "virtio_rng",
)


@frozen
class LinuxGuest:
    """A kernel to boot directly.

    Attributes:
        kernel: Bootable kernel image.
        initrd: Its initial RAM file system. Add `modules=virtio_pci,virtio_net` to the command line to load drivers,
            and `dhcp=eth0` to have an address before it is ready.
        agent: The same with the guest agent, which listens on its channel once `virtio_console` is loaded; None where
            the agent is not installed.
        append: Kernel command line; the console is ttyS0, with a shell on it.
        up: What it prints on ttyS0 when init starts.
        lease: What it prints, before the address with its prefix, when it has one by DHCP.
        ready: What it prints when the modules are loaded and the power button is served.
        off: What it prints when the power button powers it off.
    """

    kernel: Path
    initrd: Path
    agent: Path | None
    append: str = "console=ttyS0 quiet"
    up: bytes = b"LINUX-UP"
    lease: bytes = b"LINUX-LEASE "
    ready: bytes = b"LINUX-READY"
    off: bytes = b"LINUX-OFF"


def linux_guest(cache: Cache) -> LinuxGuest:
    """The Linux guest, built when it is not in the cache; the kernel is downloaded once."""
    package = kernel_package(cache)
    if not BUSYBOX.exists():
        raise GuestBuildError(f"{BUSYBOX} is not installed: apt-get install busybox-static")
    programs = [path.read_bytes() for path in (BUSYBOX, INIT, POWER_BUTTON, LEASE)]
    recipe = digest(*programs, *map(str.encode, MODULES), *agent.recipe())
    folder = cache.built(f"{package.stem}-{recipe}", lambda target: _build(package, target))
    with_agent = folder / "initrd-agent"
    return LinuxGuest(folder / "vmlinuz", folder / "initrd", with_agent if with_agent.exists() else None)


def _build(package: Path, folder: Path) -> None:
    kernel = unpacked(package, folder.with_name("kernel"))
    folder.mkdir()
    shutil.copy(kernel.image, folder / "vmlinuz")
    initrd = _initrd(kernel)
    (folder / "initrd").write_bytes(initrd)
    if agent.recipe():
        (folder / "initrd-agent").write_bytes(initrd + agent.archive())


def _initrd(kernel: KernelTree) -> bytes:
    files = Initramfs()
    for folder in ("dev", "proc", "sys", "tmp", "run", "etc", "sbin", "usr/bin", "usr/sbin"):
        files.folder(folder)
    files.device("dev/console", major=5, minor=1)
    files.file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755)
    files.file("init", INIT.read_bytes(), mode=0o755)
    files.file("etc/acpi/PWRF/00000080", POWER_BUTTON.read_bytes(), mode=0o755)
    files.file("etc/lease", LEASE.read_bytes(), mode=0o755)
    _add_modules(files, kernel)
    return files.archive()


def _add_modules(files: Initramfs, kernel: KernelTree) -> None:
    home = f"lib/modules/{kernel.release}"
    needs = kernel.closure(MODULES)
    for module in needs:
        files.file(f"{home}/{module}.ko", kernel.modules[module].read_bytes())
    # modprobe loads what stands behind the colon from right to left, so each comes before what it needs.
    index = [f"{module}.ko: " + " ".join(f"{name}.ko" for name in _in_order(module, needs)) for module in needs]
    files.file(f"{home}/modules.dep", "\n".join([*index, ""]).encode())


def _in_order(module: str, needs: dict[str, list[str]]) -> list[str]:
    order: list[str] = []
    for needed in needs[module]:
        for name in (needed, *_in_order(needed, needs)):
            if name in order:
                order.remove(name)
            order.append(name)
    return order
