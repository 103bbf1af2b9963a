"""The payload of every event, by class and id.

A record holds what its message carries after the callback id and the object, in wire order: the object itself travels
beside it. `EVENTS` says which record belongs to which event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from virtkit.record import Record

if TYPE_CHECKING:
    from virtkit.enums import (
        ConnectDomainEventAgentLifecycleReason,
        ConnectDomainEventAgentLifecycleState,
        ConnectDomainEventBlockJobStatus,
        ConnectDomainEventDiskChangeReason,
        DomainBlockJobType,
        DomainEventGraphicsAddressType,
        DomainEventGraphicsPhase,
        DomainEventIOErrorAction,
        DomainEventTrayChangeReason,
        DomainEventType,
        DomainEventWatchdogAction,
        DomainMemoryFailureActionType,
        DomainMemoryFailureFlags,
        DomainMemoryFailureRecipientType,
        DomainMetadataType,
        NetworkEventLifecycleType,
        NodeDeviceEventLifecycleType,
        SecretEventLifecycleType,
        StoragePoolEventLifecycleType,
    )
    from virtkit.params import TypedParams
    from virtkit.refs import DomainRef, NetworkRef, NodeDeviceRef, SecretRef, StoragePoolRef

    Ref: TypeAlias = DomainRef | NetworkRef | StoragePoolRef | NodeDeviceRef | SecretRef
else:
    Ref = tuple


class EventKey(Record):
    """What a subscriber asks for.

    Attributes:
        kind: Class of the event: `domain`, `network`, `storage_pool`, `node_device`, `secret` or `qemu_monitor`.
        id: Event id within the class (`DomainEventID`, `NetworkEventID`, ...); 0 for `qemu_monitor`, which has none.
    """

    kind: str
    id: int = 0


class DomainLifecycleEvent(Record):
    """A domain entered a state; `detail` says why, as the enum of that event (`DomainEventStartedDetailType`, ...)."""

    event: DomainEventType
    detail: int


class DomainRebootEvent(Record):
    """The guest rebooted."""


class DomainRTCChangeEvent(Record):
    """The guest set its clock; `offset` in seconds from the host's UTC."""

    offset: int


class DomainWatchdogEvent(Record):
    """The watchdog device fired."""

    action: DomainEventWatchdogAction


class DomainIOErrorEvent(Record):
    """A disk request failed. Published together with `DomainIOErrorReasonEvent`."""

    src_path: str
    dev_alias: str
    action: DomainEventIOErrorAction


class GraphicsAddress(Record):
    """One end of a graphics connection: host and port, or `node` the path of a UNIX socket and `service` empty."""

    family: DomainEventGraphicsAddressType
    node: str
    service: str


class GraphicsIdentity(Record):
    """What a graphics client proved to be: `type` such as `x509dname` or `saslUsername`."""

    type: str
    name: str


class DomainGraphicsEvent(Record):
    """A graphics client connected, was authenticated or left; `local` is the server's end."""

    phase: DomainEventGraphicsPhase
    local: GraphicsAddress
    remote: GraphicsAddress
    auth_scheme: str
    subject: list[GraphicsIdentity]


class DomainIOErrorReasonEvent(Record):
    """A disk request failed; `reason` is empty or a word such as `enospc`."""

    src_path: str
    dev_alias: str
    action: DomainEventIOErrorAction
    reason: str


class DomainControlErrorEvent(Record):
    """The channel to the guest's monitor broke."""


class DomainBlockJobEvent(Record):
    """A block job changed state; `path` is the disk's source. Published together with `DomainBlockJob2Event`."""

    path: str
    type: DomainBlockJobType
    status: ConnectDomainEventBlockJobStatus


class DomainDiskChangeEvent(Record):
    """The source of a disk changed; None is no source."""

    old_src_path: str | None
    new_src_path: str | None
    dev_alias: str
    reason: ConnectDomainEventDiskChangeReason


class DomainTrayChangeEvent(Record):
    """The tray of a removable drive moved."""

    dev_alias: str
    reason: DomainEventTrayChangeReason


class DomainPMWakeupEvent(Record):
    """The guest woke up; `reason` is always 0 so far. On the wire it stands before the domain."""

    reason: int


class DomainPMSuspendEvent(Record):
    """The guest suspended to memory; `reason` as in `DomainPMWakeupEvent`."""

    reason: int


class DomainBalloonChangeEvent(Record):
    """The guest's memory changed; `actual` in KiB."""

    actual: int


class DomainPMSuspendDiskEvent(Record):
    """The guest suspended to disk; `reason` as in `DomainPMWakeupEvent`."""

    reason: int


class DomainDeviceRemovedEvent(Record):
    """A device is gone from the guest."""

    dev_alias: str


class DomainBlockJob2Event(Record):
    """A block job changed state; `dst` is the disk's target name."""

    dst: str
    type: DomainBlockJobType
    status: ConnectDomainEventBlockJobStatus


class DomainTunableEvent(Record):
    """Tunables changed; `params` has those that did (`virtkit.constants.DOMAIN_TUNABLE_*`)."""

    params: TypedParams


class DomainAgentLifecycleEvent(Record):
    """The guest agent came or went."""

    state: ConnectDomainEventAgentLifecycleState
    reason: ConnectDomainEventAgentLifecycleReason


