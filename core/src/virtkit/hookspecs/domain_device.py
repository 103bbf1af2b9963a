"""Change a domain's devices, open its consoles and screens, press its keys.

`domain_attach_device_flags`, `domain_detach_device_flags` and `domain_update_device_flags` take the XML of one device
as it stands in the domain's `<devices>`. Attaching is done when the hook returns. Detaching from a running guest is a
request to the guest: it is done when the event DEVICE_REMOVED (`virtkit.enums.DomainEventID`) comes, and refused if
DEVICE_REMOVAL_FAILED comes instead. Which device is meant is decided by what identifies its kind: a disk's target, an
interface's MAC address (and address where two share it), a host device's source, an alias where one is given.

Consoles and channels come back as a `virtkit.streams.Duplex`, a screenshot as a source with its type; whoever called
closes them.

A driver whose guests' devices are fixed implements the three hooks for CONFIG, or none: redefining the domain does the
same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtkit.params import TypedParams, Value
    from virtkit.records import SecurityLabel
    from virtkit.refs import DomainRef
    from virtkit.streams import Duplex, Screenshot


class DomainDeviceSpec(Spec[S]):
    """Devices of domains: attach and detach, consoles, screens and input, interface limits, security."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Attach and detach

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.7.7",
    )
    def domain_attach_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """Add a device to a domain.

        With LIVE the guest sees the device at once; with CONFIG it is there from the next start on; with both the
        change is made in both, and neither is changed if one fails. What is missing (alias, address, target name) is
        filled in as when defining. For a CD-ROM or floppy drive that exists this is a change of media (an older use;
        `domain_update_device_flags` is the proper one). The live event is DEVICE_ADDED with the device's alias.

        Args:
            xml: One device element: `<disk>`, `<interface>`, `<hostdev>`, ...
            flags: `virtkit.enums.DomainDeviceModifyFlags`: CURRENT, LIVE, CONFIG.

        Raises:
            XMLError: The element is no valid device; `XMLDetailError` if it is not well-formed.
            ConfigUnsupportedError: A device that the domain's machine cannot have.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one, or the domain has such a
                device already.
            OperationUnsupportedError: Devices of that kind cannot be added to a running guest.
            OperationFailedError: The hypervisor refused it.
        """
        raise not_supported("domain_attach_device_flags")

    @operation(acl="domain:write", since="0.1.9")
    def domain_attach_device(self, conn: S, dom: DomainRef, xml: str) -> None:
        """Add a device to a running domain. Derived from `domain_attach_device_flags`, with LIVE.

        Args:
            xml: One device element.
        """
        raise not_supported("domain_attach_device")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.7.7",
    )
    def domain_detach_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """Remove a device from a domain.

        With LIVE the guest is asked to let go of it. The hook waits a few seconds for that and returns without error
        even if the guest has not answered by then; the events tell the end of it. With CONFIG the device is gone from
        the definition at once. Nothing on the host is deleted.

        Args:
            xml: One device element. What identifies it suffices, but what else is given must match.
            flags: `virtkit.enums.DomainDeviceModifyFlags`: CURRENT, LIVE, CONFIG.

        Raises:
            DeviceMissingError: The domain has no such device.
            XMLError: The element is no valid device.
            OperationFailedError: Several devices match; or the guest refused within the time waited for.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
            OperationUnsupportedError: Devices of that kind cannot be removed.
        """
        raise not_supported("domain_detach_device_flags")

    @operation(acl="domain:write", since="0.1.9")
    def domain_detach_device(self, conn: S, dom: DomainRef, xml: str) -> None:
        """Remove a device from a running domain. Derived from `domain_detach_device_flags`, with LIVE.

        Args:
            xml: One device element.
        """
        raise not_supported("domain_detach_device")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="4.4.0",
    )
    def domain_detach_device_alias(self, conn: S, dom: DomainRef, alias: str, flags: int) -> None:
        """Remove the device with an alias, and for LIVE return as soon as the guest has been asked.

        The event DEVICE_REMOVED or DEVICE_REMOVAL_FAILED always follows, also for a device that is gone before the hook
        returns.

        Args:
            alias: The device's alias in the XML: the driver's own (`net0`) in a live configuration, a user's (`ua-...`)
                in both.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            DeviceMissingError: The domain has no device of that alias.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_detach_device_alias")

    @operation(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.8.0",
    )
    def domain_update_device_flags(self, conn: S, dom: DomainRef, xml: str, flags: int) -> None:
        """Change a device that a domain has.

        What identifies the device selects it, the rest replaces what it is now. Which properties can change while the
        guest runs is the driver's to say: commonly the medium of a CD-ROM or floppy drive, the link state, network and
        bandwidth of an interface, a display's password. What is left out of the XML is not kept but set to its default.

        Args:
            xml: The whole device element, as it is to be.
            flags: `virtkit.enums.DomainDeviceModifyFlags`. CURRENT, LIVE, CONFIG, and FORCE, which ejects a medium that
                the guest has locked.

        Raises:
            DeviceMissingError: The domain has no such device.
            XMLError: The element is no valid device.
            OperationUnsupportedError: That property cannot be changed in a running guest, or devices of that kind
                cannot.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
            OperationFailedError: The medium is locked by the guest.
        """
        raise not_supported("domain_update_device_flags")

    # Network interfaces

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.9",
    )
    def domain_set_interface_parameters(
        self, conn: S, dom: DomainRef, device: str, params: Mapping[str, Value], flags: int
    ) -> None:
        """Limit the bandwidth of a domain's network interface.

        Args:
            device: Target name on the host (`vnet0`) or MAC address.
            params: `inbound.average`, `inbound.peak` and `inbound.floor` (kB/s), `inbound.burst` (kB), and the same of
                `outbound` without floor; UINT. An average of 0 lifts the limit of that direction. Names:
                `DOMAIN_BANDWIDTH_*` of `virtkit.constants`.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: The domain has no such interface; unknown parameter; a peak or burst without average.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_interface_parameters")

    @accessor(acl="domain:read", readonly=True, since="0.9.9")
    def domain_get_interface_parameters(self, conn: S, dom: DomainRef, device: str, flags: int) -> TypedParams:
        """Tell the bandwidth limits of a domain's network interface, named as in `domain_set_interface_parameters`.

        Args:
            device: Target name on the host, or MAC address.
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            All seven, 0 where nothing limits it.

        Raises:
            InvalidArgError: The domain has no such interface.
        """
        raise not_supported("domain_get_interface_parameters")

    # Consoles, screens, input

    @operation(acl="domain:open_device", since="0.8.6")
    def domain_open_console(self, conn: S, dom: DomainRef, dev_name: str | None, flags: int) -> Duplex:
        """Connect to a serial port or console of a running domain.

        One client at a time uses a console.

        Args:
            dev_name: Alias of the device (`serial0`); None: the first console, else the first serial or parallel port.
            flags: `virtkit.enums.DomainConsoleFlags`. FORCE throws out the client that uses it now. SAFE connects only
                if the driver can tell whether another one uses it.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: It has no such device, or none at all: libvirt's code for it.
            OperationFailedError: Another client uses it, and FORCE is not set.
            OperationUnsupportedError: SAFE, and the driver cannot tell; or the device is of a kind that cannot be
                opened.
        """
        raise not_supported("domain_open_console")

    @operation(acl="domain:open_device", since="1.0.2")
    def domain_open_channel(self, conn: S, dom: DomainRef, name: str | None, flags: int) -> Duplex:
        """Connect to a channel between host and a running guest.

        Args:
            name: Alias of the channel, or its target name in the guest (`org.example.0`); None: the first one.
            flags: `virtkit.enums.DomainChannelFlags`: FORCE throws out the client that uses it now.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: It has no such channel, or none at all.
            OperationFailedError: Another client uses it, and FORCE is not set; or the driver itself does (a guest
                agent's).
        """
        raise not_supported("domain_open_channel")

    @operation(acl="domain:screenshot", since="0.9.2")
    def domain_screenshot(self, conn: S, dom: DomainRef, screen: int, flags: int) -> Screenshot:
        """Take a picture of a running guest's screen.

        Args:
            screen: Number of the screen, from 0.

        Returns:
            The type (`image/png`, `image/x-portable-pixmap`) and the image in pieces. Whatever holds it on the host is
            gone when the source has been closed.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: It has no such screen.
            OperationFailedError: The hypervisor could not take it.
        """
        raise not_supported("domain_screenshot")

    @operation(acl="domain:send_input", since="0.9.3")
    def domain_send_key(
        self, conn: S, dom: DomainRef, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int
    ) -> None:
        """Press keys together in a running guest, hold them, and let them go.

        Args:
            codeset: `virtkit.enums.KeycodeSet` in which the codes are. The driver translates them to what it needs.
            holdtime: Milliseconds; 0: the driver's default.
            keycodes: 1 to `virtkit.constants.DOMAIN_SEND_KEY_MAX_KEYS` codes, pressed in this order.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: Unknown code set, a code it does not have, too many keys or none.
        """
        raise not_supported("domain_send_key")

    @operation(acl="domain:open_graphics", since="0.9.7")
    def domain_open_graphics(self, conn: S, dom: DomainRef, idx: int, flags: int, file: int) -> None:
        """Hand an open socket to a running domain's graphics server, which serves a client there.

        Args:
            idx: Number of the graphics device in the XML, from 0.
            flags: `virtkit.enums.DomainOpenGraphicsFlags`: SKIPAUTH lets the client in without the display's password.
            file: Connected socket. The caller closes it after the call.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: It has no graphics device of that number, or not one that takes sockets.
        """
        raise not_supported("domain_open_graphics")

    @operation(acl="domain:open_graphics", since="1.2.8")
    def domain_open_graphics_fd(self, conn: S, dom: DomainRef, idx: int, flags: int) -> int:
        """Open a socket to a running domain's graphics server.

        Args:
            idx: Number of the graphics device in the XML, from 0.
            flags: `virtkit.enums.DomainOpenGraphicsFlags`: SKIPAUTH lets the client in without the display's password.

        Returns:
            A connected socket, which belongs to the caller.

        Raises:
            OperationInvalidError: The domain does not run.
            InternalError: It has no graphics device of that number, or not one that takes sockets.
        """
        raise not_supported("domain_open_graphics_fd")

    # Security

    @accessor(acl="domain:read", readonly=True, since="0.10.0", may_block=False)
    def domain_get_security_label_list(self, conn: S, dom: DomainRef) -> list[SecurityLabel]:
        """List the security labels under which a running domain is confined, one per security model in force.

        Returns:
            The labels; empty for a domain that is not confined or does not run.
        """
        raise not_supported("domain_get_security_label_list")

    @accessor(acl="domain:read", readonly=True, since="0.6.1", may_block=False)
    def domain_get_security_label(self, conn: S, dom: DomainRef) -> SecurityLabel:
        """Tell the security label of a running domain. Derived from `domain_get_security_label_list`: the first one.

        Returns:
            The label and whether the host enforces it; an empty label for a domain that is not confined or does not
            run.
        """
        raise not_supported("domain_get_security_label")

    @accessor(acl="domain:read", since="4.5.0")
    def domain_get_launch_security_info(self, conn: S, dom: DomainRef, flags: int) -> TypedParams:
        """Read what a running confidential guest's owner needs to check that it was started untampered.

        Returns:
            For AMD SEV `sev-measurement`, `sev-build-id` and further ones, as `DOMAIN_LAUNCH_SECURITY_*` of
            `virtkit.constants`; empty for a guest that is not protected.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_get_launch_security_info")

    @accessor(acl="domain:write", since="8.0.0")
    def domain_set_launch_security_state(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        """Give a confidential guest its owner's secret, once and before it runs.

        Args:
            params: `sev-secret-header` and `sev-secret` (STRING, base64), and optionally `sev-secret-set-address`
                (ULLONG), where in the guest's memory.

        Raises:
            InvalidArgError: A parameter is unknown or missing.
            OperationInvalidError: The domain is not paused after its start, or has the secret already.
            OperationUnsupportedError: The guest is not protected that way.
        """
        raise not_supported("domain_set_launch_security_state")
