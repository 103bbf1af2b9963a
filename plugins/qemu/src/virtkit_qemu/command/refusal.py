"""What a document may ask for that has no arguments yet: refused at start, so that nothing is silently lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context

DEVICES = {
    "leases": "lease",
    "filesystems": "filesystem",
    "smartcards": "smartcard",
    "tpms": "tpm",
    "hostdevs": "hostdev",
    "redirdevs": "redirdev",
    "hubs": "hub",
    "shmems": "shmem",
    "memories": "memory",
    "iommu": "iommu",
    "nvram": "nvram",
}
"""Field of the devices -> its element."""


def check(context: Context) -> None:
    """Refuse what cannot be had yet.

    Raises:
        ConfigUnsupportedError: It names the domain and the element.
    """
    domain = context.domain
    for field, element in DEVICES.items():
        if getattr(domain.devices, field):
            raise context.unsupported(f"<{element}> is not supported yet", "remove it from the <devices>")
    asked = {
        "memoryBacking/hugepages": domain.memory_backing.hugepages,
        "memoryBacking/source": domain.memory_backing.source,
        "memoryBacking/access": domain.memory_backing.access,
        "cpu/numa": domain.cpu.numa,
        "os/nvram": domain.os.nvram,
        "launchSecurity": domain.launch_security,
        "features/hyperv": domain.features.hyperv,
        "features/kvm": domain.features.kvm,
        "sysinfo": domain.sysinfo,
        "qemu:override": domain.qemu_override,
    }
    for element, given in asked.items():
        if given:
            raise context.unsupported(f"<{element}> is not supported yet", "remove it")
    loader = domain.os.loader
    if loader is not None and loader.type == "pflash":
        raise context.unsupported("<loader type='pflash'> is not supported yet", "use a loader of type rom, or none")
