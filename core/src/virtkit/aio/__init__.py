"""The API for asyncio: the names and words of `virtkit`, and calls that are awaited.

    import asyncio
    from virtkit import aio

    async def main() -> None:
        async with await aio.open("test:///default") as conn:
            domains = await conn.list_domains()
            infos = await asyncio.gather(*(domain.info() for domain in domains))

Calls of one connection run at the same time: over the driver's asynchronous functions where it has them, as a driver
that talks to a daemon does, else on threads, so that the loop goes on meanwhile. Handles have the methods of the
synchronous ones, to be awaited, and the same properties; downloads, uploads and consoles are those of
`virtkit.aio.streams`. Most modules here are generated from `virtkit.api` by `tools/generate_aio.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.aio.checkpoint import DomainCheckpoint as DomainCheckpoint
from virtkit.aio.connection import Connection as Connection
from virtkit.aio.connection import open_connection
from virtkit.aio.domain import Domain as Domain
from virtkit.aio.events import Events as Events
from virtkit.aio.events import Subscription as Subscription
from virtkit.aio.interface import Interface as Interface
from virtkit.aio.network import Network as Network
from virtkit.aio.network import NetworkPort as NetworkPort
from virtkit.aio.node_device import NodeDevice as NodeDevice
from virtkit.aio.nwfilter import NWFilter as NWFilter
from virtkit.aio.nwfilter import NWFilterBinding as NWFilterBinding
from virtkit.aio.secret import Secret as Secret
from virtkit.aio.snapshot import DomainSnapshot as DomainSnapshot
from virtkit.aio.storage import StoragePool as StoragePool
from virtkit.aio.storage import StorageVol as StorageVol

if TYPE_CHECKING:
    from virtkit.driver import Authenticate


async def open(
    uri: str | None = None, *, readonly: bool = False, authenticate: Authenticate | None = None
) -> Connection:
    """Open a connection that belongs to the running loop.

    Args:
        uri: What to open, as for `virtkit.open`.
        readonly: Refuse every call that changes anything.
        authenticate: Answers questions for credentials, where the driver asks any.

    Raises:
        NoDriverError: No installed driver serves the URI; the message says what to install.
        DriverError: The driver is installed and broken.
        InternalError: The URI is malformed, or its path is not one of the driver's.
        InvalidArgError: A part of the URI is wrong.
        VirtError: Whatever else the driver met.
    """
    return await open_connection(uri, readonly=readonly, authenticate=authenticate)
