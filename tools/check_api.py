"""Compare the public API with the hook specifications and with the functions of libvirt.

    python tools/check_api.py     print a line per disagreement and their number; exit 1 if there is any

Every hook is called by exactly one public method, in the form `ops["name"](...)`, with the arguments and the result
that its specification states, a reference there being a handle here. Every function of libvirt (`facts/api.tsv`) is a
hook, is another public name, or is not offered for a stated reason. The docstrings name only what exists.
"""

from __future__ import annotations

import ast
import csv
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import virtkit
from virtkit import constants, enums, errors
from virtkit.hookspecs import KINDS, spec_class
from virtkit.spec import specified

FACTS = Path(__file__).parent / "facts"
API = Path(virtkit.__file__).parent / "api"

WITH_FLAGS = (
    "domain_abort_job", "domain_attach_device", "domain_define_xml", "domain_destroy", "domain_detach_device",
    "domain_get_scheduler_parameters", "domain_pin_vcpu", "domain_restore", "domain_save", "domain_set_memory",
    "domain_set_scheduler_parameters", "domain_set_vcpus", "domain_shutdown", "domain_undefine",
    "network_create_xml", "network_define_xml", "nwfilter_define_xml", "storage_vol_get_info",
)  # fmt: skip
SUCCESSORS = {hook: f"{hook}_flags" for hook in WITH_FLAGS} | {
    "domain_create": "domain_create_with_flags",
    "node_device_dettach": "node_device_detach_flags",
}
"""Hook that no method calls -> the one, with more parameters, that serves both."""

ADAPTED = {
    "connect_get_all_domain_stats": "list[tuple[Domain, TypedParams]]",
    "domain_create_with_files": "None",  # the handle takes the new reference
    "domain_create_with_flags": "None",
    "virtkit_domain_execute": "Execution",
    "domain_migrate_perform3_params": "None",  # the cookie is for who leads the migration
}
"""Hook -> what its method returns, where that does not follow from the specification."""

HANDLES = {"SnapshotRef": "DomainSnapshot", "CheckpointRef": "DomainCheckpoint"}
"""Reference -> handle, where it is not just the same name without `Ref`."""

PUBLIC = {
    r"virConnectOpen(ReadOnly|Auth)?": "open",
    r"virConnectClose": "Connection.close",
    r"virConnectIsAlive": "Connection.is_alive",
    r"virConnectIsEncrypted": "Connection.is_encrypted",
    r"virGetVersion": "__version__",
    r"virConnect\w*EventRegister(Any)?": "Connection.subscribe",
    r"virConnect\w*EventDeregister(Any)?": "Subscription.close",
    r"virDomainLxcEnterNamespace": "Domain.lxc_enter_namespace",
    r"virDomainLxcEnterSecurityLabel": "Domain.lxc_enter_security_label",
    r"virDomainLxcEnterCGroup": "Domain.lxc_enter_cgroup",
    r"virDomainMigrate[23]?": "Domain.migrate",
    r"virDomainMigrateToURI[23]?": "Domain.migrate_to_uri",
    r"virStreamSend": "streams.Sink.write",
    r"virStreamSendHole": "streams.Sink.hole",
    r"virStreamFinish": "streams.Sink.finish",
    r"virStreamAbort": "streams.Sink.abort",
    r"virStream(Sparse)?SendAll": "StorageVol.upload_from",
    r"virStream(Sparse)?RecvAll": "StorageVol.download_to",
    r"virStreamRecv(Flags)?": "streams.Duplex.read",
    r"virStreamRecvHole": "streams.Hole",
    r"virStreamEvent(Add|Update|Remove)Callback": "streams.Duplex.fileno",
    r"virTypedParamsAdd(?!From)\w+": "params.TypedParams.put",
    r"virTypedParamsGet\w*": "params.TypedParams.get",
    r"vir(Conn)?(Get|Copy)LastError\w*": "VirtError",
}
"""Functions that are no hook -> the name under `virtkit` that stands for them."""

