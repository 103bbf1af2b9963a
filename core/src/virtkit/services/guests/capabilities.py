"""The host in a document of capabilities: what is the same whatever runs guests on it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import UUID

from virtkit.services import node, sleeping
from virtkit.xml import capabilities as host_xml


def describe(host: host_xml.Host) -> None:
    """Fill in what this host is: identity, CPU, memory, how it can sleep."""
    host.uuid = _machine_id()
    host.cpu = _host_cpu()
    host.power_management = _power()
    host.iommu = any(Path("/sys/kernel/iommu_groups").glob("*"))
    cells = [_cell(number) for number in node.cells()]
    host.topology = host_xml.HostTopology(cells=host_xml.Cells(num=len(cells), cells=cells))
    banks = _caches()
    host.cache = host_xml.HostCache(banks=banks) if banks else None


def _machine_id() -> bytes | None:
    try:
        return UUID(Path("/etc/machine-id").read_text().strip()).bytes
    except (OSError, ValueError):
        return None


def _host_cpu() -> host_xml.HostCpu:
    info, shape = Path("/proc/cpuinfo").read_text(), node.info()
    sizes = [
        int(found[1]) for path in Path("/sys/kernel/mm/hugepages").glob("*") if (found := _PAGES.search(path.name))
    ]
    cpu = host_xml.HostCpu(arch=os.uname().machine)
    signature = [re.search(rf"^{name}\s*:\s*(\d+)", info, re.MULTILINE) for name in ("cpu family", "model", "stepping")]
    family, model, stepping = (int(found[1]) if found else None for found in signature)
    if family is not None:
        cpu.signature = host_xml.Signature(family=family, model=model, stepping=stepping)
    cpu.topology = host_xml.Topology(sockets=shape.sockets, dies=1, cores=shape.cores, threads=shape.threads)
    bits = re.search(r"^address sizes\s*:\s*(\d+) bits physical", info, re.MULTILINE)
    if bits:
        cpu.max_phys_addr = host_xml.PhysicalAddressBits(mode="emulate", bits=int(bits[1]))
    cpu.pages = [host_xml.PageSize(unit="KiB", size=size) for size in sorted([_page_size(), *sizes])]
    return cpu


_PAGES = re.compile(r"hugepages-(\d+)kB")


def _page_size() -> int:
    return os.sysconf("SC_PAGE_SIZE") // 1024


def _power() -> host_xml.PowerManagement:
    return host_xml.PowerManagement(**{f"suspend_{way.name.lower()}": True for way in sleeping.HOST.ways()})


def _cell(number: int) -> host_xml.Cell:
    cpus = [_cpu(cpu) for cpu in node.cell_cpus(number)]
    memory = node.cell_memory(number)["MemTotal"]
    cell = host_xml.Cell(id=number, memory=memory, cpus=host_xml.NodeCpus(num=len(cpus), cpus=cpus))
    cell.pages = [host_xml.NodePages(unit="KiB", size=_page_size(), count=memory // _page_size())]
    for path in sorted((node.NODES / f"node{number}" / "hugepages").glob("*"), key=lambda path: int(path.name[10:-2])):
        count = int((path / "nr_hugepages").read_text())
        cell.pages.append(host_xml.NodePages(unit="KiB", size=int(path.name[10:-2]), count=count))
    distances = node.NODES / f"node{number}" / "distance"
    if distances.exists():
        values = zip(node.cells(), distances.read_text().split(), strict=False)
        siblings = [host_xml.Sibling(id=other, value=int(value)) for other, value in values]
        cell.distances = host_xml.Distances(siblings=siblings)
    return cell


def _cpu(number: int) -> host_xml.NodeCpu:
    socket, die, core = node.place(number)
    siblings = node.ranges(node.siblings(number))
    return host_xml.NodeCpu(id=number, socket_id=socket, die_id=die, core_id=core, siblings=siblings)


def _caches() -> list[host_xml.CacheBank]:
    """The last-level caches."""
    banks: dict[int, host_xml.CacheBank] = {}
    for path in node.CPUS.glob("cpu[0-9]*/cache/index3"):
        told = {name: (path / name).read_text().strip() for name in ("id", "level", "size", "shared_cpu_list")}
        size, unit = int(told["size"].rstrip("K")), "KiB"
        if size % 1024 == 0:
            size, unit = size // 1024, "MiB"
        number = int(told["id"])
        banks[number] = host_xml.CacheBank(
            id=number, level=int(told["level"]), type="both", size=size, unit=unit, cpus=told["shared_cpu_list"]
        )
    return [banks[number] for number in sorted(banks)]
