"""Images are made, copied and resized by the program qemu-img.

    create(file, "qcow2", 2**30, Options(lazy_refcounts=True), subject="volume 'a'")
    convert(Opening(source, "qcow2", [Layer("/pool/base", "raw")]), file, "raw", 2**30)

What is worth knowing:

* A file is a path, or a descriptor that the caller opened: qemu-img then gets `/proc/self/fd/N` and never a path that
  somebody may exchange meanwhile.
* qemu-img never guesses a format and never follows what a header names: images are opened by a description of every
  layer, which ends the chain. Only a data file of qcow2 and the extents of VMDK cannot be closed off in this way: who
  calls refuses sources that `virtkit.storage.image` tells to be `external`.
* Passphrases go through memory that is passed as a descriptor: they are in no argument list and on no disk.
* A target that failed or was cancelled is left as it is: who opened it removes it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    InvalidSecretError,
    OperationFailedError,
    ResourceBusyError,
    SystemCallError,
    VirtError,
)
from virtkit.services.runner import ProgramError, find_program, run
from virtkit.storage.image import MAX_SIZE
from virtkit.xml.storage import Encryption

PROGRAM = "qemu-img"
PACKAGES = "qemu-utils on Debian and Ubuntu, qemu-img on Fedora and RHEL, qemu-tools on SUSE"

TIMEOUT = 120.0
"""Seconds for what writes little more than headers; the key of a LUKS image takes some of them on a slow machine."""

COPY_TIMEOUT = 7 * 24 * 3600.0
"""Seconds for what writes whole images: a limit for what hangs, slow storage copies some TiB a day."""

ATTEMPTS = 20
"""How often qemu-img is asked for an encrypted image: it measures how many rounds the key's derivation is to have, and
gives up where others keep the processor busy while it does."""

_UNMEASURED = b"Unable to get accurate CPU usage"

PREALLOCATE = ("", "metadata", "falloc", "full")

Guard = Callable[[], object]

File = str | int
"""Path or open descriptor of a file or block device."""

_SAME = ("raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vhdx", "vpc", "bochs", "cloop", "dmg")
_DRIVERS = {**dict(zip(_SAME, _SAME, strict=True)), "iso": "raw", "vhd": "vpc", "ploop": "parallels"}
"""QEMU's drivers by libvirt's formats."""

_ENCRYPTIONS = {"default": "luks", "luks": "luks", "qcow": "aes"}
"""QEMU's formats of encryption by libvirt's."""

_ENCRYPTED = {("raw", "luks"), ("qcow2", "luks"), ("qcow2", "aes"), ("qcow", "aes")}
"""What qemu-img encrypts, and how."""

_STEPS = {
    errno.ENOSPC: "free space where it lies",
    errno.EDQUOT: "free space, or raise the quota",
    errno.EFBIG: "its file system holds no file of this size: choose a smaller one, or another pool",
    errno.EROFS: "mount its file system for writing",
    errno.EACCES: "correct its permissions",
    errno.EPERM: "correct its permissions and attributes",
    errno.EIO: "check the storage; the kernel's log says more",
    errno.ENOENT: "refresh the pool",
}
"""What to do, by the errno whose text qemu-img wrote."""


class Layer(NamedTuple):
    """An image under another one, which the caller has vetted; it is not encrypted."""

    file: File
    format: str


@attrs.frozen
class Opening:
    """An image that exists, and all that is needed to open it: nothing of this is taken from its header.

    Attributes:
        file: Where it is.
        format: In libvirt's words; `raw` with a passphrase is LUKS.
        backing: The layers below, topmost first; where the header names others, these are used.
        passphrase: Opens an encrypted image.
    """

    file: File
    format: str
    backing: Sequence[Layer] = ()
    passphrase: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Options:
    """How an image is made; what is not said is qemu-img's choice.

    Attributes:
        compat: Version of qcow2: `0.10` or `1.1`.
        cluster_size: Bytes.
        lazy_refcounts: Whether qcow2 writes its reference counts late.
        extended_l2: Whether qcow2 divides its clusters.
        nocow: Whether the file system is told not to copy on write.
        backing: Name of the backing file, for the header; it is not opened.
        backing_format: Its format; required with `backing`.
        preallocate: What is written beforehand: one of `PREALLOCATE`.
        encryption: How the image is encrypted: cipher and initialization vectors, where they are not QEMU's.
    """

    compat: str | None = None
    cluster_size: int | None = None
    lazy_refcounts: bool = False
    extended_l2: bool = False
    nocow: bool = False
    backing: str | None = None
    backing_format: str | None = None
    preallocate: str = attrs.field(default="", validator=attrs.validators.in_(PREALLOCATE))
    encryption: Encryption | None = None


PLAIN = Options()


def create(
    file: File,
    format: str,
    capacity: int,
    options: Options = PLAIN,
    *,
    passphrase: bytes | None = None,
    subject: str = "",
    guard: Guard | None = None,
) -> None:
    """Make an image; a file that exists is emptied first, a block device is written from its start.

    Args:
        file: Where.
        format: In libvirt's words; `raw` with an encryption is LUKS.
        capacity: Bytes that a guest sees; some formats round them up.
        options: Everything else.
        passphrase: Goes with an encryption.
        subject: What errors call the image; its path unless given.
        guard: Called now and then; what it raises ends qemu-img (`Job.check`).

    Raises:
        ConfigUnsupportedError: qemu-img does not know the format or the encryption.
        InvalidArgError: The capacity or the path is impossible, or a part of a pair is missing.
        SystemCallError: The system refused, `int1` is the errno; or qemu-img is not installed.
        OperationFailedError: qemu-img failed otherwise; the message quotes it.
        OperationTimeoutError: It did not end in time.
    """
    with _Program(subject or _called(file), "made") as program:
        place, secret = program.place(file), program.secret(passphrase)
        arguments = arguments_of_create(place.path, format, capacity, options, secret)
        program.run(arguments, COPY_TIMEOUT if options.preallocate else TIMEOUT, guard)


def convert(
    source: Opening,
    file: File,
    format: str,
    capacity: int,
    options: Options = PLAIN,
    *,
    passphrase: bytes | None = None,
    subject: str = "",
    guard: Guard | None = None,
) -> None:
    """Make an image as `create` does and copy another one into it; holes stay holes.

    With a backing file, only what the topmost layer of the source holds is copied: the caller sees to it that the new
    image has the backing file that the source has, `source.backing`.

    Args:
        source: What is copied.
        file: Where the new image is made.
        format: Its format.
        capacity: Bytes that a guest sees of it: as many as of the source, or more.
        options: How it is made.
        passphrase: Its own; goes with an encryption.
        subject: What errors call the new image; its path unless given.
        guard: Called now and then; what it raises ends qemu-img (`Job.check`).

    Raises:
        InvalidSecretError: The passphrase of the source does not open it.
        ResourceBusyError: Something, a guest for example, writes to the source.
        VirtError: As for `create`.
    """
    create(file, format, capacity, options, passphrase=passphrase, subject=subject, guard=guard)
    below = () if options.backing is None else source.backing
    _copy(source, Opening(file, format, below, passphrase), options, True, subject, guard)


def copy_into(source: Opening, target: Opening, *, subject: str = "", guard: Guard | None = None) -> None:
    """Copy an image into another one that exists, a block device for example, over all that it held.

    Args:
        source: What is copied.
        target: Where to; a larger one keeps what is beyond.
        subject: What errors call the target; its path unless given.
        guard: Called now and then; what it raises ends qemu-img (`Job.check`).

    Raises:
        VirtError: As for `convert`.
    """
    _copy(source, target, PLAIN, False, subject, guard)


def resize(
    image: Opening,
    capacity: int,
    *,
    shrink: bool = False,
    preallocate: str = "",
    subject: str = "",
    guard: Guard | None = None,
) -> None:
    """Give an image another capacity.

    Args:
        image: With all its layers: what a backing file holds beyond the old capacity must not come to light.
        capacity: Bytes that a guest sees.
        shrink: Whether data may be lost at the end.
        preallocate: How what is added is preallocated: one of `PREALLOCATE`.
        subject: What errors call the image; its path unless given.
        guard: Called now and then; what it raises ends qemu-img (`Job.check`).

    Raises:
        VirtError: As for `convert`.
    """
    with _Program(subject or _called(image.file), "resized") as program:
        node = program.node(image)
        arguments = arguments_of_resize(node, capacity, program.secrets, shrink=shrink, preallocate=preallocate)
        program.run(arguments, COPY_TIMEOUT, guard)


class Place(NamedTuple):
    """Where a layer is, and QEMU's driver for that: `file` or `host_device`."""

    path: str
    driver: str = "file"


