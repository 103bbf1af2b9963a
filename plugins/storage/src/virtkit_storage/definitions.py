"""Documents of pools that come in: read, checked and completed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.define import pool as define
from virtkit.errors import ConfigUnsupportedError, DriverError, OperationFailedError, XMLError
from virtkit.store import check_name
from virtkit.xml.pool import PoolSource, StoragePool
from virtkit_storage.pool import backend_of
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtkit_storage.pool import Pool

_log = logging.getLogger(__name__)


def read(xml: str, *, validate: bool = False) -> StoragePool:
    """Read the document of a pool and complete it.

    Args:
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        XMLError: It is no pool, of a type that nobody has heard of, or lacks what its type needs.
        ConfigUnsupportedError: No backend for its type is installed, or the backend cannot do what it asks.
    """
    document = StoragePool.parse(xml, validate=validate)
    for notice in document.notices:
        _log.warning("storage pool %r: %s", document.name, notice)
    kind = define.type_of(document)
    if kind not in discovery.names(discovery.BACKEND):
        define.shape_of(document)
    backend = backend_of(document)
    define.complete(document, backend.shape)
    check_name(document.name or "", "storage pool", domain=STORAGE)
    backend.pool_check(document)
    return document


def read_source(xml: str) -> PoolSource:
    """Read where a search is to look.

    Raises:
        XMLError: It is no source of a pool.
    """
    source = StoragePool.parse_child(xml, error_domain=STORAGE)
    if not isinstance(source, PoolSource):
        raise XMLError("what says where to search is no <source>: give it one", domain=STORAGE)
    return source


def require_free(document: StoragePool, others: Iterable[Pool]) -> None:
    """Refuse a definition that takes what another pool has.

    Raises:
        OperationFailedError: It does; the message names both.
    """
    claims = set(backend_of(document).pool_claims(document))
    for other in others:
        taken = claims & claims_of(other) if other.uuid != document.uuid else set()
        if taken:
            raise OperationFailedError(
                f"storage pool {document.name!r} would have {sorted(taken)[0]} in common with {other.subject}: "
                "choose another, or undefine that one",
                domain=STORAGE,
            )


def claims_of(pool: Pool) -> set[str]:
    """What a pool takes for itself; what one without backend takes is not known."""
    try:
        return {claim for each in (pool.config, pool.live) if each for claim in backend_of(each).pool_claims(each)}
    except (ConfigUnsupportedError, DriverError):
        return set()
