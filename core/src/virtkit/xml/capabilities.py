"""What a host and its hypervisor can do."""

from __future__ import annotations

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError
from virtkit.xml.element import Document, Element
from virtkit.xml.schema import attrchild, attribute, child, children, flag, section, size, text, textchild, textchildren
from virtkit.xml.values import INT, ON_OFF, UNSIGNED, UUID, YES_NO, bounded, integer, one_of, refused_as

ARCHITECTURES = (
    "aarch64", "alpha", "armv6l", "armv7l", "cris", "i686", "ia64", "lm32", "m68k", "microblaze", "microblazeel",
    "mips", "mipsel", "mips64", "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppc64", "ppc64le", "ppcemb",
    "riscv32", "riscv64", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32", "x86_64", "xtensa",
    "xtensaeb",
)  # fmt: skip

SCOPE = one_of("both", "code", "data")
"""What a cache holds."""

COUNT = integer(1, 2**32 - 1)
ASSOCIATIVITY = refused_as(XMLError, one_of("none", "direct", "full"))
POLICY = refused_as(XMLError, one_of("none", "writeback", "writethrough"))


class Topology(Element):
    """Sockets, dies in each, cores in each, threads in each."""

    sockets = attribute("sockets", COUNT)
    dies = attribute("dies", COUNT)
    cores = attribute("cores", COUNT)
    threads = attribute("threads", COUNT)


class Signature(Element):
    """The numbers by which an x86 CPU tells what it is."""

    family = attribute("family", UNSIGNED)
    model = attribute("model", UNSIGNED)
    stepping = attribute("stepping", UNSIGNED)


class Counter(Element):
    """A counter of the CPU (`tsc`): `frequency` in Hz, and whether the hardware can scale it for a guest."""

    name = attribute("name")
    frequency = attribute("frequency", UNSIGNED)
    scaling = attribute("scaling", YES_NO)


class PhysicalAddressBits(Element):
    """How many bits physical addresses have."""

    mode = attribute("mode", one_of("emulate", "passthrough"))
    bits = attribute("bits", UNSIGNED)


class HostFeatures(Element):
    """Features of the CPU that matter to paravirtual guests."""

    pae = flag("pae")
    nonpae = flag("nonpae")
    vmx = flag("vmx")
    svm = flag("svm")


class PageSize(Element):
    """A size that pages of memory can have."""

    unit = attribute("unit")
    size = attribute("size", UNSIGNED)


class Named(Element):
    """A feature, by name."""

    name = attribute("name")


class HostCpu(Element):
    """The CPU of the host: a known model and the features it has beyond that."""

    arch = textchild("arch")
    model = textchild("model")
    vendor = textchild("vendor")
    microcode = attrchild("microcode", "version", UNSIGNED)
    paravirtual = child("features", HostFeatures)
    signature = child("signature", Signature)
    counter = child("counter", Counter)
    topology = child("topology", Topology)
    max_phys_addr = child("maxphysaddr", PhysicalAddressBits)
    features = children("feature", Named)
    pages = children("pages", PageSize)


class PowerManagement(Element):
    """How the host can sleep."""

    suspend_mem = flag("suspend_mem")
    suspend_disk = flag("suspend_disk")
    suspend_hybrid = flag("suspend_hybrid")


class UriTransports(Element):
    """Schemes of migration URIs."""

    transports = textchildren("uri_transport")


class MigrationFeatures(Element, always_open=True):
    """How guests can migrate."""

    live = flag("live")
    uri_transports = child("uri_transports", UriTransports)


class NodePages(Element):
    """How many pages of one size a node has."""

    unit = attribute("unit")
    size = attribute("size", UNSIGNED)
    count = text(UNSIGNED)


class Measure(Element):
    """A number and its unit."""

    value = attribute("value", UNSIGNED)
    unit = attribute("unit")


class NodeCache(Element):
    """A cache between a node's CPUs and its memory."""

    level = attribute("level", UNSIGNED)
    associativity = attribute("associativity", ASSOCIATIVITY)
    policy = attribute("policy", POLICY)
    size = child("size", Measure)
    line = child("line", Measure)


class Sibling(Element):
    """Distance to another node; 10 is local."""

    id = attribute("id", UNSIGNED)
    value = attribute("value", bounded(10, 255))


class Distances(Element):
    """Distances from one node."""

    siblings = children("sibling", Sibling)


class NodeCpu(Element):
    """A CPU of a node: where it sits, and the set of CPUs that share its core."""

    id = attribute("id", UNSIGNED)
    socket_id = attribute("socket_id", UNSIGNED)
    die_id = attribute("die_id", UNSIGNED)
    core_id = attribute("core_id", UNSIGNED)
    siblings = attribute("siblings")


class NodeCpus(Element):
    """The CPUs of a node; `num` counts them."""

    num = attribute("num", UNSIGNED)
    cpus = children("cpu", NodeCpu)


class Cell(Element):
    """A NUMA node; `memory` in KiB."""

    id = attribute("id", UNSIGNED)
    memory = size("memory")
    pages = children("pages", NodePages)
    caches = children("cache", NodeCache)
    distances = child("distances", Distances)
    cpus = child("cpus", NodeCpus)


class Cells(Element):
    """The NUMA nodes; `num` counts them."""

    num = attribute("num", UNSIGNED)
    cells = children("cell", Cell)


