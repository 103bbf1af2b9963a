"""Balloon, random numbers, watchdog, panic device, USB hubs, I/O threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit_qemu.command.context import VIRTIO_SUFFIXES, option, virtio

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context

WATCHDOGS = {"i6300esb": "i6300esb", "ib700": "ib700", "diag288": "diag288"}
WATCHDOG_ACTIONS = {"reset": "reset", "shutdown": "shutdown", "poweroff": "poweroff", "pause": "pause", "none": "none"}
WATCHDOG_ACTIONS |= {"inject-nmi": "inject-nmi", "dump": "pause"}
PANICS = {"isa": "pvpanic", "hyperv": None, "pseries": None, "s390": None}
"""Model of the panic device -> QEMU's; None where the machine has it by itself."""


def arguments(context: Context) -> list[str]:
    """The small devices."""
    words = _balloon(context) + _rngs(context) + _watchdog(context)
    for panic in context.domain.devices.panics:
        driver = PANICS[panic.model or "isa"]
        port = getattr(panic.address, "iobase", None)
        words += context.device(driver, panic.alias, ioport=port) if driver else []
    return words


def hubs(context: Context) -> list[str]:
    """The USB hubs, those nearer to the controller first; they come before what is plugged into them."""
    found = [(hub, context.place(hub.address)) for hub in context.domain.devices.hubs]
    found.sort(key=lambda pair: str(pair[1].get("port")).count("."))
    return [word for hub, place in found for word in context.device("usb-hub", hub.alias, **place)]


def iothreads(context: Context) -> list[str]:
    """The threads that disks and controllers name; they come before these."""
    domain = context.domain
    ids = [thread.id for thread in domain.iothread_ids.iothreads] if domain.iothread_ids else []
    ids = ids or list(range(1, (domain.iothreads or 0) + 1))
    objects = [option({"qom-type": "iothread", "id": f"iothread{number}"}) for number in ids]
    return [word for each in objects for word in ("-object", each)]


def _balloon(context: Context) -> list[str]:
    balloon = context.domain.devices.memballoon
    if balloon is None or balloon.model in (None, "none"):
        return []
    properties = {
        "deflate-on-oom": balloon.autodeflate,
        "free-page-reporting": balloon.free_page_reporting,
        "guest-stats-polling-interval": balloon.stats_period,
        **virtio(balloon.driver),
    }
    driver = f"virtio-balloon-pci{VIRTIO_SUFFIXES.get(balloon.model or '', '')}"
    return context.device(driver, balloon.alias, **properties, **context.place(balloon.address))


def _rngs(context: Context) -> list[str]:
    words: list[str] = []
    for rng in context.domain.devices.rngs:
        backend = rng.backend
        if backend is None or backend.model not in ("random", "builtin"):
            raise context.unsupported("an <rng> needs a backend of model random or builtin", "choose one of them")
        source = {"qom-type": f"rng-{backend.model}", "id": f"obj{rng.alias}"}
        source |= {"filename": backend.path} if backend.model == "random" and backend.path else {}
        rate = {"max-bytes": rng.rate.bytes, "period": rng.rate.period or 1000} if rng.rate else {}
        words += ["-object", option(source)]
        words += context.device(
            f"virtio-rng-pci{VIRTIO_SUFFIXES.get(rng.model or '', '')}",
            rng.alias,
            rng=f"obj{rng.alias}",
            **rate,
            **virtio(rng.driver),
            **context.place(rng.address),
        )
    return words


def _watchdog(context: Context) -> list[str]:
    watchdog = context.domain.devices.watchdog
    if watchdog is None:
        return []
    model, action = watchdog.model or "i6300esb", watchdog.action or "reset"
    place = context.place(watchdog.address)
    return [
        *context.device(WATCHDOGS[model], watchdog.alias, **place),
        "-action",
        f"watchdog={WATCHDOG_ACTIONS[action]}",
    ]
