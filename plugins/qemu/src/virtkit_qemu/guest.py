"""A guest: its definition, and the run it is in while it is active."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import attrs

from virtkit.enums import (
    DomainEventStoppedDetailType,
    DomainShutoffReason,
    DomainState,
    ErrorDomain,
)
from virtkit.errors import OperationInvalidError
from virtkit.refs import NO_ID, DomainRef
from virtkit.xml.domain import Domain
from virtkit_qemu.agent import Line
from virtkit_qemu.emulator import Emulator
from virtkit_qemu.process import Process
from virtkit_qemu.qmp import Monitor
from virtkit_qemu.volumes import Places

MONITOR = "monitor.sock"
PID_FILE = "qemu.pid"


class Figures(NamedTuple):
    """What is asked of a document most often.

    Attributes:
        memory: The most memory, in KiB; `current` what it has now.
        vcpus: vCPUs it starts with, of at most `max_vcpus`.
    """

    memory: int
    current: int
    vcpus: int
    max_vcpus: int
    os_type: str

    @classmethod
    def of(cls, document: Domain) -> Figures:
        """The figures of a complete document."""
        memory = (document.memory.size if document.memory else None) or 0
        vcpu, kind = document.vcpu, document.os.type
        maximum = (vcpu.maximum if vcpu else None) or 1
        current = (vcpu.current if vcpu else None) or maximum
        return cls(memory, document.current_memory or memory, current, maximum, (kind.type if kind else None) or "hvm")


@lru_cache(maxsize=4096)
def figures_of(config: bytes) -> Figures:
    """The figures of a stored definition; parsing one takes longer than everything else in such a call."""
    return Figures.of(Domain.parse(config))


class Ending(NamedTuple):
    """How a run ended: why the domain is off, and the detail of the event that tells it."""

    reason: DomainShutoffReason
    detail: DomainEventStoppedDetailType


@attrs.define(eq=False)
class Run:
    """A guest from its start to its end.

    Attributes:
        live: The document it runs with; its `id` is that of the run.
        folder: Folder of this run alone.
        volumes: Where the volumes are that its disks name.
        emulator: The QEMU, while this process owns the root and has it in hand.
        connecting: The monitor on which an adoption waits for QEMU to answer.
        process: The QEMU as seen by a process that only reads; None where its pid file cannot be read.
        ending: How it is about to end, where that is known before QEMU is gone.
        fake_reboot: When it shuts down it is to be started again instead.
        powerdown: It was asked to shut down.
        updated: Its definition has changed since it was started.
    """

    live: Domain
    folder: Path
    volumes: Places = attrs.field(factory=dict)
    emulator: Emulator | None = None
    connecting: Monitor | None = None
    process: Process | None = None
    ending: Ending | None = None
    fake_reboot: bool = False
    powerdown: bool = False
    updated: bool = False

    @property
    def number(self) -> int:
        """The id of the domain."""
        assert self.live.id is not None
        return self.live.id

    @property
    def monitor_path(self) -> Path:
        """Where the monitor is served."""
        return self.folder / MONITOR

    @property
    def pid_file(self) -> Path:
        """Where the identity of the process is kept."""
        return self.folder / PID_FILE

    def let_go(self) -> None:
        """Close what this process has open of it; the guest runs on."""
        if self.connecting is not None:
            self.connecting.close()
        if self.emulator is not None:
            self.emulator.close()
        if self.process is not None:
            self.process.close()

    @property
    def pid(self) -> int | None:
        """The process id of QEMU as far as it is in sight."""
        process = self.emulator.process if self.emulator else self.process
        return process.pid if process else None


@attrs.define(eq=False)
class Guest:
    """A domain of this driver.

    Attributes:
        config: The stored definition, as canonical XML; None: it is transient.
        autostart: It is to be started with the driver.
        state: Its state, and `reason` the reason as a number of the enumeration that belongs to it.
        run: What it runs in; None while it is off.
        agent: What the conversations with its agent share.
    """

    name: str
    uuid: bytes
    config: bytes | None = None
    autostart: bool = False
    state: DomainState = DomainState.SHUTOFF
    reason: int = DomainShutoffReason.UNKNOWN
    run: Run | None = None
    agent: Line = attrs.field(factory=Line)

    @property
    def ref(self) -> DomainRef:
        """What names it."""
        return DomainRef(self.name, self.uuid, self.run.number if self.run else NO_ID)

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"domain {self.name!r}"

    def definition(self, *, validate: bool = False) -> Domain:
        """The stored definition; a copy of its own for each caller.

        Raises:
            OperationInvalidError: It is transient.
            XMLInvalidSchemaError: `validate`, and it has names nobody knows.
        """
        if self.config is None:
            raise OperationInvalidError(
                f"{self.subject} is transient: it has no stored definition; define it first", domain=ErrorDomain.QEMU
            )
        return Domain.parse(self.config, validate=validate)

    def document(self) -> Domain:
        """What it runs with, else its definition; not to be changed."""
        return self.run.live if self.run else self.definition()

    def figures(self) -> Figures:
        """Of what it runs with, else of its definition."""
        if self.run is not None or self.config is None:
            return Figures.of(self.document())
        return figures_of(self.config)

    def running(self) -> Run:
        """The run it is in.

        Raises:
            OperationInvalidError: It is off.
        """
        if self.run is None:
            raise OperationInvalidError(f"{self.subject} is not running: start it first", domain=ErrorDomain.QEMU)
        return self.run
