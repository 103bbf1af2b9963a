"""What a storage backend is: everything that is particular to one type of pools.

A backend is a class that a distribution announces by an entry point in the group `virtkit.storage_backend`, under the
name that `<pool type='...'>` has. The storage driver imports it with the first pool of its type, makes one instance
for the process and calls it from any thread. It keeps no state of its own: each call gets the pool's document, and
what there is to know is on storage.

    class LabBackend(StorageBackend):
        name = "lab"
        hook_api = 1

        def pool_figures(self, pool: StoragePool) -> Figures: ...
        def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]: ...

    [project.entry-points."virtkit.storage_backend"]
    lab = "virtkit_storage_lab:LabBackend"

What the storage driver does for every type, so that no backend does it:

- definitions, states, events, autostart, locks, and that two pools do not claim the same storage;
- knowing the volumes: a backend lists them when the pool is refreshed and is asked for one where one will do;
- that nobody touches a volume that is busy, and that what fails half-way is deleted (`volume_delete`);
- contents: uploads, downloads, wiping, formats, encryption and copies go through `volume_open`. A backend that creates
  volumes makes room for them, and need not know what is in it.

**At the least** a backend has `pool_figures`, `volume_list` and `volume_open`; what it leaves out cannot be done with
pools of its type, and callers are told so. Backends whose volumes are files of a folder start from
`virtkit.storage.directory.DirectoryBackend`, which has everything but what makes the folder appear.

**Errors.** A method raises the error that its caller shall see, with the pool and the next step in the message:
`SystemCallError` with the errno for what the system refuses, `OperationFailedError` for what a server or a helper
program refused. Helper programs run through `virtkit.services.runner`, always with a deadline.

**Waiting.** Methods may take long, `pool_check` and `pool_claims` excepted, which look at nothing but the document.
Those that get a `guard` call it now and then, at least every second: it raises when the operation was cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from virtkit.define.pool import PoolType
from virtkit.enums import StorageVolType
from virtkit.errors import OperationUnsupportedError

if TYPE_CHECKING:
    from virtkit.driver import Finding
    from virtkit.xml.pool import PoolSource, StoragePool
    from virtkit.xml.volume import StorageVolume

STORAGE = 18
"""`virtkit.enums.ErrorDomain.STORAGE`."""

Guard = Callable[[], object]
"""Raises when the operation that calls it is to end."""

Secret = Callable[[], bytes]
"""The value of the secret that `<source><auth>` of a pool names.

