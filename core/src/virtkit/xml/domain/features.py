"""Features of the machine: `features`, `clock`, power management and performance events."""

from __future__ import annotations

import re

from virtkit.errors import ConfigUnsupportedError, InternalError, XMLError
from virtkit.xml.element import Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag, size
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, Refusal, Value, bounded, one_of, quoted, refused_as

RING_SIZE = bounded(1024, 65536)


def word(*allowed: str) -> Value[str]:
    """A word whose refusal says that it is not supported."""
    return one_of(*allowed, error=ConfigUnsupportedError)


def _read_vendor_id(text: str) -> str:
    if len(text) > 12 or "," in text:
        raise Refusal(f"{quoted(text)} is not at most 12 characters without a comma", XMLError)
    return text


def _read_ring_size(text: str) -> int:
    size = RING_SIZE.read(text) if RING_SIZE.read else 0
    if size.bit_count() != 1:
        raise Refusal(f"{quoted(text)} is not a power of two", XMLError)
    return size


def _read_adjustment(text: str) -> str:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}|reset", text):
        raise Refusal(f"{quoted(text)} is neither a number of seconds nor reset", XMLError)
    return text


class State(Element):
    """A feature that is on or off."""

    state = attribute("state", ON_OFF)


class Spinlocks(State):
    """Hyper-V spinlocks; `retries` before the hypervisor is told."""

    retries = attribute("retries", bounded(4095, 0xFFFFFFFF))


class Stimer(State):
    """Hyper-V synthetic timers."""

    direct = child("direct", State)


class VendorId(State):
    """The vendor a Hyper-V guest sees."""

    value = attribute("value", Value(_read_vendor_id))


class Hyperv(Element, always_open=True):
    """Hyper-V enlightenments."""

    mode = attribute("mode", one_of("custom", "passthrough"))
    relaxed = child("relaxed", State)
    vapic = child("vapic", State)
    spinlocks = child("spinlocks", Spinlocks)
    vpindex = child("vpindex", State)
    runtime = child("runtime", State)
    synic = child("synic", State)
    stimer = child("stimer", Stimer)
    reset = child("reset", State)
    vendor_id = child("vendor_id", VendorId)
    frequencies = child("frequencies", State)
    reenlightenment = child("reenlightenment", State)
    tlbflush = child("tlbflush", State)
    ipi = child("ipi", State)
    evmcs = child("evmcs", State)
    avic = child("avic", State)


class DirtyRing(State):
    """Dirty-page ring of KVM; `size` entries per vCPU."""

    size = attribute("size", Value(_read_ring_size, str))


class Kvm(Element, always_open=True):
    """What KVM shows or hides."""

    hidden = child("hidden", State)
    hint_dedicated = child("hint-dedicated", State)
    poll_control = child("poll-control", State)
    pv_ipi = child("pv-ipi", State)
    dirty_ring = child("dirty-ring", DirtyRing)


class CapabilityPolicy(Element):
    """Linux capabilities of a container: what `policy` says of all, and where one differs; None if it does not."""

    policy = attribute("policy", one_of("default", "allow", "deny"))
    audit_control = attrchild("audit_control", "state", ON_OFF)
    audit_write = attrchild("audit_write", "state", ON_OFF)
    block_suspend = attrchild("block_suspend", "state", ON_OFF)
    chown = attrchild("chown", "state", ON_OFF)
    dac_override = attrchild("dac_override", "state", ON_OFF)
    dac_read_search = attrchild("dac_read_search", "state", ON_OFF)
    fowner = attrchild("fowner", "state", ON_OFF)
    fsetid = attrchild("fsetid", "state", ON_OFF)
    ipc_lock = attrchild("ipc_lock", "state", ON_OFF)
    ipc_owner = attrchild("ipc_owner", "state", ON_OFF)
    kill = attrchild("kill", "state", ON_OFF)
    lease = attrchild("lease", "state", ON_OFF)
    linux_immutable = attrchild("linux_immutable", "state", ON_OFF)
    mac_admin = attrchild("mac_admin", "state", ON_OFF)
    mac_override = attrchild("mac_override", "state", ON_OFF)
    mknod = attrchild("mknod", "state", ON_OFF)
    net_admin = attrchild("net_admin", "state", ON_OFF)
    net_bind_service = attrchild("net_bind_service", "state", ON_OFF)
    net_broadcast = attrchild("net_broadcast", "state", ON_OFF)
    net_raw = attrchild("net_raw", "state", ON_OFF)
    setgid = attrchild("setgid", "state", ON_OFF)
    setfcap = attrchild("setfcap", "state", ON_OFF)
    setpcap = attrchild("setpcap", "state", ON_OFF)
    setuid = attrchild("setuid", "state", ON_OFF)
    sys_admin = attrchild("sys_admin", "state", ON_OFF)
    sys_boot = attrchild("sys_boot", "state", ON_OFF)
    sys_chroot = attrchild("sys_chroot", "state", ON_OFF)
    sys_module = attrchild("sys_module", "state", ON_OFF)
    sys_nice = attrchild("sys_nice", "state", ON_OFF)
    sys_pacct = attrchild("sys_pacct", "state", ON_OFF)
    sys_ptrace = attrchild("sys_ptrace", "state", ON_OFF)
    sys_rawio = attrchild("sys_rawio", "state", ON_OFF)
    sys_resource = attrchild("sys_resource", "state", ON_OFF)
    sys_time = attrchild("sys_time", "state", ON_OFF)
    sys_tty_config = attrchild("sys_tty_config", "state", ON_OFF)
    syslog = attrchild("syslog", "state", ON_OFF)
    wake_alarm = attrchild("wake_alarm", "state", ON_OFF)


