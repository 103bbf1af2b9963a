"""Name, machine, CPU, memory, clock, firmware and monitor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import frozen

from virtkit_qemu.command import firmware, memory
from virtkit_qemu.command.context import option, pairs

if TYPE_CHECKING:
    from virtkit_qemu.command.context import Context

CPU_POLICIES = {"force": True, "require": True, "disable": False, "forbid": False}
"""Policy of a CPU feature -> whether the guest sees it; `optional` leaves it to the model."""


@frozen
class TimerSetting:
    """Arguments of a timer: those of the clock, and others."""

    driftfix: str | None = None
    words: tuple[str, ...] = ()


TIMERS = {
    ("rtc", "catchup", None): TimerSetting("slew"),
    ("rtc", "catchup", True): TimerSetting("slew"),
    ("rtc", "delay", None): TimerSetting("none"),
    ("rtc", "delay", True): TimerSetting("none"),
    ("pit", "delay", None): TimerSetting(),
    ("pit", "delay", True): TimerSetting(),
    ("hpet", None, False): TimerSetting(words=("-no-hpet",)),
    ("hpet", None, True): TimerSetting(),
}
"""Name, tick policy and presence of a timer -> what brings it about; nothing where QEMU does so anyway."""


def arguments(context: Context) -> list[str]:
    """Everything that is not a device."""
    return [
        *["-name", pairs(f"guest={(context.domain.name or '').replace(',', ',,')}", {"debug-threads": True})],
        *["-S", "-no-user-config", "-nodefaults", "-display", "none"],
        *_machine(context),
        *_cpu(context),
        *_firmware(context),
        *memory.arguments(context),
        *_processors(context),
        *memory.nodes(context),
        *["-uuid", str(UUID(bytes=context.domain.uuid or bytes(16)))],
        *["-chardev", pairs("socket,id=charmonitor", {"fd": context.runtime.monitor, "server": True, "wait": False})],
        *["-mon", "chardev=charmonitor,id=monitor,mode=control"],
        *_clock(context),
        *_actions(context),
        *_boot(context),
        *_sleep_states(context),
        *_board(context),
        *firmware.arguments(context),
    ]


def _machine(context: Context) -> list[str]:
    domain, features = context.domain, context.domain.features
    accelerator = "kvm" if domain.type == "kvm" else "tcg"
    os, backing = domain.os, domain.memory_backing
    firmware = os.loader is not None and os.loader.type == "pflash"
    state = {
        "usb": False,
        "acpi": features.acpi if features.acpi else False,
        "vmport": features.vmport.state if features.vmport else None,
        "smm": features.smm.state if features.smm else None,
        "dump-guest-core": domain.memory.dump_core if domain.memory else None,
        "mem-merge": False if backing.nosharepages else None,
        "graphics": False if os.bios is not None and os.bios.use_serial else None,
        "memory-backend": memory.backend_of(context),
        "pflash0": "virtkit-pflash0" if firmware else None,
        "pflash1": "virtkit-pflash1" if firmware and os.nvram is not None else None,
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
    elif cpu.mode in ("host-passthrough", "host-model"):
        model = "host" if context.domain.type == "kvm" else "max"  # TCG knows no host: this is all it can do
    elif cpu.model is not None and cpu.model.name:
        model = cpu.model.name
    else:
        return []
    if cpu.mode in (None, "custom") and context.facts.cpu_model(model) is None:
        raise context.unsupported(f"the emulator has no CPU model {model!r}", "`virtkit domcapabilities` lists them")
    features = {
        feature.name or "": CPU_POLICIES[feature.policy or "require"]
        for feature in cpu.features
        if feature.policy != "optional"
    }
    pmu = context.domain.features.pmu
    vendor = cpu.model.vendor_id if cpu.model is not None else None
    return ["-cpu", pairs(model, features | {"pmu": pmu.state if pmu else None, "vendor": vendor})]


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
    base = clock.offset or "utc"
    if clock.offset == "variable" and clock.adjustment in (None, "0"):
        base = clock.basis or "utc"
    elif clock.offset == "absolute":
        base = datetime.fromtimestamp(clock.start or 0, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    elif base not in ("utc", "localtime") or clock.adjustment not in (None, "0", "reset"):
        raise context.unsupported(
            f"<clock offset='{clock.offset}'> with an adjustment is not supported yet", "use utc, localtime or absolute"
        )
    values: dict[str, Any] = {}
    words: list[str] = []
    for timer in clock.timers:
        known = TIMERS.get((timer.name or "", timer.tick_policy, timer.present))
        if known is None:
            raise context.unsupported(f"<timer name='{timer.name}'> with these settings is not supported", "remove it")
        values |= {"driftfix": known.driftfix} if known.driftfix else {}
        words += known.words
    return ["-rtc", pairs(f"base={base}", values), *words]


def _actions(context: Context) -> list[str]:
    domain = context.domain
    values = {
        "reboot": "shutdown" if domain.on_reboot == "destroy" else None,
        "panic": "pause" if domain.on_crash == "preserve" else None,
    }
    given = {key: value for key, value in values.items() if value}
    return ["-action", ",".join(f"{key}={value}" for key, value in given.items())] if given else []


def _sleep_states(context: Context) -> list[str]:
    pm, chip = context.domain.pm, "ICH9-LPC" if context.is_pcie else "PIIX4_PM"
    words: list[str] = []
    for state, enabled in (("s3", pm.suspend_to_mem), ("s4", pm.suspend_to_disk)):
        if enabled is not None:
            words += ["-global", f"{chip}.disable_{state}={int(not enabled)}"]
    return words


def _board(context: Context) -> list[str]:
    """What firmware tells the guest through devices without address."""
    domain = context.domain
    genid = domain.genid.uuid if domain.genid else None
    words = context.device("vmgenid", "vmgenid0", guid=str(UUID(bytes=genid))) if genid else []
    vmcoreinfo = domain.features.vmcoreinfo
    return words + (context.device("vmcoreinfo", None) if vmcoreinfo and vmcoreinfo.state is not False else [])


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
    for key, value in (("-kernel", os.kernel), ("-initrd", os.initrd), ("-append", os.cmdline)):
        words += [key, value] if value else []
    return words


def _firmware(context: Context) -> list[str]:
    """A ROM, or two flash chips: the code and its variables."""
    os = context.domain.os
    loader = os.loader
    if loader is None or not loader.path:
        return []
    if loader.type != "pflash":
        return ["-bios", loader.path]
    if os.nvram is not None and not os.nvram.path:
        raise context.unsupported("<nvram> names no file", "give it a path")
    writable = loader.readonly is False
    chips = [(loader.path, writable), *([(os.nvram.path or "", True)] if os.nvram is not None else [])]
    words: list[str] = []
    for number, (path, writes) in enumerate(chips):
        file = {"driver": "file", "filename": path, "auto-read-only": True, "discard": "unmap"}
        node = {"driver": "raw", "node-name": f"virtkit-pflash{number}", "read-only": not writes, "file": file}
        words += ["-blockdev", option(node)]
    return [*words, *(["-global", "driver=cfi.pflash01,property=secure,value=on"] if loader.secure else [])]
