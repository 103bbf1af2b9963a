"""Commands on devices of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNodeDeviceFlags, NodeDeviceCreateXMLFlags, NodeDeviceDefineXMLFlags
from virtkit_cli.command import Arguments, Flag, argument, command, option
from virtkit_cli.objects import Target, asked
from virtkit_cli.patterns import action, maker, printer, switch
from virtkit_cli.words import chosen, listed

if TYPE_CHECKING:
    from virtkit import NodeDevice
    from virtkit_cli.session import Session


def _device(session: Session, args: Arguments) -> NodeDevice:
    return session.connection.lookup_node_device_by_name(args.device)


DEVICE = Target(argument("device", "name of a device of the host", completes="device"), _device)
Listed = ConnectListAllNodeDeviceFlags
CAPABILITIES = {
    flag.name.removeprefix("CAP_").lower().removesuffix("_dev"): flag
    for flag in Listed
    if flag.name and flag.name.startswith("CAP_")
}


@command(
    Flag("tree", "as a tree", excludes=("cap", "inactive")),
    option("cap", f"only with these capabilities, with commas: {', '.join(CAPABILITIES)}", default=""),
    Flag("inactive", "only the inactive ones", Listed.INACTIVE),
    Flag("all", "active and inactive ones"),
)
def nodedev_list(session: Session, args: Arguments) -> None:
    """List devices of the host: the active ones, unless told otherwise."""
    caps = sum(int(CAPABILITIES[name]) for name in chosen("cap", args.cap, CAPABILITIES))
    wanted = args.flags | caps  # drivers that know no inactive devices know no flag for active ones either
    if args.all:
        wanted = listed(args, Listed.ACTIVE, Listed.INACTIVE) | caps | Listed.ACTIVE | Listed.INACTIVE
    devices = session.connection.list_node_devices(wanted)
    if args.tree:
        _print_tree(session, {device.name: device.parent() for device in devices})
    else:
        session.out.lines(sorted(device.name for device in devices))


def _print_tree(session: Session, parents: dict[str, str | None]) -> None:
    from virtkit_cli.tree import tree

    if session.out.json:
        session.out.record({}, parents)
    else:
        session.out.lines(tree(parents))


@command(DEVICE.word)
def nodedev_info(session: Session, args: Arguments) -> None:
    """Show what is known about a device."""
    device = _device(session, args)
    values = {
        "name": device.name,
        "parent": device.parent() or "",
        "active": asked(device.is_active),
        "persistent": asked(device.is_persistent),
    }
    if values["persistent"]:
        values["autostart"] = device.autostart()
    session.out.record({key: key.capitalize() for key in values}, values)


printer("nodedev-dumpxml", "Print the XML of a device.", DEVICE)
maker(
    "nodedev-define",
    "Define a device of the host from an XML file.",
    lambda session, xml, flags: session.connection.define_node_device(xml, flags),
    "Node device '{name}' defined from '{file}'",
    Flag("validate", "refuse a document with names that nobody knows", NodeDeviceDefineXMLFlags.VALIDATE),
)
maker(
    "nodedev-create",
    "Create a device of the host from an XML file.",
    lambda session, xml, flags: session.connection.create_node_device(xml, flags),
    "Node device {name} created from {file}",
    Flag("validate", "refuse a document with names that nobody knows", NodeDeviceCreateXMLFlags.VALIDATE),
)
switch("nodedev-autostart", "Create a device with its parent.", DEVICE, "Device {}")
action("nodedev-start", "Create a defined device.", DEVICE, lambda d: d.create(), "Device {} started")
action("nodedev-destroy", "Remove a device from the host.", DEVICE, lambda d: d.destroy(), "Destroyed node device '{}'")
action(
    "nodedev-undefine",
    "Remove the definition of a device.",
    DEVICE,
    lambda device: device.undefine(),
    "Undefined node device '{}'",
)
action("nodedev-reattach", "Give a device back to its driver.", DEVICE, lambda d: d.reattach(), "Device {} re-attached")
action("nodedev-reset", "Reset a device.", DEVICE, lambda d: d.reset(), "Device {} reset")


@command(DEVICE.word, option("driver", "driver to hand it to, such as vfio"))
def nodedev_detach(session: Session, args: Arguments) -> None:
    """Take a device from its driver, so that a guest can have it."""
    device = _device(session, args)
    device.detach(args.driver)
    session.out.done(f"Device {device.name} detached", name=device.name)
