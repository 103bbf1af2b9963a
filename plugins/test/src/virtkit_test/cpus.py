"""CPU models by name, and what several CPUs have in common as far as names tell.

The simulator knows the names of CPU models and not what is in them: CPUs of one model are compared, those of several
are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    NotSupportedError,
    OperationFailedError,
    XMLError,
)

if TYPE_CHECKING:
    from virtkit.xml.cpu import CpuDocument

CPU = ErrorDomain.CPU

MODELS_X86 = (
    "486", "pentium", "pentium2", "pentium3", "pentiumpro", "coreduo", "n270", "core2duo", "qemu32", "kvm32",
    "cpu64-rhel5", "cpu64-rhel6", "qemu64", "kvm64", "Conroe", "Penryn", "Nehalem", "Nehalem-IBRS", "Westmere",
    "Westmere-IBRS", "SandyBridge", "SandyBridge-IBRS", "IvyBridge", "IvyBridge-IBRS", "Haswell-noTSX",
    "Haswell-noTSX-IBRS", "Haswell", "Haswell-IBRS", "Broadwell-noTSX", "Broadwell-noTSX-IBRS", "Broadwell",
    "Broadwell-IBRS", "Skylake-Client", "Skylake-Client-IBRS", "Skylake-Client-noTSX-IBRS", "Skylake-Server",
    "Skylake-Server-IBRS", "Skylake-Server-noTSX-IBRS", "Cascadelake-Server", "Cascadelake-Server-noTSX",
    "Icelake-Client", "Icelake-Client-noTSX", "Icelake-Server", "Icelake-Server-noTSX", "Cooperlake", "Snowridge",
    "athlon", "phenom", "Opteron_G1", "Opteron_G2", "Opteron_G3", "Opteron_G4", "Opteron_G5", "EPYC", "EPYC-IBPB",
    "EPYC-Rome", "EPYC-Milan", "Dhyana",
)  # fmt: skip
MODELS = {
    "i686": MODELS_X86,
    "x86_64": MODELS_X86,
    "ppc64": ("POWER6", "POWER7", "POWER8", "POWER9", "POWER10", "POWERPC_e5500", "POWERPC_e6500"),
    "ppc64le": ("POWER6", "POWER7", "POWER8", "POWER9", "POWER10", "POWERPC_e5500", "POWERPC_e6500"),
    "aarch64": (),
    "armv7l": (),
    "armv6l": (),
    "s390x": (),
    "s390": (),
}
"""Architecture -> CPU models known for it; an empty tuple where any name is taken."""

VENDORS_X86 = ("Intel", "AMD", "Hygon")
VENDORS = {
    "i686": VENDORS_X86,
    "x86_64": VENDORS_X86,
    "ppc64": ("IBM", "Freescale"),
    "ppc64le": ("IBM", "Freescale"),
}
"""Architecture -> vendors known for it; where there is none any name is taken."""

VENDOR_TOLD = ("i686", "x86_64")
"""Architectures whose baseline names the vendor."""


def baseline(xml_cpus: Sequence[str], *, expand: bool) -> str:
    """The CPU of one model with the features that all have, and the vendor if all name it.

    Raises:
        InvalidArgError: There are none.
        XMLError: One has no architecture or no model.
        InternalError: The model does not exist.
        OperationFailedError: They are of several vendors, or of one that does not exist.
        ConfigUnsupportedError: They are of several models or architectures.
        NotSupportedError: `expand`: what is in a model is not known here.
    """
    from virtkit.xml.cpu import CpuDocument
    from virtkit.xml.domain.cpu import CpuFeature, CpuModel

    if not xml_cpus:
        raise InvalidArgError("a baseline of no CPUs at all: give at least one", domain=CPU)
    cpus = [_parse(xml) for xml in xml_cpus]
    if expand:
        raise NotSupportedError("the simulator does not know the features of CPU models: do not ask to expand them")
    kinds = {(cpu.arch, cpu.model.name if cpu.model is not None else None) for cpu in cpus}
    if len(kinds) > 1:
        named = ", ".join(sorted(f"{model} ({arch})" for arch, model in kinds))
        raise ConfigUnsupportedError(
            f"the simulator cannot tell what {named} have in common: give one model", domain=CPU
        )
    common = set.intersection(*({feature.name for feature in cpu.features} for cpu in cpus))
    features = [CpuFeature(policy="require", name=one.name) for one in cpus[0].features if one.name in common]
    arch, name = kinds.pop()
    model = CpuModel(fallback="forbid", name=name)
    vendor = _vendor(cpus) if arch in VENDORS else None
    told = vendor if arch in VENDOR_TOLD else None
    return CpuDocument(mode="custom", match="exact", model=model, vendor=told, features=features).format()


def _vendor(cpus: Sequence[CpuDocument]) -> str | None:
    """The vendor that all CPUs name; None if one names none."""
    vendors = {cpu.vendor for cpu in cpus}
    named = sorted(vendor for vendor in vendors if vendor is not None)
    if len(named) > 1:
        raise OperationFailedError(f"the CPUs are of the vendors {' and '.join(named)}: give those of one", domain=CPU)
    return named[0] if len(vendors) == len(named) else None


def _parse(xml: str) -> CpuDocument:
    from virtkit.xml.cpu import CpuDocument

    cpu = CpuDocument.parse(xml)
    if cpu.arch is None:
        raise XMLError("the CPU has no <arch>: give it one", domain=CPU)
    name = cpu.model.name if cpu.model is not None else None
    if not name:
        raise XMLError("the CPU has no <model>: give it one", domain=CPU)
    known = MODELS.get(cpu.arch, ())
    if known and name not in known:
        raise InternalError(f"there is no CPU model {name!r} of {cpu.arch}", domain=CPU)
    vendors = VENDORS.get(cpu.arch, ())
    if vendors and cpu.vendor is not None and cpu.vendor not in vendors:
        raise OperationFailedError(
            f"there is no CPU vendor {cpu.vendor!r} of {cpu.arch}, only {', '.join(vendors)}", domain=CPU
        )
    return cpu
