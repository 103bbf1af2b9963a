"""The command that makes root file systems of containers on this host; it opens no connection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from virtkit import roots
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.values import kib

if TYPE_CHECKING:
    from virtkit_cli.session import Session

OF_IMAGES = ("image", "platform", "nodes")
OF_PACKAGES = ("mirror", "variant", "include", "keyring", "unsigned")
"""Words that go with one source alone."""


def idrange(text: str) -> tuple[int, int]:
    """The first id of a map and how many ids it has."""
    first, _, count = text.partition(":")
    if not (first.isdigit() and (count or "65536").isdigit()):
        raise ValueError("the first id on the host is expected, and a count, as 100000:65536")
    return int(first), int(count or 65536)


@command(
    argument("folder", "the folder that becomes the root; it must not be there yet", Path, completes="file"),
    option("oci", "folder in the OCI image layout that it is unpacked from", Path, completes="file", by_name=True),
    option("image", "name of the image in the layout; needed where it has several", by_name=True),
    option("platform", "platform of the image, such as linux/arm64; this host's if left out", by_name=True),
    Flag("nodes", "make the device nodes that the image has"),
    option("debootstrap", "suite of Debian that it is made of, such as bookworm", by_name=True),
    option("mirror", "URL of the suite's archive", by_name=True),
    option("variant", "variant of debootstrap: minbase if left out", by_name=True),
    option("include", "packages besides, separated by commas", by_name=True),
    option("keyring", "file with the keys that sign the archive", completes="file", by_name=True),
    Flag("unsigned", "take an archive that nobody has signed"),
    option("idmap", "first id of the host, and count, that the ids of the tree are shifted to", idrange, by_name=True),
    option("name", "name of the domain; that of the folder if left out", by_name=True),
    option("memory", "memory of the domain, in KiB or with a unit; 512M if left out", kib, by_name=True),
    option("driver", "driver that makes it: lxc if left out", default="lxc", by_name=True),
)
def root_create(session: Session, args: Arguments) -> None:
    """Make a root file system for a container, and print the document of a domain that runs it."""
    chosen = {} if args.memory is None else {"memory": args.memory}
    request = roots.RootRequest(args.folder.absolute(), _source(args), args.name or "", args.idmap, **chosen)
    session.out.document(roots.make(args.driver, request))


def _source(args: Arguments) -> roots.ImageLayout | roots.Bootstrap:
    """What the root is made from."""
    if (args.oci is None) == (args.debootstrap is None):
        raise UsageError("root-create needs --oci or --debootstrap; see virtkit help root-create")
    foreign, source = (OF_PACKAGES, "--oci") if args.oci is not None else (OF_IMAGES, "--debootstrap")
    for name in foreign:
        if getattr(args, name):
            raise UsageError(f"root-create takes no --{name} with {source}; see virtkit help root-create")
    if args.oci is not None:
        return roots.ImageLayout(args.oci.absolute(), args.image or "", args.platform or "", args.nodes)
    include = tuple(filter(None, (args.include or "").split(",")))
    return roots.Bootstrap(
        args.debootstrap,
        args.mirror or "",
        args.variant or "minbase",
        include,
        args.keyring or "",
        signed=not args.unsigned,
    )