class Latency(Element):
    """How long an access from one node to another's memory takes, in ns."""

    initiator = attribute("initiator", UNSIGNED)
    target = attribute("target", UNSIGNED)
    cache = attribute("cache", UNSIGNED)
    type = attribute("type", one_of("access", "read", "write"))
    value = attribute("value", UNSIGNED)


class NodeBandwidth(Latency):
    """How much one node can move to or from another's memory, in `unit` per second."""

    unit = attribute("unit")


class Interconnects(Element):
    """What lies between the nodes."""

    latencies = children("latency", Latency)
    bandwidths = children("bandwidth", NodeBandwidth)


class HostTopology(Element):
    """The NUMA nodes of the host."""

    cells = child("cells", Cells)
    interconnects = child("interconnects", Interconnects)


class CacheControl(Element):
    """How finely a cache can be divided, and among how many."""

    granularity = attribute("granularity", UNSIGNED)
    min = attribute("min", UNSIGNED)
    unit = attribute("unit")
    type = attribute("type", SCOPE)
    max_allocs = attribute("maxAllocs", UNSIGNED)


class CacheBank(Element):
    """One cache and the CPUs that share it."""

    id = attribute("id", UNSIGNED)
    level = attribute("level", UNSIGNED)
    type = attribute("type", SCOPE)
    size = attribute("size", UNSIGNED)
    unit = attribute("unit")
    cpus = attribute("cpus")
    controls = children("control", CacheControl)


class Monitor(Element):
    """What the hardware can count, and for how many groups at once."""

    level = attribute("level", UNSIGNED)
    reuse_threshold = attribute("reuseThreshold", UNSIGNED)
    max_monitors = attribute("maxMonitors", UNSIGNED)
    features = children("feature", Named)


class HostCache(Element):
    """The caches of the CPUs."""

    banks = children("bank", CacheBank)
    monitor = child("monitor", Monitor)


class BandwidthControl(Element):
    """In which steps (percent) bandwidth can be limited, and for how many groups."""

    granularity = attribute("granularity", UNSIGNED)
    min = attribute("min", UNSIGNED)
    max_allocs = attribute("maxAllocs", UNSIGNED)


class BandwidthNode(Element):
    """The way to memory of some CPUs."""

    id = attribute("id", UNSIGNED)
    cpus = attribute("cpus")
    controls = children("control", BandwidthControl)


class MemoryBandwidth(Element):
    """Limits of memory bandwidth that the hardware offers."""

    nodes = children("node", BandwidthNode)
    monitor = child("monitor", Monitor)


class BaseLabel(Element):
    """The label that guests of one type get if none is asked for."""

    type = attribute("type")
    label = text()


class SecurityModel(Element):
    """A security model of the host; `doi` is its domain of interpretation, often empty."""

    model = textchild("model")
    doi = textchild("doi", keep_empty=True)
    base_labels = children("baselabel", BaseLabel)


class Host(Element):
    """The host."""

    uuid = textchild("uuid", UUID)
    cpu = section("cpu", HostCpu, always=True)
    power_management = child("power_management", PowerManagement)
    iommu = attrchild("iommu", "support", YES_NO)
    migration_features = child("migration_features", MigrationFeatures)
    topology = child("topology", HostTopology)
    cache = child("cache", HostCache)
    memory_bandwidth = child("memory_bandwidth", MemoryBandwidth)
    security_models = children("secmodel", SecurityModel)


class Machine(Element):
    """A machine type; `canonical` is what it is an alias of."""

    canonical = attribute("canonical")
    max_cpus = attribute("maxCpus", INT)
    deprecated = attribute("deprecated", YES_NO)
    name = text()


class GuestDomain(Element):
    """A virtualisation type; what is here where it differs from the architecture's."""

    type = attribute("type")
    emulator = textchild("emulator")
    loader = textchild("loader")
    machines = children("machine", Machine)


class GuestArch(Element):
    """An architecture of guests."""

    name = attribute("name")
    wordsize = textchild("wordsize", integer(8, 128))
    emulator = textchild("emulator")
    loader = textchild("loader")
    machines = children("machine", Machine)
    domains = children("domain", GuestDomain)


class Toggle(Element):
    """A feature: what it is by default, and whether a guest can have it otherwise."""

    default = attribute("default", ON_OFF)
    toggle = attribute("toggle", YES_NO)


class GuestFeatures(Element):
    """What guests can have."""

    pae = flag("pae")
    nonpae = flag("nonpae")
    ia64_be = flag("ia64_be")
    acpi = child("acpi", Toggle)
    apic = child("apic", Toggle)
    cpu_selection = flag("cpuselection")
    device_boot = flag("deviceboot")
    disk_snapshot = child("disksnapshot", Toggle)
    hap = child("hap", Toggle)


class Guest(Element):
    """A kind of guests: `hvm`, `xen`, `exe`, `linux`, `uml`."""

    os_type = textchild("os_type")
    arch = child("arch", GuestArch)
    features = child("features", GuestFeatures)


class Capabilities(Document, tag="capabilities", error_domain=ErrorDomain.CAPABILITIES):
    """What a host and its hypervisor can do."""

    host = section("host", Host, always=True)
    guests = children("guest", Guest)

    def format(self) -> str:
        """Return the document in libvirt's form: this one has blank lines around its parts."""
        document = super().format().replace("<capabilities>\n", "<capabilities>\n\n", 1)
        return document.replace("\n  </host>\n", "\n  </host>\n\n").replace("\n  </guest>\n", "\n  </guest>\n\n")
