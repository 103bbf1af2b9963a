"""What is on disk: definitions in `etc/secret`, sealed values in `etc/secret/values`, their key in `lib/secret/key`.

Definitions and values are in one folder tree and the key is in another, so that a copy of the first tells no value. All
files are their owner's alone.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

from virtkit.errors import InvalidSecretError, SystemCallError, VirtError, XMLError
from virtkit.store import Collection, Folders
from virtkit.store.files import make_folder, refusal, replace
from virtkit_secret import definition, sealing
from virtkit_secret.definition import DOMAIN, Secret

Stamp = tuple[int, int, int]

NO_KEY = b""
"""Stands for a key that is lost: nothing was encrypted with it."""

_log = logging.getLogger(__name__)


class Definitions:
    """The stored definitions. Reading them again reads only the files that have changed."""

    def __init__(self, folders: Folders) -> None:
        self._collection = Collection(folders.etc, "secret", domain=DOMAIN)
        self._known: dict[str, tuple[Stamp, Secret]] = {}

    def all(self) -> list[Secret]:
        """What is stored now. What cannot be read is logged and left out.

        Raises:
            SystemCallError: The folder cannot be listed.
        """
        known, self._known = self._known, {}
        for name in self._collection.names():
            try:
                stamp = _stamp(self._collection.path(name))
                if known.get(name, (None,))[0] == stamp:
                    self._known[name] = known[name]
                else:
                    self._known[name] = stamp, _stored(name, self._collection.load(name))
            except FileNotFoundError:
                continue  # removed since it was listed
            except (VirtError, ValueError, OSError) as error:
                _log.error("%s is left out: %s", self._collection.path(name), error)
        return [secret for _, secret in self._known.values()]

    def save(self, secret: Secret) -> None:
        """Store a definition. Raises `SystemCallError`; what was stored is then as it was."""
        self._collection.save(secret.text, secret.xml.encode())

    def delete(self, secret: Secret) -> None:
        """Remove a definition; one that is not there is no error. Raises `SystemCallError`."""
        self._collection.delete(secret.text)


class Values:
    """The stored values. Each is read when it is asked for, and none is kept in memory."""

    def __init__(self, folders: Folders) -> None:
        self._collection = Collection(folders.etc / "values", "value of secret", domain=DOMAIN, suffix=".value")
        self._key = Key(folders.lib / "key")

    def save(self, secret: Secret, value: bytes) -> None:
        """Store a value in place of the one there was.

        Raises:
            InvalidSecretError: What is in the place of the key is none.
            SystemCallError: The system refuses; the old value is as it was.
        """
        self._collection.save(secret.text, sealing.seal(self._key.made(), secret.ref.uuid, value))

    def load(self, secret: Secret) -> bytes | None:
        """The value; None where there is none.

        Raises:
            InvalidSecretError: It is of no use any more.
            SystemCallError: It cannot be read.
        """
        try:
            sealed = self._collection.load(secret.text)
            return sealing.unseal(self._key.read() or NO_KEY, secret.ref.uuid, sealed)
        except SystemCallError as error:
            if error.int1 == errno.ENOENT:
                return None
            raise
        except sealing.WrongKeyError:
            where = f"the key it was encrypted with is not in {self._key.path}"
            raise _useless(secret, f"{where}: put that key back, or set the value again") from None
        except (sealing.DamagedError, XMLError):
            place = self._collection.path(secret.text)
            raise _useless(secret, f"{place} is damaged, or another secret's: set the value again") from None

    def delete(self, secret: Secret) -> None:
        """Remove a value; one that is not there is no error. Raises `SystemCallError`."""
        self._collection.delete(secret.text)


class Key:
    """The key that values are encrypted with.

    Attributes:
        path: Its file: as many bytes as the key has.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """The key; None where there is none.

        Raises:
            InvalidSecretError: What is there is no key.
            SystemCallError: It cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                key = file.read(sealing.KEY_SIZE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("read the key of the secrets", self.path, error, domain=DOMAIN) from error
        if len(key) != sealing.KEY_SIZE:
            message = f"{self.path} is not the key of the secrets: put that back, or remove the file to have a new one"
            raise InvalidSecretError(message, domain=DOMAIN)
        return key

    def made(self) -> bytes:
        """The key, made where there is none; its owner alone calls this.

        Raises:
            InvalidSecretError: What is there is no key.
            SystemCallError: It cannot be read or stored.
        """
        key = self.read()
        if key is None:
            make_folder(self.path.parent)
            key = os.urandom(sealing.KEY_SIZE)
            try:
                replace(self.path, key)
            except OSError as error:
                raise refusal("store the key of the secrets", self.path, error, domain=DOMAIN) from error
        return key


def _stored(name: str, document: bytes) -> Secret:
    """The secret of a stored definition.

    Raises:
        ValueError: It is not the one of its file.
        VirtError: It is no definition at all.
    """
    secret = definition.read(document)
    if secret.text != name:
        raise ValueError(f"it defines secret {secret.text}")
    if secret.ephemeral:
        raise ValueError("it is ephemeral, and such secrets are not stored")
    return secret


def _stamp(path: Path) -> Stamp:
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns, status.st_size


def _useless(secret: Secret, why: str) -> InvalidSecretError:
    return InvalidSecretError(f"the value of secret {secret.text} cannot be read: {why}", domain=DOMAIN)
