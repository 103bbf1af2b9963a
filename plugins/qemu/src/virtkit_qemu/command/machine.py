"""Name, machine, CPU, memory, clock, firmware and monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from virtkit_qemu.command.context import pairs

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context

KIB_PER_MIB = 1024
CPU_POLICIES = {"force": True, "require": True, "disable": False, "forbid": False}
"""Policy of a CPU feature -> whether the guest sees it; `optional` leaves it to the model."""


def arguments(context: Context) -> list[str]:
    """Everything that is not a device."""
    return [
        *["-name", pairs(f"guest={(context.domain.name or '').replace(',', ',,')}", {"debug-threads": True})],
        *["-S", "-no-user-config", "-nodefaults", "-display", "none"],
        *_machine(context),
        *_cpu(context),
        *_memory(context),
        *_processors(context),
        *["-uuid", str(UUID(bytes=context.domain.uuid or bytes(16)))],
        *["-chardev", pairs("socket,id=charmonitor", {"fd": context.runtime.monitor, "server": True, "wait": False})],
        *["-mon", "chardev=charmonitor,id=monitor,mode=control"],
        *_clock(context),
        *_actions(context),
        *_boot(context),
    ]


def _machine(context: Context) -> list[str]:
    domain, features = context.domain, context.domain.features
    accelerator = "kvm" if domain.type == "kvm" else "tcg"
    state = {
        "usb": False,
        "acpi": features.acpi if features.acpi else False,
        "vmport": features.vmport.state if features.vmport else None,
        "smm": features.smm.state if features.smm else None,
        "dump-guest-core": domain.memory.dump_core if domain.memory else None,
    }
    name = domain.os.type.machine if domain.os.type and domain.os.type.machine else ""
    tcg: dict[str, Any] = {}
    if features.tcg and features.tcg.tb_cache:
        tcg = {"tb-size": features.tcg.tb_cache // 1024}
    return ["-machine", pairs(name, state), "-accel", pairs(accelerator, tcg)]


def _cpu(context: Context) -> list[str]:
    cpu = context.domain.cpu
    if cpu.mode == "maximum":
        model = "max"
    elif cpu.mode == "host-passthrough":
        model = "host" if context.domain.type == "kvm" else "max"
    elif cpu.mode == "host-model":
        raise context.unsupported("cpu mode host-model is not resolved yet", "name a <model>, or use mode='maximum'")
    elif cpu.model is not None and cpu.model.name:
        model = cpu.model.name
    else:
        return []
    if cpu.mode not in ("maximum", "host-passthrough") and context.facts.cpu_model(model) is None:
        raise context.unsupported(f"the emulator has no CPU model {model!r}", "`virtkit domcapabilities` lists them")
    features = {
        feature.name or "": CPU_POLICIES[feature.policy or "require"]
        for feature in cpu.features
        if feature.policy != "optional"
    }
    return ["-cpu", pairs(model, features)]


def _memory(context: Context) -> list[str]:
    domain = context.domain
    values: dict[str, Any] = {}
    if domain.max_memory is not None and domain.max_memory.size:
        values = {"slots": domain.max_memory.slots, "maxmem": f"{domain.max_memory.size}k"}
    size = domain.memory.size if domain.memory and domain.memory.size else 0
    locked = ["-overcommit", "mem-lock=on"] if domain.memory_backing.locked else []
    return ["-m", pairs(f"size={size}k", values), *locked]


def _processors(context: Context) -> list[str]:
    vcpu, topology = context.domain.vcpu, context.domain.cpu.topology
    maximum = vcpu.maximum if vcpu and vcpu.maximum else 1
    current = vcpu.current if vcpu and vcpu.current else maximum
    values = {
        "maxcpus": maximum if current != maximum else None,
        "sockets": topology.sockets if topology else maximum,
        "dies": topology.dies if topology and (topology.dies or 1) > 1 else None,
        "cores": topology.cores if topology else 1,
        "threads": topology.threads if topology else 1,
    }
    return ["-smp", pairs(str(current), values)]


def _clock(context: Context) -> list[str]:
    clock = context.domain.clock
    base = {"localtime": "localtime"}.get(clock.offset or "utc", "utc")
    if clock.offset in ("timezone", "variable", "absolute") and (clock.adjustment or clock.start or clock.timezone):
        raise context.unsupported(f"clock offset {clock.offset} is not supported yet", "use utc or localtime")
    drift = next((t.tick_policy for t in clock.timers if t.name == "rtc"), None)
    fix = {"catchup": "slew", "delay": "none"}.get(drift or "")
    hpet = any(timer.name == "hpet" and timer.present is False for timer in clock.timers)
    return ["-rtc", pairs(f"base={base}", {"driftfix": fix}), *(["-no-hpet"] if hpet else [])]


def _actions(context: Context) -> list[str]:
    domain = context.domain
    values = {
        "reboot": "shutdown" if domain.on_reboot == "destroy" else None,
        "panic": "pause" if domain.on_crash == "preserve" else None,
    }
    given = {key: value for key, value in values.items() if value}
    return ["-action", ",".join(f"{key}={value}" for key, value in given.items())] if given else []


def _boot(context: Context) -> list[str]:
    os = context.domain.os
    menu = os.boot_menu
    values = {
        "menu": menu.enable if menu else None,
        "splash-time": menu.timeout if menu and menu.enable else None,
        "reboot-timeout": os.bios.reboot_timeout if os.bios else None,
        "strict": True,
    }
    words = ["-boot", pairs("", values).lstrip(",")]
    if os.loader is not None and os.loader.path:
        words += ["-bios", os.loader.path]
    for key, value in (("-kernel", os.kernel), ("-initrd", os.initrd), ("-append", os.cmdline), ("-dtb", os.dtb)):
        words += [key, value] if value else []
    return words
