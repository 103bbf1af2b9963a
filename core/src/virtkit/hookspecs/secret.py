"""TODO-DOC module secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, definition, description, enumeration, lookup, not_supported

if TYPE_CHECKING:
    from virtkit.refs import SecretRef


class SecretSpec(Spec[S]):
    """TODO-DOC class secret."""

    error_domain = 30  # VIR_FROM_SECRET

    @lookup(acl="secret:getattr", readonly=True, since="0.7.1", may_block=False)
    def secret_lookup_by_uuid(self, conn: S, uuid: bytes) -> SecretRef:
        """TODO-DOC virSecretLookupByUUID."""
        raise not_supported("secret_lookup_by_uuid")

    @lookup(acl="secret:getattr", readonly=True, since="0.7.1", may_block=False)
    def secret_lookup_by_usage(self, conn: S, usage_type: int, usage_id: str) -> SecretRef:
        """TODO-DOC virSecretLookupByUsage."""
        raise not_supported("secret_lookup_by_usage")

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.7.1", may_block=False)
    def connect_num_of_secrets(self, conn: S) -> int:
        """TODO-DOC virConnectNumOfSecrets."""
        raise not_supported("connect_num_of_secrets")

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.7.1", may_block=False)
    def connect_list_secrets(self, conn: S) -> list[str]:
        """TODO-DOC virConnectListSecrets."""
        raise not_supported("connect_list_secrets")

    @enumeration(acl="connect:search_secrets", readonly=True, filters="secret:getattr", since="0.10.2", may_block=False)
    def connect_list_all_secrets(self, conn: S, flags: int) -> list[SecretRef]:
        """TODO-DOC virConnectListAllSecrets."""
        raise not_supported("connect_list_all_secrets")

    @description(acl="secret:read", readonly=True, since="0.7.1", may_block=False)
    def secret_get_xml_desc(self, conn: S, secret: SecretRef, flags: int) -> str:
        """TODO-DOC virSecretGetXMLDesc."""
        raise not_supported("secret_get_xml_desc")

    @accessor(acl="secret:write", since="0.7.1", may_block=False)
    def secret_set_value(self, conn: S, secret: SecretRef, value: bytes, flags: int) -> None:
        """TODO-DOC virSecretSetValue."""
        raise not_supported("secret_set_value")

    @accessor(acl="secret:read_secure", since="0.7.1", may_block=False)
    def secret_get_value(self, conn: S, secret: SecretRef, flags: int) -> bytes:
        """TODO-DOC virSecretGetValue."""
        raise not_supported("secret_get_value")

    @definition(acl="secret:write secret:save", since="0.7.1", may_block=False)
    def secret_define_xml(self, conn: S, xml: str, flags: int) -> SecretRef:
        """TODO-DOC virSecretDefineXML."""
        raise not_supported("secret_define_xml")

    @definition(acl="secret:delete", since="0.7.1", may_block=False)
    def secret_undefine(self, conn: S, secret: SecretRef) -> None:
        """TODO-DOC virSecretUndefine."""
        raise not_supported("secret_undefine")
