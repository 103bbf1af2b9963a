"""How commands name objects and find them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from virtkit_cli.command import Arguments, Value, argument

if TYPE_CHECKING:
    from virtkit import Domain, Network, StoragePool, StorageVol
    from virtkit_cli.session import Session


class Target(NamedTuple):
    """A kind of object that commands act on.

    Attributes:
        word: Names the object.
        find: Looks it up.
    """

    word: Value
    find: Callable[[Session, Arguments], Any]


_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def looks_like_uuid(text: str) -> bool:
    """Whether a word can be a UUID rather than a name."""
    return _UUID.fullmatch(text) is not None


def find_domain(session: Session, args: Arguments) -> Domain:
    """The domain that `--domain` names.

    Raises:
        NoDomainError: There is none.
    """
    return domain_named(session, args.domain)


def domain_named(session: Session, text: str) -> Domain:
    """The domain of an id, else a UUID, else a name."""
    from contextlib import suppress

    from virtkit.errors import NoDomainError

    connection = session.connection
    if text.isdecimal():
        with suppress(NoDomainError):
            return connection.lookup_domain_by_id(int(text))
    if looks_like_uuid(text):
        with suppress(NoDomainError):
            return connection.lookup_domain_by_uuid(text)
    return connection.lookup_domain_by_name(text)


def find_network(session: Session, args: Arguments) -> Network:
    """The network that `--network` names."""
    if looks_like_uuid(args.network):
        return session.connection.lookup_network_by_uuid(args.network)
    return session.connection.lookup_network_by_name(args.network)


def find_pool(session: Session, args: Arguments) -> StoragePool:
    """The pool that `--pool` names."""
    return pool_named(session, args.pool)


def pool_named(session: Session, text: str) -> StoragePool:
    """The pool of a UUID or a name."""
    if looks_like_uuid(text):
        return session.connection.lookup_storage_pool_by_uuid(text)
    return session.connection.lookup_storage_pool_by_name(text)


def volume_named(session: Session, text: str, pool: str | None = None) -> StorageVol:
    """The volume of a name in a pool, else of a key, else of a path."""
    from virtkit.errors import NoStorageVolError

    if pool:
        return pool_named(session, pool).lookup_volume_by_name(text)
    try:
        return session.connection.lookup_volume_by_key(text)
    except NoStorageVolError:
        return session.connection.lookup_volume_by_path(text)


DOMAIN = Target(argument("domain", "name, id or UUID of a domain", completes="domain"), find_domain)
NETWORK = Target(argument("network", "name or UUID of a network", completes="network"), find_network)
POOL = Target(argument("pool", "name or UUID of a storage pool", completes="pool"), find_pool)


def asked(question: Callable[[], Any]) -> Any:
    """The answer to a question that not every driver has an answer to; None then."""
    from virtkit.errors import NotSupportedError

    try:
        return question()
    except NotSupportedError:
        return None
