"""A driver of secrets, network filters and their bindings, in memory: what the suite's tests of these kinds run on."""

from __future__ import annotations

import os
import re
from typing import TypeVar

import attrs

from virtkit.driver import Driver, OpenRequest
from virtkit.enums import ConnectListAllSecretsFlags as Listed
from virtkit.enums import SecretEventLifecycleType, SecretUsageType
from virtkit.errors import (
    BuildFirewallError,
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
from virtkit.xml.nwfilter import FilterRef, NWFilter, Rule
from virtkit.xml.nwfilterbinding import NWFilterBinding
from virtkit.xml.secret import Secret

D = TypeVar("D", Secret, NWFilter)

VARIABLE = re.compile(r"='\$(\w+)")
"""Where a document of a filter uses a variable."""


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

    def reached(self, name: str) -> set[str]:
        """Names of the filters that a filter is made of, its own included; of those that are missing too."""
        found, ahead = set[str](), [name]
        while ahead:
            found.add(latest := ahead.pop())
            if latest in self.filters:
                ahead += set(references(self.filters.by_name(latest).document)) - found
        return found

    def check(self, binding: NWFilterBinding) -> None:
        """Refuse a binding whose filters are not there, or that leaves a variable without a value."""
        assert binding.filterref
        stated = {"MAC", "IP", *(each.name for each in binding.filterref.parameters)}
        for name in self.reached(binding.filterref.filter or ""):
            if name not in self.filters:
                raise InternalError(f"there is no filter {name!r}")
            if open_ones := set(VARIABLE.findall(self.filters.by_name(name).document.format())) - stated:
                raise InternalError(f"filter {name!r} needs values for {', '.join(open_ones)}")

    def users(self, name: str) -> list[NWFilterBinding]:
        """The bindings whose rules come from a filter, directly or through others."""
        return [each for each in self.bindings.values() if name in self.reached(reference(each).filtername)]

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
        document = NWFilter.parse(xml, validate=bool(flags))
        if not document.name:
            raise XMLError("the filter has no name")
        if any(part.action is None or part.direction is None for part in document.parts if isinstance(part, Rule)):
            raise XMLError(f"a rule of filter {document.name!r} has no action or no direction")
        if any(document.name in conn.reached(other) for other in references(document)):
            raise OperationFailedError(f"filter {document.name!r} would include itself")
        if document.uuid is None and document.name in conn.filters:
            document.uuid = conn.filters.by_name(document.name).uuid
        name, uuid = document.name, completed(document).uuid or b""
        found = conn.filters.obtain(name, uuid, lambda: Filter(name, uuid, document))
        before, found.document = found.document, document
        try:
            for each in conn.users(name):
                conn.check(each)
        except InternalError as error:
            found.document = before
            raise BuildFirewallError(error.message) from error
        return NWFilterRef(name, uuid)

    def nwfilter_undefine(self, conn: Vault, nwfilter: NWFilterRef) -> None:
        found = conn.filters.by_ref(nwfilter)
        if conn.users(found.name):
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
        if None in (document.owner, document.port_dev, document.mac, document.filterref):
            raise XMLError("a binding has an owner, a port device, a MAC address and a filter")
        ref = reference(document)
        if ref.portdev in conn.bindings:
            raise OperationFailedError(f"{ref.portdev} has a binding already")
        conn.check(document)
        conn.bindings[ref.portdev] = document
        return ref

    def nwfilter_binding_delete(self, conn: Vault, binding: NWFilterBindingRef) -> None:
        conn.binding(binding)
        del conn.bindings[binding.portdev]


def references(document: NWFilter) -> list[str]:
    """Names of the filters that a filter refers to."""
    return [part.filter for part in document.parts if isinstance(part, FilterRef) and part.filter]


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
