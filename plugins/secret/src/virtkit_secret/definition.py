"""From a document to the secret it defines, and which other secrets it may stand beside. Nothing here has an effect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import attrs

from virtkit.enums import ErrorDomain, SecretUsageType
from virtkit.errors import InternalError, XMLError
from virtkit.refs import SecretRef
from virtkit.services.objects import SECRET

if TYPE_CHECKING:
    from virtkit.errors import VirtError
    from virtkit.xml.secret import Usage

DOMAIN = ErrorDomain.SECRET


@attrs.frozen
class Secret:
    """A secret, without its value.

    Attributes:
        ref: Its UUID and use.
        ephemeral: It is not stored, nor is its value.
        private: No caller is told its value.
        xml: Its document as it is stored and described.
    """

    ref: SecretRef
    ephemeral: bool
    private: bool
    xml: str

    @property
    def text(self) -> str:
        """Its UUID as people write it: its name in files and messages."""
        return str(UUID(bytes=self.ref.uuid))

    @property
    def use(self) -> tuple[int, str]:
        """What it is for: usage type and id."""
        return self.ref[1:]


class Secrets:
    """The secrets of one moment, found by UUID and by use. It never changes: a change makes another one."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._uuids = {each.ref.uuid: each for each in sorted(secrets, key=lambda each: each.ref.uuid)}
        self._uses: dict[tuple[int, str], Secret] = {}
        for each in self._uuids.values():
            if each.ref.usage_type != SecretUsageType.NONE:
                self._uses.setdefault(each.use, each)

    def all(self) -> list[Secret]:
        """Every secret, sorted by UUID."""
        return list(self._uuids.values())

    def get(self, uuid: bytes) -> Secret | None:
        """The secret of a UUID; None where there is none."""
        return self._uuids.get(uuid)

    def by_uuid(self, uuid: bytes) -> Secret:
        """The secret of a UUID.

        Raises:
            NoSecretError: There is none.
        """
        found = self._uuids.get(uuid)
        if found is None:
            raise missing(f"with UUID {UUID(bytes=uuid)}")
        return found

    def by_use(self, usage_type: int, usage_id: str) -> Secret:
        """The secret for a use.

        Raises:
            NoSecretError: There is none.
        """
        found = self._uses.get((usage_type, usage_id))
        if found is None:
            raise missing(f"for {use_of(usage_type, usage_id)}")
        return found

    def check(self, new: Secret) -> None:
        """Refuse a definition that may not stand beside the others.

        Raises:
            InternalError: Another secret is for its use, or it changes what never changes.
        """
        known = self._uuids.get(new.ref.uuid)
        other = self._uses.get(new.use)
        if other is not None and other is not known:
            raise _refused(f"secret {other.text} is for {use_of(*new.use)} already; undefine it, or give another use")
        if known is None:
            return
        for what, before, after in (
            ("use", use_of(*known.use), use_of(*new.use)),
            ("being private", _yes_no(known.private), _yes_no(new.private)),
            ("being ephemeral", _yes_no(known.ephemeral), _yes_no(new.ephemeral)),
        ):
            if before != after:
                raise _refused(f"the {what} of secret {known.text} stays as it is: {before}, not {after}; undefine it")

    def with_(self, secret: Secret) -> Secrets:
        """These with one more, or in place of the one with its UUID."""
        return Secrets({**self._uuids, secret.ref.uuid: secret}.values())

    def without(self, secret: Secret) -> Secrets:
        """These without one."""
        return Secrets(each for each in self._uuids.values() if each.ref.uuid != secret.ref.uuid)


def read(xml: str | bytes, *, validate: bool = False) -> Secret:
    """The secret a document defines. Without a UUID it gets one.

    Raises:
        InternalError: The use lacks its id, or the UUID is none.
        ConfigUnsupportedError: The usage type is unknown.
        VirtError: It is no such document (see `Document.parse`).
    """
    from virtkit.xml import secret as documents  # brings lxml

    document = documents.Secret.parse(xml, validate=validate)
    document.uuid = document.uuid or uuid4().bytes
    document.ephemeral = bool(document.ephemeral)
    document.private = bool(document.private)
    ref = SecretRef(document.uuid, _usage_type(document.usage), document.usage.id)
    element = documents.ID_ELEMENTS.get(document.usage.type or "")
    if element and not ref.usage_id:
        raise _refused(f"a secret of type {document.usage.type} needs its <{element}> in <usage>")
    return Secret(ref, document.ephemeral, document.private, document.format())


def _usage_type(usage: Usage) -> SecretUsageType:
    if usage.type == "none":
        usage.type = None  # the same as no use, and written so
    if usage.type is None:
        if usage.content():
            raise XMLError("<usage> lacks its type: volume, ceph, iscsi, tls or vtpm", domain=DOMAIN)
        return SecretUsageType.NONE
    return SecretUsageType[usage.type.upper()]


def use_of(usage_type: int, usage_id: str) -> str:
    """A use in words."""
    known = usage_type in SecretUsageType.__members__.values()
    kind = SecretUsageType(usage_type).name.lower() if known else f"type {usage_type}"
    return f"{kind} {usage_id!r}" if usage_type else "no particular use"


def missing(which: str) -> VirtError:
    """The error of a secret that is not there; `which` as `with UUID ...`."""
    return SECRET.missing(f"there is no secret {which}; `{SECRET.listing}` shows which there are", domain=DOMAIN)


def _refused(message: str) -> InternalError:
    return InternalError(message, domain=DOMAIN)


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
