"""How a value is encrypted: AES-256-GCM, with a random nonce and bound to the UUID of its secret.

    sealed = HEADER + id of the key (8 bytes) + nonce (12) + ciphertext and tag (16 more than the value)

The id of the key tells a lost key from a damaged file. A sealed value that is put in the place of another secret's does
not open.
"""

from __future__ import annotations

import os

HEADER = b"virtkit secret 1\n"
KEY_SIZE, ID_SIZE, NONCE_SIZE = 32, 8, 12


class WrongKeyError(Exception):
    """The value was sealed with another key."""


class DamagedError(Exception):
    """It is no sealed value of this secret, or was changed."""


def seal(key: bytes, uuid: bytes, value: bytes) -> bytes:
    """Encrypt the value of a secret."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 20 ms

    start = HEADER + key_id(key)
    nonce = os.urandom(NONCE_SIZE)
    return start + nonce + AESGCM(key).encrypt(nonce, value, start + uuid)


def unseal(key: bytes, uuid: bytes, sealed: bytes) -> bytes:
    """The value of a secret.

    Raises:
        WrongKeyError: It was sealed with another key.
        DamagedError: It is not what was sealed for this secret.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    rest = sealed.removeprefix(HEADER)
    if rest == sealed or len(rest) < ID_SIZE + NONCE_SIZE:
        raise DamagedError
    identity, nonce, text = rest[:ID_SIZE], rest[ID_SIZE : ID_SIZE + NONCE_SIZE], rest[ID_SIZE + NONCE_SIZE :]
    if identity != key_id(key):
        raise WrongKeyError
    try:
        return AESGCM(key).decrypt(nonce, text, HEADER + identity + uuid)
    except (InvalidTag, ValueError):  # ValueError: shorter than a tag
        raise DamagedError from None


def key_id(key: bytes) -> bytes:
    """What tells a key from others and nothing else about it."""
    import hashlib  # brings OpenSSL, 4 MiB

    return hashlib.sha256(b"virtkit secret key\0" + key).digest()[:ID_SIZE]
