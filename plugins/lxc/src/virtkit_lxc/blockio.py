"""A container's share of the host's block devices."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit.hookspecs.domain_resources import DomainResourcesSpec
from virtkit.params import STRING, UINT, TypedParams
from virtkit.services.guests import impact
from virtkit_lxc import cgroups
from virtkit_lxc.changes import change
from virtkit_lxc.definition import refuse
from virtkit_lxc.resources import ASKED

if TYPE_CHECKING:
    from virtkit.params import Value
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session

LXC = ErrorDomain.LXC

WEIGHTS = range(1, 10_001)

DEVICE_LIMITS = {
    "device_weight": "weight",
    "device_read_iops_sec": "read_iops",
    "device_write_iops_sec": "write_iops",
    "device_read_bytes_sec": "read_bytes",
    "device_write_bytes_sec": "write_bytes",
}
"""Parameter -> field of `<blkiotune><device>`, in libvirt's order."""


class BlockIoPart(DomainResourcesSpec["Session"]):
    """The functions of the driver about block devices of the host."""

    def domain_get_blkio_parameters(self, conn: Session, dom: DomainRef, flags: int) -> TypedParams:
        refuse("domain_get_blkio_parameters", flags, ASKED)
        tune = impact.document(conn.read().by_ref(dom), flags).blkio_tune
        told = TypedParams().put("weight", UINT, tune.weight or 0)
        for name, field in DEVICE_LIMITS.items():
            limits = ((device.path, getattr(device, field)) for device in tune.devices)
            told.put(name, STRING, ",".join(f"{path},{limit}" for path, limit in limits if limit))
        return told

    def domain_set_blkio_parameters(
        self, conn: Session, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> None:
        refuse("domain_set_blkio_parameters", flags, impact.BITS)
        weight, limits = _read(params)

        def edit(domain: Domain) -> None:
            if weight is not None:
                domain.blkio_tune.weight = weight
            for (path, field), limit in limits.items():
                _put(domain, path, field, limit)

        def apply(state: LxcState, guest: Container, run: Run) -> None:
            numbers = {path: _number(guest, path) for path, _ in limits}
            if weight is not None:
                cgroups.write(state.layout, run.cgroup, "blkio.weight", weight)
            controller = "blkio" if state.layout.version("blkio") else "io"
            for (path, field), limit in limits.items():
                _, file, text = cgroups.device_setting(state.layout, field, numbers[path], limit)
                cgroups.write_file(state.layout.folder(controller, run.cgroup) / file, text)

        change(conn, dom, "domain_set_blkio_parameters", flags, edit, apply)


def _read(params: Mapping[str, Value]) -> tuple[int | None, dict[tuple[str, str], int]]:
    """The weight, and the limits by path of the device and field.

    Raises:
        InvalidArgError: A parameter that is not known, a value out of range, or a text that cannot be read.
    """
    weight: int | None = None
    limits: dict[tuple[str, str], int] = {}
    for name, value in params.items():
        if name == "weight":
            if isinstance(value, bool) or not isinstance(value, int) or value not in WEIGHTS:
                raise InvalidArgError(f"weight is a number from 1 to 10000, not {value!r}", domain=LXC)
            weight = value
        elif name in DEVICE_LIMITS:
            limits.update(((path, DEVICE_LIMITS[name]), limit) for path, limit in _pairs(name, value))
        else:
            known = ", ".join(("weight", *DEVICE_LIMITS))
            raise InvalidArgError(f"containers have no parameter {name!r}, only {known}", domain=LXC)
    return weight, limits


def _pairs(name: str, value: Value) -> list[tuple[str, int]]:
    fields = value.split(",") if isinstance(value, str) else [""]
    paths, limits = fields[::2], fields[1::2]
    if len(paths) != len(limits) or not all(paths) or not all(limit.isdigit() for limit in limits):
        raise InvalidArgError(f"{name} is a text such as /dev/sda,500,/dev/sdb,200, not {value!r}", domain=LXC)
    return [(path, int(limit)) for path, limit in zip(paths, limits, strict=True)]


def _put(domain: Domain, path: str, field: str, limit: int) -> None:
    """Write a limit into a document; 0 removes it, and a device without any goes."""
    from virtkit.xml.domain.tune import BlockIoDevice

    devices = domain.blkio_tune.devices
    device = next((each for each in devices if each.path == path), None)
    if device is None:
        device = BlockIoDevice(path=path)
        devices.append(device)
    setattr(device, field, limit or None)
    if not any(getattr(device, each) for each in DEVICE_LIMITS.values()):
        devices.remove(device)


def _number(guest: Container, path: str) -> str:
    try:
        device = os.stat(path).st_rdev
    except OSError as error:
        raise InvalidArgError(f"{guest.subject}: {path}: {error.strerror}", domain=LXC) from error
    return f"{os.major(device)}:{os.minor(device)}"
