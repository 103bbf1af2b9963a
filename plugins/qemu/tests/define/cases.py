"""Definitions that must not be accepted, and those that libvirt accepts and this driver cannot complete yet."""

from __future__ import annotations

from attrs import frozen

from virtkit.errors import ConfigUnsupportedError, InternalError, VirtError, XMLError


@frozen
class Case:
    """A definition to refuse.

    Attributes:
        name: What is wrong.
        error: Class of the refusal.
        words: What it says, beside the name of the domain.
        like_libvirt: Whether the real libvirt refuses it with the same code.
        devices: The devices.
        machine: The machine type.
        before: What stands before `os`.
        after: What stands after it.
        boot: More of `os`.
        type: The type of the domain.
        subject: What the refusal is about; the domain, unless it is a device that could be in any.
    """

    name: str
    error: type[VirtError] = ConfigUnsupportedError
    words: tuple[str, ...] = ()
    like_libvirt: bool = True
    devices: str = ""
    machine: str = "pc"
    before: str = "<memory unit='MiB'>64</memory>"
    after: str = ""
    boot: str = ""
    type: str = "qemu"
    subject: str = "'guest'"

    @property
    def document(self) -> str:
        """The definition."""
        return (
            f"<domain type='{self.type}'><name>guest</name>{self.before}"
            f"<os><type machine='{self.machine}'>hvm</type>{self.boot}</os>{self.after}"
            f"<devices>{self.devices}</devices></domain>"
        )


RNG = "<rng model='virtio'><backend model='random'/><address type='pci' {}/></rng>"
TABLET = "<input type='tablet' bus='usb'><address type='usb' bus='{}' port='{}'/></input>"
DISK = "<disk type='file'><source file='/images/a'/><target dev='{}' bus='{}'/>{}</disk>"
BOOT = "<boot order='1'/>"
SECRET = "<secret type='passphrase' usage='/images/a'/>"
ENCRYPTED = (
    "<disk type='file'><driver name='qemu' type='{}'/><source file='/images/a'><encryption format='{}'>"
    f"{SECRET}</encryption></source><target dev='vda'/></disk>"
)

REFUSALS = (
    Case("another hypervisor's type", words=("'xen'", "type='qemu'"), type="xen"),
    # libvirt takes a machine it does not know for one without PCI.
    Case("a machine nobody has", words=("'nosuch'", "pc-q35"), like_libvirt=False, machine="nosuch"),
    Case("a machine not supported yet", words=("microvm", "q35"), like_libvirt=False, machine="microvm"),
    Case("more vCPUs than the machine can have", words=("999", "255"), after="<vcpu>999</vcpu>"),
    Case("no memory", XMLError, ("<memory>",), before=""),
    Case(
        "a topology of another number of vCPUs",
        words=("<topology>", "2"),
        after="<vcpu>3</vcpu><cpu><topology sockets='2' cores='1' threads='1'/></cpu>",
    ),
    Case("two devices at one PCI place", XMLError, ("00:05.0",), devices=RNG.format("slot='5'") * 2),
    Case("a device at the chipset's place", XMLError, ("00:01.0",), devices=RNG.format("slot='1'")),
    Case(
        "a slot that a root port does not have",
        XMLError,
        ("01:05.0", "pcie-root-port"),
        devices=RNG.format("bus='1' slot='5'"),
        machine="q35",
    ),
    Case(
        "a PCI controller nobody places",
        words=("pcie-expander-bus", "not supported yet"),
        like_libvirt=False,
        devices="<controller type='pci' index='1' model='pcie-expander-bus'/>",
        machine="q35",
    ),
    Case(
        "more devices than the root bus of a q35 has places",
        words=("full",),
        like_libvirt=False,
        devices="".join(f"<controller type='pci' index='{n}' model='pcie-root-port'/>" for n in range(1, 250)),
        machine="q35",
    ),
    Case(
        "a bridge that fits nowhere",
        words=("pcie-switch-downstream-port",),
        like_libvirt=False,
        devices="<controller type='pci' index='1' model='pcie-switch-downstream-port'/>",
        machine="q35",
    ),
    Case("an ide disk on q35", words=("ide", "sata"), devices=DISK.format("hda", "ide", ""), machine="q35"),
    Case(
        "a disk whose bus nothing tells",
        XMLError,
        ("bus=",),
        subject="'x'",
        devices="<disk><source file='/a'/><target dev='x'/></disk>",
    ),
    Case("one target twice", XMLError, ("'vda'",), devices=DISK.format("vda", "virtio", "") * 2),
    Case("a wwn on sata", words=("'sda'", "scsi"), devices=DISK.format("sda", "sata", "<wwn>5000c50015ea71ad</wwn>")),
    Case("encryption of another kind", words=("'vda'", "luks"), devices=ENCRYPTED.format("raw", "luks2")),
    Case("encryption of the time before luks", words=("'vda'", "luks"), devices=ENCRYPTED.format("qcow2", "qcow")),
    Case("encryption of a format without", words=("'vda'", "qcow2"), devices=ENCRYPTED.format("vdi", "luks")),
    Case(
        "a volume without its pool",
        XMLError,
        ("'vda'", "pool"),
        subject="'vda'",
        devices="<disk type='volume'><source volume='a'/><target dev='vda'/></disk>",
    ),
    Case(
        "one boot order twice",
        words=("boot order",),
        devices=DISK.format("vda", "virtio", BOOT) + DISK.format("vdb", "virtio", BOOT),
    ),
    Case(
        "a boot order on top of the kinds to boot",
        words=("<boot order>",),
        boot="<boot dev='hd'/>",
        devices=DISK.format("vda", "virtio", BOOT),
    ),
    Case("an mtu in user mode", words=("<mtu>",), devices="<interface type='user'><mtu size='1400'/></interface>"),
    Case("a usb port behind no hub", XMLError, ("1.2", "hub"), devices=TABLET.format(0, "1.2")),
    Case("a usb port that is not there", XMLError, ("port 9",), devices=TABLET.format(0, 9)),
    Case("a usb bus that is not there", XMLError, ("bus 3",), devices=TABLET.format(3, 1)),
    Case("one usb port twice", XMLError, ("port 1",), devices=TABLET.format(0, 1) * 2),
    Case(
        "usb devices without usb",
        words=("model='none'",),
        devices="<controller type='usb' model='none'/><input type='tablet' bus='usb'/>",
    ),
    Case("bios messages on a port that is not there", XMLError, ("<serial>",), boot="<bios useserial='yes'/>"),
    Case("uefi without acpi", words=("<acpi/>",), boot="<loader readonly='yes' type='pflash'>/fw.fd</loader>"),
    Case(
        "reactions that exclude each other",
        words=("on_poweroff", "on_reboot"),
        after="<on_poweroff>restart</on_poweroff><on_reboot>destroy</on_reboot>",
    ),
    Case("no vCPUs", InternalError, ("vCPUs",), like_libvirt=False, after="<vcpu>0</vcpu>"),
)
