"""What a search for storage on the simulated host finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, InvalidArgError, NotSupportedError

if TYPE_CHECKING:
    from virtkit.xml.pool import PoolSource

TEST = ErrorDomain.TEST

SEARCHED = ("logical", "netfs")
"""Types of pools whose sources can be searched for."""


def found_sources(type: str, src_spec: str | None) -> str:
    """The document of a search.

    Raises:
        InternalError: There is nothing to search for: any folder is a source of a `dir` pool.
        NotSupportedError: Nothing of that type is simulated.
        InvalidArgError: A search for `netfs` names no server.
    """
    if type == "dir":
        raise InternalError("any folder can be a pool of type 'dir': there is nothing to search for", domain=TEST)
    if type not in SEARCHED:
        raise NotSupportedError(
            f"the simulator finds no sources of type {type!r}, only of {', '.join(SEARCHED)}", domain=TEST
        )
    found = [_share(src_spec)] if type == "netfs" else [_volume_group(number) for number in range(2)]
    return f"<sources>\n{''.join(source.format_as('source', 1) for source in found)}</sources>\n"


def _volume_group(number: int) -> PoolSource:
    from virtkit.xml.pool import PoolSource, SourceDevice, SourceFormat

    device = SourceDevice(path=f"/dev/sda{20 + number}")
    return PoolSource(devices=[device], name=f"testvg{1 + number}", format=SourceFormat(type="lvm2"))


def _share(src_spec: str | None) -> PoolSource:
    from virtkit.xml.pool import PoolSource, SourceFormat, SourceHost, StoragePool

    spec = StoragePool.parse_child(src_spec, error_domain=ErrorDomain.STORAGE) if src_spec else None
    hosts = [host.name for host in spec.hosts if host.name] if isinstance(spec, PoolSource) else []
    if len(hosts) != 1:
        raise InvalidArgError(
            "a search for netfs sources needs one server: <source><host name='...'/></source>", domain=TEST
        )
    return PoolSource(hosts=[SourceHost(name=hosts[0])], dir="/testshare", format=SourceFormat(type="nfs"))
