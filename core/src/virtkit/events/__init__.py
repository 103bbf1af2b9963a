"""Events: what drivers publish and connections subscribe to.

A driver has one `EventHub` and publishes a payload record of `virtkit.events.records` with the reference of the
object it is about:

    hub.publish(domain.ref, DomainLifecycleEvent(DomainEventType.STARTED, DomainEventStartedDetailType.BOOTED))

A subscriber names an `EventKey` (`EventKey("domain", DomainEventID.LIFECYCLE)`, or `KEY_OF[DomainLifecycleEvent]`)
and receives `callback(ref, event)`.
"""

from __future__ import annotations

from virtkit.events.hub import QUEUE_LIMIT as QUEUE_LIMIT
from virtkit.events.hub import Callback as Callback
from virtkit.events.hub import EventHub as EventHub
from virtkit.events.records import *  # noqa: F403
