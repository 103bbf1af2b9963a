"""The driver: its sessions, and the functions of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.driver import OpenRequest
from virtkit.enums import ConnectListAllSecretsFlags as Listed
from virtkit.enums import SecretDefineFlags, SecretEventLifecycleType
from virtkit.errors import InvalidArgError, InvalidSecretError, NoSecretError, unsupported_flags
from virtkit.events import SecretLifecycleEvent, SecretValueChangedEvent
from virtkit.hookspecs.secret import SecretSpec
from virtkit.services.filters import Filter, matching
from virtkit.services.tenancy import TenantDriver
from virtkit_secret import definition
from virtkit_secret.definition import DOMAIN, Secret
from virtkit_secret.state import SecretState, Session

if TYPE_CHECKING:
    from virtkit.refs import SecretRef
    from virtkit.store import Root

VALUE_LIMIT = 65536
"""Bytes of a value: what libvirt's protocol carries."""

FILTERS: tuple[Filter[Secret], ...] = (
    Filter(Listed.EPHEMERAL, Listed.NO_EPHEMERAL, lambda secret: secret.ephemeral),
    Filter(Listed.PRIVATE, Listed.NO_PRIVATE, lambda secret: secret.private),
)


class SecretDriver(SecretSpec["Session"], TenantDriver["Session"]):
    """Keys and passwords of this host, encrypted on disk."""

    name = "secret"
    hook_api = 1
    kinds = ("secret",)
    error_domain = DOMAIN

    def make_state(self, root: Root, request: OpenRequest) -> SecretState:
        return SecretState(root)

    def make_session(self, state: SecretState, request: OpenRequest) -> Session:
        return Session(state, peer=request.peer)

    # Sessions

    # Lookup

    def secret_lookup_by_uuid(self, conn: Session, uuid: bytes) -> SecretRef:
        return conn.read().by_uuid(uuid).ref

    def secret_lookup_by_usage(self, conn: Session, usage_type: int, usage_id: str) -> SecretRef:
        return conn.read().by_use(usage_type, usage_id).ref

    def connect_list_all_secrets(self, conn: Session, flags: int) -> list[SecretRef]:
        found = matching(conn.read().all(), FILTERS, flags, "connect_list_all_secrets", domain=DOMAIN)
        return [secret.ref for secret in found]

    # Description

    def secret_get_xml_desc(self, conn: Session, secret: SecretRef, flags: int) -> str:
        _refuse("secret_get_xml_desc", flags)
        return conn.read().by_uuid(secret.uuid).xml

    # Definition

    def secret_define_xml(self, conn: Session, xml: str, flags: int) -> SecretRef:
        _refuse("secret_define_xml", flags, SecretDefineFlags.VALIDATE)
        new = definition.read(xml, validate=bool(flags & SecretDefineFlags.VALIDATE))
        state = conn.own()
        with state.change("secret_define_xml") as secrets:
            secrets.check(new)
            state.store(new)
            state.hub.publish(new.ref, SecretLifecycleEvent(SecretEventLifecycleType.DEFINED))
        return new.ref

    def secret_undefine(self, conn: Session, secret: SecretRef) -> None:
        state = conn.own()
        with state.change("secret_undefine") as secrets:
            found = secrets.by_uuid(secret.uuid)
            state.remove(found)
            state.hub.publish(found.ref, SecretLifecycleEvent(SecretEventLifecycleType.UNDEFINED))

    # Value

    def secret_set_value(self, conn: Session, secret: SecretRef, value: bytes, flags: int) -> None:
        _refuse("secret_set_value", flags)
        if len(value) > VALUE_LIMIT:
            raise InvalidArgError(
                f"a secret's value has at most {VALUE_LIMIT} bytes, not {len(value)}", domain=DOMAIN, str2="value"
            )
        state = conn.own()
        with state.change("secret_set_value") as secrets:
            found = secrets.by_uuid(secret.uuid)
            state.store_value(found, value)
            state.hub.publish(found.ref, SecretValueChangedEvent())

    def secret_get_value(self, conn: Session, secret: SecretRef, flags: int) -> bytes:
        _refuse("secret_get_value", flags)
        found = conn.read().by_uuid(secret.uuid)
        if found.private and not conn.peer:
            raise InvalidSecretError(f"secret {found.text} is private: only drivers get its value", domain=DOMAIN)
        value = conn.state.value(found)
        if value is None:
            raise NoSecretError(f"secret {found.text} has no value: set one first", domain=DOMAIN)
        return value


def _refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse flags that a function does not know."""
    if flags & ~known:
        raise unsupported_flags(function, flags & ~known, domain=DOMAIN)
