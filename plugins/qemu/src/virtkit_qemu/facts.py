"""What a QEMU binary can do, as values: asked over QMP (`QUESTIONS`), kept as JSON (`encode`, `decode`). All pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import asdict, frozen

_FORMAT = 1
_SETS = ("devices", "objects", "commands", "tpm_backends", "tpm_models")
# Answer -> command and arguments. What a binary does not know it refuses; that answer is then missing.
QUESTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "version": ("query-version", {}),
    "target": ("query-target", {}),
    "commands": ("query-commands", {}),
    "machines": ("query-machines", {}),
    "cpus": ("query-cpu-definitions", {}),
    "devices": ("qom-list-types", {"implements": "device", "abstract": False}),
    "objects": ("qom-list-types", {"implements": "user-creatable", "abstract": False}),
    "options": ("query-command-line-options", {}),
    "kvm": ("query-kvm", {}),
    "tpm_backends": ("query-tpm-types", {}),
    "tpm_models": ("query-tpm-models", {}),
}


@frozen
class Machine:
    """A machine type.

    Attributes:
        name: Its name, with version where it has one: pc-i440fx-7.2.
        alias: Another name of it, as pc; None when it has none.
        is_default: QEMU takes it when none is asked for.
        deprecated: QEMU announces its removal.
        cpu_max: The most CPUs it can have.
        hotpluggable_cpus: CPUs can be added while it runs.
        default_cpu: CPU model it has when none is asked for; None when it has no CPU.
        default_ram_id: Name of its memory object; None when QEMU does not tell.
    """

    name: str
    alias: str | None
    is_default: bool
    deprecated: bool
    cpu_max: int
    hotpluggable_cpus: bool
    default_cpu: str | None
    default_ram_id: str | None


@frozen
class CPUModel:
    """A CPU model, as it is without KVM.

    Attributes:
        name: Its name.
        type: Name of its QEMU type, as in device names for CPU hotplug.
        alias_of: The versioned model that it stands for; None when it stands for itself.
        migration_safe: A guest with it can be migrated between hosts.
        static: It never changes, whatever the machine type or QEMU's version.
        deprecated: QEMU announces its removal.
        missing: What keeps it from running under TCG: features, or "kvm"; empty when it runs.
    """

    name: str
    type: str
    alias_of: str | None
    migration_safe: bool
    static: bool
    deprecated: bool
    missing: tuple[str, ...]


@frozen
class Facts:
    """What a QEMU binary can do.

    Attributes:
        version: Major, minor and micro version.
        package: What its packager calls it; empty when nothing.
        target: The architecture it emulates, in QEMU's word: x86_64, i386, aarch64.
        kvm: It was built with KVM; whether the host's works is another question (`virtkit_qemu.kvm`).
        machines: Its machine types.
        cpu_models: Its CPU models.
        devices: Types for -device and device_add.
        objects: Types for -object and object-add.
        commands: Commands of its monitor.
        options: Command line options that have parameters, with the names of these.
        tpm_backends: Kinds of TPM it can connect to.
        tpm_models: TPM devices it can give a guest.
    """

    version: tuple[int, int, int]
    package: str
    target: str
    kvm: bool
    machines: tuple[Machine, ...]
    cpu_models: tuple[CPUModel, ...]
    devices: frozenset[str]
    objects: frozenset[str]
    commands: frozenset[str]
    options: Mapping[str, tuple[str, ...]]
    tpm_backends: frozenset[str]
    tpm_models: frozenset[str]

    def machine(self, name: str) -> Machine | None:
        """The machine type with this name or alias; None when there is none."""
        return next((machine for machine in self.machines if name in (machine.name, machine.alias)), None)

    @property
    def default_machine(self) -> Machine | None:
        """The machine type QEMU takes by default; None when one must be chosen."""
        return next((machine for machine in self.machines if machine.is_default), None)

    def cpu_model(self, name: str) -> CPUModel | None:
        """The CPU model with this name; None when there is none."""
        return next((model for model in self.cpu_models if model.name == name), None)


def script() -> bytes:
    """The questions as input of a monitor on standard input, which then quits."""
    steps = [
        ("negotiate", "qmp_capabilities", {}),
        *((key, *ask) for key, ask in QUESTIONS.items()),
        ("quit", "quit", {}),
    ]
    lines = [json.dumps({"execute": command, "arguments": arguments, "id": key}) for key, command, arguments in steps]
    return "\n".join([*lines, ""]).encode()


def answers(output: bytes) -> dict[str, Any]:
    """The answers in what the monitor printed; ValueError when that is not a monitor's output."""
    messages = [json.loads(line) for line in output.splitlines() if line]
    return {message["id"]: message["return"] for message in messages if "return" in message}


