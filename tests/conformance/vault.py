"""A driver of secrets, network filters and their bindings, in memory: what the suite's tests of these kinds run on."""

from __future__ import annotations

import os
from typing import TypeVar

import attrs

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ConnectListAllSecretsFlags as Listed
from virtkit.enums import SecretEventLifecycleType, SecretUsageType
from virtkit.errors import (
    InternalError,
    InvalidSecretError,
    NoNWFilterBindingError,
    NoSecretError,
    OperationFailedError,
    OperationInvalidError,
    XMLError,
    unsupported_flags,
)
from virtkit.events import EventHub, SecretLifecycleEvent, SecretValueChangedEvent
from virtkit.hookspecs.nwfilter import NWFilterSpec
from virtkit.hookspecs.nwfilter_binding import NWFilterBindingSpec
from virtkit.hookspecs.secret import SecretSpec
from virtkit.refs import NWFilterBindingRef, NWFilterRef, SecretRef
from virtkit.services.objects import NWFILTER, ObjectTable
from virtkit.xml.nwfilter import NWFilter
from virtkit.xml.nwfilterbinding import NWFilterBinding
from virtkit.xml.secret import Secret

D = TypeVar("D", Secret, NWFilter)


@attrs.define(eq=False)
class Entry:
    """A secret: its definition and its value."""

    document: Secret
    value: bytes | None = None

    @property
    def ref(self) -> SecretRef:
        usage = self.document.usage
        kind = SecretUsageType[usage.type.upper()] if usage.type else SecretUsageType.NONE
        return SecretRef(self.document.uuid or b"", kind, usage.volume or usage.name or usage.target or "")

    @property
    def filters(self) -> int:
        ephemeral = Listed.EPHEMERAL if self.document.ephemeral else Listed.NO_EPHEMERAL
        return ephemeral | (Listed.PRIVATE if self.document.private else Listed.NO_PRIVATE)


@attrs.define(eq=False)
class Filter:
    """A filter: its definition."""

    name: str
    uuid: bytes
    document: NWFilter


class Vault:
    """What all connections share."""

    def __init__(self) -> None:
        self.secrets: dict[bytes, Entry] = {}
        self.filters: ObjectTable[Filter] = ObjectTable(NWFILTER)
        self.bindings: dict[str, NWFilterBinding] = {}
        self.hub = EventHub("vault")

    def secret(self, ref: SecretRef) -> Entry:
        """The secret of a reference."""
        if ref.uuid not in self.secrets:
            raise NoSecretError("there is no such secret")
        return self.secrets[ref.uuid]

    def binding(self, ref: NWFilterBindingRef) -> NWFilterBinding:
        """The binding of a reference."""
        if ref.portdev not in self.bindings:
            raise NoNWFilterBindingError(f"{ref.portdev} has no binding")
        return self.bindings[ref.portdev]


