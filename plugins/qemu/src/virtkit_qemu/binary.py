"""The QEMU binaries of a host and what they can do, asked once per binary and remembered.

binaries = Binaries(Path("/var/cache/virtkit/qemu"))
path = binaries.find("x86_64")                            # /usr/bin/qemu-system-x86_64
binaries.facts(path).machine("pc").name                   # pc-i440fx-7.2
binaries.kvm(path).works
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from virtkit.enums import ErrorDomain
from virtkit.errors import InternalError, SystemCallError, VirtError
from virtkit.services.runner import find_program, run
from virtkit.store.files import make_folder, replace
from virtkit_qemu import kvm
from virtkit_qemu.facts import Facts, answers, decode, encode, facts_of, script
from virtkit_qemu.kvm import KVM

HOST = platform.machine()
PROBE_SECONDS = 30.0
LOOK_SECONDS = 1.0
"""How long a look at a binary counts: it takes as long as to read a definition, and these come in rows."""

# libvirt's name of an architecture -> QEMU's, where they differ.
TARGETS = {"i686": "i386", "armv6l": "arm", "armv7l": "arm", "ppcle": "ppc", "ppc64le": "ppc64", "parisc": "hppa"}
# What distributions that ship one QEMU only call it.
HOST_ONLY = ("/usr/libexec/qemu-kvm", "qemu-kvm", "kvm")
# Where QEMU's loadable modules are: installing one gives a binary further devices.
MODULE_FOLDERS = (f"/usr/lib/{HOST}-linux-gnu/qemu", "/usr/lib64/qemu", "/usr/lib/qemu")

_log = logging.getLogger(__name__)


@frozen
class Fingerprint:
    """What changes when a binary is replaced.

    Attributes:
        path: Where it is, links followed.
        device: Number of its file system.
        inode: Its inode.
        size: Its size in bytes.
        changed: When its content changed, in nanoseconds since the epoch.
        modules_changed: When a loadable module came or went, likewise; 0 when there are none.
    """

    path: str
    device: int
    inode: int
    size: int
    changed: int
    modules_changed: int

    @classmethod
    def of(cls, binary: Path) -> Fingerprint:
        """The fingerprint of a binary.

        Raises:
            SystemCallError: There is no such file.
        """
        try:
            real = binary.resolve(strict=True)
            status = real.stat()
        except OSError as cause:
            raise SystemCallError(
                f"cannot use the emulator {binary}: {cause.strerror}; install QEMU or correct <emulator>",
                domain=ErrorDomain.QEMU,
                int1=cause.errno or -1,
            ) from cause
        return cls(str(real), *_state(status))

    def is_of(self, binary: Path) -> bool:
        """Whether a binary has this fingerprint still: to ask is a third of the price of taking it again."""
        try:
            state = _state(os.stat(binary))
        except OSError:
            return False
        return state == (self.device, self.inode, self.size, self.changed, self.modules_changed)


def _state(status: os.stat_result) -> tuple[int, int, int, int, int]:
    """What a fingerprint holds beside the path."""
    modules = max(map(_changed, MODULE_FOLDERS))
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, modules


def _changed(folder: str) -> int:
    """When something came into a folder or went, in nanoseconds since the epoch; 0 when there is none."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