class Secret(NamedTuple):
    """A passphrase: QEMU's name for it, and the file that holds it."""

    id: str
    path: str


Node = dict[str, Any]
"""A layer and those below it, as QEMU's `BlockdevOptions` of `blockdev-add` describe them."""


def node_of(place: Place, format: str, secret: Secret | None = None, backing: Node | None = None) -> Node:
    """The description of a layer; without `backing` nothing is below it, whatever its header says."""
    driver = _driver(format)
    node: Node = {"driver": driver, "file": {"driver": place.driver, "filename": place.path}, "backing": backing}
    if secret is not None:
        opens = {"key-secret": secret.id}
        node |= {"driver": "luks", **opens} if driver == "raw" else {"encrypt": opens}
    return node


def arguments_of_create(
    path: str, format: str, capacity: int, options: Options = PLAIN, secret: Secret | None = None
) -> list[str]:
    """The command that makes an image.

    Raises:
        ConfigUnsupportedError: qemu-img does not know the format or the encryption.
        InvalidArgError: The capacity is impossible, or a part of a pair is missing.
    """
    if (options.backing is None) != (options.backing_format is None):
        raise _invalid("a backing file and its format go together: give both", "backing_format")
    if options.backing is not None and not _passable(options.backing):
        raise _invalid(f"{options.backing!r} is no path that {PROGRAM} takes: give it in UTF-8", "backing")
    if (options.encryption is None) != (secret is None):
        raise _invalid("an encryption and a passphrase go together: give both", "passphrase")
    kind = _encryption(format, options.encryption)
    details = dict(_details(options))
    if kind and secret:
        details |= _encryption_details(format, kind, options.encryption, secret)
    arguments = [PROGRAM, "create", "-q", "-f", "luks" if kind and format == "raw" else _driver(format)]
    arguments += _objects([secret] if secret else [])
    if details:
        arguments += ["-o", ",".join(f"{name}={_escaped(value)}" for name, value in details.items())]
    if options.backing is not None and options.backing_format is not None:
        arguments += ["-u", "-b", options.backing, "-F", _driver(options.backing_format)]
    return [*arguments, path, _bytes(capacity)]


