"""What all classes of the suite stand on: the gate, the connection, and a workshop for objects."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import pytest

import virtkit
from virtkit import Connection
from virtkit.errors import VirtError
from virtkit.testing.kinds import HOST, NOTHING, NWFILTER, NWFILTER_BINDING, STORAGE_POOL, STORAGE_VOL, Can, ObjectKind
from virtkit.testing.profile import Profile, fresh_name, fresh_uuid

F = TypeVar("F", bound=Callable[..., Any])

PAUSE_SECONDS = 0.01
"""Between two looks at what is waited for: short beside any guest, long beside a call."""


def requires(*abilities: Can) -> Callable[[F], F]:
    """Have a test run only for drivers that have these abilities for the kind of its class."""

    def mark(test: F) -> F:
        vars(test)["needs"] = abilities
        return test

    return mark


class Conformance:
    """Base of all classes of the suite. A subclass named `Test...` in the author's tests runs them.

    Attributes:
        kind: The kind of object it is about.
        needs: Abilities without which none of its tests can run.
    """

    kind: ClassVar[ObjectKind] = HOST
    needs: ClassVar[Can] = NOTHING

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest, profile: Profile) -> None:
        wanted = self.needs
        for ability in getattr(request.function, "needs", ()):
            wanted |= ability
        profile.require(self.kind, wanted)

    @pytest.fixture
    def conn(self, profile: Profile) -> Iterator[Connection]:
        """A connection."""
        with virtkit.open(profile.uri) as conn:
            yield conn

    @pytest.fixture
    def workshop(self, conn: Connection, profile: Profile) -> Iterator[Workshop]:
        """Makes objects on the connection."""
        workshop = Workshop(conn, profile)
        yield workshop
        workshop.close()

    @pytest.fixture
    def obj(self, workshop: Workshop) -> Any:
        """Some object of the kind."""
        return workshop.some(self.kind)


class Workshop:
    """Makes objects for one test, and removes them after it."""

    def __init__(self, conn: Connection, profile: Profile) -> None:
        self.conn = conn
        self.profile = profile
        self._made: list[tuple[ObjectKind, Any]] = []

    def define(self, kind: ObjectKind, xml: str = "") -> Any:
        """A new inactive object, or whatever `xml` defines."""
        self.profile.require(kind, Can.DEFINE)
        return self.keep(kind, kind.define(self.conn, xml or self.text(kind)))

    def create(self, kind: ObjectKind) -> Any:
        """A new transient object; a volume or binding is made with what it needs."""
        self.profile.require(kind, Can.CREATE)
        if kind is STORAGE_VOL:
            return self.keep(kind, self.active(STORAGE_POOL).create_volume(self.text(kind)))
        return self.keep(kind, kind.create(self.conn, self.text(kind)))

    def start(self, kind: ObjectKind) -> Any:
        """A new persistent object that is active."""
        self.profile.require(kind, Can.DEFINE | Can.START)
        obj = self.define(kind)
        obj.create()
        return obj

    def active(self, kind: ObjectKind) -> Any:
        """An object that is active: a new one where the driver makes any."""
        if self.profile.can(kind, Can.DEFINE | Can.START):
            return self.start(kind)
        if self.profile.can(kind, Can.CREATE):
            return self.create(kind)
        return self._present(kind, kind.list(self.conn, "ACTIVE"))

    def some(self, kind: ObjectKind) -> Any:
        """An object: a new one where the driver makes any."""
        if self.profile.can(kind, Can.DEFINE):
            return self.define(kind)
        if self.profile.can(kind, Can.CREATE):
            return self.create(kind)
        if kind is STORAGE_VOL:
            return self._present(kind, self.active(STORAGE_POOL).list_volumes())
        return self._present(kind, kind.list(self.conn))

    def text(self, kind: ObjectKind, name: str = "", uuid: str = "") -> str:
        """The document of a new object, or of one with this name or UUID."""
        if kind is NWFILTER_BINDING and self.profile.nwfilter_binding.xml is None:
            return binding_xml(name or fresh_name(), self.some(NWFILTER).name)
        return self.profile.xml(kind, name or fresh_name(), uuid or fresh_uuid())

    def keep(self, kind: ObjectKind, obj: Any) -> Any:
        """Remove an object after the test."""
        self._made.append((kind, obj))
        return obj

    def close(self) -> None:
        """Remove what was made, the last first. What is gone already, or never ran, is as it should be."""
        while self._made:
            kind, obj = self._made.pop()
            for removal in kind.removal:
                with suppress(VirtError):
                    getattr(obj, removal)()

    def _present(self, kind: ObjectKind, found: list[Any]) -> Any:
        if not found:
            pytest.skip(f"{self.profile.uri}: there is no such {kind.noun}, and the driver makes none")
        return found[0]


def binding_xml(port_dev: str, filter_name: str) -> str:
    """The document of a filter binding."""
    owner = f"<owner><name>conformance</name><uuid>{fresh_uuid()}</uuid></owner>"
    device = f"<portdev name='{port_dev}'/><mac address='52:54:00:4d:4b:01'/>"
    return f"<filterbinding>{owner}{device}<filterref filter='{filter_name}'/></filterbinding>"


def without(xml: str, name: str) -> str:
    """A document whose root lacks an attribute of a name, and that has no text element of that name."""
    root = re.sub(rf"\A(\s*<\w+[^>]*?) {name}='[^']*'", r"\1", xml)
    return re.sub(rf"<{name}\b[^<]*</{name}>\s*", "", root)


def with_stranger(xml: str) -> str:
    """A document with an element that nobody knows."""
    end = xml.rindex("</")
    return f"{xml[:end]}<conformance/>{xml[end:]}"


def eventually(holds: Callable[[], object], what: str, seconds: float) -> None:
    """Return as soon as something holds; fail when it does not within some seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:g} s")
        time.sleep(PAUSE_SECONDS)


class Recorder:
    """Subscribes to an event and remembers what comes."""

    def __init__(self, conn: Connection, event: type[Any], seconds: float, obj: Any = None) -> None:
        self._seconds = seconds
        self._came = threading.Condition()
        self._seen: list[tuple[Any, Any]] = []
        self.subscription = conn.subscribe(event, self._take, obj)

    def _take(self, obj: Any, record: Any) -> None:
        with self._came:
            self._seen.append((obj, record))
            self._came.notify_all()

    def of(self, obj: Any) -> list[Any]:
        """The records about an object so far."""
        with self._came:
            return [record for about, record in self._seen if about == obj]

    def wait(self, obj: Any, event: int) -> list[Any]:
        """The records about an object up to the first one of a type, which is waited for."""

        def told() -> bool:
            return any(record.event == event for record in self.of(obj))

        with self._came:
            if not self._came.wait_for(told, self._seconds):
                pytest.fail(f"no event {event} of {obj!r} within {self._seconds:g} s; there were {self.of(obj)}")
        records = self.of(obj)
        last = next(number for number, record in enumerate(records) if record.event == event)
        return records[: last + 1]