class Binaries:
    """The QEMU binaries of this host. Thread-safe; a binary is asked once however many want to know.

    Args:
        cache: Folder that answers are kept in; made when needed. What cannot be kept there is asked again.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._facts: dict[Path, tuple[Fingerprint, Facts]] = {}
        self._installed: dict[str, tuple[Path, float]] = {}
        self._current_until: dict[Path, float] = {}
        self._kvm: dict[Path, tuple[dict[str, Any], KVM]] = {}

    def find(self, architecture: str) -> Path | None:
        """The installed binary for an architecture, as `find` has it; what changed is noticed a second later."""
        known, until = self._installed.get(architecture, (None, 0.0))
        now = time.monotonic()
        if now >= until:
            known = find(architecture)
            if known is not None:
                self._installed[architecture] = known, now + LOOK_SECONDS
        return known

    def facts(self, binary: Path) -> Facts:
        """What a binary can do; one that was replaced is noticed a second later.

        Raises:
            SystemCallError: There is no such binary; `int1` is the errno.
            InternalError: It is no usable QEMU; the message has what it printed.
            OperationTimeoutError: It does not answer.
        """
        if time.monotonic() < self._current_until.get(binary, 0.0):
            return self._facts[binary][1]
        with self._locks[f"facts {binary}"]:
            known = self._facts.get(binary)
            if known is None or not known[0].is_of(binary):
                fingerprint = Fingerprint.of(binary)
                known = self._stored_facts(binary)
                if known is None or known[0] != fingerprint:
                    known = fingerprint, probe(binary)
                    self._keep(binary, "facts", encode(asdict(fingerprint), known[1]))
                self._facts[binary] = known
            self._current_until[binary] = time.monotonic() + LOOK_SECONDS
            return known[1]

    def kvm(self, binary: Path) -> KVM:
        """Whether KVM works with a binary. Takes a second or more when it was never asked and KVM does not work.

        Raises:
            VirtError: As `facts`.
        """
        facts = self.facts(binary)
        machine = next((name for name in kvm.MACHINES if facts.machine(name)), None)
        if not facts.kvm or machine is None:
            return KVM(False, f"{binary} was built without KVM for this host")
        # What is run to find out needs a 64-bit CPU, and KVM is the same for both.
        wider = find("x86_64") if facts.target == "i386" else None
        if wider is not None:
            return self.kvm(wider)
        circumstances = {**asdict(Fingerprint.of(binary)), **_host()}
        with self._locks[f"kvm {binary}"]:
            known = self._kvm.get(binary) or self._stored_kvm(binary)
            if known is None or known[0] != circumstances:
                known = circumstances, kvm.probe(binary, machine)
                if known[1].certain:
                    document = {"circumstances": circumstances, "kvm": asdict(known[1])}
                    self._keep(binary, "kvm", json.dumps(document).encode())
            self._kvm[binary] = known
            return known[1]

    def _stored_facts(self, binary: Path) -> tuple[Fingerprint, Facts] | None:
        try:
            identity, facts = decode(self._path(binary, "facts").read_bytes())
            return Fingerprint(**identity), facts
        except (OSError, ValueError, TypeError):
            return None  # whatever it is, it is asked again and replaced

    def _stored_kvm(self, binary: Path) -> tuple[dict[str, Any], KVM] | None:
        try:
            document = json.loads(self._path(binary, "kvm").read_bytes())
            return document["circumstances"], KVM(**document["kvm"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _keep(self, binary: Path, topic: str, document: bytes) -> None:
        try:
            make_folder(self._cache)
            replace(self._path(binary, topic), document)
        except (OSError, VirtError) as error:
            _log.warning("What is known of %s is not kept for the next start: %s", binary, error)

    def _path(self, binary: Path, topic: str) -> Path:
        import hashlib  # brings OpenSSL, 4 MiB that a daemon without guests saves

        return self._cache / f"{binary.name}-{hashlib.sha256(os.fsencode(binary)).hexdigest()[:12]}.{topic}.json"


def find(architecture: str) -> Path | None:
    """The installed binary that emulates an architecture.

    Args:
        architecture: libvirt's name of it, as in <type arch=''>.

    Returns:
        None when none is installed.
    """
    key = architecture, os.environ.get("PATH")
    known = _found.get(key)
    if known is None or not os.access(known, os.X_OK):
        programs = map(find_program, candidates(architecture, HOST))
        known = next((Path(path) for path in programs if path), None)
        if known is None:
            return None
        _found[key] = known
    return known


_found: dict[tuple[str, str | None], Path] = {}
"""Architecture and PATH -> the binary that was found: to look takes a hundred microseconds."""


def candidates(architecture: str, host: str) -> tuple[str, ...]:
    """What the binary for an architecture may be called on a host, in order of preference."""
    own = (f"qemu-system-{TARGETS.get(architecture, architecture)}",)
    if architecture == host:
        return own + HOST_ONLY
    # A 64-bit x86 runs the programs of a 32-bit one.
    return (*own, "qemu-system-x86_64") if architecture == "i686" else own


def package(architecture: str) -> str:
    """The Debian package that has the binary for an architecture."""
    families = {"x86_64": "x86", "i686": "x86", "aarch64": "arm", "armv6l": "arm", "armv7l": "arm"}
    families |= dict.fromkeys(("ppc", "ppc64", "ppcle", "ppc64le"), "ppc") | dict.fromkeys(("mips", "mipsel"), "mips")
    return f"qemu-system-{families.get(architecture, 'misc')}"


def probe(binary: Path) -> Facts:
    """Ask a binary what it can do; without a cache.

    Raises:
        InternalError: It is no usable QEMU; the message has what it printed.
        OperationTimeoutError: It does not answer.
    """
    # Without TCG, as some distributions build it, facts are still told.
    alone = ("-S", "-no-user-config", "-nodefaults", "-display", "none", "-machine", "none,accel=tcg:kvm")
    command = [str(binary), *alone, "-qmp", "stdio"]
    with _memory() as told:  # QEMU drops what a full pipe has not taken when it quits
        run(command, stdin=script(), stdout=told, timeout=PROBE_SECONDS, domain=ErrorDomain.QEMU)
        output = os.pread(told, os.fstat(told).st_size, 0)
    try:
        return facts_of(answers(output))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        said = output[:200].decode(errors="replace")
        raise InternalError(
            f"the emulator {binary} is no QEMU that can be used, it answered {said!r}; correct <emulator>",
            domain=ErrorDomain.QEMU,
        ) from cause


@contextmanager
def _memory() -> Iterator[int]:
    """A descriptor of a file in memory."""
    file = os.memfd_create("virtkit-qemu-probe")
    try:
        yield file
    finally:
        os.close(file)


def _host() -> dict[str, Any]:
    """What changes when the host's KVM may work differently: its kernel, the device node and who we are."""
    kernel = os.uname()
    try:
        node = kvm.DEVICE.stat()
        device = [node.st_rdev, node.st_ino, node.st_ctime_ns]
    except OSError:
        device = []
    return {"kernel": f"{kernel.release} {kernel.version}", "kvm_device": device, "user": os.geteuid()}