class Apic(Element):
    """The interrupt controller."""

    eoi = attribute("eoi", ON_OFF)


class Hpt(Element):
    """Hash page table of pSeries; sizes in KiB."""

    resizing = attribute("resizing", one_of("enabled", "disabled", "required"))
    max_page_size = size("maxpagesize")


class Smm(State):
    """System management mode; `tseg` in bytes."""

    tseg = size("tseg", "MiB")


class XenPassthrough(State):
    """PCI devices for Xen guests, and how their memory is mapped."""

    mode = attribute("mode", one_of("sync_pt", "share_pt"))


class Xen(Element):
    """Features of Xen guests."""

    e820_host = child("e820_host", State)
    passthrough = child("passthrough", XenPassthrough)


class Tcg(Element):
    """Settings of QEMU's own emulator; the cache of translated code in KiB."""

    tb_cache = size("tb-cache")


class Features(Element):
    """Features of the machine."""

    acpi = flag("acpi")
    apic = child("apic", Apic)
    pae = flag("pae")
    hap = child("hap", State)
    viridian = flag("viridian")
    privnet = flag("privnet")
    hyperv = child("hyperv", Hyperv)
    kvm = child("kvm", Kvm)
    pvspinlock = child("pvspinlock", State)
    capabilities = child("capabilities", CapabilityPolicy)
    pmu = child("pmu", State)
    vmport = child("vmport", State)
    gic = attrchild("gic", "version", one_of("host", "2", "3"))
    smm = child("smm", Smm)
    ioapic = attrchild("ioapic", "driver", one_of("kvm", "qemu"))
    hpt = child("hpt", Hpt)
    vmcoreinfo = child("vmcoreinfo", State)
    htm = child("htm", State)
    nested_hv = child("nested-hv", State)
    msrs = attrchild("msrs", "unknown", one_of("ignore", "fault"))
    ccf_assist = child("ccf-assist", State)
    xen = child("xen", Xen)
    cfpc = attrchild("cfpc", "value", one_of("broken", "workaround", "fixed"))
    sbbc = attrchild("sbbc", "value", one_of("broken", "workaround", "fixed"))
    ibs = attrchild("ibs", "value", one_of("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na"))
    tcg = child("tcg", Tcg)


class Catchup(Element):
    """How a timer makes up for lost ticks."""

    threshold = attribute("threshold", UNSIGNED)
    slew = attribute("slew", UNSIGNED)
    limit = attribute("limit", UNSIGNED)


class Timer(Element):
    """A timer of the guest; `frequency` in Hz."""

    name = attribute("name", one_of("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer"))
    present = attribute("present", YES_NO)
    tick_policy = attribute("tickpolicy", one_of("delay", "catchup", "merge", "discard"))
    track = attribute("track", one_of("boot", "guest", "wall", "realtime"))
    frequency = attribute("frequency", UNSIGNED)
    mode = attribute("mode", one_of("auto", "native", "emulate", "paravirt", "smpsafe"))
    catchup = child("catchup", Catchup)


class Clock(Element):
    """The guest's clock; `adjustment` in seconds or `reset`, `start` in seconds since 1970."""

    offset = attribute("offset", word("utc", "localtime", "variable", "timezone", "absolute"))
    adjustment = attribute("adjustment", Value(_read_adjustment))
    basis = attribute("basis", word("utc", "localtime"))
    start = attribute("start", refused_as(InternalError, UNSIGNED))
    timezone = attribute("timezone")
    timers = children("timer", Timer)


class PowerManagement(Element):
    """Which sleep states the firmware offers."""

    suspend_to_mem = attrchild("suspend-to-mem", "enabled", YES_NO)
    suspend_to_disk = attrchild("suspend-to-disk", "enabled", YES_NO)


PERF_EVENTS = (
    "cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses", "branch_instructions",
    "branch_misses", "bus_cycles", "stalled_cycles_frontend", "stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock",
    "task_clock", "page_faults", "context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj",
    "alignment_faults", "emulation_faults",
)  # fmt: skip


class PerfEvent(Element):
    """A performance event of the host and whether it is counted."""

    name = attribute("name", one_of(*PERF_EVENTS))
    enabled = attribute("enabled", YES_NO)


class Perf(Element):
    """Performance events."""

    events = children("event", PerfEvent)
