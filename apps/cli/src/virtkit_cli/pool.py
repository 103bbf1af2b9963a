"""Commands on storage pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import (
    ConnectListAllStoragePoolsFlags,
    StoragePoolBuildFlags,
    StoragePoolCreateFlags,
    StoragePoolDefineFlags,
    StoragePoolState,
)
from virtkit_cli.command import Argument, Arguments, Flag, Option, command
from virtkit_cli.output import size
from virtkit_cli.words import FILE, POOL, VALIDATE, action, document, find_pool, flags, printer, switch

if TYPE_CHECKING:
    from virtkit import StoragePool
    from virtkit_cli.session import Session

Listed = ConnectListAllStoragePoolsFlags
FILTERS = {
    "inactive": Listed.INACTIVE,
    "persistent": Listed.PERSISTENT,
    "transient": Listed.TRANSIENT,
    "autostart": Listed.AUTOSTART,
    "no_autostart": Listed.NO_AUTOSTART,
}
TYPES = {
    flag.name.lower().replace("_", "-"): flag
    for flag in Listed
    if flag.name and flag.name.lower() not in FILTERS and flag is not Listed.ACTIVE
}


def _pool(session: Session, args: Arguments) -> StoragePool:
    return find_pool(session, args.pool)


@command(
    "pool-list",
    "List storage pools: the active ones, unless told otherwise.",
    Flag("all", "active and inactive ones"),
    *(Flag(key.replace("_", "-"), f"only those {key.replace('_', ' ')}") for key in FILTERS),
    Option("type", "only pools of this type", choices=tuple(TYPES)),
    Flag("details", "with sizes"),
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names"),
)
def pool_list(session: Session, args: Arguments) -> None:
    """One row per pool."""
    asked = flags(args, FILTERS) | (TYPES[args.type] if args.type else 0)
    if not args.all and not args.inactive:
        asked |= Listed.ACTIVE
    pools = session.connection.list_storage_pools(asked)
    if args.uuid or args.name:
        for pool in pools:
            session.out.write(pool.uuid_string if args.uuid else pool.name)
        return
    columns = {"name": "Name", "state": "State", "autostart": "Autostart"}
    if args.details:
        columns |= {"persistent": "Persistent", "capacity": "Capacity", "allocation": "Allocation"}
        columns |= {"available": "Available"}
    session.out.table(columns, [_row(session, pool) for pool in pools])


def _row(session: Session, pool: StoragePool) -> dict[str, object]:
    info = pool.info()
    sizes = {"capacity": info.capacity, "allocation": info.allocation, "available": info.available}
    return {
        "name": pool.name,
        "state": "active" if info.state != StoragePoolState.INACTIVE else "inactive",
        "autostart": pool.autostart(),
        "persistent": pool.is_persistent(),
        "uuid": pool.uuid_string,
    } | {key: value if session.out.json else size(value) for key, value in sizes.items()}


@command("pool-info", "Show what is known about a storage pool.", POOL, Flag("bytes", "sizes in bytes"))
def pool_info(session: Session, args: Arguments) -> None:
    """Basic facts."""
    pool = _pool(session, args)
    row = _row(session, pool)
    info = pool.info()
    if args.bytes:
        row |= {"capacity": info.capacity, "allocation": info.allocation, "available": info.available}
    row["state"] = StoragePoolState(info.state).name.lower()
    labels = {
        "name": "Name", "uuid": "UUID", "state": "State", "persistent": "Persistent", "autostart": "Autostart",
        "capacity": "Capacity", "allocation": "Allocation", "available": "Available",
    }  # fmt: skip
    session.out.record(labels, row)


@command("pool-define", "Define a storage pool, or change its definition, from an XML file.", FILE, VALIDATE)
def pool_define(session: Session, args: Arguments) -> None:
    """Define a pool."""
    wanted = flags(args, {"validate": StoragePoolDefineFlags.VALIDATE})
    pool = session.connection.define_storage_pool(document(args.file), wanted)
    session.out.done(f"Pool {pool.name} defined from {args.file}", name=pool.name, uuid=pool.uuid_string)


BUILD = {
    "build": StoragePoolCreateFlags.WITH_BUILD,
    "overwrite": StoragePoolCreateFlags.WITH_BUILD_OVERWRITE,
    "no_overwrite": StoragePoolCreateFlags.WITH_BUILD_NO_OVERWRITE,
}
BUILD_FLAGS = (
    Flag("build", "build it first"),
    Flag("overwrite", "build it over what is there"),
    Flag("no-overwrite", "build it unless something is there"),
)


@command("pool-create", "Start a storage pool from an XML file without defining it.", FILE, *BUILD_FLAGS)
def pool_create(session: Session, args: Arguments) -> None:
    """Start a transient pool."""
    pool = session.connection.create_storage_pool(document(args.file), flags(args, BUILD))
    session.out.done(f"Pool {pool.name} created from {args.file}", name=pool.name, uuid=pool.uuid_string)


def _described(args: Arguments) -> str:
    """The XML of a pool given by options."""
    from virtkit.xml.pool import PoolTarget, StoragePool

    return StoragePool(name=args.name, type=args.type, target=PoolTarget(path=args.target)).format()


AS = (
    Argument("name", "name of the pool"),
    Argument("type", "its type", choices=tuple(TYPES)),
    Option("target", "path of the target", completes="file"),
    Flag("print-xml", "print the XML and do nothing"),
)


@command("pool-define-as", "Define a storage pool from options.", *AS)
def pool_define_as(session: Session, args: Arguments) -> None:
    """Define a pool."""
    if args.print_xml:
        session.out.document(_described(args))
        return
    pool = session.connection.define_storage_pool(_described(args))
    session.out.done(f"Pool {pool.name} defined", name=pool.name, uuid=pool.uuid_string)


@command("pool-create-as", "Start a storage pool from options without defining it.", *AS, *BUILD_FLAGS)
def pool_create_as(session: Session, args: Arguments) -> None:
    """Start a transient pool."""
    if args.print_xml:
        session.out.document(_described(args))
        return
    pool = session.connection.create_storage_pool(_described(args), flags(args, BUILD))
    session.out.done(f"Pool {pool.name} created", name=pool.name, uuid=pool.uuid_string)


@command("pool-start", "Start a storage pool.", POOL, *BUILD_FLAGS)
def pool_start(session: Session, args: Arguments) -> None:
    """Start a pool."""
    pool = _pool(session, args)
    pool.create(flags(args, BUILD))
    session.out.done(f"Pool {pool.name} started", name=pool.name)


@command(
    "pool-build",
    "Make what a storage pool stands on.",
    POOL,
    Flag("overwrite", "over what is there"),
    Flag("no-overwrite", "unless something is there"),
)
def pool_build(session: Session, args: Arguments) -> None:
    """Build a pool."""
    pool = _pool(session, args)
    bits = {"overwrite": StoragePoolBuildFlags.OVERWRITE, "no_overwrite": StoragePoolBuildFlags.NO_OVERWRITE}
    pool.build(flags(args, bits))
    session.out.done(f"Pool {pool.name} built", name=pool.name)


action(__name__, "pool-destroy", "Stop a storage pool.", POOL, _pool, lambda p: p.destroy(), "Pool {} destroyed")
action(
    __name__,
    "pool-delete",
    "Delete what a storage pool stands on.",
    POOL,
    _pool,
    lambda p: p.delete(),
    "Pool {} deleted",
)
action(
    __name__,
    "pool-refresh",
    "Look at a storage pool's volumes again.",
    POOL,
    _pool,
    lambda p: p.refresh(),
    "Pool {} refreshed",
)
action(
    __name__,
    "pool-undefine",
    "Remove the definition of a storage pool.",
    POOL,
    _pool,
    lambda p: p.undefine(),
    "Pool {} has been undefined",
)
switch(__name__, "pool-autostart", "Start a storage pool with its driver.", POOL, _pool, "Pool")
printer(__name__, "pool-dumpxml", "Print the XML of a storage pool.", POOL, _pool)


@command("pool-uuid", "Print the UUID of a storage pool.", POOL)
def pool_uuid(session: Session, args: Arguments) -> None:
    """The UUID."""
    session.out.value("uuid", _pool(session, args).uuid_string)


@command(
    "find-storage-pool-sources",
    "Look for sources of storage pools.",
    Argument("type", "type of pool"),
    Argument("file", "file with XML that says where to look", required=False, completes="file"),
)
def find_sources(session: Session, args: Arguments) -> None:
    """Sources as XML."""
    where = document(args.file) if args.file else None
    session.out.document(session.connection.find_storage_pool_sources(args.type, where))


@command("pool-capabilities", "Print what storage pools can do here.")
def pool_capabilities(session: Session, args: Arguments) -> None:
    """Capabilities as XML."""
    session.out.document(session.connection.storage_pool_capabilities())
