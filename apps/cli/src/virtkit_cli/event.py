"""Commands that print events as they come; each is a row of a table."""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack
from enum import Enum
from typing import TYPE_CHECKING, Any

from virtkit.events import EVENTS, DomainLifecycleEvent, EventKey, QemuMonitorEvent
from virtkit_cli.command import Arguments, Flag, UsageError, Value, Word, declare, option
from virtkit_cli.objects import domain_named, looks_like_uuid, pool_named
from virtkit_cli.values import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtkit_cli.session import Session

    Find = Callable[[Session, str], Any]


def name_of(record: type, noun: str) -> str:
    """The name of an event: `DomainBlockJob2Event` of `Domain` is `block-job-2`."""
    words = record.__name__.removeprefix(noun).removesuffix("Event")
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])", "-", words).lower()


def watcher(name: str, kind: str, about: str, word: Value, find: Find) -> None:
    """Declare the command that prints the events of a kind of objects.

    Args:
        name: The command.
        kind: Class of the events.
        about: What an event is about, in words.
        word: Names an object, to see only its events.
        find: Looks it up.
    """
    noun = "".join(part.capitalize() for part in kind.split("_"))
    names = {name_of(record, noun): record for key, record in EVENTS.items() if key.kind == kind}

    def body(session: Session, args: Arguments) -> None:
        if args.list:
            session.out.lines(names)
            return
        given = getattr(args, word.name)
        wanted = list(names) if args.all else [args.event]
        if wanted == [None]:
            raise UsageError(f"{name} needs --event, --all or --list")
        if not args.all and args.event not in names:
            raise UsageError(f"no event is named {args.event!r}; `virtkit {name} --list` shows them")
        with Watch(session, args, about) as watch, ExitStack() as subscriptions:
            item = find(session, given) if given else None
            for each in wanted:
                subscription = session.connection.subscribe(names[each], watch.printer(each), item)
                subscriptions.enter_context(subscription)
            watch.wait()

    words: list[Word] = [word, option("event", "which event, by name"), Flag("all", "every event"), *WATCH_WORDS]
    declare(name, f"Print events of {about}s as they come.", words, body)


WATCH_WORDS: tuple[Word, ...] = (
    Flag("loop", "go on after the first event"),
    option("timeout", "seconds after which to stop", number),
    Flag("list", "list the names of events"),
    Flag("timestamp", "with the time"),
)


class Watch:
    """What one command prints, until it has seen enough."""

    def __init__(self, session: Session, args: Arguments, about: str) -> None:
        self.session = session
        self.args = args
        self.about = about
        self.count = 0
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def printer(self, name: str) -> Callable[[Any, Any], None]:
        """What prints events of a name, and ends the command after the first unless it loops."""

        def show(item: Any, record: Any) -> None:
            with self.lock:
                if self.ended.is_set():
                    return
                self.count += 1
                self.show(name, item, record)
                if not self.args.loop:
                    self.ended.set()

        return show

    def show(self, name: str, item: Any, record: Any) -> None:
        """Print one event: as JSON an object on a line of its own."""
        out = self.session.out
        who = getattr(item, "name", None) or item.uuid_string
        if out.json:
            out.document_of({"event": name, self.about.replace(" ", "_"): who, **fields(record)}, None)
        else:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S%z: ") if self.args.timestamp else ""
            details = describe(record)
            out.write(f"{stamp}event '{name}' for {self.about} '{who}'" + (f": {details}" if details else ""))
        out.stream.flush()

    def wait(self) -> None:
        """Wait until it has ended, or for the given time."""
        if not self.ended.wait(self.args.timeout) and not self.session.out.json:
            self.session.out.write("event loop timed out")

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Say how many came; Ctrl+C is the ordinary end of a loop."""
        ends = kind is None or (kind is KeyboardInterrupt and self.args.loop)
        self.ended.set()
        if ends and not self.session.out.json:
            self.session.out.write(f"events received: {self.count}")
        return ends


def fields(record: Any) -> dict[str, Any]:
    """The fields of an event by name; `what` is what happened in a life cycle."""
    if isinstance(record, DomainLifecycleEvent):
        return dict(zip(("what", "detail"), lifecycle(record), strict=True))
    return {"what" if key == "event" else key: plain(value) for key, value in record._asdict().items()}


def describe(record: Any) -> str:
    """The fields of an event in words."""
    if isinstance(record, DomainLifecycleEvent):
        return " ".join(word.capitalize() for word in lifecycle(record))
    if isinstance(record, QemuMonitorEvent):
        return record.details or ""
    if "event" in record._fields:
        return str(in_words(record.event)).capitalize()
    return " ".join(str(in_words(value)) for value in record if value is not None)


def lifecycle(record: Any) -> tuple[str, str]:
    """What happened to a domain, and why."""
    from virtkit import enums

    event = enums.DomainEventType(record.event)
    details: Any = getattr(enums, f"DomainEvent{DETAILS.get(event.name, event.name.capitalize())}DetailType")
    return str(in_words(event)), str(in_words(details(record.detail)))


DETAILS = {"PMSUSPENDED": "PMSuspended"}
"""Event -> its part in the name of the enumeration of details, where that is not the event's name."""


def in_words(value: Any) -> Any:
    """A value in words."""
    return value.name.lower().replace("_", " ") if isinstance(value, Enum) else plain(value)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Enum):
        return in_words(value)
    if hasattr(value, "_asdict"):
        return {key: plain(each) for key, each in value._asdict().items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _network(session: Session, text: str) -> Any:
    conn = session.connection
    return conn.lookup_network_by_uuid(text) if looks_like_uuid(text) else conn.lookup_network_by_name(text)


DOMAIN = option("domain", "only of this domain", completes="domain")
watcher("event", "domain", "domain", DOMAIN, domain_named)
watcher("net-event", "network", "network", option("network", "only of this network", completes="network"), _network)
watcher("pool-event", "storage_pool", "storage pool", option("pool", "only of this pool", completes="pool"), pool_named)
watcher(
    "nodedev-event",
    "node_device",
    "node device",
    option("device", "only of this device", completes="device"),
    lambda session, text: session.connection.lookup_node_device_by_name(text),
)
watcher(
    "secret-event",
    "secret",
    "secret",
    option("secret", "only of this secret"),
    lambda session, text: session.connection.lookup_secret_by_uuid(text),
)


def qemu_monitor_event(session: Session, args: Arguments) -> None:
    """Print what QEMU's monitor tells unasked."""
    pattern = args.event if args.regex else re.escape(args.event)
    wanted = re.compile(f"{pattern}$", re.IGNORECASE if args.no_case else 0)
    watch = Watch(session, args, "domain")

    def show(item: Any, record: Any) -> None:
        if not args.event or wanted.match(record.event):
            watch.printer(record.event)(item, record)

    domain = domain_named(session, args.domain) if args.domain else None
    with watch, session.connection.subscribe(EventKey("qemu_monitor"), show, domain):
        watch.wait()


declare(
    "qemu-monitor-event",
    "Print what QEMU's monitor tells unasked.",
    [
        DOMAIN,
        option("event", "only events of this name", default=""),
        Flag("regex", "the name is a regular expression"),
        Flag("no-case", "upper and lower case are the same"),
        *(word for word in WATCH_WORDS if word.name != "list"),
    ],
    qemu_monitor_event,
)
