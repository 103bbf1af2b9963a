"""Compare the hook specifications with the facts, function by function and parameter by parameter.

    python tools/check_specs.py     print a line per disagreement and their number; exit 1 if there is any

A call procedure of the wire (`facts/rpc.json`) is one hook and a hook is one procedure. From the procedure follow, by
the rules of the design, the hook's parameters, types, permissions and filters; from the function of the API that it
serves (`facts/api.tsv`) its family, version and read-only rule. What no rule gives is in `RETURNS` and `RENAMED`, and
each entry there is one of `facts/rpc-binding.tsv`. The docstrings, which are the manual, are checked too.
"""

from __future__ import annotations

import csv
import inspect
import json
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from virtkit import enums, errors, records, refs
from virtkit.fallbacks import FALLBACKS
from virtkit.hookspecs import KINDS, spec_class
from virtkit.spec import HOOK_PREFIXES, Meta, specified

FACTS = Path(__file__).parent / "facts"

WITHOUT_HOOK = {"session", "event-callback", "event-legacy"}
"""Reasons in rpc-binding.tsv for which a procedure is the daemon's own."""

BUFFERS = {
    "need_results", "need_map", "need_online", "nparams", "ncpumaps", "maplen",
    "maxnames", "maxids", "maxuuids", "maxinfo", "maxerrors", "maxStats",
}  # fmt: skip
"""Arguments that size the buffers of a C caller."""

COUNTS = {"ret", "nparams", "nerrors"}
"""Results that count the others."""

RETURNS = {
    "domain_get_vcpus": "list[VcpuInfo]", "domain_get_vcpu_pin_info": "list[bytes]",
    "domain_get_emulator_pin_info": "bytes | None", "node_get_cpu_map": "NodeCpuMap",
    "domain_get_cpu_stats": "list[TypedParams]", "domain_memory_stats": "dict[DomainMemoryStatTags, int]",
    "node_get_cpu_stats": "TypedParams", "node_get_memory_stats": "TypedParams",
    "domain_get_block_job_info": "BlockJobInfo | None", "domain_get_scheduler_type": "str",
    "domain_rename": "None", "domain_agent_set_response_timeout": "None",
    "domain_open_console": "Duplex", "domain_open_channel": "Duplex", "domain_screenshot": "Screenshot",
    "domain_migrate_prepare_tunnel": "Sink", "domain_migrate_prepare_tunnel3": "tuple[bytes, Sink]",
    "domain_migrate_prepare_tunnel3_params": "tuple[bytes, Sink]",
    "storage_vol_upload": "Sink", "storage_vol_download": "Source",
    "qemu_domain_monitor_command_with_files": "tuple[str, list[int]]",
}  # fmt: skip
"""What hooks return where the wire's shape does not say it."""

RENAMED = {
    "domain_pin_iothread": ("iothreads_id", "iothread_id"),
    "nwfilter_binding_get_xml_desc": ("nwfilter", "binding"),
    "nwfilter_binding_delete": ("nwfilter", "binding"),
}
"""Arguments whose field of the wire has a misleading name."""

FAMILIES = {
    "accessors-get": "accessor", "accessors-set": "accessor", "connection": "accessor",
    "device": "operation", "guest-agent": "operation",
}  # fmt: skip
"""Families of api.tsv that are called otherwise here."""


OWN = {"VIRTKIT_PROC_DOMAIN_EXECUTE": {"lib": "virtkit", "family": "operation", "readonly": "yes", "since": ""}}
"""Procedures of virtkit's own program -> what api.tsv says of libvirt's functions."""


class Hook(NamedTuple):
    """A hook specification; `parameters` (without session) and `returns` are annotations as they are written."""

    name: str
    parameters: dict[str, str]
    returns: str
    meta: Meta
    doc: str


class Procedure(NamedTuple):
    """What the facts say of a hook: `api` is its row of api.tsv, `binding` the reason of its row of rpc-binding.tsv."""

    wire: dict[str, Any]
    program: str
    api: dict[str, str]
    binding: str

    def fields(self, part: str) -> list[dict[str, Any]]:
        """The fields of its `args` or `ret`."""
        return STRUCTS[self.wire[part]] if self.wire[part] else []


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


PROGRAMS = {
    name: program
    for file in ("rpc.json", "virtkit.json")
    for name, program in json.loads((FACTS / file).read_text())["programs"].items()
}
STRUCTS = {name: each["fields"] for program in PROGRAMS.values() for name, each in program["structs"].items()}
TYPEDEFS = {name: each for program in PROGRAMS.values() for name, each in program["typedefs"].items()}


