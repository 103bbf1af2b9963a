"""Variants of one function: without flags, with flags, with typed parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from virtkit import constants, enums
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError
from virtkit.fallbacks.table import Ops, derived, refuse
from virtkit.params import STRING, ULLONG, TypedParams, Value

if TYPE_CHECKING:
    from virtkit.records import MigrateBegin, MigrateFinish, MigratePrepare
    from virtkit.refs import DomainRef
    from virtkit.streams import Sink

# Members of virtkit.enums, which is not imported before it is used.
LIVE = 1  # DomainModificationImpact
MAXIMUM = 4  # DomainMemoryModFlags, DomainVcpuFlags
STRING_OKAY = 4  # TypedParameterFlags: what clients add to calls that return parameters


def _derive_same(plain: str, known: int = 0) -> None:
    """A plain function and its variant with flags, each from the other: no flags mean the plain function."""
    flagged = f"{plain}_flags"

    @derived(flagged, name=plain)
    def without_flags(ops: Ops, *arguments: Any) -> Any:
        return ops[flagged](*arguments, 0)

    @derived(plain, name=flagged)
    def with_flags(ops: Ops, *arguments: Any) -> Any:
        *before, flags = arguments
        refuse(flagged, flags, known)
        return ops[plain](*before)


def _derive_fixed(plain: str, full: str, *fixed: Any) -> None:
    """A function that is another one with its last arguments fixed."""

    @derived(full, name=plain)
    def with_fixed(ops: Ops, *arguments: Any) -> Any:
        return ops[full](*arguments, *fixed)


for _name in (
    "domain_abort_job",
    "domain_define_xml",
    "domain_destroy",
    "domain_set_scheduler_parameters",
    "domain_shutdown",
    "domain_undefine",
    "network_create_xml",
    "network_define_xml",
    "nwfilter_define_xml",
    "storage_vol_get_info",
):
    _derive_same(_name)
_derive_same("domain_get_scheduler_parameters", STRING_OKAY)

for _name, _full, *_fixed in (
    ("domain_attach_device", "domain_attach_device_flags", LIVE),
    ("domain_detach_device", "domain_detach_device_flags", LIVE),
    ("domain_get_max_vcpus", "domain_get_vcpus_flags", LIVE | MAXIMUM),
    ("domain_pin_vcpu", "domain_pin_vcpu_flags", LIVE),
    ("domain_restore", "domain_restore_flags", None, 0),
    ("domain_save", "domain_save_flags", None, 0),
    ("domain_set_max_memory", "domain_set_memory_flags", MAXIMUM),
    ("domain_set_memory", "domain_set_memory_flags", LIVE),
    ("domain_set_vcpus", "domain_set_vcpus_flags", LIVE),
    ("node_device_dettach", "node_device_detach_flags", None, 0),
):
    _derive_fixed(_name, _full, *_fixed)


@derived("domain_create_with_flags")
def domain_create(ops: Ops, dom: DomainRef) -> None:
    """Without flags."""
    ops["domain_create_with_flags"](dom, 0)


@derived("domain_create", "domain_lookup_by_uuid")
def domain_create_with_flags(ops: Ops, dom: DomainRef, flags: int) -> DomainRef:
    """A start gives the domain an id, which only a lookup tells."""
    refuse("domain_create_with_flags", flags)
    ops["domain_create"](dom)
    started: DomainRef = ops["domain_lookup_by_uuid"](dom.uuid)
    return started


@derived("domain_core_dump_with_format")
def domain_core_dump(ops: Ops, dom: DomainRef, to: str, flags: int) -> None:
    """In the raw format."""
    ops["domain_core_dump_with_format"](dom, to, enums.DomainCoreDumpFormat.RAW, flags)


@derived("domain_block_rebase")
def domain_block_pull(ops: Ops, dom: DomainRef, path: str, bandwidth: int, flags: int) -> None:
    """A rebase onto nothing."""
    ops["domain_block_rebase"](dom, path, None, bandwidth, flags)


@derived("qemu_domain_monitor_command_with_files")
def qemu_domain_monitor_command(ops: Ops, dom: DomainRef, cmd: str, flags: int) -> str:
    """Without descriptors."""
    answer: str = ops["qemu_domain_monitor_command_with_files"](dom, cmd, flags, ())[0]
    return answer


# Variants that take typed parameters


def _given(**values: Value | None) -> TypedParams:
    """The values that say something, under libvirt's names of migration and save parameters."""
    params = TypedParams()
    for constant, value in values.items():
        if value is not None:
            params.put(getattr(constants, constant), STRING if isinstance(value, str) else ULLONG, value)
    return params


