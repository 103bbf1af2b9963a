"""Which object a call is about.

`subject` tells for a function and a kind of object where to find it: in an argument, in a document that is to be
defined, in a saved image, in what a migration carries along; `returned` where only the result says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from virtkit.access.parsing import DEFINED, Definition
from virtkit.constants import (
    DOMAIN_SAVE_PARAM_DXML,
    DOMAIN_SAVE_PARAM_FILE,
    MIGRATE_PARAM_DEST_NAME,
    MIGRATE_PARAM_DEST_XML,
)
from virtkit.discovery import Function
from virtkit.errors import NoDomainError, NoNetworkError, NoNWFilterError, NoSecretError, NoStoragePoolError

Operations = Mapping[str, Callable[..., Any]]
"""Functions of a connection by name, unchecked and without their session."""

Arguments = tuple[Any, ...]


class Found(NamedTuple):
    """The objects a call is about, and how to call it.

    Attributes:
        refs: All of them are checked; None is an object that nobody knows beforehand.
        arguments: Those of the call, with references as the driver has them.
        shown: The object as the caller named it.
    """

    refs: tuple[Any, ...]
    arguments: Arguments
    shown: str = ""


Subject = Callable[[Operations, Arguments], Found]
"""Finds the objects of a call."""


def returned(_: Operations, arguments: Arguments) -> Found:
    """The subject of a call that returns a reference to its object, and has no other effect."""
    return Found((), arguments)


REFERENCES: dict[str, tuple[str, ...]] = {
    "domain": ("dom", "snap", "snapshot", "checkpoint"),
    "network": ("net", "network"),
    "network_port": ("port",),
    "storage_pool": ("pool",),
    "storage_vol": ("vol",),
    "interface": ("iface",),
    "node_device": ("dev",),
    "nwfilter": ("nwfilter",),
    "nwfilter_binding": ("binding",),
    "secret": ("secret",),
}
"""Kind -> parameters that hold a reference to an object of it, or to one that belongs to it."""

DOCUMENTS = ("xml", "xml_desc", "dom_xml")
"""Parameters that hold the XML of an object to be made."""


def subject(function: Function, kind: str) -> Subject:
    """Where to find the object of a kind that a function is about.

    Raises:
        LookupError: Nothing says so; such a function must not be called.
    """
    if kind == "connect":
        return lambda _, arguments: Found((None,), arguments)
    parameters = function.parameters
    for name in REFERENCES[kind]:
        if name in parameters:
            return _referred(kind, parameters.index(name))
    if function.name in SPECIAL:
        return SPECIAL[function.name](function)
    for name in DOCUMENTS:
        if name in parameters:
            return _defined(kind, parameters.index(name), _position(function, "pool", "network"))
    if function.meta.family == "lookup":
        return returned
    raise LookupError(f"nothing says which {kind} {function.name} is about")


def _position(function: Function, *names: str) -> int | None:
    return next((function.parameters.index(name) for name in names if name in function.parameters), None)


# References in arguments


def current(ops: Operations, kind: str, ref: Any) -> Any:
    """A reference as the driver has it: callers may write anything beside what identifies an object.

    Raises:
        VirtError: There is no such object, or the driver has no lookup for it.
    """
    return CURRENT[kind](ops, ref)


def _by_uuid(lookup: str) -> Callable[[Operations, Any], Any]:
    return lambda ops, ref: ops[lookup](ref.uuid)


def _port(ops: Operations, ref: Any) -> Any:
    return ops["network_port_lookup_by_uuid"](current(ops, "network", ref.net), ref.uuid)


def _volume(ops: Operations, ref: Any) -> Any:
    return ops["storage_vol_lookup_by_name"](ops["storage_pool_lookup_by_name"](ref.pool), ref.name)


CURRENT: dict[str, Callable[[Operations, Any], Any]] = {
    "domain": _by_uuid("domain_lookup_by_uuid"),
    "network": _by_uuid("network_lookup_by_uuid"),
    "network_port": _port,
    "storage_pool": _by_uuid("storage_pool_lookup_by_uuid"),
    "storage_vol": _volume,
    "interface": lambda ops, ref: ops["interface_lookup_by_name"](ref.name),
    "node_device": lambda ops, ref: ops["node_device_lookup_by_name"](ref.name),
    "nwfilter": _by_uuid("nwfilter_lookup_by_uuid"),
    "nwfilter_binding": lambda ops, ref: ops["nwfilter_binding_lookup_by_port_dev"](ref.portdev),
    "secret": _by_uuid("secret_lookup_by_uuid"),
}
"""Kind -> what looks up a reference of it by the fields that identify an object."""


def _referred(kind: str, position: int) -> Subject:
    def find(ops: Operations, arguments: Arguments) -> Found:
        given = arguments[position]
        owner = getattr(given, "dom", None)  # of a snapshot or checkpoint
        known = current(ops, kind, given if owner is None else owner)
        replaced = known if owner is None else given._replace(dom=known)
        arguments = (*arguments[:position], replaced, *arguments[position + 1 :])
        return Found((known,), arguments, shown(given if owner is None else owner))

    return find


def shown(ref: Any) -> str:
    """A reference as its holder knows it."""
    for field in ("name", "portdev", "usage_id"):
        if getattr(ref, field, ""):
            return repr(getattr(ref, field))
    return ref.uuid.hex() if getattr(ref, "uuid", b"") else ""


# Objects to be made


def _defined(kind: str, document: int, owner: int | None) -> Subject:
    def find(ops: Operations, arguments: Arguments) -> Found:
        if owner is not None:
            known = current(ops, "storage_pool" if kind == "storage_vol" else "network", arguments[owner])
            arguments = (*arguments[:owner], known, *arguments[owner + 1 :])
        definition = DEFINED[kind](arguments[document], None if owner is None else arguments[owner])
        return Found(_and_existing(ops, kind, definition), arguments, definition.shown)

    return find


MISSING = (NoDomainError, NoNetworkError, NoNWFilterError, NoSecretError, NoStoragePoolError)
"""That nothing has a UUID, in the words of each kind whose documents have one."""


def _and_existing(ops: Operations, kind: str, definition: Definition) -> tuple[Any, ...]:
    """What is to be made, and what is there already under its UUID but perhaps under another name."""
    made = definition.ref
    if made is None or not definition.has_uuid or kind == "network_port":
        return (made,)
    try:
        existing = current(ops, kind, made)
    except MISSING:
        return (made,)  # as usual
    return (made,) if existing == made else (made, existing)


# Objects of which neither an argument nor a document of its own tells


def _unknown(_: Function) -> Subject:
    """The guest is found by a number of its process: only the driver can tell which one it is."""
    return lambda _, arguments: Found((None,), arguments)


def _saved(function: Function) -> Subject:
    """The domain of a saved image, whose path is an argument or a parameter, and what it is to become."""
    params = _position(function, "params")
    path_at = _position(function, "from_", "file")
    document_at = _position(function, "dxml")

    def find(ops: Operations, arguments: Arguments) -> Found:
        if params is not None:
            path = arguments[params].get(DOMAIN_SAVE_PARAM_FILE)
            document = arguments[params].get(DOMAIN_SAVE_PARAM_DXML)
        else:
            path = None if path_at is None else arguments[path_at]
            document = None if document_at is None else arguments[document_at]
        if not isinstance(path, str):
            return Found((None,), arguments)  # the driver refuses it
        texts = [ops["domain_save_image_get_xml_desc"](path, 0), *([document] if document else [])]
        refs = tuple(DEFINED["domain"](text, None).ref for text in texts)
        return Found(refs, arguments, f"saved in {path}")

    return find


def _arriving(function: Function) -> Subject:
    """The domain of a migration at its destination, told by XML and perhaps a new name, or by the new name alone."""
    params = _position(function, "params")
    name_at = _position(function, "dname")
    document_at = _position(function, "dom_xml")

    def find(ops: Operations, arguments: Arguments) -> Found:
        if params is not None:
            name = arguments[params].get(MIGRATE_PARAM_DEST_NAME)
            document = arguments[params].get(MIGRATE_PARAM_DEST_XML)
        else:
            name = None if name_at is None else arguments[name_at]
            document = None if document_at is None else arguments[document_at]
        if document is None:
            return Found((None,), arguments, repr(name) if name else "")
        definition = DEFINED["domain"](document, None)
        if name and definition.ref is not None:
            definition = definition._replace(ref=definition.ref._replace(name=name), shown=repr(name))
        return Found(_and_existing(ops, "domain", definition), arguments, definition.shown)

    return find


def _arrived(function: Function) -> Subject:
    """The domain that an earlier step of a migration made at its destination, told by its name."""
    params = _position(function, "params")
    name_at = _position(function, "dname")

    def find(ops: Operations, arguments: Arguments) -> Found:
        name = arguments[name_at] if name_at is not None else arguments[params or 0].get(MIGRATE_PARAM_DEST_NAME)
        if not name:
            return Found((None,), arguments)
        return Found((ops["domain_lookup_by_name"](name),), arguments, repr(name))

    return find


SPECIAL: dict[str, Callable[[Function], Subject]] = {
    "qemu_domain_attach": _unknown,
    "domain_restore": _saved,
    "domain_restore_flags": _saved,
    "domain_restore_params": _saved,
    "domain_save_image_get_xml_desc": _saved,
    "domain_save_image_define_xml": _saved,
    "domain_migrate_prepare": _arriving,
    "domain_migrate_prepare2": _arriving,
    "domain_migrate_prepare3": _arriving,
    "domain_migrate_prepare3_params": _arriving,
    "domain_migrate_prepare_tunnel": _arriving,
    "domain_migrate_prepare_tunnel3": _arriving,
    "domain_migrate_prepare_tunnel3_params": _arriving,
    "domain_migrate_finish": _arrived,
    "domain_migrate_finish2": _arrived,
    "domain_migrate_finish3": _arrived,
    "domain_migrate_finish3_params": _arrived,
}
"""Functions that are about an object in a way of their own."""
