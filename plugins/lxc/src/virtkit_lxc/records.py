"""Runs as status documents, and back."""

from __future__ import annotations

from pathlib import Path

from virtkit.enums import DomainState, ErrorDomain
from virtkit.services.guests.catalog import Running
from virtkit.services.guests.status import GuestStatus
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, children, flag
from virtkit_lxc import ending, policy
from virtkit_lxc.container import Run

ENDINGS = {each.reason.name.lower(): each for each in (ending.DESTROYED, policy.SHUTDOWN)}


class BlockDevice(Element):
    """A network block device and the image it shows."""

    device = attribute("dev")
    file = attribute("file")


class Status(GuestStatus, tag="domstatus", error_domain=ErrorDomain.LXC):
    """How a container runs.

    Attributes:
        cgroup: Path of its control group in every hierarchy.
        nbds: Network block devices that were connected for it.
        shutting_down: It was asked to shut down.
        altered: It has changed since liblxc started it.
        ending: How it is about to end, as a word of `DomainShutoffReason`: somebody is ending it by force.
    """

    cgroup = attrchild("cgroup", "path")
    nbds = children("nbd", BlockDevice)
    shutting_down = flag("shuttingdown")
    altered = flag("altered")
    ending = attrchild("ending", "reason")


def read_status(folder: Path, name: str, document: bytes) -> Running[Run]:
    """What a status document tells.

    Args:
        folder: Where the folders of runs are.
        name: Name of the domain.
        document: The document.

    Raises:
        ValueError: Something is missing, or it is of something else.
        VirtError: It is no status document at all.
    """
    status = Status.parse(document)
    live, own = status.running(name, folder)
    run = Run(live, own, cgroup=status.cgroup or "", updated=bool(status.updated))
    run.nbds = {each.file or "": each.device or "" for each in status.nbds}
    run.shutting_down, run.altered = bool(status.shutting_down), bool(status.altered)
    run.ending = ENDINGS.get(status.ending or "")
    return Running(live.uuid or b"", run, *status.told())


def write_status(run: Run, state: DomainState, reason: int) -> bytes:
    """The status document of a run."""
    status = Status(pid=run.pid, folder=str(run.folder), domain=run.live, cgroup=run.cgroup)
    status.nbds = [BlockDevice(file=file, device=device) for file, device in run.nbds.items()]
    status.updated, status.shutting_down, status.altered = run.updated, run.shutting_down, run.altered
    status.ending = run.ending.reason.name.lower() if run.ending else None
    status.tell(state, reason)
    return status.format().encode()