def _file_and_xml(function: str, params: Mapping[str, Value]) -> tuple[str, str | None]:
    """The parameters of a save or restore that its variant with flags has too."""
    name, xml = constants.DOMAIN_SAVE_PARAM_FILE, constants.DOMAIN_SAVE_PARAM_DXML
    unknown = ", ".join(sorted(params.keys() - {name, xml}))
    if unknown:
        raise ArgumentUnsupportedError(f"{function} does not know the parameters {unknown}; leave them out")
    if name not in params:
        raise InvalidArgError(f"{function} needs the parameter {name!r}: the path of the image")
    return str(params[name]), str(params[xml]) if xml in params else None


@derived("domain_save_flags")
def domain_save_params(ops: Ops, dom: DomainRef, params: Mapping[str, Value], flags: int) -> None:
    """Only with the parameters that the variant with flags has."""
    ops["domain_save_flags"](dom, *_file_and_xml("domain_save_params", params), flags)


@derived("domain_save_params")
def domain_save_flags(ops: Ops, dom: DomainRef, to: str, dxml: str | None, flags: int) -> None:
    """The path and the definition as parameters."""
    ops["domain_save_params"](dom, _given(DOMAIN_SAVE_PARAM_FILE=to, DOMAIN_SAVE_PARAM_DXML=dxml), flags)


@derived("domain_restore_flags")
def domain_restore_params(ops: Ops, params: Mapping[str, Value], flags: int) -> None:
    """Only with the parameters that the variant with flags has."""
    ops["domain_restore_flags"](*_file_and_xml("domain_restore_params", params), flags)


@derived("domain_restore_params")
def domain_restore_flags(ops: Ops, from_: str, dxml: str | None, flags: int) -> None:
    """The path and the definition as parameters."""
    ops["domain_restore_params"](_given(DOMAIN_SAVE_PARAM_FILE=from_, DOMAIN_SAVE_PARAM_DXML=dxml), flags)


def _migration(xml: str | None, dname: str | None, uri: str | None, resource: int) -> TypedParams:
    """What the older calls of a migration pass one by one; a bandwidth of 0 is none."""
    return _given(
        MIGRATE_PARAM_DEST_XML=xml,
        MIGRATE_PARAM_DEST_NAME=dname,
        MIGRATE_PARAM_URI=uri,
        MIGRATE_PARAM_BANDWIDTH=resource or None,
    )


@derived("domain_migrate_begin3_params")
def domain_migrate_begin3(
    ops: Ops, dom: DomainRef, xmlin: str | None, flags: int, dname: str | None, resource: int
) -> MigrateBegin:
    """The arguments as parameters."""
    begun: MigrateBegin = ops["domain_migrate_begin3_params"](dom, _migration(xmlin, dname, None, resource), flags)
    return begun


@derived("domain_migrate_prepare3_params")
def domain_migrate_prepare3(
    ops: Ops, cookie_in: bytes, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
) -> MigratePrepare:
    """The arguments as parameters."""
    params = _migration(dom_xml, dname, uri_in, resource)
    prepared: MigratePrepare = ops["domain_migrate_prepare3_params"](params, cookie_in, flags)
    return prepared


@derived("domain_migrate_prepare_tunnel3_params")
def domain_migrate_prepare_tunnel3(
    ops: Ops, cookie_in: bytes, flags: int, dname: str | None, resource: int, dom_xml: str
) -> tuple[bytes, Sink]:
    """The arguments as parameters."""
    params = _migration(dom_xml, dname, None, resource)
    prepared: tuple[bytes, Sink] = ops["domain_migrate_prepare_tunnel3_params"](params, cookie_in, flags)
    return prepared


@derived("domain_migrate_perform3_params")
def domain_migrate_perform3(
    ops: Ops,
    dom: DomainRef,
    xmlin: str | None,
    cookie_in: bytes,
    dconnuri: str | None,
    uri: str | None,
    flags: int,
    dname: str | None,
    resource: int,
) -> bytes:
    """The arguments as parameters."""
    params = _migration(xmlin, dname, uri, resource)
    cookie: bytes = ops["domain_migrate_perform3_params"](dom, dconnuri, params, cookie_in, flags)
    return cookie


@derived("domain_migrate_finish3_params")
def domain_migrate_finish3(
    ops: Ops, dname: str, cookie_in: bytes, dconnuri: str | None, uri: str | None, flags: int, cancelled: bool
) -> MigrateFinish:
    """The arguments as parameters; the source's URI tells the destination nothing."""
    params = _migration(None, dname, uri, 0)
    finished: MigrateFinish = ops["domain_migrate_finish3_params"](params, cookie_in, flags, cancelled)
    return finished


@derived("domain_migrate_confirm3_params")
def domain_migrate_confirm3(ops: Ops, dom: DomainRef, cookie_in: bytes, flags: int, cancelled: bool) -> None:
    """Without parameters."""
    ops["domain_migrate_confirm3_params"](dom, TypedParams(), cookie_in, flags, cancelled)
