"""A domain's devices, its consoles and displays, and what confines it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import NamedUUIDHandle
from virtkit.refs import DomainRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import TypedParams, Value
    from virtkit.records import SecurityLabel
    from virtkit.streams import Duplex, Screenshot


class DomainDevices(NamedUUIDHandle[DomainRef]):
    """Devices, consoles, displays and security labels."""

    __slots__ = ()

    def attach_device(self, xml: str, flags: int = 0) -> None:
        """Add the device of an XML element; `virtkit.enums.DomainDeviceModifyFlags`: live, definition or both."""
        self.connection.ops["domain_attach_device_flags"](self.ref, xml, flags)

    def detach_device(self, xml: str, flags: int = 0) -> None:
        """Remove the device that an XML element describes; flags as in `attach_device`.

        From a running guest this is a request: the device is gone when the DEVICE_REMOVED event says so.
        """
        self.connection.ops["domain_detach_device_flags"](self.ref, xml, flags)

    def detach_device_alias(self, alias: str, flags: int = 0) -> None:
        """As `detach_device`, by the alias the description gives the device, such as `net0`."""
        self.connection.ops["domain_detach_device_alias"](self.ref, alias, flags)

    def update_device(self, xml: str, flags: int = 0) -> None:
        """Change a device to what an XML element says; flags as in `attach_device`."""
        self.connection.ops["domain_update_device_flags"](self.ref, xml, flags)

    def interface_parameters(self, device: str, flags: int = 0) -> TypedParams:
        """Bandwidth limits of an interface, named by MAC or host device: `virtkit.constants.DOMAIN_BANDWIDTH_*`.

        Flags: `virtkit.enums.DomainModificationImpact`.
        """
        return self.connection.ops["domain_get_interface_parameters"](self.ref, device, flags)

    def set_interface_parameters(self, device: str, params: Mapping[str, Value], flags: int = 0) -> None:
        """Change bandwidth limits of an interface; names and flags as in `interface_parameters`."""
        self.connection.ops["domain_set_interface_parameters"](self.ref, device, params, flags)

    # Consoles and displays

    def open_console(self, dev_name: str | None = None, flags: int = 0) -> Duplex:
        """Connect to a console, serial or parallel port of the running guest; close what it returns.

        Args:
            dev_name: The device's alias, such as `serial0`; None is the first console or serial port.
            flags: `virtkit.enums.DomainConsoleFlags`: FORCE disconnects who is connected, SAFE asks for exclusive use.

        Raises:
            OperationFailedError: Somebody else is connected.
        """
        return self.connection.ops["domain_open_console"](self.ref, dev_name, flags)

    def open_channel(self, name: str | None = None, flags: int = 0) -> Duplex:
        """Connect to a channel of the running guest; close what it returns.

        `name` is its alias or target name, None the first one; `virtkit.enums.DomainChannelFlags`.
        """
        return self.connection.ops["domain_open_channel"](self.ref, name, flags)

    def screenshot(self, screen: int = 0, flags: int = 0) -> Screenshot:
        """An image of what one of its displays shows."""
        return self.connection.ops["domain_screenshot"](self.ref, screen, flags)

    def open_graphics(self, idx: int, file: int, flags: int = 0) -> None:
        """Connect a socket, by its descriptor, to graphics device `idx`; `virtkit.enums.DomainOpenGraphicsFlags`."""
        self.connection.ops["domain_open_graphics"](self.ref, idx, flags, file)

    def open_graphics_fd(self, idx: int, flags: int = 0) -> int:
        """A socket connected to graphics device `idx`; the caller closes it. Flags as in `open_graphics`."""
        return self.connection.ops["domain_open_graphics_fd"](self.ref, idx, flags)

    def send_key(self, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int = 0) -> None:
        """Press up to 16 keys together for `holdtime` ms; `codeset` is a `virtkit.enums.KeycodeSet`."""
        self.connection.ops["domain_send_key"](self.ref, codeset, holdtime, keycodes, flags)

    # Security

    def security_label(self) -> SecurityLabel:
        """The label that confines the running domain."""
        return self.connection.ops["domain_get_security_label"](self.ref)

    def security_label_list(self) -> list[SecurityLabel]:
        """The labels that confine it, one for each security model of the host."""
        return self.connection.ops["domain_get_security_label_list"](self.ref)

    def launch_security_info(self, flags: int = 0) -> TypedParams:
        """What proves that its memory is encrypted: `virtkit.constants.DOMAIN_LAUNCH_SECURITY_*`."""
        return self.connection.ops["domain_get_launch_security_info"](self.ref, flags)

    def set_launch_security_state(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """Hand a secret to the encrypted guest before it runs; names as in `launch_security_info`."""
        self.connection.ops["domain_set_launch_security_state"](self.ref, params, flags)