NOT_OFFERED = {
    r"vir\w+(Ref|Free|Clear)|virFreeError": "Python counts references",
    r"vir(Conn)?(Reset|Save|Set|Default)(Last)?Error(Func)?":
        "an error is raised, not kept for the next call to find",
    r"virEvent\w+": "events come on a thread of the library: a program has no loop to lend",
    r"virInitialize": "drivers are found when a connection is opened",
    r"virConnectAuthPtrDefault": "a program that wants to be asked passes `authenticate`",
    r"virStreamNew": "a function that moves data returns its stream",
    r"virTypedParamsAddFromString": "parameters are Python values",
    r"virConnectSetKeepAlive|virConnect(Unr|R)egisterCloseCallback|virConnectSetIdentity":
        "part of the session with a daemon: comes with the remote driver",
}  # fmt: skip
"""Functions that have no counterpart -> why."""

PRIVATE = "private"
"""Library, in api.tsv, of functions that only other functions call: phases of a migration."""


class Method(NamedTuple):
    """A function of the API package and the hook it calls."""

    where: str
    reference: str
    parameters: dict[str, str]
    returns: str
    hook: str
    arguments: list[ast.expr]


def methods(known: frozenset[str]) -> Iterator[Method]:
    for path in sorted(API.rglob("*.py")):
        for cls in (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)):
            reference = next((found[1] for base in cls.bases if (found := _REFERENCE.search(ast.unparse(base)))), "")
            for function in (node for node in cls.body if isinstance(node, ast.FunctionDef)):
                given = [*function.args.args, *function.args.kwonlyargs]
                parameters = {each.arg: ast.unparse(each.annotation) if each.annotation else "" for each in given}
                returns = ast.unparse(function.returns) if function.returns else ""
                for hook, arguments in _calls(function, known):
                    where = f"{cls.name}.{function.name}"
                    yield Method(where, reference, parameters, returns, hook, arguments)


_REFERENCE = re.compile(r"Handle\[(\w+)\]")


def _calls(function: ast.FunctionDef, known: frozenset[str]) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Subscript(slice=ast.Constant(value=str(hook))), args=arguments) if hook in known:
                yield hook, arguments


def disagreements(method: Method, spec: inspect.Signature) -> Iterator[str]:
    """Where a method differs from the specification of the hook it calls."""
    parameters = list(spec.parameters.values())[2:]
    if len(method.arguments) != len(parameters):
        yield f"passes {len(method.arguments)} arguments of {len(parameters)}"
    for argument, parameter in zip(method.arguments, parameters, strict=False):
        match argument:
            case ast.Attribute(value=ast.Name(id="self"), attr="ref"):
                given = method.reference
            case ast.Attribute(value=ast.Name(id=name), attr="ref"):
                given = f"{method.parameters[name]}Ref"
            case ast.Call(func=ast.Name(id="uuid_bytes")):
                given = "bytes"
            case ast.Name(id=name) if name in method.parameters:
                given = method.parameters[name]
            case _:
                continue
        if given != parameter.annotation and given not in parameter.annotation.split(" | "):
            yield f"passes {given} for {parameter.name}: {parameter.annotation}"
    wanted = re.sub(r"\w+Ref\b", lambda ref: HANDLES.get(ref[0], ref[0][:-3]), spec.return_annotation)
    wanted = ADAPTED.get(method.hook, wanted)
    if method.returns != wanted:
        yield f"returns {method.returns}, not {wanted}"


