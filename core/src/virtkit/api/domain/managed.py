"""A migration led by this program: version 3 of libvirt's protocol, with typed parameters.

    source       begin     describes the domain and locks its definition
    destination  prepare   gets ready to receive, and says where
    source       perform   sends the guest
    destination  finish    starts it, or drops what arrived
    source       confirm   drops the domain, or lets it go on

Each phase hands the next one a cookie that only the drivers understand. A failed `perform` has let the domain go on
already, so that only the destination is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from virtkit.constants import MIGRATE_PARAM_DEST_NAME, MIGRATE_PARAM_DEST_XML, MIGRATE_PARAM_URI
from virtkit.enums import DomainMigrateFlags, DomainState
from virtkit.errors import (
    InternalError,
    InvalidArgError,
    MigrateFinishOkError,
    NotSupportedError,
    OperationFailedError,
    OperationInvalidError,
    VirtError,
)
from virtkit.params import STRING, TypedParams, Value
from virtkit.uri import parse

if TYPE_CHECKING:
    from virtkit.records import MigrateFinish, MigratePrepare
    from virtkit.refs import DomainRef

Ops = Mapping[str, Callable[..., Any]]

FROM_DOMAIN = 20
CHANGE_PROTECTION_FEATURE = 7
"""Number by which a driver is asked whether a migration locks the domain's definition from begin to confirm."""

AT_SOURCE_ONLY = (
    DomainMigrateFlags.ABORT_ON_ERROR | DomainMigrateFlags.AUTO_CONVERGE | DomainMigrateFlags.CHANGE_PROTECTION
)


class ManagedMigration:
    """One migration of a domain between the drivers behind two op tables."""

    def __init__(self, ref: DomainRef, source: Ops, destination: Ops, params: Mapping[str, Value], flags: int) -> None:
        if flags & DomainMigrateFlags.TUNNELLED:
            raise OperationInvalidError(
                f"domain {ref.name!r}: a tunnelled migration goes from daemon to daemon: add PEER2PEER to its flags",
                domain=FROM_DOMAIN,
            )
        self.ref = ref
        self.source = source
        self.destination = destination
        self.params = TypedParams(params, getattr(params, "types", None))
        self.params.repeated.update(getattr(params, "repeated", {}))
        self.protection = flags & DomainMigrateFlags.CHANGE_PROTECTION
        self.flags = flags

    def _protect(self) -> None:
        with suppress(NotSupportedError):
            if self.source["connect_supports_feature"](CHANGE_PROTECTION_FEATURE):
                self.protection = DomainMigrateFlags.CHANGE_PROTECTION
                self.flags |= self.protection

    def run(self) -> DomainRef:
        """All phases; the reference of the domain at the destination."""
        self._protect()
        begun = self.source["domain_migrate_begin3_params"](self.ref, self.params, self.flags)
        if self.source["domain_get_state"](self.ref, 0).state == DomainState.PAUSED:
            self.flags |= DomainMigrateFlags.PAUSED
        self._put(MIGRATE_PARAM_DEST_XML, begun.xml)
        try:
            prepared = self._prepare(begun.cookie_out)
        except BaseException:
            if self.protection:
                self._confirm(b"", cancelled=True)
            raise
        cookie = self._perform(prepared)
        try:
            finished = self._finish(cookie, cancelled=False)
        except VirtError:  # after any other interruption it may run there: leave it paused here
            self._confirm(b"", cancelled=True)
            raise
        self._confirm(finished.cookie_out, cancelled=False)
        return finished.dom

    def _put(self, name: str, value: str) -> None:
        self.params[name] = value
        self.params.types[name] = STRING

    def _prepare(self, cookie: bytes) -> MigratePrepare:
        there = self.flags & ~AT_SOURCE_ONLY
        prepared: MigratePrepare = self.destination["domain_migrate_prepare3_params"](self.params, cookie, there)
        if prepared.uri_out:
            self._put(MIGRATE_PARAM_URI, prepared.uri_out)
        return prepared

    def _perform(self, prepared: MigratePrepare) -> bytes:
        if self.flags & DomainMigrateFlags.OFFLINE:
            return b""
        if not self.params.get(MIGRATE_PARAM_URI):
            self._drop(prepared.cookie_out)
            self._confirm(b"", cancelled=True)
            raise InternalError(
                f"domain {self.ref.name!r}: the destination does not say where to send it: "
                f"pass {MIGRATE_PARAM_URI!r} in the parameters",
                domain=FROM_DOMAIN,
            )
        try:
            cookie: bytes = self.source["domain_migrate_perform3_params"](
                self.ref, None, self.params, prepared.cookie_out, self.flags
            )
        except BaseException as failure:
            at_destination = self._drop(b"")
            if at_destination and isinstance(failure, OperationFailedError):
                raise at_destination from failure  # the guest died there, which is why sending failed
            raise
        return cookie

    def _drop(self, cookie: bytes) -> VirtError | None:
        """Have the destination drop what arrived; what it says went wrong there, if anything."""
        try:
            self._finish(cookie, cancelled=True)
        except MigrateFinishOkError:
            return None
        except VirtError as error:
            return error
        return None

    def _finish(self, cookie: bytes, *, cancelled: bool) -> MigrateFinish:
        if not self.params.get(MIGRATE_PARAM_DEST_NAME):
            self._put(MIGRATE_PARAM_DEST_NAME, self.ref.name)
        there = self.flags & ~AT_SOURCE_ONLY
        finished: MigrateFinish = self.destination["domain_migrate_finish3_params"](
            self.params, cookie, there, cancelled
        )
        return finished

    def _confirm(self, cookie: bytes, *, cancelled: bool) -> None:
        """Tell the source how it ended; an error cannot change that any more, so it is only logged."""
        try:
            self.source["domain_migrate_confirm3_params"](self.ref, self.params, cookie, self.flags, cancelled)
        except VirtError as error:
            import logging

            logging.getLogger(__name__).warning(
                "domain %r may be left paused at the source of its migration: %s", self.ref.name, error
            )


def refuse_same_host(uri: str | None) -> None:
    """Refuse to migrate to where the domain is.

    Raises:
        InvalidArgError: The URI names no host, or this one.
    """
    host = parse(uri or "").host
    if not host or host.startswith("localhost"):
        raise InvalidArgError(
            f"{uri!r} leads back to the host the domain is on: name the destination's host in the URI",
            domain=FROM_DOMAIN,
            str2="dconnuri",
            int1=0,
            int2=0,
        )