def procedures() -> dict[str, Procedure]:
    """Hook name -> procedure, of all that are to have a hook."""
    bindings = {row["procedure"].partition(":")[2]: row["reason"] for row in table("rpc-binding.tsv")}
    functions: dict[str, dict[str, str]] = {}
    for row in table("api.tsv"):
        if row["rpc_kind"] == "direct":
            functions.setdefault(row["rpc"].split(",")[0].split(":")[-1], row)
    functions |= OWN
    found = {}
    for program, prefix in (("remote", ""), ("qemu", "qemu_"), ("lxc", "lxc_"), ("virtkit", "virtkit_")):
        for wire in PROGRAMS[program]["procedures"]:
            name = prefix + wire["name"].partition("_PROC_")[2].lower()
            if wire["kind"] == "call" and bindings.get(name) not in WITHOUT_HOOK:
                found[name] = Procedure(wire, program, functions[wire["name"]], bindings.get(name, ""))
    return found


def hooks_of(cls: type) -> Iterator[Hook]:
    """The hooks a spec class declares."""
    for name, function, meta in specified(cls):
        signature = inspect.signature(function)
        parameters = {each.name: str(each.annotation) for each in list(signature.parameters.values())[2:]}
        yield Hook(name, parameters, str(signature.return_annotation), meta, inspect.getdoc(function) or "")


def hooks() -> list[Hook]:
    return [hook for modules in KINDS.values() for module in modules for hook in hooks_of(spec_class(module))]


def snake(name: str) -> str:
    """`srcSpec` -> `src_spec`, `xmlCPUs` -> `xml_cpus`; a keyword gets an underscore."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def fits(annotation: str, field: dict[str, Any], returned: bool = False) -> bool:
    """Whether an annotation is that of a wire type."""
    field = TYPEDEFS.get(field["type"], field)
    match field["type"]:
        case "optional":
            bare = annotation.removesuffix(" | None")
            return bare != annotation and fits(bare, {"type": field["of"]}, returned)
        case "string" | "opaque" as kind:
            return annotation == ("str" if kind == "string" else "bytes")
        case "array" if field["of"] == "char":
            return annotation == "str"
        case "array" if field["of"] == "remote_typed_param":
            return annotation == ("TypedParams" if returned else "Mapping[str, Value]")
        case "array":
            item = re.fullmatch(r"list\[(.*)\]" if returned else r"Sequence\[(.*)\]", annotation)
            return item is not None and fits(item[1], {"type": field["of"]}, returned)
        case struct if struct in STRUCTS:
            kind = struct.removeprefix("remote_nonnull_").replace("domain_", "").replace("_", "")
            named = annotation.lower() == f"{kind}ref" if "nonnull" in struct else returned
            return named and fits_record(annotation, STRUCTS[struct])
        case "int" | "uint" | "hyper" | "uhyper" | "char" | "uchar" | "ushort":
            return annotation in ("int", "bool") or annotation in enums.__all__
    return False


def fits_record(annotation: str, fields: list[dict[str, Any]]) -> bool:
    """Whether an annotation is a reference or record with the fields of a struct, in their order."""
    cls = getattr(refs, annotation, None) or getattr(records, annotation, None)
    types = {name: getattr(each, "__forward_arg__", each) for name, each in getattr(cls, "__annotations__", {}).items()}
    if [name.removesuffix("_out") for name in types] != [snake(each["name"]).removesuffix("_out") for each in fields]:
        return False
    return all(fits(kind, field, True) for kind, field in zip(types.values(), fields, strict=True))


def check_parameters(hook: Hook, procedure: Procedure) -> Iterator[str]:
    """Names, order and types of the wire's arguments."""
    fields = [dict(field) for field in procedure.fields("args") if field["name"] not in BUFFERS]
    for field in fields:
        if procedure.binding.startswith("object by key") and field["name"] == "name":
            field |= {"name": "dev", "type": "remote_nonnull_node_device"}
        field["name"] = dict([RENAMED.get(hook.name, ("", ""))]).get(field["name"], snake(field["name"]))
    match procedure.wire.get("fds_call"):
        case "n":
            fields.append({"name": "files", "type": "array", "of": "int"})
        case 1:
            fields.append({"name": "file", "type": "int"})
    expected = [field["name"] for field in fields]
    if list(hook.parameters) != expected:
        yield f"takes ({', '.join(hook.parameters)}), the wire has ({', '.join(expected)})"
        return
    for field in fields:
        if not fits(hook.parameters[field["name"]], field):
            yield f"parameter {field['name']}: {hook.parameters[field['name']]} is no {field['type']} of the wire"


def check_returns(hook: Hook, procedure: Procedure) -> Iterator[str]:
    """No result is None, one is the value itself, several are a record; counts are left out."""
    fields = procedure.fields("ret")
    fields = fields if len(fields) == 1 else [field for field in fields if field["name"] not in COUNTS]
    named = RETURNS.get(hook.name) or {None: "", 1: "int", "n": "list[int]"}[procedure.wire.get("fds_reply")]
    if named or not fields:
        right = hook.returns == (named or "None")
    else:
        right = fits(hook.returns, fields[0], True) if len(fields) == 1 else fits_record(hook.returns, fields)
    if not right:
        yield f"returns {hook.returns}, expected {named or [field['name'] for field in fields]}"


