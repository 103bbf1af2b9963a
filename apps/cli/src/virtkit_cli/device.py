"""Commands on devices of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllNodeDeviceFlags
from virtkit_cli.command import Argument, Arguments, Flag, Option, UsageError, command
from virtkit_cli.words import FILE, action, document, printer

if TYPE_CHECKING:
    from virtkit import NodeDevice
    from virtkit_cli.session import Session

DEVICE = Argument("device", "name of a device of the host", completes="device")
CAPABILITIES = {
    flag.name.removeprefix("CAP_").lower(): flag
    for flag in ConnectListAllNodeDeviceFlags
    if flag.name and flag.name.startswith("CAP_")
}


def _device(session: Session, args: Arguments) -> NodeDevice:
    return session.connection.lookup_node_device_by_name(args.device)


@command(
    "nodedev-list",
    "List devices of the host.",
    Option("cap", f"only with these capabilities, with commas: {', '.join(CAPABILITIES)}", default=""),
    Flag("tree", "as a tree"),
)
def nodedev_list(session: Session, args: Arguments) -> None:
    """One name per line."""
    unknown = [word for word in args.cap.split(",") if word and word not in CAPABILITIES]
    if unknown:
        raise UsageError(f"--cap: unknown {', '.join(unknown)}; known are {', '.join(CAPABILITIES)}")
    asked = sum(int(CAPABILITIES[word]) for word in args.cap.split(",") if word)
    devices = session.connection.list_node_devices(asked)
    if session.out.json:
        session.out.table({}, [{"name": device.name, "parent": device.parent()} for device in devices])
    elif args.tree:
        children: dict[str | None, list[str]] = {}
        for device in devices:
            children.setdefault(device.parent(), []).append(device.name)
        _tree(session, children, None, "")
    else:
        for device in devices:
            session.out.write(device.name)


def _tree(session: Session, children: dict[str | None, list[str]], parent: str | None, pad: str) -> None:
    for name in sorted(children.get(parent, ())):
        session.out.write(f"{pad}{name}")
        _tree(session, children, name, pad + "  ")


@command("nodedev-info", "Show what is known about a device.", DEVICE)
def nodedev_info(session: Session, args: Arguments) -> None:
    """Basic facts."""
    device = _device(session, args)
    values = {"name": device.name, "parent": device.parent(), "caps": ", ".join(device.list_caps())}
    session.out.record({"name": "Name", "parent": "Parent", "caps": "Capabilities"}, values)


printer(__name__, "nodedev-dumpxml", "Print the XML of a device.", DEVICE, _device)
action(
    __name__,
    "nodedev-destroy",
    "Remove a device from the host.",
    DEVICE,
    _device,
    lambda d: d.destroy(),
    "Destroyed node device '{}'",
)
action(
    __name__,
    "nodedev-detach",
    "Take a device from its driver.",
    DEVICE,
    _device,
    lambda d: d.detach(),
    "Device {} detached",
)
action(
    __name__,
    "nodedev-reattach",
    "Give a device back to its driver.",
    DEVICE,
    _device,
    lambda d: d.reattach(),
    "Device {} re-attached",
)
action(__name__, "nodedev-reset", "Reset a device.", DEVICE, _device, lambda d: d.reset(), "Device {} reset")


@command("nodedev-create", "Create a device of the host from an XML file.", FILE)
def nodedev_create(session: Session, args: Arguments) -> None:
    """Create a device."""
    device = session.connection.create_node_device(document(args.file))
    session.out.done(f"Node device {device.name} created from {args.file}", name=device.name)