def arguments_of_copy(
    source: Node,
    target: Node,
    secrets: Sequence[Secret] = (),
    *,
    zero: bool = False,
    backing: tuple[str, str] | None = None,
) -> list[str]:
    """The command that copies an image into one that exists.

    Args:
        source: What is copied.
        target: Where to.
        secrets: Those that the two name.
        zero: Whether the target reads as zeros, so that holes need not be written.
        backing: Name and format of the backing file, when only what is above it is to be copied.
    """
    arguments = [PROGRAM, "convert", "-q", "-n", *_objects(secrets)]
    if backing is not None:
        arguments += ["-B", backing[0], "-F", _driver(backing[1])]
    elif zero:
        arguments += ["--target-is-zero"]
    return [*arguments, "-O", target["driver"], _json(source), _json(target)]


def arguments_of_resize(
    image: Node, capacity: int, secrets: Sequence[Secret] = (), *, shrink: bool = False, preallocate: str = ""
) -> list[str]:
    """The command that resizes an image.

    Raises:
        InvalidArgError: The capacity is impossible.
    """
    arguments = [PROGRAM, "resize", "-q", *_objects(secrets)]
    if preallocate:
        arguments += [f"--preallocation={preallocate}"]
    if shrink:
        arguments += ["--shrink"]
    return [*arguments, _json(image), _bytes(capacity)]


