"""Root file systems of containers: unpacked from images, or made of a distribution's packages.

    xml = make(RootRequest(Path("/srv/containers/web"), ImageLayout(Path("web.oci"))))

`layout` reads an image and `layers` unpacks it into a `tree`; `bootstrap` runs debootstrap. Both do so in a `workshop`
beside the folder that is wanted, where `ownership` then shifts users and groups; `description` tells how to run it.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import InvalidArgError
from virtkit_lxc.rootfs import bootstrap, description, layers, layout, ownership, workshop

if TYPE_CHECKING:
    from virtkit.roots import RootRequest

LAST_ID = 0xFFFFFFFF


def make(request: RootRequest) -> str:
    """Make a root file system, and describe a container that runs it.

    Returns:
        The document of a domain, not defined.

    Raises:
        InvalidArgError: The request contradicts itself, or its folder is there already.
        SystemCallError: The layout, the folder around the new one, or debootstrap is missing; `int1` is the errno.
        ConfigUnsupportedError: The image is for another platform, or in a form that is not known here.
        OperationFailedError: The image is damaged, or a file of it cannot be made; or debootstrap fails. The message
            names or quotes it.
        OperationTimeoutError: debootstrap took too long.
    """
    from virtkit.roots import ImageLayout

    folder = Path(posixpath.normpath(request.folder.absolute()))
    _check_ids(request.ids)
    if not isinstance(request.source, ImageLayout):
        with workshop.making(folder) as root:
            bootstrap.fill(root, request.source)
            _shift(root, request)
            return description.of_system(folder, root, request).format()
    image = layout.chosen(request.source)
    with workshop.making(folder) as root:
        layers.unpack(image, root, nodes=request.source.nodes)
        _shift(root, request)
        return description.of_image(folder, root, request, image).format()


def _shift(root: Path, request: RootRequest) -> None:
    if request.ids is not None:
        ownership.shift(root, request.ids)


def _check_ids(ids: tuple[int, int] | None) -> None:
    if ids is not None and not (0 < ids[0] <= LAST_ID and 0 < ids[1] <= LAST_ID - ids[0]):
        raise InvalidArgError(
            f"{ids[1]} ids from {ids[0]} on are none of this host: give a first one above 0 and a count, as 100000 and"
            " 65536",
            domain=ErrorDomain.LXC,
        )