def permission(rule: dict[str, Any]) -> str:
    """`object:permission[:condition]`, as `virtkit.spec.Meta` writes it."""
    conditions = [f"?{name}={value}" for name, value in rule.get("only_if_param", {}).items()]
    return ":".join([rule["object"], rule["permission"], *conditions, *filter(None, [rule.get("only_if_flag")])])


def check_meta(hook: Hook, procedure: Procedure) -> Iterator[str]:
    """Everything that the decorator states."""
    wire, api = procedure.wire, procedure.api
    refused = api["readonly"]
    if api["lib"] == "private" and api["family"] == "migration":
        refused = "yes"  # The table has no rule for private functions; libvirt refuses the steps of a migration.
    expected = {
        "family": FAMILIES.get(api["family"], api["family"]),
        "acl": tuple(map(permission, wire["acl"])),
        "readonly": refused != "yes",
        "refused_flags": refused.removeprefix("if:") if refused != "yes" else "",
        "filters": " ".join(map(permission, wire.get("aclfilter", []))),
        "since": api["since"],
        "program": procedure.program,
    }
    for key, value in expected.items():
        if getattr(hook.meta, key) != value:
            yield f"{key} is {getattr(hook.meta, key)!r}, the facts say {value!r}"
    if not hook.meta.may_block and wire["priority"] != "high":
        yield "may_block is False, but libvirt lets it wait for a guest (priority low)"


def section(doc: str, title: str) -> list[str]:
    """The names that a section of a docstring explains."""
    found = re.search(rf"^{title}:\n((?:    .*\n?|\n)+)", doc, re.MULTILINE)
    return re.findall(r"^    (\w+):", found[1], re.MULTILINE) if found else []


def check_doc(hook: Hook, _procedure: Procedure) -> Iterator[str]:
    """A summary in the imperative, every argument or none, and nothing that does not exist."""
    verb = re.match(r"([A-Z][a-z]+),? .*\.$", hook.doc.partition("\n")[0])
    if verb is None or "TODO" in hook.doc:
        yield "has no docstring that begins with a sentence"
    elif re.search(r"[^s]s$", verb[1]) or verb[1] in ("The", "A", "An"):
        yield f"its docstring is not in the imperative: {verb[0]}"
    implied = {"conn", "flags"} | {name for name, kind in hook.parameters.items() if kind.endswith("Ref")}
    explained = section(hook.doc, "Args")
    if explained and {*explained} | implied != {*hook.parameters} | implied:
        yield f"explains ({', '.join(explained)}) of ({', '.join(hook.parameters)})"
    unknown = [f"virtkit.errors.{name}" for name in section(hook.doc, "Raises") if not hasattr(errors, name)]
    unknown += [name for name in re.findall(r"`virtkit\.enums\.(\w+)`", hook.doc) if name not in enums.__all__]
    yield from (f"names {name}, which does not exist" for name in unknown)
    yield from check_derivation(hook)


def needs(name: str) -> tuple[str, ...]:
    """What a hook is derived from."""
    return FALLBACKS[name].needs if name in FALLBACKS else ()


def check_derivation(hook: Hook) -> Iterator[str]:
    """A derived hook says so, and from what; of two derived from each other one may be silent."""
    own = needs(hook.name)
    for name in {*re.findall(r"[Dd]erived(?: in part)? from `(\w+)`", hook.doc)} - {*own}:
        yield f"says that it is derived from {name}, which it is not"
    if own and "erived" not in hook.doc and not any(hook.name in needs(need) for need in own):
        yield f"does not say that it is derived from {own[0]}"


CHECKS = (check_parameters, check_returns, check_meta, check_doc)


def disagreements(specs: list[Hook], facts: dict[str, Procedure]) -> Iterator[str]:
    """A line for each point in which specifications and facts differ."""
    names = [hook.name for hook in specs]
    yield from (f"{name}: no hook declares this procedure" for name in facts if name not in names)
    yield from (f"{name}: declared {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1)
    yield from (f"{name}: no exception of rpc-binding.tsv" for name in RETURNS | RENAMED if not facts[name].binding)
    slow = {hook.name for hook in specs if hook.meta.may_block}
    for hook in specs:
        for need in slow.intersection(needs(hook.name)) if hook.name not in slow else ():
            yield f"{hook.name}: may_block is False, but {need}, from which it is derived, may"
        if hook.name not in facts or not hook.name.startswith(HOOK_PREFIXES):
            yield f"{hook.name}: no procedure of the wire"
            continue
        yield from (f"{hook.name}: {said}" for check in CHECKS for said in check(hook, facts[hook.name]))


def main() -> int:
    lines = list(disagreements(hooks(), procedures()))
    print(*lines, f"{len(lines)} disagreements in {len(hooks())} hooks", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
