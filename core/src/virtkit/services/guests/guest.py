"""A guest: its definition, and the run it is in while it is active."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import attrs

from virtkit.enums import DomainEventStoppedDetailType, DomainShutoffReason, DomainState
from virtkit.errors import OperationInvalidError
from virtkit.refs import NO_ID, DomainRef
from virtkit.xml.domain import Domain


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
class GuestRun:
    """A guest from its start to its end; a driver's own run inherits it.

    Attributes:
        live: The document it runs with; its `id` is that of the run.
        folder: Folder of this run alone.
        ending: How it is about to end, where that is known before it is gone.
        updated: Its definition has changed since it was started.
    """

    live: Domain
    folder: Path
    ending: Ending | None = attrs.field(default=None, kw_only=True)
    updated: bool = attrs.field(default=False, kw_only=True)

    @property
    def number(self) -> int:
        """The id of the domain."""
        assert self.live.id is not None
        return self.live.id

    def let_go(self) -> None:
        """Close what this process has open of it; the guest runs on."""
        raise NotImplementedError


R = TypeVar("R", bound=GuestRun)


@attrs.define(eq=False)
class Guest(Generic[R]):
    """A domain of a driver.

    Attributes:
        error_domain: `virtkit.enums.ErrorDomain` of errors about it.
        config: The stored definition, as canonical XML; None: it is transient.
        autostart: It is to be started with the driver.
        state: Its state, and `reason` the reason as a number of the enumeration that belongs to it.
        run: What it runs in; None while it is off.
    """

    name: str
    uuid: bytes
    error_domain: int
    config: bytes | None = None
    autostart: bool = False
    state: DomainState = DomainState.SHUTOFF
    reason: int = DomainShutoffReason.UNKNOWN
    run: R | None = None

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
                f"{self.subject} is transient: it has no stored definition; define it first", domain=self.error_domain
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

    def running(self) -> R:
        """The run it is in.

        Raises:
            OperationInvalidError: It is off.
        """
        if self.run is None:
            raise OperationInvalidError(f"{self.subject} is not running: start it first", domain=self.error_domain)
        return self.run
