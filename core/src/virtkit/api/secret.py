"""Secrets: passphrases and keys that drivers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.handle import UUIDHandle, uuid_bytes
from virtkit.api.methods import Methods
from virtkit.refs import SecretRef

if TYPE_CHECKING:
    import uuid as uuids

FROM_SECRET = 30


class SecretMethods(Methods):
    """What a connection does with secrets."""

    __slots__ = ()

    def list_secrets(self, flags: int = 0) -> list[Secret]:
        """All secrets that match `virtkit.enums.ConnectListAllSecretsFlags`; 0 lists every one."""
        return [Secret(self, ref) for ref in self.ops["connect_list_all_secrets"](flags)]

    def list_secret_uuids(self) -> list[str]:
        """UUIDs of all secrets, as text."""
        return self.ops["connect_list_secrets"]()

    def num_of_secrets(self) -> int:
        """How many secrets there are."""
        return self.ops["connect_num_of_secrets"]()

    def lookup_secret_by_uuid(self, uuid: uuids.UUID | bytes | str) -> Secret:
        """The secret of a UUID.

        Raises:
            NoSecretError: There is none.
        """
        return Secret(self, self.ops["secret_lookup_by_uuid"](uuid_bytes(uuid, FROM_SECRET)))

    def lookup_secret_by_usage(self, usage_type: int, usage_id: str) -> Secret:
        """The secret for a use: `virtkit.enums.SecretUsageType` and what that is keyed by, such as a volume's path.

        Raises:
            NoSecretError: There is none.
        """
        return Secret(self, self.ops["secret_lookup_by_usage"](usage_type, usage_id))

    def define_secret(self, xml: str, flags: int = 0) -> Secret:
        """Store a secret without its value, or change it; `virtkit.enums.SecretDefineFlags`."""
        return Secret(self, self.ops["secret_define_xml"](xml, flags))


class Secret(UUIDHandle[SecretRef]):
    """A secret."""

    __slots__ = ()

    @property
    def usage_type(self) -> int:
        """What it is for: a `virtkit.enums.SecretUsageType`."""
        return self.ref.usage_type

    @property
    def usage_id(self) -> str:
        """What its use is keyed by; empty for a secret of no particular use."""
        return self.ref.usage_id

    def xml_desc(self, flags: int = 0) -> str:
        """The description, without the value."""
        return self.connection.ops["secret_get_xml_desc"](self.ref, flags)

    def value(self, flags: int = 0) -> bytes:
        """The value.

        Raises:
            OperationDeniedError: The connection is read-only.
            InvalidSecretError: It is private, or what is stored of the value is of no use.
            NoSecretError: No value has been set.
        """
        return self.connection.ops["secret_get_value"](self.ref, flags)

    def set_value(self, value: bytes, flags: int = 0) -> None:
        """Store the value."""
        self.connection.ops["secret_set_value"](self.ref, value, flags)

    def undefine(self) -> None:
        """Remove it together with its value."""
        self.connection.ops["secret_undefine"](self.ref)
