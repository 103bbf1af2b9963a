"""Commands on consoles, displays and keyboards of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.errors import VirtError
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import number

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session


@command(
    DOMAIN.word,
    option("devname", "alias of the device; the first console if left out"),
    Flag("force", "take it from another client"),
    Flag("safe", "only if nobody else can take it"),
)
def console(session: Session, args: Arguments) -> None:
    """Attach to the console of a running domain; Ctrl+] detaches."""
    from virtkit_cli.terminal import attach

    attach(session, find_domain(session, args), args.devname, force=args.force, safe=args.safe)


def devices(domain: Domain, flags: int = 0) -> Any:
    """The devices of a domain."""
    from virtkit.xml.domain import Domain as Document

    return Document.parse(domain.xml_desc(flags)).devices


@command(DOMAIN.word)
def ttyconsole(session: Session, args: Arguments) -> None:
    """Print the terminal of the host behind the first console of a domain."""
    found = devices(find_domain(session, args))
    paths = [port.source.path for port in [*found.consoles, *found.serials] if port.type == "pty" and port.source]
    if not any(paths):
        raise VirtError(f"domain {args.domain!r} has no console on a terminal of the host: see 'console {args.domain}'")
    session.out.value("tty", next(path for path in paths if path))


@command(DOMAIN.word, option("type", "only displays of this type"), Flag("all", "all of them"))
def domdisplay(session: Session, args: Arguments) -> None:
    """Print where the displays of a domain can be reached."""
    uris = [uri for each in devices(find_domain(session, args)).graphics if (uri := _uri(each, args.type))]
    if not uris:
        raise VirtError(f"domain {args.domain!r} has no graphical display that can be reached")
    session.out.lines(uris if args.all else uris[:1])


def _uri(graphics: Any, wanted: str | None) -> str | None:
    """The address of a display as viewers take it; VNC counts its ports from 5900 on."""
    if wanted not in (None, graphics.type) or graphics.type not in ("vnc", "spice", "rdp"):
        return None
    if graphics.socket:
        return f"{graphics.type}+unix://{graphics.socket}"
    if graphics.port is None or graphics.port <= 0:
        return None
    listen = graphics.listen if graphics.listen not in (None, "0.0.0.0", "::") else "localhost"
    host = f"[{listen}]" if ":" in listen else listen
    return f"{graphics.type}://{host}:{graphics.port - 5900 if graphics.type == 'vnc' else graphics.port}"


@command(DOMAIN.word)
def vncdisplay(session: Session, args: Arguments) -> None:
    """Print the VNC display of a domain."""
    for each in devices(find_domain(session, args)).graphics:
        if each.type == "vnc" and each.port is not None and each.port > 0:
            host = each.listen if each.listen not in (None, "0.0.0.0", "::") else ""
            session.out.value("display", f"{host}:{each.port - 5900}")
            return
    raise VirtError(f"domain {args.domain!r} has no VNC display that listens on a port")


@command(
    DOMAIN.word,
    option("file", "where to save it; named after the domain and the time if left out", completes="file"),
    option("screen", "number of the screen", number, default=0),
)
def screenshot(session: Session, args: Arguments) -> None:
    """Save what the screen of a domain shows."""
    import time

    from virtkit.api.transfer import receive

    domain = find_domain(session, args)
    shot = domain.screenshot(args.screen)
    stamp = time.strftime("%Y-%m-%d-%H:%M:%S")
    file = args.file or f"{domain.name}-{stamp}.{shot.mime.rpartition('/')[2].removeprefix('x-portable-')}"
    with open(file, "wb") as target:
        receive(shot.data, target)
    session.out.done(f"Screenshot saved to {file}, with type of {shot.mime}", file=file, mime=shot.mime)


CODESETS = ("linux", "xt", "atset1", "atset2", "atset3", "os_x", "xt_kbd", "usb", "win32", "qnum")


@command(
    DOMAIN.word,
    option("codeset", "what the numbers mean", default="linux", choices=CODESETS, by_name=True),
    option("holdtime", "how long the keys are held, in ms", number, default=0, by_name=True),
    argument("keycode", "numbers of up to 16 keys, pressed together", number, many=True),
)
def send_key(session: Session, args: Arguments) -> None:
    """Press keys of a domain."""
    from virtkit.constants import DOMAIN_SEND_KEY_MAX_KEYS

    if len(args.keycode) > DOMAIN_SEND_KEY_MAX_KEYS:
        raise UsageError(f"send-key takes up to {DOMAIN_SEND_KEY_MAX_KEYS} keys, not {len(args.keycode)}")
    find_domain(session, args).send_key(CODESETS.index(args.codeset), args.holdtime, args.keycode)
    session.out.done(keys=args.keycode)
