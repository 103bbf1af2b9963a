"""PCI controllers: what can be plugged into the bus of each, and what each is called."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from virtkit.xml.domain.devices.controller import Controller, ControllerTarget

BRIDGE = "pcie-to-pci-bridge"
PORT = "pcie-root-port"
PCI_BRIDGE = "pci-bridge"
DMI_BRIDGE = "dmi-to-pci-bridge"
UPSTREAM, DOWNSTREAM = "pcie-switch-upstream-port", "pcie-switch-downstream-port"


@frozen
class BusKind:
    """The bus behind a PCI controller.

    Attributes:
        slots: Its slots.
        accepts: Which devices get a place on it by themselves: PCI_BRIDGE, conventional ones; PORT, those of PCI
            Express.
        holds: Models of controllers that get a place on it by themselves.
    """

    slots: range
    accepts: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()


_CONVENTIONAL = BusKind(range(1, 32), frozenset({PCI_BRIDGE}), frozenset({PCI_BRIDGE}))
_PORT = BusKind(range(1), frozenset({PORT}), frozenset({BRIDGE, UPSTREAM}))

BUSES = {
    "pci-root": _CONVENTIONAL,
    PCI_BRIDGE: _CONVENTIONAL,
    BRIDGE: _CONVENTIONAL,
    DMI_BRIDGE: BusKind(range(32), holds=frozenset({PCI_BRIDGE})),
    "pcie-root": BusKind(range(1, 32), holds=frozenset({DMI_BRIDGE})),
    PORT: _PORT,
    UPSTREAM: BusKind(range(32), holds=frozenset({DOWNSTREAM})),
    DOWNSTREAM: _PORT,
}
"""Model of a PCI controller -> its bus. The expander buses are missing: nothing places them yet."""

MODEL_NAMES = {
    PCI_BRIDGE: "pci-bridge",
    BRIDGE: "pcie-pci-bridge",
    DMI_BRIDGE: "i82801b11-bridge",
    PORT: "pcie-root-port",
    UPSTREAM: "x3130-upstream",
    DOWNSTREAM: "xio3130-downstream",
}
"""Model -> the device of QEMU that is it, where the document names none."""


def complete(controller: Controller, impossible: Callable[[str], Exception]) -> None:
    """Fill in what a PCI controller is called.

    Raises:
        ConfigUnsupportedError: Nobody knows how to place it.
    """
    model = controller.model or ""
    if model not in BUSES:
        raise impossible(
            f"<controller type='pci' model='{model}'> is not supported yet: use one of {', '.join(MODEL_NAMES)}"
        )
    if not controller.index:
        return
    controller.model_name = controller.model_name or MODEL_NAMES[model]
    target = controller.target
    if model == PCI_BRIDGE:
        target = target or ControllerTarget()
        target.chassis_nr = controller.index if target.chassis_nr is None else target.chassis_nr
    elif model in (PORT, DOWNSTREAM):
        target = target or ControllerTarget()
        target.chassis = controller.index if target.chassis is None else target.chassis
    controller.target = target
