"""The form of a definition that goes to another host: without what older versions of libvirt did not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from virtkit.define.disks import sorted_controllers

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.domain.devices.controller import Controller
    from virtkit.xml.domain.devices.graphics import Graphics

T = TypeVar("T")

IMPLICIT = {"usb": ("piix3-uhci",), "pci": ("pci-root",)}
"""Type of a controller -> models that every pc has; they go unsaid where they are the only one of their type."""


def migratable(document: Domain) -> Domain:
    """A copy of a complete definition in the form for another host; secrets stay."""
    document = document.copy()
    devices = document.devices
    devices.controllers = sorted_controllers(_told(devices.controllers))
    devices.inputs = _kept(devices.inputs, lambda item: (item.type, item.bus) != ("keyboard", "ps2"))
    if len(devices.audios) == 1:
        devices.audios = _kept(devices.audios, lambda audio: audio.type not in ("none", "spice"))
    for server in devices.graphics:
        _drop_socket(server)
    return document


def _told(controllers: list[Controller]) -> list[Controller]:
    def is_implicit(controller: Controller) -> bool:
        alone = sum(other.type == controller.type for other in controllers) == 1
        return alone and controller.model in IMPLICIT.get(controller.type or "", ())

    return _kept(controllers, lambda controller: not is_implicit(controller))


def _drop_socket(server: Graphics) -> None:
    """The attribute alone tells the socket."""
    server.listens = _kept(server.listens, lambda listen: listen.type != "socket" or listen.socket != server.socket)


def _kept(items: Iterable[T], wanted: Callable[[T], bool]) -> list[T]:
    return [item for item in items if wanted(item)]