class VaultDriver(Driver[Vault], SecretSpec[Vault], NWFilterSpec[Vault], NWFilterBindingSpec[Vault]):
    """Secrets and filters that exist in this process only."""

    name = "vault"
    hook_api = 1
    kinds = ("hypervisor", "secret", "nwfilter")

    def __init__(self) -> None:
        self._vault = Vault()

    def driver_open(self, request: OpenRequest) -> Vault:
        return self._vault

    def driver_events(self, conn: Vault) -> EventHub:
        return conn.hub

    # Secrets

    def connect_list_all_secrets(self, conn: Vault, flags: int) -> list[SecretRef]:
        refuse("connect_list_all_secrets", flags, 0xF)
        groups = [flags & group for group in (0x3, 0xC) if flags & group]
        return [each.ref for each in conn.secrets.values() if all(each.filters & group for group in groups)]

    def secret_get_xml_desc(self, conn: Vault, secret: SecretRef, flags: int) -> str:
        refuse("secret_get_xml_desc", flags)
        return conn.secret(secret).document.format()

    def secret_define_xml(self, conn: Vault, xml: str, flags: int) -> SecretRef:
        refuse("secret_define_xml", flags, 1)
        document = completed(Secret.parse(xml, validate=bool(flags)))
        new = Entry(document)
        for uuid, known in conn.secrets.items():
            if uuid == document.uuid:
                new.value = known.value
            elif known.ref[1:] == new.ref[1:] and new.ref.usage_type:
                raise InternalError(f"another secret is for {new.ref.usage_id}")
        conn.secrets[new.ref.uuid] = new
        conn.hub.publish(new.ref, SecretLifecycleEvent(SecretEventLifecycleType.DEFINED))
        return new.ref

    def secret_undefine(self, conn: Vault, secret: SecretRef) -> None:
        entry = conn.secret(secret)
        del conn.secrets[secret.uuid]
        conn.hub.publish(entry.ref, SecretLifecycleEvent(SecretEventLifecycleType.UNDEFINED))

    def secret_get_value(self, conn: Vault, secret: SecretRef, flags: int) -> bytes:
        refuse("secret_get_value", flags)
        entry = conn.secret(secret)
        if entry.value is None or entry.document.private:
            raise InvalidSecretError("the secret is private, or has no value yet")
        return entry.value

    def secret_set_value(self, conn: Vault, secret: SecretRef, value: bytes, flags: int) -> None:
        refuse("secret_set_value", flags)
        conn.secret(secret).value = value
        conn.hub.publish(secret, SecretValueChangedEvent())

    # Filters

    def connect_list_all_nwfilters(self, conn: Vault, flags: int) -> list[NWFilterRef]:
        refuse("connect_list_all_nwfilters", flags)
        return [NWFilterRef(each.name, each.uuid) for each in conn.filters]

    def nwfilter_get_xml_desc(self, conn: Vault, nwfilter: NWFilterRef, flags: int) -> str:
        refuse("nwfilter_get_xml_desc", flags)
        return conn.filters.by_ref(nwfilter).document.format()

    def nwfilter_define_xml_flags(self, conn: Vault, xml: str, flags: int) -> NWFilterRef:
        refuse("nwfilter_define_xml_flags", flags, 1)
        document = completed(NWFilter.parse(xml, validate=bool(flags)))
        if not document.name:
            raise XMLError("the filter has no name")
        name, uuid = document.name, document.uuid or b""
        conn.filters.obtain(name, uuid, lambda: Filter(name, uuid, document)).document = document
        return NWFilterRef(name, uuid)

    def nwfilter_undefine(self, conn: Vault, nwfilter: NWFilterRef) -> None:
        found = conn.filters.by_ref(nwfilter)
        if any(each.filterref and each.filterref.filter == found.name for each in conn.bindings.values()):
            raise OperationInvalidError(f"filter {found.name!r} is in use")
        conn.filters.remove(found)

    # Bindings

    def connect_list_all_nwfilter_bindings(self, conn: Vault, flags: int) -> list[NWFilterBindingRef]:
        refuse("connect_list_all_nwfilter_bindings", flags)
        return [reference(each) for each in conn.bindings.values()]

    def nwfilter_binding_get_xml_desc(self, conn: Vault, binding: NWFilterBindingRef, flags: int) -> str:
        refuse("nwfilter_binding_get_xml_desc", flags)
        return conn.binding(binding).format()

    def nwfilter_binding_create_xml(self, conn: Vault, xml: str, flags: int) -> NWFilterBindingRef:
        refuse("nwfilter_binding_create_xml", flags, 1)
        document = NWFilterBinding.parse(xml, validate=bool(flags))
        ref = reference(document)
        if ref.portdev in conn.bindings:
            raise OperationFailedError(f"{ref.portdev} has a binding already")
        if ref.filtername not in conn.filters:
            raise InternalError(f"there is no filter {ref.filtername!r}")
        conn.bindings[ref.portdev] = document
        return ref

    def nwfilter_binding_delete(self, conn: Vault, binding: NWFilterBindingRef) -> None:
        conn.binding(binding)
        del conn.bindings[binding.portdev]


def refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse flags that a function does not know."""
    if flags & ~known:
        raise unsupported_flags(function, flags & ~known)


def completed(document: D) -> D:
    """The document with a UUID."""
    document.uuid = document.uuid or os.urandom(16)
    return document


def reference(document: NWFilterBinding) -> NWFilterBindingRef:
    """What names a binding."""
    if not document.port_dev or document.filterref is None or not document.filterref.filter:
        raise XMLError("the binding names no device, or no filter")
    return NWFilterBindingRef(document.port_dev, document.filterref.filter)
