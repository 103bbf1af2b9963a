"""Passphrases of encrypted volumes, and what pools authenticate with, from the secret driver of the same root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from virtkit.enums import SecretUsageType
from virtkit.errors import InvalidSecretError, NoSecretError, NotSupportedError, VirtError, XMLError
from virtkit.xml.storage import EncryptionSecret
from virtkit_storage.uses import STORAGE

if TYPE_CHECKING:
    from virtkit.refs import SecretRef
    from virtkit.xml.pool import StoragePool
    from virtkit.xml.storage import Encryption

USAGES = {"chap": SecretUsageType.ISCSI, "ceph": SecretUsageType.CEPH}
"""How a pool authenticates -> what the secrets are for that can be named by their usage."""

Peers = Mapping[str, Callable[..., Any]]


def passphrase(peers: Peers, encryption: Encryption, subject: str, path: str) -> bytes:
    """The passphrase of a volume.

    Args:
        peers: Functions of the other kinds.
        encryption: What its document says.
        subject: What messages call it.
        path: Its path: where the document names no secret, it is the one whose use is that volume.

    Raises:
        XMLError: There is none.
        NoSecretError: The one that is named does not exist.
        InvalidSecretError: It has no value, or no secret driver is installed.
    """
    try:
        secret = encryption.secret
        if secret is not None and secret.uuid:
            found = peers["secret_lookup_by_uuid"](secret.uuid)
        else:
            usage = secret.usage if secret is not None and secret.usage else path
            found = peers["secret_lookup_by_usage"](SecretUsageType.VOLUME, usage)
        value: bytes = peers["secret_get_value"](found, 0)
    except NotSupportedError as error:
        raise InvalidSecretError(
            f"{subject} is encrypted, and no secret driver is installed: pip install virtkit-secret", domain=STORAGE
        ) from error
    except NoSecretError as error:
        if encryption.secret is None:
            raise XMLError(
                f"{subject} is encrypted and names no secret: define one with usage type='volume' for {path}, "
                "or name one in <encryption>",
                domain=STORAGE,
            ) from error
        raise
    return value


def default_of(peers: Peers, path: str) -> EncryptionSecret | None:
    """The secret whose use is a volume; None where there is none, or nobody can tell."""
    try:
        found: SecretRef = peers["secret_lookup_by_usage"](SecretUsageType.VOLUME, path)
    except VirtError:
        return None
    return EncryptionSecret(type="passphrase", uuid=found.uuid)


def of_source(peers: Peers, pool: StoragePool) -> bytes:
    """What a pool authenticates with.

    Args:
        peers: Functions of the other kinds.
        pool: Its document.

    Raises:
        VirtError: As `virtkit.storage.backend.Secret`.
    """
    auth = pool.source.auth
    named = None if auth is None else auth.secret
    usage = None if auth is None or named is None or not named.usage else USAGES.get(auth.type or "")
    if named is None or (not named.uuid and usage is None):
        raise XMLError(
            f"storage pool {pool.name!r} names no secret in the <auth> of its <source>: give it one by uuid or usage",
            domain=STORAGE,
        )
    try:
        if named.uuid:
            found = peers["secret_lookup_by_uuid"](named.uuid)
        else:
            found = peers["secret_lookup_by_usage"](usage, named.usage)
        value: bytes = peers["secret_get_value"](found, 0)
    except NotSupportedError as error:
        raise InvalidSecretError(
            f"storage pool {pool.name!r} authenticates, and no secret driver is installed: pip install virtkit-secret",
            domain=STORAGE,
        ) from error
    return value
