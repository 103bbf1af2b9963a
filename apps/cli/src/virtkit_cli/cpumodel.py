"""Commands on CPU models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtkit.enums import ConnectBaselineCPUFlags, ConnectCompareCPUFlags, CPUCompareResult
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.values import document
from virtkit_cli.words import FILE

if TYPE_CHECKING:
    from virtkit_cli.session import Session

EMULATOR = (
    option("virttype", "kind of virtualisation, such as kvm or qemu"),
    option("emulator", "path of the emulator", completes="file"),
    option("arch", "architecture"),
    option("machine", "machine type"),
)
BASELINE = (
    Flag("features", "with the features that the model stands for", ConnectBaselineCPUFlags.EXPAND_FEATURES),
    Flag("migratable", "without features that block migration", ConnectBaselineCPUFlags.MIGRATABLE),
)
COMPARE = (
    Flag("error", "fail if it is incompatible, and say why", ConnectCompareCPUFlags.FAIL_INCOMPATIBLE),
    Flag("validate", "refuse a document with names that nobody knows", ConnectCompareCPUFlags.VALIDATE_XML),
)
RESULTS = {
    CPUCompareResult.IDENTICAL: "identical to",
    CPUCompareResult.SUPERSET: "a subset of",
    CPUCompareResult.INCOMPATIBLE: "incompatible with",
}


@command(argument("arch", "architecture"))
def cpu_models(session: Session, args: Arguments) -> None:
    """List the CPU models known for an architecture."""
    session.out.lines(session.connection.cpu_model_names(args.arch))


def cpus_in(file: str) -> list[str]:
    """The `<cpu>` elements of a file, whatever they stand in: several documents may follow each other.

    Raises:
        UsageError: There is none.
    """
    found = re.findall(r"<cpu\b(?:[^>]*/>|.*?</cpu>)", document(file), re.DOTALL)
    if not found:
        raise UsageError(f"{file} holds no <cpu>")
    return found


@command(FILE, *BASELINE)
def cpu_baseline(session: Session, args: Arguments) -> None:
    """Print the richest CPU that all hosts of some have."""
    session.out.document(session.connection.baseline_cpu(cpus_in(args.file), args.flags))


@command(FILE, *COMPARE)
def cpu_compare(session: Session, args: Arguments) -> None:
    """Compare a CPU with that of the host."""
    [cpu, *_] = cpus_in(args.file)
    _compared(session, args, session.connection.compare_cpu(cpu, args.flags), "host CPU")


@command(option("file", "file with CPUs", completes="file"), *EMULATOR, *BASELINE, option("model", "one model"))
def hypervisor_cpu_baseline(session: Session, args: Arguments) -> None:
    """Print the richest CPU that all of some have and a hypervisor can offer."""
    from xml.sax.saxutils import escape

    cpus = cpus_in(args.file) if args.file else []
    if args.model:
        cpus.append(f"<cpu><model>{escape(args.model)}</model></cpu>")
    session.out.document(
        session.connection.baseline_hypervisor_cpu(
            args.emulator, args.arch, args.machine, args.virttype, cpus, args.flags
        )
    )


@command(FILE, *EMULATOR, *COMPARE)
def hypervisor_cpu_compare(session: Session, args: Arguments) -> None:
    """Compare a CPU with what a hypervisor can offer on the host."""
    [cpu, *_] = cpus_in(args.file)
    result = session.connection.compare_hypervisor_cpu(
        args.emulator, args.arch, args.machine, args.virttype, cpu, args.flags
    )
    _compared(session, args, result, "the CPU provided by hypervisor on the host")


def _compared(session: Session, args: Arguments, result: CPUCompareResult, other: str) -> None:
    words = RESULTS.get(result, "not comparable with")
    text = f"CPU described in {args.file} is {words} {other}"
    session.out.value("result", CPUCompareResult(result).name.lower(), text)