It is looked up when it is called: a backend calls it when it authenticates, once. It raises `NoSecretError` where there
is no such secret or it has no value, `InvalidSecretError` where no secret driver is installed, and `XMLError` where the
pool has no `<auth>` or that names no secret. A value is put where other users of the host cannot read it: never among
the arguments of a program.
"""


class Formats(NamedTuple):
    """What formats there are, for the capabilities of a driver; all empty where a type has no choice.

    Attributes:
        sources: Formats of a pool's source.
        source: The one that is assumed.
        volumes: Formats of volumes.
        volume: The one that is assumed.
    """

    sources: tuple[str, ...] = ()
    source: str = ""
    volumes: tuple[str, ...] = ()
    volume: str = ""


class Figures(NamedTuple):
    """Sizes of a pool in bytes: all of it, what is taken, and what is free for new volumes."""

    capacity: int
    allocation: int
    available: int


class Volume(NamedTuple):
    """What is known of a volume without describing it. There may be tens of thousands.

    Attributes:
        name: Unique in the pool. Text: what is on storage under a name that is no UTF-8 is left out.
        path: How the host's programs open it.
        key: Names it on the host; mostly the path.
        type: What it is to the host.
        capacity: Bytes that a guest sees.
        allocation: Bytes that it takes up on storage.
        physical: Bytes that the file or device reaches; what is in it may be larger or smaller.
        format: What is in it, as `<format type=''>` says it; empty where nobody looks.
        backing: The image under it, as its header has it; None where there is none. Where the storage itself puts one
            volume upon another it is for `volume_describe` to tell.
        stamp: Tells the backend whether it has changed since; not looked at by anybody else.
        details: Anything else that the backend needs of it.
    """

    name: str
    path: str
    key: str
    type: StorageVolType
    capacity: int
    allocation: int
    physical: int
    format: str = ""
    backing: str | None = None
    stamp: object = None
    details: object = None


class StorageBackend:
    """Base of every backend. See the module for what is common to all methods.

    Attributes:
        name: The type of pools, as XML names it.
        hook_api: The `virtkit.spec.HOOK_API` it was written for.
        shape: What a definition must have, and what is filled in where it is silent.
        formats: Formats of sources and volumes.
        holds_images: Whether a volume can be an image of any format; otherwise what is in it is raw, or encrypted, and
            the format in its document may be about something else, such as the type of a partition.
    """

    name: ClassVar[str]
    hook_api: ClassVar[int]
    shape: ClassVar[PoolType] = PoolType()
    formats: ClassVar[Formats] = Formats()
    holds_images: ClassVar[bool] = False

    # Host

    def backend_probe(self) -> str | None:
        """Tell why pools of this type cannot work on this host, in a sentence with the remedy; None where they can.

        Cheap: it looks for a program or a device and starts nothing.
        """
        return None

    def backend_diagnose(self) -> Iterable[Finding]:
        """Look at everything it can use on this host, for `virtkit doctor`."""
        return ()

    # Pools

    def pool_check(self, pool: StoragePool) -> None:
        """Check a definition beyond its shape, and complete it in place. Storage is not looked at.

        Raises:
            XMLError: Something is missing or contradicts itself.
            ConfigUnsupportedError: It asks for what this backend does not do.
        """

    def pool_claims(self, pool: StoragePool) -> Iterable[str]:
        """Name what a pool takes for itself, such as `path:/srv/images` or `group:vg0`.

        Two definitions with a claim in common are refused: they would find each other's volumes. A claim means the same
        in every backend, so it starts with the sort of thing it names: `path:` a folder, `device:` a device of the host
        with all links resolved, `group:` a volume group, `target:` a name at a server.
        """
        return [f"path:{pool.target.path}"] if pool.target.path else []

    def pool_find_sources(self, source: PoolSource) -> Iterable[PoolSource]:
        """Find what could become a pool.

        Args:
            source: Where to look; empty where the caller said nothing.

        Raises:
            InvalidArgError: It lacks what is needed to look: a host.
            OperationFailedError: Looking failed.
            OperationUnsupportedError: Pools of this type cannot be found.
        """
        raise self.unsupported("be searched for")

    def pool_active(self, pool: StoragePool) -> bool:
        """Tell whether the storage of a pool is accessible now: mounted, activated, logged in.

        Asked once when a driver begins, of the pools that were active when the last one ended. A type that needs
        nothing to be done for it says whether the storage is there.
        """
        return True

    def pool_build(self, pool: StoragePool, *, overwrite: bool | None, guard: Guard) -> None:
        """Make what the pool stands on: folder, filesystem, volume group, partition table.

        Args:
            pool: Its definition.
            overwrite: True writes over what is there; False first makes sure that nothing is; None: as False for a type
                that writes on devices, and makes a folder for one that has one.
            guard: See the module.

        Raises:
            StoragePoolBuiltError: `overwrite` is False, and what was to be made is there.
            StorageProbeFailedError: `overwrite` is False, and something else is there.
            InvalidArgError: `overwrite` has no meaning for the type, and is not None.
        """
        raise self.unsupported("be built")

    def pool_start(self, pool: StoragePool, *, guard: Guard, secret: Secret) -> None:
        """Make the storage accessible: mount, activate, log in. Done already is no error.

        Args:
            pool: Its definition.
            guard: See the module.
            secret: Tells what to authenticate with.

        Raises:
            SystemCallError: The storage is not there; `int1` is the errno.
            OperationFailedError: A program or server refused.
        """

    def pool_stop(self, pool: StoragePool) -> None:
        """Undo `pool_start`. Done already is no error.

        Raises:
            SystemCallError: It is busy; `int1` is the errno.
            OperationFailedError: A program refused.
        """

    def pool_delete(self, pool: StoragePool, *, zeroed: bool) -> None:
        """Undo `pool_build`.

        Args:
            pool: Its definition.
            zeroed: Overwrite the data first.

        Raises:
            InvalidArgError: `zeroed`, and the backend cannot.
        """
        raise self.unsupported("be deleted")

    def pool_figures(self, pool: StoragePool) -> Figures:
        """Measure an active pool. Asked after every operation, so it should be cheap."""
        raise NotImplementedError

    def pool_describe(self, pool: StoragePool) -> None:
        """Complete the document of a pool that was just started or refreshed, such as with its target's permissions."""

    # Volumes

    def volume_list(self, pool: StoragePool, known: Mapping[str, Volume]) -> Iterable[Volume]:
        """The volumes of an active pool, in any order; each as it is now.

        Args:
            pool: The pool.
            known: What was found last, by name. One whose stamp has not changed may be handed back as it is.
        """
        raise NotImplementedError

    def volume_find(self, pool: StoragePool, name: str, known: Volume | None = None) -> Volume | None:
        """One volume as it is now; None where there is none of that name. It must not cost what listing costs."""
        return next((volume for volume in self.volume_list(pool, {}) if volume.name == name), None)

    def volume_name_of(self, pool: StoragePool, path: str) -> str | None:
        """The name that the volume at a path has in this pool, if it is in it; whether it is need not be looked up.

        Args:
            pool: The pool.
            path: An absolute path without repeated slashes; may be a link to the device.
        """
        folder, _, name = path.rpartition("/")
        return name if folder == pool.target.path else None

    def volume_describe(self, pool: StoragePool, volume: Volume) -> StorageVolume:
        """The document of a volume: everything but name, key, type, path and sizes, which the driver adds."""
        from virtkit.xml.volume import StorageVolume

        document = StorageVolume()
        document.target.format = volume.format or None
        return document

    def volume_check(self, pool: StoragePool, document: StorageVolume) -> None:
        """Check the document of a volume that is to be created, and complete it in place. The format is known by then.

        Raises:
            XMLError: The name is none that a volume of this type can have.
            ConfigUnsupportedError: It asks for what volumes of this type cannot be.
            OperationUnsupportedError: Volumes of this type cannot be created.
        """
        raise self.unsupported("have new volumes")

    def volume_create(self, pool: StoragePool, document: StorageVolume, *, guard: Guard) -> None:
        """Make room for a volume, whose contents the driver writes afterwards where it has any.

        It is as large as the document's capacity and takes up its allocation where the format is raw. It belongs to
        whom the document says, and before anything is in it. What it held before may still be in it, where volumes are
        devices. A backend that fails leaves nothing of it; what fails later is deleted by `volume_delete`.

        Raises:
            StorageVolExistsError: Something of that name is there.
            SystemCallError: There is no room; `int1` is the errno.
        """
        raise self.unsupported("have new volumes")

    def volume_clone(self, pool: StoragePool, document: StorageVolume, source: Volume, *, guard: Guard) -> bool:
        """Make a volume that is a copy of another one of its pool by the storage's own means, such as a snapshot.

        Asked before `volume_create`, which the driver calls where this says no, to copy the contents afterwards. What
        it makes is as the document says: so it says no to another format, size or encryption than it can give.

        Args:
            pool: The pool.
            document: The new volume, as `volume_check` left it; its capacity is no smaller than the source's.
            source: What it is to be a copy of; nobody changes it meanwhile through the driver.
            guard: See the module.

        Returns:
            Whether it is made, with its contents.

        Raises:
            StorageVolExistsError: Something of that name is there.
            SystemCallError: The storage refuses; `int1` is the errno.
        """
        return False

    def volume_delete(self, pool: StoragePool, volume: Volume, flags: int) -> None:
        """Delete a volume; also one that could not be completed.

        Args:
            pool: The pool.
            volume: The volume.
            flags: `virtkit.enums.StorageVolDeleteFlags` but ZEROED, which the driver does.

        Raises:
            InvalidArgError: A flag that it does not have.
            ResourceBusyError: It is open, or others stand on it.
        """
        raise self.unsupported("lose volumes")

    def volume_resize(self, pool: StoragePool, volume: Volume, capacity: int, *, allocate: bool, guard: Guard) -> None:
        """Change the capacity of a volume; that it may shrink has been settled.

        Args:
            pool: The pool.
            volume: The volume.
            capacity: Bytes.
            allocate: Reserve the new room.
            guard: See the module.

        Raises:
            InvalidArgError: `allocate`, and the format cannot.
            SystemCallError: There is no room; `int1` is the errno.
        """
        raise self.unsupported("have their volumes resized")

    def volume_open(self, pool: StoragePool, volume: Volume, *, write: bool) -> int:
        """A descriptor of the file or device, close-on-exec, which its caller closes.

        Raises:
            SystemCallError: It cannot be opened; `int1` is the errno.
            OperationUnsupportedError: It is a folder, or nothing with contents.
        """
        raise NotImplementedError

    # For subclasses

    def unsupported(self, what: str) -> OperationUnsupportedError:
        """The error for what this type of pools cannot do.

        Args:
            what: Completes "pools of type 'x' cannot ...".
        """
        return OperationUnsupportedError(f"pools of type {self.name!r} cannot {what}", domain=STORAGE)


PREFIXES = ("backend_", "pool_", "volume_")
"""What the names of methods that others call start with."""

NEEDED = ("pool_figures", "volume_list", "volume_open")
"""The methods without which a backend is not loaded."""

METHODS = {name: method for name, method in vars(StorageBackend).items() if name.startswith(PREFIXES)}
"""The methods of the specification by name."""
