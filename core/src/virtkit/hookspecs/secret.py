"""Secrets: keys and passwords that drivers need to open encrypted or remote storage, TLS keys and emulated TPMs.

A secret has a definition and, apart from it, a value. The definition says what it is for, by a usage type and an id (a
volume's path, the name that a storage pool or domain gives), and two properties that never change:

- *ephemeral*: it lives in memory only, and is gone when the driver stops;
- *private*: its value is never told to a caller. Other drivers of the root get it as peers: the session of a call has
  to be one that was opened with `OpenRequest.peer`, and no flag does the same.

Objects name a secret by its UUID or by its use; both are unique. The value is bytes, not text. A driver stores values
where only it can read them, and neither logs them nor puts them into messages. There is no active state.

Events are those of `virtkit.enums.SecretEventID`: LIFECYCLE with a `SecretEventLifecycleType`, and VALUE_CHANGED.

A driver implements `connect_list_all_secrets`, `secret_get_xml_desc`, `secret_define_xml`, `secret_undefine`,
`secret_set_value` and `secret_get_value`; the rest is derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import SecretRef


class SecretSpec(Spec[S]):
    """Secrets: identity, lists, XML, definitions and values."""

    error_domain = 30  # VIR_FROM_SECRET

    # Lookup

    @lookup(acl="secret:getattr", readonly=True, since="0.7.1", may_block=False)
    def secret_lookup_by_uuid(self, conn: S, uuid: bytes) -> SecretRef:
        """Find a secret by its UUID. Derived from `connect_list_all_secrets`.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoSecretError: No secret has that UUID.
        """
        raise not_supported("secret_lookup_by_uuid")

    @lookup(acl="secret:getattr", readonly=True, since="0.7.1", may_block=False)
    def secret_lookup_by_usage(self, conn: S, usage_type: int, usage_id: str) -> SecretRef:
        """Find the secret for a use. Derived from `connect_list_all_secrets`.

        Args:
            usage_type: `virtkit.enums.SecretUsageType`. A secret of type NONE is not found by its use.
            usage_id: What its definition gives for the type: the path of a volume, or a name.

        Raises:
            NoSecretError: No secret is for that use.
        """
        raise not_supported("secret_lookup_by_usage")

    # Enumeration

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.10.2", may_block=False)
    def connect_list_all_secrets(self, conn: S, flags: int) -> list[SecretRef]:
        """List the secrets that match a set of filters.

        `flags` is made of `virtkit.enums.ConnectListAllSecretsFlags`, in groups: EPHEMERAL, NO_EPHEMERAL; PRIVATE,
        NO_PRIVATE. A group of which no bit is set admits everything; of a group with bits set a secret must match one.
        A secret is listed when it passes every group, so 0 lists all. Secrets that the caller may not see are removed
        by the core.

        Args:
            flags: The filters.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_secrets")

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.7.1", may_block=False)
    def connect_list_secrets(self, conn: S) -> list[str]:
        """List the UUIDs of all secrets, as strings of 36 characters. Derived from `connect_list_all_secrets`."""
        raise not_supported("connect_list_secrets")

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.7.1", may_block=False)
    def connect_num_of_secrets(self, conn: S) -> int:
        """Count all secrets. Derived from `connect_list_all_secrets`."""
        raise not_supported("connect_num_of_secrets")

    # Description

    @description(acl="secret:read", readonly=True, since="0.7.1", may_block=False)
    def secret_get_xml_desc(self, conn: S, secret: SecretRef, flags: int) -> str:
        """Describe a secret in XML. The value is not part of it.

        Returns:
            A `<secret>` document, ending in a newline.
        """
        raise not_supported("secret_get_xml_desc")

    # Value

    @accessor(acl="secret:write", since="0.7.1")
    def secret_set_value(self, conn: S, secret: SecretRef, value: bytes, flags: int) -> None:
        """Set a secret's value, in place of the one it had. It is stored with the secret, unless that is ephemeral.

        What is open already is not affected. The event is VALUE_CHANGED.

        Args:
            value: At most 65,536 bytes; may be empty.

        Raises:
            InvalidArgError: The value is too long.
            InvalidSecretError: The value could not be encrypted, and the old one is kept.
            NoSecretError: The secret is gone.
            SystemCallError: The value could not be stored, and the old one is kept; `int1` is the errno.
        """
        raise not_supported("secret_set_value")

    @accessor(acl="secret:read_secure", since="0.7.1", may_block=False)
    def secret_get_value(self, conn: S, secret: SecretRef, flags: int) -> bytes:
        """Tell a secret's value.

        Args:
            flags: None is known. libvirt's own bit for calls of drivers is refused as any other.

        Returns:
            The bytes as they were set.

        Raises:
            InvalidSecretError: The secret is private; or its stored value is damaged, or what it was encrypted with is
                lost: it has to be set again.
            NoSecretError: The secret is gone, or has never been given a value.
            SystemCallError: The stored value cannot be read; `int1` is the errno.
        """
        raise not_supported("secret_get_value")

    # Definition

    @definition(acl="secret:write secret:save", since="0.7.1")
    def secret_define_xml(self, conn: S, xml: str, flags: int) -> SecretRef:
        """Store a secret's definition, new or in place of the one with the same UUID. A value it has stays.

        The event is DEFINED.

        Args:
            xml: A `<secret>` document. Without a UUID it gets one.
            flags: `virtkit.enums.SecretDefineFlags`. VALIDATE checks the document against the schema first.

        Returns:
            Its reference.

        Raises:
            XMLDetailError: The text is no XML.
            XMLError: The document is no secret.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            ConfigUnsupportedError: An unknown usage type.
            InternalError: Another secret is for that use; the secret of that UUID is for another use, or differs in
                being private or ephemeral; or the usage lacks its id. libvirt's code for all of these.
            SystemCallError: The definition could not be stored; `int1` is the errno.
        """
        raise not_supported("secret_define_xml")

    @definition(acl="secret:delete", since="0.7.1")
    def secret_undefine(self, conn: S, secret: SecretRef) -> None:
        """Remove a secret with its value, from memory and from storage. The event is UNDEFINED.

        Raises:
            NoSecretError: The secret is gone already.
            SystemCallError: It could not be removed from storage; `int1` is the errno.
        """
        raise not_supported("secret_undefine")