def _driver(format: str) -> str:
    driver = _DRIVERS.get(format)
    if driver is None:
        raise _unsupported(f"{PROGRAM} has no images of format {format!r}: choose one of {', '.join(sorted(_DRIVERS))}")
    return driver


def _encryption(format: str, encryption: Encryption | None) -> str | None:
    """QEMU's word for an encryption; None: there is none."""
    if encryption is None:
        return None
    kind = _ENCRYPTIONS.get(encryption.format or "default", "")
    if (format, kind) not in _ENCRYPTED:
        raise _unsupported(
            f"{PROGRAM} does not encrypt images of format {format!r} as {encryption.format!r}: choose the encryption "
            "'luks' and the format raw or qcow2"
        )
    return kind


def _details(options: Options) -> Iterator[tuple[str, str]]:
    if options.compat is not None:
        yield "compat", options.compat
    if options.cluster_size is not None:
        yield "cluster_size", str(options.cluster_size)
    for name in ("lazy_refcounts", "extended_l2", "nocow"):
        if getattr(options, name):
            yield name, "on"
    if options.preallocate:
        yield "preallocation", options.preallocate


def _encryption_details(format: str, kind: str, encryption: Encryption | None, secret: Secret) -> dict[str, str]:
    cipher = encryption.cipher if encryption else None
    ivgen = encryption.ivgen if encryption else None
    details: dict[str, str | None] = {"key-secret": secret.id}
    if cipher is not None:
        algorithm = f"{cipher.name}-{cipher.size}" if cipher.name and cipher.size else cipher.name
        details |= {"cipher-alg": algorithm, "cipher-mode": cipher.mode, "hash-alg": cipher.hash}
    if ivgen is not None:
        details |= {"ivgen-alg": ivgen.name, "ivgen-hash-alg": ivgen.hash}
    given = {name: value for name, value in details.items() if value}
    if format == "raw":
        return given
    return {"encrypt.format": kind, **{f"encrypt.{name}": value for name, value in given.items()}}


def _objects(secrets: Sequence[Secret]) -> list[str]:
    return [part for secret in secrets for part in ("--object", f"secret,id={secret.id},file={_escaped(secret.path)}")]


def _escaped(value: str) -> str:
    """A value among options that commas separate."""
    return value.replace(",", ",,")


def _json(node: Node) -> str:
    return "json:" + json.dumps(node, ensure_ascii=False)


def _passable(text: str) -> bool:
    """Whether it can be an argument and stand in JSON."""
    return "\0" not in text and text == text.encode(errors="replace").decode()


def _bytes(capacity: int) -> str:
    if not 0 <= capacity <= MAX_SIZE:
        raise _invalid(f"a capacity of {capacity} bytes is impossible: give 0 to 2**63 - 1", "capacity")
    return str(capacity)


def _invalid(message: str, argument: str) -> InvalidArgError:
    return InvalidArgError(message, domain=ErrorDomain.STORAGE, str2=argument)


def _unsupported(message: str) -> ConfigUnsupportedError:
    return ConfigUnsupportedError(message, domain=ErrorDomain.STORAGE)


def _called(file: File) -> str:
    return f"the image {file}" if isinstance(file, str) else "the image"


