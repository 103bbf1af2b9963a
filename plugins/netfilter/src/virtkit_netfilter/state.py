"""What the sessions of one root share: its filters, the bindings in force, and who listens for addresses.

Reading takes what is on disk, where this process does not own the root. Every change holds one lock, over the
transaction of nftables too: what is in force is the rules of the filters and bindings as they are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from virtkit.errors import VirtError
from virtkit.services import objects
from virtkit.services.locks import ObjectLock
from virtkit.services.objects import ObjectTable
from virtkit.services.tenancy import BOOT_ID, Tenancy, Tenant
from virtkit.store import Collection
from virtkit_netfilter import definition, shipped
from virtkit_netfilter.binding import Binding
from virtkit_netfilter.definition import DOMAIN, Filter
from virtkit_netfilter.instantiation import Documents, Instantiation, learns
from virtkit_netfilter.learning import Mode, Sighting, current, merged

if TYPE_CHECKING:
    from virtkit.store import Root
    from virtkit.xml.nwfilter import NWFilter
    from virtkit_netfilter.listening import Listener, Watch

NAME = "nwfilter"

T = TypeVar("T", bound=objects.Named)

_log = logging.getLogger(__name__)


class NetfilterState(Tenancy):
    """The filters and bindings of one root.

    Attributes:
        filters: The filters; call `view` before reading it.
        bindings: The bindings, by their devices; likewise.
        definitions: The stored definitions of filters.
        removed: Notes of the standard filters that were undefined.
        statuses: The records of the bindings.
        rules: What puts rules in force.
    """

    def __init__(self, root: Root) -> None:
        super().__init__(root, NAME)
        self.filters: ObjectTable[Filter] = _tabled(objects.NWFILTER, ())
        self.bindings: ObjectTable[Binding] = _tabled(objects.NWFILTER_BINDING, ())
        self.definitions = Collection(self.folders.etc, "network filter", domain=DOMAIN)
        self.removed = Collection(self.folders.etc / "removed", "note of a network filter", domain=DOMAIN, suffix="")
        self.statuses = Collection(self.folders.run, "network filter binding", domain=DOMAIN, lasting=False)
        self.rules = Instantiation(self.folders.run)
        self._boot = ""
        self._complete = False
        self._listener: Listener | None = None
        self._reading = threading.RLock()
        self._changing = ObjectLock(f"the network filters and bindings of {self.folders.etc}", domain=DOMAIN)

    # Reading

    def view(self) -> NetfilterState:
        """This, with filters and bindings as they are now."""
        if not (self.owned and self._complete):
            with self._reading:
                if not (self.owned and self._complete):
                    self._load()
        return self

    def documents(self) -> dict[str, NWFilter]:
        """The definitions of all filters by name."""
        return {each.name: each.document for each in self.filters.all()}

    def _load(self) -> None:
        """Take what is on disk; an owner knows its bindings from `take_over` on."""
        self.load_filters()
        if not self.owned:
            from virtkit_netfilter import status

            found = self.statuses.scan(status.read)
            self.bindings = _tabled(
                objects.NWFILTER_BINDING, (each for record, each in found if record.state == status.READY)
            )
        self._complete = self.owned

    def load_filters(self) -> None:
        """Take the filters that are on disk and in this package."""
        self.filters = _tabled(objects.NWFILTER, _effective(self.definitions, self.removed))

    # Owning

    def take_over(self) -> None:
        """Adopt the bindings: their rules are brought up to date, and those of devices that are gone removed."""
        from virtkit_netfilter import adoption

        with self._reading:
            self._complete = False
            self.bindings = _tabled(objects.NWFILTER_BINDING, ())
            if self.statuses.names():  # nothing is read, and lxml not imported, before it is needed
                self.load_filters()
                adoption.adopt(self)
                self._complete = True
            self.owned = True

    def let_go(self) -> None:
        """Listen no more; the rules stay in force."""
        self._silence()
        with self._reading:
            self.owned = self._complete = False

    def close(self) -> None:
        """Let go of everything; the last session has left."""
        self._silence()

    def _silence(self) -> None:
        if self._listener is not None:
            self._listener.close()  # what it is learning now comes to its end
            self._listener = None

    # Changing

    @contextmanager
    def change(self, call: str) -> Iterator[None]:
        """Nothing else changes meanwhile.

        Args:
            call: What changes, for the message another caller gets.

        Raises:
            OperationTimeoutError: Another call still does.
        """
        with self._changing.hold(call):
            yield

    @property
    def boot(self) -> str:
        """Names the boot of the host."""
        self._boot = self._boot or BOOT_ID.read_text().strip()
        return self._boot

    def record(self, binding: Binding, *, pending: bool = False) -> None:
        """Record a binding.

        Args:
            binding: What to record.
            pending: Its rules are not in force yet: the next owner undoes it.

        Raises:
            SystemCallError: It cannot be stored.
        """
        from virtkit_netfilter import status

        text = status.recorded(binding, self.boot, status.PENDING if pending else status.READY)
        self.statuses.save(binding.name, text)

    def note(self, binding: Binding) -> None:
        """Record what was found out of a binding; where that fails, the next owner has to find it out again."""
        try:
            self.record(binding)
        except VirtError as error:
            _log.error("%s is in force, but what was learned is not recorded: %s", binding.subject, error)

    def listen(self, binding: Binding, documents: Documents) -> None:
        """Listen for the address of a guest if that is needed, and not if it is not.

        Raises:
            InternalError: The device is gone.
            SystemCallError: The system refuses.
        """
        if not learns(binding, documents) or (binding.mode is Mode.ANY and binding.addresses):
            self.unlisten(binding.name)
            return
        from virtkit_netfilter.listening import Listener, Watch

        if self._listener is None:
            self._listener = Listener(self._learn, self._learn)
        ends = [end for end in binding.addresses.values() if end is not None]
        mac = bytes.fromhex(binding.mac.replace(":", ""))
        self._listener.watch(Watch(binding.name, mac, binding.mode, binding.servers, min(ends, default=None)))

    def follow(self, bindings: Iterable[Binding], documents: Documents) -> None:
        """Listen as `listen`, for guests whose rules are in force; what cannot be listened to is logged."""
        for binding in bindings:
            try:
                self.listen(binding, documents)
            except VirtError as error:
                _log.error("%s: %s", binding.subject, error)

    def unlisten(self, name: str) -> None:
        """Listen on a device no more."""
        if self._listener is not None:
            self._listener.unwatch(name)

    # Learning, on the listener's thread

    def _learn(self, watch: Watch, sighting: Sighting | None = None) -> None:
        """Have what was learned of a guest in force; without a sighting: that leases have ended."""
        with self.change("learning an address"):
            if self._listener is None or not self._listener.watches(watch) or watch.name not in self.bindings:
                return
            binding = self.bindings.by_name(watch.name)
            now = int(time.clock_gettime(time.CLOCK_BOOTTIME))
            known = current(binding.addresses, now)
            found = known if sighting is None else merged(known, sighting, binding.mode, now)
            before, documents = binding.addresses, self.documents()
            if found == before:
                return
            binding.addresses = found
            try:
                if list(found) != list(before):
                    self.rules.install([binding], documents)
                    _log.info("the guest at %s has the addresses %s", binding.name, ", ".join(found) or "none")
            except BaseException:
                binding.addresses = before
                raise
            self.follow([binding], documents)
            self.note(binding)


class Session(Tenant[NetfilterState]):
    """One connection to a root."""

    def read(self) -> NetfilterState:
        """The state, for a call that only reads."""
        return self.state.view()

    def write(self) -> NetfilterState:
        """The state, for a call that changes something; errors as from `own`."""
        return self.own().view()


def _stored(name: str, text: bytes) -> Filter:
    """The filter of a stored definition.

    Raises:
        ValueError: It is another one's.
        VirtError: It is no filter.
    """
    document = definition.read(text)
    if document.name != name:
        raise ValueError(f"it defines {document.name!r}")
    return definition.identified(document, None)


def _effective(definitions: Collection, removed: Collection) -> Iterator[Filter]:
    """The stored filters, and the standard ones that they do not replace and nobody undefined."""
    stored = {each.name: each for each in definitions.scan(_stored)}
    away = {*stored, *removed.names()}
    yield from stored.values()
    for name, document in shipped.documents().items():
        if name not in away:
            yield definition.identified(document, None)


def _tabled(kind: objects.Kind, found: Iterable[T]) -> ObjectTable[T]:
    """A table of objects; one whose name or UUID is taken is logged and left out."""
    table: ObjectTable[T] = ObjectTable(kind, error_domain=DOMAIN)
    for each in found:
        try:
            table.add(each)
        except VirtError as error:
            _log.error("%s %r is left out: %s", kind.noun, each.name, error)
    return table