def reached(hooks: dict[str, inspect.Signature], internal: set[str]) -> Iterator[str]:
    """What is wrong with the way from public methods to hooks."""
    found = [method for method in methods(frozenset(hooks)) if not method.where.startswith("ManagedMigration.")]
    called = Counter(method.hook for method in found)
    for method in found:
        for what in disagreements(method, hooks[method.hook]):
            yield f"{method.where} -> {method.hook}: {what}"
    for hook in hooks:
        successor = SUCCESSORS.get(hook)
        if called[hook] + bool(successor) != 1 and hook not in internal:
            yield f"{hook}: called by {called[hook]} methods" + (" and in SUCCESSORS" if successor else "")
    for hook, successor in SUCCESSORS.items():
        few, many = (list(hooks[name].parameters)[2:] for name in (hook, successor))
        if few != many[: len(few)] or called[successor] != 1:
            yield f"{hook}: {successor} does not serve it"
    yield from (f"ADAPTED has {hook}, which no method calls" for hook in ADAPTED if not called[hook])


def covered(functions: list[dict[str, str]], hooks: dict[str, inspect.Signature]) -> Iterator[str]:
    """What is wrong with the way from libvirt's functions to public names."""
    used = set()
    for function in functions:
        name = function["name"]
        matching = [pattern for pattern in (*PUBLIC, *NOT_OFFERED) if re.fullmatch(pattern, name)]
        used.update(matching)
        if len(matching) > 1:
            yield f"{name}: several patterns match it"
        elif not matching and not hooks_of(function) & hooks.keys() and not _exists(accessor_of(name)):
            yield f"{name}: no hook, no public name and no reason"
    yield from (f"no function is named {pattern}" for pattern in {*PUBLIC, *NOT_OFFERED} - used)
    yield from (f"virtkit.{path} does not exist" for path in PUBLIC.values() if not _exists(path))


def hooks_of(function: dict[str, str]) -> set[str]:
    """The hooks of the procedures a function uses."""
    procedures = (procedure.split(":")[2] for procedure in function["rpc"].split(",") if procedure)
    programs = (procedure.split("_PROC_") for procedure in procedures)
    return {(("" if program == "REMOTE" else f"{program}_") + name).lower() for program, name in programs}


def accessor_of(name: str) -> str:
    """The attribute of a handle that a local getter is: virDomainGetUUIDString is Domain.uuid_string."""
    cls, _, what = name.removeprefix("vir").partition("Get")
    what = "connection" if what == "Connect" else re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", what)
    return f"{'Connection' if cls == 'Connect' else cls}.{what.lower()}"


def _exists(path: str) -> bool:
    owner, *rest = path.split(".")
    value = getattr(virtkit, owner, None) or (import_module(f"virtkit.{owner}") if owner.islower() else None)
    for name in rest:
        value = getattr(value, name, None)
    return value is not None


def described() -> Iterator[str]:
    """What docstrings name and nothing has."""
    for path in sorted(API.rglob("*.py")):
        text = path.read_text()
        enum_names, error_names = re.findall(r"virtkit\.enums\.(\w+)", text), re.findall(r"(?m)^ +(\w+Error): ", text)
        for module, name in [*((enums, name) for name in enum_names), *((errors, name) for name in error_names)]:
            if not hasattr(module, name):
                yield f"{path.name}: {module.__name__} has no {name}"
        for prefix in re.findall(r"virtkit\.constants\.(\w+)\*", text):
            if not any(name.startswith(prefix) for name in vars(constants)):
                yield f"{path.name}: virtkit.constants has no {prefix}*"


def declared() -> dict[str, inspect.Signature]:
    """Every hook with its signature."""
    specs = [spec_class(module) for modules in KINDS.values() for module in modules]
    return {name: inspect.signature(function) for spec in specs for name, function, _ in specified(spec)}


def main() -> int:
    hooks = declared()
    with (FACTS / "api.tsv").open(newline="") as file:
        functions = list(csv.DictReader(file, delimiter="\t"))
    internal = {hook for function in functions if function["lib"] == PRIVATE for hook in hooks_of(function)}
    problems = [*reached(hooks, internal), *covered(functions, hooks), *described()]
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(functions)} functions, {len(hooks)} hooks: {len(problems)} disagreements")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
