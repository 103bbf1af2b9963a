"""The command line of a guest: a pure function of its live document, what the binary can do, and where the run is.

    build(domain, facts, Runtime(monitor=5, folder=...)) -> ["/usr/bin/qemu-system-x86_64", "-name", ...]
    preparation(domain) -> [("set_link", {...}), ...], for its monitor before the guest runs

The document is complete (`virtkit_qemu.define.complete`) and live (`define.live`): every device has an alias and, where
its bus has addresses, an address. What has no arguments yet is refused, never left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit_qemu.command import block, character, controller, display, machine, network, peripheral, refusal
from virtkit_qemu.command.context import Context
from virtkit_qemu.command.preparation import preparation as preparation

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_qemu.facts import Facts
    from virtkit_qemu.runtime import Runtime


def build(domain: Domain, facts: Facts, runtime: Runtime) -> list[str]:
    """The program and its arguments. The guest starts paused: its CPUs wait for `cont`.

    Args:
        domain: A complete, live document.
        facts: What the binary, the document's emulator, can do.
        runtime: Where this run has its files and descriptors.

    Raises:
        ConfigUnsupportedError: The document asks for what the binary cannot do or what has no arguments yet; the
            message names the domain and the element.
    """
    context = Context.of(domain, facts, runtime)
    refusal.check(context)
    arguments = [domain.devices.emulator or "", *machine.arguments(context), *peripheral.iothreads(context)]
    arguments += [*controller.arguments(context), *peripheral.hubs(context)]
    for part in (block, network, character, display, peripheral):
        arguments += part.arguments(context)
    return arguments + (domain.qemu_commandline.args if domain.qemu_commandline else [])
