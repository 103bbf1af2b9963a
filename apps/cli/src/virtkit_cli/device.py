"""Commands on devices of domains, and on what proves that a guest is confidential."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainDeviceModifyFlags
from virtkit_cli.command import Arguments, Flag, UsageError, Word, argument, command, declare, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import document, number
from virtkit_cli.words import FILE, IMPACT, PERSISTENT, lasting

if TYPE_CHECKING:
    from virtkit_cli.session import Session


def _changer(name: str, help: str, change: Callable[[Any, str, int], None], done: str, *more: Word) -> None:
    """Declare a command that hands the XML of a device to a domain."""

    def body(session: Session, args: Arguments) -> None:
        domain = find_domain(session, args)
        change(domain, document(args.file), lasting(args, domain))
        session.out.done(f"Device {done} successfully", name=domain.name)

    declare(name, help, [DOMAIN.word, FILE, PERSISTENT, *IMPACT, *more], body)


_changer(
    "attach-device", "Attach a device from an XML file.", lambda d, xml, flags: d.attach_device(xml, flags), "attached"
)
_changer(
    "detach-device",
    "Detach the device that an XML file describes.",
    lambda domain, xml, flags: domain.detach_device(xml, flags),
    "detached",
)
_changer(
    "update-device",
    "Change a device to what an XML file says.",
    lambda domain, xml, flags: domain.update_device(xml, flags),
    "updated",
    Flag("force", "even if the guest notices", DomainDeviceModifyFlags.FORCE),
)


@command(DOMAIN.word, argument("alias", "alias of the device, such as net0"), *IMPACT)
def detach_device_alias(session: Session, args: Arguments) -> None:
    """Detach a device by its alias."""
    find_domain(session, args).detach_device_alias(args.alias, args.flags)
    session.out.done("Device detach request sent successfully", alias=args.alias)


@command(DOMAIN.word)
def domlaunchsecinfo(session: Session, args: Arguments) -> None:
    """Show what proves that the memory of a domain is encrypted."""
    session.out.pairs(find_domain(session, args).launch_security_info())


@command(
    DOMAIN.word,
    option("secrethdr", "file with the header of the secret", completes="file"),
    option("secret", "file with the secret", completes="file"),
    option("set-address", "address of the guest's memory to put it at", number),
)
def domsetlaunchsecstate(session: Session, args: Arguments) -> None:
    """Hand a secret to an encrypted guest before it runs."""
    from virtkit import constants
    from virtkit.params import STRING, ULLONG, TypedParams

    if not args.secrethdr or not args.secret:
        raise UsageError("domsetlaunchsecstate needs --secrethdr and --secret")
    params = TypedParams()
    params.put(constants.DOMAIN_LAUNCH_SECURITY_SEV_SECRET_HEADER, STRING, document(args.secrethdr))
    params.put(constants.DOMAIN_LAUNCH_SECURITY_SEV_SECRET, STRING, document(args.secret))
    if args.set_address is not None:
        params.put(constants.DOMAIN_LAUNCH_SECURITY_SEV_SECRET_SET_ADDRESS, ULLONG, args.set_address)
    find_domain(session, args).set_launch_security_state(params)
    session.out.done(name=args.domain)
