"""Domains: virtual machines and containers. One module per topic, as in the hook specifications."""

from __future__ import annotations

from virtkit.api.checkpoint import DomainCheckpoints
from virtkit.api.domain.block import DomainBlock
from virtkit.api.domain.definition import DomainDefinition
from virtkit.api.domain.devices import DomainDevices
from virtkit.api.domain.guest import DomainGuest
from virtkit.api.domain.lifecycle import DomainLifecycle
from virtkit.api.domain.lxc import DomainLxc
from virtkit.api.domain.migration import DomainMigration
from virtkit.api.domain.qemu import DomainQemu
from virtkit.api.domain.resources import DomainResources
from virtkit.api.domain.statistics import DomainStatistics
from virtkit.api.snapshot import DomainSnapshots


class Domain(
    DomainDefinition,
    DomainLifecycle,
    DomainStatistics,
    DomainResources,
    DomainDevices,
    DomainBlock,
    DomainGuest,
    DomainMigration,
    DomainSnapshots,
    DomainCheckpoints,
    DomainQemu,
    DomainLxc,
):
    """A virtual machine or container.

    The handle stays good when the domain is renamed, stopped or redefined: the UUID finds it. Its `name` and `id` are
    those last known, from the lookup or from `create`, `destroy` and `rename` on this handle.
    """

    __slots__ = ()

    @property
    def id(self) -> int:
        """The id while it runs, -1 while it does not; as last known."""
        return self.ref.id
