"""A guest's document in the forms it is asked for: live or inactive, with secrets or without, for migration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import DomainXMLFlags
from virtkit.services.guests import describing
from virtkit_qemu import define

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_qemu.guest import Guest, Run


def describe(guest: Guest, flags: int) -> str:
    """The document of a guest; see `virtkit.services.guests.describing.describe`."""
    domain = describing.describe(guest, flags, without_run)
    if flags & DomainXMLFlags.MIGRATABLE:
        domain = define.migratable(domain)
    return domain.format()


def without_run(run: Run) -> Domain:
    """What a live document would be without the details of its run."""
    domain = describing.without_run(run.live)
    for channel in domain.devices.channels:
        if channel.target is not None:
            channel.target.state = None
        if channel.source is not None and Path(channel.source.path or "").parent == run.folder:
            channel.sources = []
    for graphics in domain.devices.graphics:
        if graphics.autoport:
            graphics.port = -1
    return domain
