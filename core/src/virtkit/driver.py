"""What a driver author starts from.

A driver is a class: `Driver` for the life of its sessions, and the spec classes of `virtkit.hookspecs` for what it
offers, whose methods it overrides. It is announced by an entry point in the group of its kind and instantiated once
per process; the sessions it opens hold the state of a connection, or share it by `OpenRequest.root`.

    class LabDriver(Driver["LabSession"], DomainDefinitionSpec["LabSession"], DomainStatisticsSpec["LabSession"]):
        name = "lab"
        hook_api = 1

        def driver_open(self, request: OpenRequest) -> LabSession:
            return LabSession()

        def domain_lookup_by_name(self, conn: LabSession, name: str) -> DomainRef:
            ...

    [project.entry-points."virtkit.hypervisor"]
    lab = "virtkit_lab:LabDriver"
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple

from virtkit.spec import S

if TYPE_CHECKING:
    from virtkit.events import EventHub
    from virtkit.roots import RootRequest
    from virtkit.store import Root
    from virtkit.uri import URI


class Credential(NamedTuple):
    """A question to the person who opens a connection.

    Attributes:
        type: `virtkit.enums.ConnectCredentialType`.
        prompt: What to show.
        challenge: What the other side sent with the question; empty if nothing.
        default: Answer to offer; empty if none.
    """

    type: int
    prompt: str
    challenge: str = ""
    default: str = ""


Authenticate = Callable[[Sequence[Credential]], "Sequence[str] | None"]
"""Answers questions in their order; None is a refusal."""


class OpenRequest(NamedTuple):
    """What a driver is told when a connection is opened.

    Attributes:
        uri: The parsed URI.
        readonly: The connection is read-only. The core refuses what that forbids; a driver need not look at it.
        root: Where durable state lives; None for a URI that names no root.
        peers: Unrestricted functions of the other kinds of the same root, by hook name, without the session argument.
        authenticate: Asks the caller for credentials; None where nobody can answer.
        peer: The session is for other drivers of the root, through their `peers`, and not for a caller: it may be told
            what no caller is, such as the value of a private secret.
    """

    uri: URI
    readonly: bool
    root: Root | None
    peers: Mapping[str, Callable[..., Any]]
    authenticate: Authenticate | None = None
    peer: bool = False


class Finding(NamedTuple):
    """Something a driver needs of the host.

    Attributes:
        subject: What was looked at: a program, a device node, a folder.
        fine: Whether it is as needed.
        detail: What was found: a version, a path, what is missing and what does not work without it.
        remedy: The command that mends it; empty where it is fine or nothing can.
    """

    subject: str
    fine: bool
    detail: str
    remedy: str = ""


class Driver(Generic[S]):
    """Base of every driver.

    A driver that reaches its objects by waiting for something else, such as a daemon at the end of a socket, may offer
    asynchronous functions to the connections of `virtkit.aio`: the three methods whose names end in `_async`. Each
    answers None where the one without `_async` is to be called, which such a connection does on a thread; a driver
    whose work is done in this process leaves all three as they are. They are called in the loop of the connection,
    their sessions stay in that loop, and none may block it.

    Attributes:
        name: Name of the entry point: the URI scheme, or the driver's name within its kind.
        hook_api: The `virtkit.spec.HOOK_API` the driver was written for.
        kinds: Kinds of objects it serves itself (keys of `virtkit.hookspecs.KINDS`).
        attaches: Whether drivers of other kinds installed on the host join its connections.
        error_domain: `virtkit.enums.ErrorDomain` of its errors.
        waits: Whether its functions may wait for a guest, a disk, a helper program or the network, as far as their
            specifications allow it. False where everything happens in memory: as if each were marked `quick`.
    """

    name: ClassVar[str]
    hook_api: ClassVar[int]
    kinds: ClassVar[tuple[str, ...]] = ("hypervisor",)
    attaches: ClassVar[bool] = False
    error_domain: ClassVar[int] = 0
    waits: ClassVar[bool] = True

    def driver_probe(self) -> str | None:
        """Tell why the driver cannot work on this host, in a sentence with the remedy; None where it can.

        Cheap: it looks for a program or a device node and starts nothing.
        """
        return None

    def driver_diagnose(self) -> Sequence[Finding]:
        """Look at everything the driver can use on this host, for `virtkit doctor`."""
        return ()

    def driver_default_uri(self) -> str | None:
        """The URI to open when a caller gave none and this driver is usable; None never volunteers.

        A caller gets only hypervisors without asking. A daemon opens what any driver answers here, and has it reside.
        """
        return None

    def driver_open(self, request: OpenRequest) -> S:
        """Open a session. It becomes the first argument of every hook call of the connection.

        Raises:
            VirtError: The path or a parameter of the URI is wrong (`InternalError`, `InvalidArgError`), credentials
                are refused (`AuthFailedError`), or the state cannot be reached.
        """
        raise NotImplementedError

    def driver_close(self, conn: S) -> None:
        """Let go of a session. Guests and other objects stay as they are."""

    def driver_reside(self, conn: S) -> None:
        """Take charge of the root for as long as a session is open: see to what runs, start what starts by itself.

        A daemon asks for it once, when it begins, and keeps the session; those of its clients come and go beside it.

        Raises:
            VirtError: It cannot, because another process has the root for instance.
        """

    def driver_reload(self, conn: S) -> None:
        """Put back what others may have taken away from what is active, such as rules that a firewall has flushed.

        A daemon asks for it, of the sessions that reside, when it is told to reload (SIGHUP).

        Raises:
            VirtError: Something cannot be put back.
        """

    def driver_alive(self, conn: S) -> bool:
        """Tell whether calls of a session can reach the other side; a driver in this process is its own other side.

        It tells what is known already, and does not wait to find out.
        """
        return True

    def driver_encrypted(self, conn: S) -> bool:
        """Tell whether what a session sends to another process is encrypted."""
        return False

    def driver_events(self, conn: S) -> EventHub | None:
        """The hub that publishes events of the kinds this driver serves; None: it has no events.

        The hub of a session that `driver_open_async` opened is subscribed to in the loop: it must not wait there for
        another side to agree, but say so in `EventHub.agreed`.
        """
        return None

    def driver_make_root(self, request: RootRequest) -> str:
        """Make a root file system on this host, and describe a guest that runs what is in it.

        It needs no session. The folder is there when this returns, and nothing is when it fails.

        Returns:
            The document of a domain, not defined.

        Raises:
            NotSupportedError: Guests of this driver have no such roots.
            InvalidArgError: The request contradicts itself, or its folder is there already.
            VirtError: What it is made from is missing, damaged or not what it says; or the host refuses.
        """
        from virtkit.errors import NotSupportedError

        raise NotSupportedError(f"driver {self.name!r} makes no root file systems", domain=self.error_domain)

    def driver_resolve(self, name: str) -> Callable[..., Any] | None:
        """The function for a hook that the class does not define, with the session as its first parameter.

        A driver that serves the whole API generically answers here instead of defining every method.
        """
        return None

    def driver_open_async(self, request: OpenRequest) -> Awaitable[S] | None:
        """Open a session for an asynchronous connection; errors as from `driver_open`.

        Override it with `async def`, or decide by the request and return a coroutine or None. `authenticate` of the
        request may wait for a person: call it on a thread.

        Returns:
            The session, to be awaited. Only the functions of `driver_resolve_async` get it, and those that it answers
            None for, on a thread.
        """
        return None

    def driver_close_async(self, conn: S) -> Awaitable[None] | None:
        """Let go of a session of an asynchronous connection; calls under way fail with an error that says so."""
        return None

    def driver_resolve_async(self, name: str) -> Callable[..., Awaitable[Any]] | None:
        """The asynchronous function for a hook, with the session as its first parameter.

        Where there is one it is called instead of the hook's method or `driver_resolve`. Calls are made as they come:
        one may begin before another has ended, and a cancelled one ends with `CancelledError`. Streams are those of
        `virtkit.aio.streams`. Plugins that wrap hooks do not see these calls.
        """
        return None
