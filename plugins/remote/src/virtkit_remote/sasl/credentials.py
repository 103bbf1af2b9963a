"""The file of users and what verifies their passwords.

A line per user, `NAME:SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER`, the last three in base64; empty lines and those
that begin with `#` are skipped. The password is not in it and cannot be had from it but by guessing. Still, who reads a
verifier can pretend to be the server: the file belongs to one user and nobody else may read it.
"""

from __future__ import annotations

import binascii
import contextlib
import fcntl
import hmac
import os
import secrets
import tempfile
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from getpass import getpass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfSyntaxError, InvalidArgError
from virtkit_remote.sasl.mechanism import SCRAM, scramp

ITERATIONS = 50_000
"""Hash rounds of new verifiers: about 20 ms of a core. Clients with Cyrus SASL refuse more than 65,536."""

SALT_BYTES = 16

_UNKNOWN = secrets.token_bytes(32)
"""Makes up verifiers for users who do not exist, the same ones for the life of the process."""


class Verifier(NamedTuple):
    """What tells whether somebody knows a password, in the terms of RFC 5802."""

    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int

    @classmethod
    def of(cls, password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> Verifier:
        """The verifier of a password.

        Raises:
            InvalidArgError: The password is empty or has characters that SASL forbids.
            AuthFailedError: The library scramp is not installed.
        """
        library = scramp()
        if not password:
            raise InvalidArgError("the password cannot be used: it is empty; choose another")
        try:
            return cls(*library.ScramMechanism(SCRAM).make_auth_info(
                password, iteration_count=iterations, salt=salt or secrets.token_bytes(SALT_BYTES)
            ))  # fmt: skip
        except library.ScramException as cause:
            raise InvalidArgError(f"the password cannot be used: {cause}; choose another") from cause

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read what `str` writes.

        Raises:
            ValueError: It is something else.
        """
        mechanism, rounds, keys = text.split("$")
        if mechanism != SCRAM:
            raise ValueError(f"its mechanism is {mechanism!r}, not {SCRAM}")
        iterations, salt = rounds.split(":")
        stored_key, server_key = keys.split(":")
        try:
            salt_bytes, stored, served = (b64decode(each, validate=True) for each in (salt, stored_key, server_key))
        except binascii.Error as cause:
            raise ValueError(f"its base64 is damaged: {cause}") from cause
        return cls(salt_bytes, stored, served, int(iterations))

    def __str__(self) -> str:
        salt, stored_key, server_key = (b64encode(each).decode() for each in self[:3])
        return f"{SCRAM}${self.iterations}:{salt}${stored_key}:{server_key}"

    def accepts(self, password: str) -> bool:
        """Tell whether this is the password."""
        try:
            other = Verifier.of(password, self.salt, self.iterations)
        except InvalidArgError:
            return False
        return hmac.compare_digest(self.stored_key, other.stored_key)


class Credentials:
    """The users of a file. It is read for every question, so that changes hold at once."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def users(self) -> dict[str, Verifier]:
        """All users with their verifiers; none where there is no file.

        Raises:
            ConfSyntaxError: The file cannot be read, may be read by others than its owner, or has a wrong line.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise _wrong(f"{self.path} can be read or written by others than its owner: chmod 600 {self.path}")
                return dict(self._parsed(file.read()))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as cause:
            raise _wrong(f"cannot read {self.path}: {cause}") from cause

    def _parsed(self, text: str) -> Iterator[tuple[str, Verifier]]:
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, verifier = line.partition(":")
            try:
                yield name, Verifier.parse(verifier.strip())
            except ValueError as cause:
                raise _wrong(
                    f"{self.path}, line {number}: the verifier of {name!r} cannot be read ({cause}); "
                    f"remove the line and run: virtkitd --add-user {name}"
                ) from cause

    def verifier(self, name: str) -> Verifier:
        """The verifier of a user; one that accepts nothing for a user who does not exist.

        Whoever tries a name cannot tell the two apart: the made-up one stays the same while the process lives.

        Raises:
            ConfSyntaxError: See `users`.
        """
        known = self.users().get(name)
        if known is not None:
            return known
        salt = hmac.new(_UNKNOWN, name.encode(), sha256).digest()[:SALT_BYTES]
        return Verifier(salt, secrets.token_bytes(32), secrets.token_bytes(32), ITERATIONS)

    def add(self, name: str, password: str) -> None:
        """Add a user, or give one another password.

        Raises:
            InvalidArgError: The name is empty or has characters that the file or SASL cannot hold; the password cannot
                be used.
            AuthFailedError: The library scramp is not installed.
            ConfSyntaxError: The file as it is cannot be read.
        """
        if not _is_name(name):
            raise InvalidArgError(
                f"{name!r} cannot be a user name: no colon, no control characters, no blank at either end, "
                "no # in front, and accents as one character with their letter (NFKC)"
            )
        verifier = Verifier.of(password)
        with self._locked():
            self._write({**self.users(), name: verifier})

    def remove(self, name: str) -> None:
        """Remove a user.

        Raises:
            InvalidArgError: There is none of that name.
            ConfSyntaxError: The file as it is cannot be read.
        """
        with self._locked():
            users = self.users()
            if users.pop(name, None) is None:
                raise InvalidArgError(f"{self.path} has no user {name!r}; it has {', '.join(users) or 'none'}")
            self._write(users)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers of the same folder out: each reads the file and puts a changed one in its place."""
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, users: dict[str, Verifier]) -> None:
        number, draft = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")  # made with mode 0600
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.write("".join(f"{name}:{verifier}\n" for name, verifier in users.items()))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except BaseException:
            os.unlink(draft)
            raise


def asked_password(ask: Callable[[str], str] = getpass) -> str:
    """A new password, asked for twice at the terminal.

    Raises:
        InvalidArgError: The two differ.
    """
    password = ask("Password: ")
    if ask("Again: ") != password:
        raise InvalidArgError("the two passwords differ; nothing was changed: try again")
    return password


def _is_name(name: str) -> bool:
    """Whether the file can hold a name, and clients send it as it is written there."""
    return (
        name.strip() == name != ""
        and ":" not in name
        and not name.startswith("#")
        and name.isprintable()
        and unicodedata.normalize("NFKC", name) == name
    )


def _wrong(reason: str) -> ConfSyntaxError:
    return ConfSyntaxError(reason, domain=int(ErrorDomain.CONF))