class DomainDeviceAddedEvent(Record):
    """A device was added to a running guest."""

    dev_alias: str


class DomainMigrationIterationEvent(Record):
    """A migration started another pass over the memory."""

    iteration: int


class DomainJobCompletedEvent(Record):
    """A job ended; `params` are its statistics (`virtkit.constants.DOMAIN_JOB_*`)."""

    params: TypedParams


class DomainDeviceRemovalFailedEvent(Record):
    """The guest refused to let go of a device."""

    dev_alias: str


class DomainMetadataChangeEvent(Record):
    """Metadata changed; `nsuri` is the namespace of an element, None for title and description."""

    type: DomainMetadataType
    nsuri: str | None


class DomainBlockThresholdEvent(Record):
    """Writing to a block device passed `threshold` bytes by `excess`; `dev` as `vda` or `vda[2]` of its chain."""

    dev: str
    path: str | None
    threshold: int
    excess: int


class DomainMemoryFailureEvent(Record):
    """Host memory of the guest failed."""

    recipient: DomainMemoryFailureRecipientType
    action: DomainMemoryFailureActionType
    flags: DomainMemoryFailureFlags


class DomainMemoryDeviceSizeChangeEvent(Record):
    """The guest changed how much of a memory device it uses; `size` in KiB."""

    alias: str
    size: int


class NetworkLifecycleEvent(Record):
    """A network entered a state; `detail` is always 0 so far."""

    event: NetworkEventLifecycleType
    detail: int = 0


class StoragePoolLifecycleEvent(Record):
    """A pool entered a state; `detail` is always 0 so far."""

    event: StoragePoolEventLifecycleType
    detail: int = 0


class StoragePoolRefreshEvent(Record):
    """The volumes of a pool were read again."""


class NodeDeviceLifecycleEvent(Record):
    """A host device came, went, or its definition did; `detail` is always 0 so far."""

    event: NodeDeviceEventLifecycleType
    detail: int = 0


class NodeDeviceUpdateEvent(Record):
    """The description of a host device changed."""


class SecretLifecycleEvent(Record):
    """A secret was defined or undefined; `detail` is always 0 so far."""

    event: SecretEventLifecycleType
    detail: int = 0


class SecretValueChangedEvent(Record):
    """A secret has another value."""


class QemuMonitorEvent(Record):
    """An event of QEMU's monitor as it came; the time is since 1970, `details` its data as JSON or None."""

    event: str
    seconds: int
    micros: int
    details: str | None


EVENTS: dict[EventKey, type] = {
    EventKey("domain", 0): DomainLifecycleEvent,
    EventKey("domain", 1): DomainRebootEvent,
    EventKey("domain", 2): DomainRTCChangeEvent,
    EventKey("domain", 3): DomainWatchdogEvent,
    EventKey("domain", 4): DomainIOErrorEvent,
    EventKey("domain", 5): DomainGraphicsEvent,
    EventKey("domain", 6): DomainIOErrorReasonEvent,
    EventKey("domain", 7): DomainControlErrorEvent,
    EventKey("domain", 8): DomainBlockJobEvent,
    EventKey("domain", 9): DomainDiskChangeEvent,
    EventKey("domain", 10): DomainTrayChangeEvent,
    EventKey("domain", 11): DomainPMWakeupEvent,
    EventKey("domain", 12): DomainPMSuspendEvent,
    EventKey("domain", 13): DomainBalloonChangeEvent,
    EventKey("domain", 14): DomainPMSuspendDiskEvent,
    EventKey("domain", 15): DomainDeviceRemovedEvent,
    EventKey("domain", 16): DomainBlockJob2Event,
    EventKey("domain", 17): DomainTunableEvent,
    EventKey("domain", 18): DomainAgentLifecycleEvent,
    EventKey("domain", 19): DomainDeviceAddedEvent,
    EventKey("domain", 20): DomainMigrationIterationEvent,
    EventKey("domain", 21): DomainJobCompletedEvent,
    EventKey("domain", 22): DomainDeviceRemovalFailedEvent,
    EventKey("domain", 23): DomainMetadataChangeEvent,
    EventKey("domain", 24): DomainBlockThresholdEvent,
    EventKey("domain", 25): DomainMemoryFailureEvent,
    EventKey("domain", 26): DomainMemoryDeviceSizeChangeEvent,
    EventKey("network", 0): NetworkLifecycleEvent,
    EventKey("storage_pool", 0): StoragePoolLifecycleEvent,
    EventKey("storage_pool", 1): StoragePoolRefreshEvent,
    EventKey("node_device", 0): NodeDeviceLifecycleEvent,
    EventKey("node_device", 1): NodeDeviceUpdateEvent,
    EventKey("secret", 0): SecretLifecycleEvent,
    EventKey("secret", 1): SecretValueChangedEvent,
    EventKey("qemu_monitor", 0): QemuMonitorEvent,
}
"""Event -> its record, for every event of the remote and qemu programs but the closing of a connection."""

KEY_OF: dict[type, EventKey] = {record: key for key, record in EVENTS.items()}
"""Record -> the event it belongs to."""

Event: TypeAlias = tuple[Any, ...]
"""Any record of `EVENTS`."""