def facts_of(found: Mapping[str, Any]) -> Facts:
    """Facts from answers; KeyError when an indispensable one is missing."""
    version = found["version"]["qemu"]
    return Facts(
        version=(version["major"], version["minor"], version["micro"]),
        package=found["version"]["package"],
        target=found["target"]["arch"],
        kvm=found.get("kvm", {}).get("present", False),
        machines=tuple(sorted(map(_machine, found["machines"]), key=lambda machine: machine.name)),
        cpu_models=tuple(sorted(map(_cpu_model, found.get("cpus", ())), key=lambda model: model.name)),
        devices=_names(found["devices"]),
        objects=_names(found["objects"]),
        commands=_names(found["commands"]),
        options=_options(found["options"]),
        tpm_backends=frozenset(found.get("tpm_backends", ())),
        tpm_models=frozenset(found.get("tpm_models", ())),
    )


def encode(identity: Mapping[str, object], facts: Facts) -> bytes:
    """A document with facts and the identity of the binary that they were asked of."""
    plain = asdict(
        facts, value_serializer=lambda _, __, value: sorted(value) if isinstance(value, frozenset) else value
    )
    return json.dumps({"format": _FORMAT, "identity": identity, "facts": plain}).encode()


def decode(document: bytes) -> tuple[dict[str, Any], Facts]:
    """The identity and facts that `encode` wrote; ValueError for anything else."""
    try:
        content = json.loads(document)
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        return content["identity"], _restored(content["facts"])
    except (KeyError, TypeError, AttributeError) as cause:
        raise ValueError(f"not the facts of a QEMU: {cause!r}") from cause


def _restored(plain: dict[str, Any]) -> Facts:
    """JSON has lists only; here they become what they were."""
    models = [{**model, "missing": tuple(model["missing"])} for model in plain["cpu_models"]]
    restored = {
        **plain,
        "version": tuple(plain["version"]),
        "machines": tuple(Machine(**machine) for machine in plain["machines"]),
        "cpu_models": tuple(CPUModel(**model) for model in models),
        "options": {option: tuple(parameters) for option, parameters in plain["options"].items()},
    }
    return Facts(**restored | {name: frozenset(plain[name]) for name in _SETS})


def _machine(told: Mapping[str, Any]) -> Machine:
    return Machine(
        name=told["name"],
        alias=told.get("alias"),
        is_default=told.get("is-default", False),
        deprecated=told.get("deprecated", False),
        cpu_max=told["cpu-max"],
        hotpluggable_cpus=told["hotpluggable-cpus"],
        default_cpu=_model_of_type(told.get("default-cpu-type")),
        default_ram_id=told.get("default-ram-id"),
    )


def _model_of_type(cpu_type: str | None) -> str | None:
    """qemu64-x86_64-cpu is the type of the model qemu64."""
    return None if cpu_type is None else cpu_type.removesuffix("-cpu").rpartition("-")[0] or cpu_type


def _cpu_model(told: Mapping[str, Any]) -> CPUModel:
    return CPUModel(
        name=told["name"],
        type=told["typename"],
        alias_of=told.get("alias-of"),
        migration_safe=told.get("migration-safe", False),
        static=told["static"],
        deprecated=told.get("deprecated", False),
        missing=tuple(told.get("unavailable-features", ())),
    )


def _names(told: list[dict[str, str]]) -> frozenset[str]:
    return frozenset(entry["name"] for entry in told)


def _options(told: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {
        option["option"]: tuple(sorted(parameter["name"] for parameter in option["parameters"]))
        for option in told
        if option["option"]
    }
