"""Passphrases of encrypted disks: from the secret driver to QEMU, through memory that has no name and is on no disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtkit.enums import ErrorDomain, SecretUsageType
from virtkit.errors import ConfigUnsupportedError, InternalError, NoSecretError, NotSupportedError
from virtkit_qemu.command.block import encrypted, target_of

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit.xml.storage import Encryption
    from virtkit_qemu.volumes import Peers

WRONG = "Invalid password"
"""How QEMU begins to say that a passphrase opens nothing."""


def fetch(peers: Peers, domain: Domain) -> dict[str, bytes]:
    """The passphrases that a domain needs to start, by the name of QEMU's object for each.

    Raises:
        NoSecretError: A secret does not exist, or has no value.
        ConfigUnsupportedError: No secret driver is installed.
        InternalError: The document names no secret.
        VirtError: A value cannot be read.
    """
    return {
        name: _fetched(peers, f"domain {domain.name!r} cannot start: disk {target_of(disk)} is encrypted", encryption)
        for name, disk, encryption in encrypted(domain)
    }


def _fetched(peers: Peers, subject: str, encryption: Encryption) -> bytes:
    secret = encryption.secret
    if secret is None or not (secret.uuid or secret.usage):
        raise InternalError(
            f"{subject}, and its <encryption> names no secret: add <secret type='passphrase' uuid='...'/>",
            domain=ErrorDomain.QEMU,
        )
    try:
        if secret.uuid:
            found = peers["secret_lookup_by_uuid"](secret.uuid)
        else:
            found = peers["secret_lookup_by_usage"](SecretUsageType.VOLUME, secret.usage)
        value: bytes = peers["secret_get_value"](found, 0)
    except NotSupportedError as error:
        raise ConfigUnsupportedError(
            f"{subject}, and no secret driver is installed: pip install virtkit-secret", domain=ErrorDomain.QEMU
        ) from error
    except NoSecretError as error:
        raise NoSecretError(f"{subject}, and {error.message}", domain=ErrorDomain.SECRET) from error
    return value


@contextmanager
def handed(values: Mapping[str, bytes]) -> Iterator[dict[str, int]]:
    """Descriptors for a QEMU to inherit, by the same names; it reads the values from them while it starts."""
    with ExitStack() as ends:
        descriptors: dict[str, int] = {}
        for name, value in values.items():
            descriptors[name] = os.memfd_create("virtkit-passphrase")
            ends.callback(os.close, descriptors[name])
            with open(descriptors[name], "wb", closefd=False) as memory:
                memory.write(value)
        yield descriptors


def explained(message: str, domain: Domain) -> str:
    """What QEMU said when it did not start, with the disk and the next step where a passphrase was wrong."""
    if WRONG in message:
        for name, disk, _ in encrypted(domain):
            if f'"{name}"' in message:
                step = "set its value with `virtkit secret-set-value`"
                return f"{message}; the secret of disk {target_of(disk)} is not its passphrase: {step}"
    return message
