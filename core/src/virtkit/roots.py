"""Root file systems of guests that are containers: made on this host by a driver, which describes a guest for them.

request = RootRequest(Path("/srv/containers/web"), ImageLayout(Path("web.oci"), "v1"), name="web")
xml = make("lxc", request)
connection.define_domain(xml)
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class ImageLayout(NamedTuple):
    """A folder in the OCI image layout, as skopeo, buildah, umoci and docker write it.

    Attributes:
        folder: Where it is.
        name: Which of its images; empty: it has one.
        platform: `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT` in OCI's words, as `linux/arm64`; empty: this host's.
        nodes: Whether device nodes in it are made.
    """

    folder: Path
    name: str = ""
    platform: str = ""
    nodes: bool = False


class Bootstrap(NamedTuple):
    """Packages of a distribution of Debian's family, installed by debootstrap.

    Attributes:
        suite: As `bookworm`.
        mirror: URL of the archive; empty: debootstrap's own choice.
        variant: As `minbase`, the least; empty: debootstrap's own choice.
        include: Packages besides.
        keyring: File with the keys that sign the archive; empty: debootstrap's own choice.
        signed: Whether the archive has to be signed by one of them.
    """

    suite: str
    mirror: str = ""
    variant: str = "minbase"
    include: tuple[str, ...] = ()
    keyring: str = ""
    signed: bool = True


class RootRequest(NamedTuple):
    """What root file system to make.

    Attributes:
        folder: Where; it must not be there yet. It appears when it is complete, and never half made.
        source: What it is made from.
        name: Name of the guest that is described; empty: that of the folder.
        ids: First id of the host and count, of users and groups: those of the tree are shifted there, and the guest has
            an id map. None: they stay as they are.
        memory: KiB that the guest may use.
    """

    folder: Path
    source: ImageLayout | Bootstrap
    name: str = ""
    ids: tuple[int, int] | None = None
    memory: int = 512 * 1024


def make(driver: str, request: RootRequest) -> str:
    """Make a root file system by a driver of hypervisors; see `Driver.driver_make_root`.

    Args:
        driver: Its name, as `lxc`.
        request: What to make.

    Returns:
        The document of a domain that runs what is in it; it is not defined.

    Raises:
        NoDriverError: It is not installed.
        VirtError: As from the driver.
    """
    from virtkit import discovery

    return discovery.load("hypervisor", driver).driver_make_root(request)
