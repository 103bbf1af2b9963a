"""What a QEMU is handed by whoever starts it, beside its domain's live document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from virtkit_qemu.volumes import Places


@frozen
class Runtime:
    """Paths and descriptors of one run of a guest.

    What a document can say (ports, ids, aliases, addresses, paths of disks) was written into the live document before
    and is taken from there.

    Attributes:
        monitor: Number of the inherited descriptor on which QEMU is to serve its monitor; a listening socket.
        folder: Folder of this run alone, and QEMU's working folder: a socket in it is named relative to it, since a
            path of a socket is limited to 107 bytes. Gone when the guest has ended.
        volumes: Where the volumes are that its disks name.
        passphrases: Name of the object with the passphrase of an image -> inherited descriptor to read it from.
        descriptors: Alias of a device -> numbers of the inherited descriptors it is to use, as a tap's.
    """

    monitor: int
    folder: Path
    volumes: Places = field(factory=dict)
    passphrases: Mapping[str, int] = field(factory=dict)
    descriptors: Mapping[str, tuple[int, ...]] = field(factory=dict)
