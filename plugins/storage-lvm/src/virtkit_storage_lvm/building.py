"""Making volume groups on devices, and removing them.

A group is overwritten as a whole or not at all: one that reaches beyond the devices that are to be overwritten would be
left with parts of volumes. Nothing is written before everything has been looked at.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from virtkit.errors import (
    OperationFailedError,
    StoragePoolBuiltError,
    StorageProbeFailedError,
    SystemCallError,
)
from virtkit.storage.backend import STORAGE, Guard
from virtkit.storage.nodes import number_of
from virtkit_storage_lvm import devices, lvm, planning
from virtkit_storage_lvm.reports import Device

MEMBER = "LVM2_member"
"""What wipefs calls a physical volume."""


def build(subject: str, group: str, paths: Iterable[str], *, overwrite: bool, guard: Guard) -> None:
    """Make a group.

    Args:
        subject: What messages begin with.
        group: Its name.
        paths: Its devices.
        overwrite: Whether what is on them is not needed.
        guard: Raises when this is to end.

    Raises:
        SystemCallError: A device is not there (ENOENT), is none (ENOTBLK), or is in use (EBUSY).
        StoragePoolBuiltError: The group is there, or a device is a physical volume, and `overwrite` is False.
        StorageProbeFailedError: Something else is on a device, and `overwrite` is False.
        OperationFailedError: A group that is in the way has other devices too, or LVM refuses.
    """
    wanted: dict[int, str] = {}
    for path in paths:
        devices.require_device(subject, path)
        wanted.setdefault(number_of(path), path)
    known = [(number_of(device.path), device) for device in lvm.devices(subject)]
    in_the_way = {device.group for number, device in known if device.group and number in wanted}
    in_the_way |= {device.group for _, device in known if device.group == group}
    if overwrite:
        for other in sorted(in_the_way):
            _require_whole(subject, other, [device for number, device in known if number not in wanted])
        _clear(subject, sorted(in_the_way), wanted.values(), guard)
    else:
        _require_free(subject, group, in_the_way, wanted.values())
    guard()
    lvm.change(subject, planning.make_group(group, wanted.values()))


def remove(subject: str, group: str) -> None:
    """Remove a group with all its volumes, and free its devices.

    Raises:
        SystemCallError: It is not there (ENOENT), or a volume is open (EBUSY).
        OperationFailedError: LVM refuses.
    """
    devices = [device.path for device in lvm.devices(subject) if device.group == group and not device.missing]
    if not devices:
        raise SystemCallError(
            f"{subject}: there is no volume group {group}; `vgs` lists those there are",
            domain=STORAGE,
            int1=errno.ENOENT,
        )
    stop(subject, group)
    lvm.change(subject, planning.remove_group(group))
    lvm.change(subject, planning.release_devices(devices))


def stop(subject: str, group: str) -> None:
    """Have a group's volumes have no devices; nothing is to be done where it is not there.

    Raises:
        SystemCallError: One is open (EBUSY); nothing has changed.
        OperationFailedError: LVM refuses.
    """
    found = lvm.volumes(subject, group)
    if found is None:
        return
    names = [volume.name for volume in found if volume.is_open and volume.is_volume]
    if names:  # LVM finds that out too, but tries for five seconds and holds the group meanwhile
        raise SystemCallError(
            f"{subject} cannot be stopped: {', '.join(names)} of volume group {group} "
            f"{'is' if len(names) == 1 else 'are'} in use; unmount them or stop the guests that have them",
            domain=STORAGE,
            int1=errno.EBUSY,
        )
    lvm.change(subject, planning.deactivate(group))


def _require_free(subject: str, group: str, in_the_way: set[str], paths: Iterable[str]) -> None:
    """Refuse devices with something on them."""
    if group in in_the_way:
        raise StoragePoolBuiltError(
            f"{subject}: volume group {group} is there already: start the pool, or build it with overwrite",
            domain=STORAGE,
        )
    for other in sorted(in_the_way):
        raise StorageProbeFailedError(
            f"{subject}: a device is in volume group {other}: name another device, or build with overwrite",
            domain=STORAGE,
        )
    for path in paths:
        found = lvm.signatures(subject, path)
        if MEMBER in found:
            raise StoragePoolBuiltError(
                f"{subject}: {path} is a physical volume already: build with overwrite, or run `pvremove {path}`",
                domain=STORAGE,
            )
        if found:
            raise StorageProbeFailedError(
                f"{subject}: {path} has {', '.join(found)} on it: name another device, or build with overwrite",
                domain=STORAGE,
            )
        devices.require_unused(subject, path)


def _require_whole(subject: str, group: str, others: Iterable[Device]) -> None:
    """Refuse a group of which other devices are a part too."""
    for device in others:
        if device.group == group:
            raise OperationFailedError(
                f"{subject}: volume group {group} is on {'a missing device' if device.missing else device.path} too "
                f"and would be torn: run `vgremove {group}` or `vgreduce` first, or name all its devices",
                domain=STORAGE,
            )


def _clear(subject: str, groups: Iterable[str], paths: Iterable[str], guard: Guard) -> None:
    """Remove groups and whatever else is on devices; nothing of it while one of them is in use."""
    groups, paths = list(groups), list(paths)
    for group in groups:
        stop(subject, group)
    for path in paths:
        devices.require_unused(subject, path)
    guard()
    for group in groups:
        lvm.change(subject, planning.remove_group(group))
    for path in paths:
        lvm.change(subject, planning.wipe_signatures(path))
