"""Which types of pools work here: libvirt's own, and those of other backends that are installed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtkit import discovery
from virtkit.define.pool import TYPES
from virtkit.enums import ErrorDomain
from virtkit.errors import DriverError
from virtkit.storage.backend import Formats
from virtkit.xml.element import Document, Element
from virtkit.xml.poolcaps import Enumeration, Options, PoolSupport, StoragePoolCapabilities
from virtkit.xml.schema import child

if TYPE_CHECKING:
    from virtkit.storage.backend import StorageBackend

_log = logging.getLogger(__name__)


def document() -> StoragePoolCapabilities:
    """The capabilities of this host."""
    installed = discovery.names(discovery.BACKEND)
    types = [*TYPES, *(name for name in installed if name not in TYPES)]
    found = {name: _backend(name) if name in installed else None for name in types}
    return StoragePoolCapabilities(pools=[_support(name, backend) for name, backend in found.items()])


class PoolTypes(Element):
    """The types of pools that work."""

    types = child("enum", Enumeration)


class Connection(Document, tag="capabilities", error_domain=ErrorDomain.CAPABILITIES):
    """What a connection to this driver alone can do."""

    pool = child("pool", PoolTypes)


def of_connection() -> str:
    """The capabilities of a connection to this driver alone, with libvirt's blank lines."""
    capabilities = Connection(pool=PoolTypes(types=Enumeration(name="type", values=working())))
    return capabilities.format().replace("  <pool>", "\n  <pool>").replace("  </pool>\n", "  </pool>\n\n")


def working() -> list[str]:
    """The types of pools that work here, libvirt's first."""
    return [support.type or "" for support in document().pools if support.supported]


def _backend(name: str) -> StorageBackend | None:
    try:
        backend = discovery.backend(name)
    except DriverError as error:
        _log.error("pools of type %s do not work: %s", name, error)
        return None
    return backend if backend.backend_probe() is None else None


def _support(name: str, backend: StorageBackend | None) -> PoolSupport:
    formats = Formats() if backend is None else backend.formats
    support = PoolSupport(type=name, supported=backend is not None)
    support.pool_options = _options("sourceFormatType", formats.source, formats.sources)
    support.volume_options = _options("targetFormatType", formats.volume, formats.volumes)
    return support


def _options(name: str, usual: str, all_of_them: tuple[str, ...]) -> Options | None:
    if not all_of_them:
        return None
    return Options(default_format=usual, enums=[Enumeration(name=name, values=list(all_of_them))])