def _copy(source: Opening, target: Opening, options: Options, fresh: bool, subject: str, guard: Guard | None) -> None:
    with _Program(subject or _called(target.file), "filled") as program:
        nodes = program.node(source), program.node(target)
        # A new file reads as zeros, except through a cipher; a block device keeps what it held.
        zero = fresh and nodes[1]["file"]["driver"] == "file" and nodes[1]["driver"] != "luks"
        backing = None
        if options.backing is not None and options.backing_format is not None:
            backing = options.backing, options.backing_format
        arguments = arguments_of_copy(*nodes, program.secrets, zero=zero, backing=backing)
        program.run(arguments, COPY_TIMEOUT, guard)


class _Program:
    """One run of qemu-img: what it inherits, and what errors call the image."""

    def __init__(self, subject: str, deed: str) -> None:
        self.secrets: list[Secret] = []
        self._subject = subject
        self._deed = deed
        self._passed: set[int] = set()
        self._own: list[int] = []

    def __enter__(self) -> _Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._own:
            os.close(file)

    def place(self, file: File) -> Place:
        if isinstance(file, int):
            self._passed.add(file)
            path = f"/proc/self/fd/{file}"
        else:
            path = os.path.join(os.getcwd(), file)
            if not _passable(path):
                raise _invalid(f"{self._subject}: {file!r} is no path that {PROGRAM} takes: give it in UTF-8", "file")
        try:
            block = stat.S_ISBLK(os.stat(file).st_mode)
        except OSError:  # it is to be made, or qemu-img says what is wrong with it
            block = False
        return Place(path, "host_device" if block else "file")

    def secret(self, passphrase: bytes | None) -> Secret | None:
        if passphrase is None:
            return None
        file = os.memfd_create("secret")
        self._own.append(file)
        self._passed.add(file)
        with open(file, "wb", closefd=False) as memory:
            memory.write(passphrase)
        secret = Secret(f"secret{len(self.secrets)}", f"/proc/self/fd/{file}")
        self.secrets.append(secret)
        return secret

    def node(self, opening: Opening) -> Node:
        below: Node | None = None
        for layer in reversed(opening.backing):
            below = node_of(self.place(layer.file), layer.format, None, below)
        return node_of(self.place(opening.file), opening.format, self.secret(opening.passphrase), below)

    def run(self, arguments: Sequence[str], timeout: float, guard: Guard | None, attempts: int = ATTEMPTS) -> None:
        try:
            run(arguments, timeout=timeout, pass_fds=self._passed, guard=guard, domain=ErrorDomain.STORAGE)
        except ProgramError as error:
            if _UNMEASURED in error.stderr and attempts > 1:
                self.run(arguments, timeout, guard, attempts - 1)
                return
            raise self._failure(error) from error
        except SystemCallError as error:
            if find_program(PROGRAM) is not None:
                raise
            message = f"{self._subject} cannot be {self._deed}: {PROGRAM} is not installed; install {PACKAGES}"
            raise SystemCallError(message, domain=ErrorDomain.STORAGE, int1=errno.ENOENT) from error

    def _failure(self, error: ProgramError) -> VirtError:
        said = error.stderr.decode(errors="replace")
        message = f"{self._subject} cannot be {self._deed}: {error.message}"
        for code, step in _STEPS.items():
            if os.strerror(code) in said:
                return SystemCallError(f"{message}; {step}", domain=ErrorDomain.STORAGE, int1=code)
        if "Invalid password" in said:
            return InvalidSecretError(f"{message}; correct the secret's value", domain=ErrorDomain.STORAGE)
        if "Failed to get" in said and " lock" in said:
            return ResourceBusyError(f"{message}; shut down the guest that uses it", domain=ErrorDomain.STORAGE)
        return OperationFailedError(f"{message}; correct what it complains of", domain=ErrorDomain.STORAGE)
