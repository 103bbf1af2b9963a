"""The two sides of Cyrus SASL, which libvirt's clients and daemons speak: the real library, called by ctypes."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_int, c_uint, c_ulong, c_void_p, cast
from pathlib import Path
from typing import Any

PLUGINS = Path("/usr/lib/x86_64-linux-gnu/sasl2")
CONTINUE, OK = 1, 0
SUCCESS_DATA = 4
"""The server may send its last message together with success, as libvirt's does."""
SET_CREATE = 1
USERNAME = 0
GETOPT, AUTHNAME, PASS, LIST_END = 1, 0x4002, 0x4004, 0

GetOption = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, POINTER(c_char_p), POINTER(c_uint))
GetText = CFUNCTYPE(c_int, c_void_p, c_int, POINTER(c_char_p), POINTER(c_uint))
GetSecret = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, POINTER(c_void_p))


class Callback(ctypes.Structure):
    _fields_ = [("id", c_ulong), ("function", c_void_p), ("context", c_void_p)]


def available() -> bool:
    """Whether the library and its plugins for SCRAM and for a file of users are here."""
    return all(any(PLUGINS.glob(f"lib{name}.so*")) for name in ("scram", "plain", "sasldb"))


def library() -> Any:
    found = ctypes.CDLL("libsasl2.so.2")
    found.sasl_errdetail.restype = c_char_p
    found.sasl_errdetail.argtypes = [c_void_p]
    return found


def callbacks(**functions: tuple[int, Any]) -> Any:
    rows = [Callback(number, cast(function, c_void_p), None) for number, function in functions.values()]
    return (Callback * (len(rows) + 1))(*rows, Callback(LIST_END, None, None))


class CyrusError(Exception):
    """What the library says went wrong."""


class _Side:
    """One side of an exchange."""

    def __init__(self) -> None:
        self.library = library()
        self.connection = c_void_p()
        self.complete = False

    def close(self) -> None:
        self.library.sasl_dispose(byref(self.connection))

    def _checked(self, status: int) -> int:
        if status not in (OK, CONTINUE):
            raise CyrusError(f"{status}: {self.library.sasl_errdetail(self.connection).decode()}")
        return status

    def _call(self, function: Any, *arguments: Any, behind: tuple[Any, ...] = ()) -> bytes | None:
        """Call a function of the exchange; what to send to the other side."""
        out, size = c_void_p(), c_uint()
        status = self._checked(function(self.connection, *arguments, byref(out), byref(size), *behind))
        self.complete = status == OK
        return ctypes.string_at(out, size.value) if out.value else None


class Client(_Side):
    """A client that knows its name and password."""

    def __init__(self, name: str, password: str) -> None:
        super().__init__()
        self.name = ctypes.create_string_buffer(name.encode())
        self.secret = ctypes.create_string_buffer(
            len(password.encode()).to_bytes(ctypes.sizeof(c_ulong), "little") + password.encode()
        )
        self.kept = (GetText(self._text), GetSecret(self._secret))
        self.callbacks = callbacks(name=(AUTHNAME, self.kept[0]), password=(PASS, self.kept[1]))
        self._checked(self.library.sasl_client_init(None))
        self._checked(self.library.sasl_client_new(
            b"libvirt", b"lab.example", None, None, self.callbacks, SUCCESS_DATA, byref(self.connection)
        ))  # fmt: skip

    def _text(self, _: int, number: int, result: Any, size: Any) -> int:
        result[0] = ctypes.addressof(self.name)
        if size:
            size[0] = len(self.name.value)
        return OK

    def _secret(self, _: int, context: int, number: int, result: Any) -> int:
        result[0] = ctypes.addressof(self.secret)
        return OK

    def start(self, mechanism: str) -> bytes | None:
        chosen = c_char_p()
        return self._call(self.library.sasl_client_start, mechanism.encode(), None, behind=(byref(chosen),))

    def step(self, data: bytes | None) -> bytes | None:
        return self._call(self.library.sasl_client_step, data, len(data or b""), None)


class Server(_Side):
    """A server with a file of users. The library takes the path once for a process."""

    options: dict[bytes, bytes] = {}  # noqa: RUF012
    kept: list[Any] = []  # noqa: RUF012

    def __init__(self, users: Path) -> None:
        super().__init__()
        self.options.update({b"sasldb_path": bytes(users), b"auxprop_plugin": b"sasldb", b"pwcheck_method": b"auxprop"})
        if not self.kept:
            option = GetOption(self._option)
            self.kept += [option, callbacks(option=(GETOPT, option))]
            self._checked(self.library.sasl_server_init(self.kept[1], b"virtkit-tests"))
        self._checked(self.library.sasl_server_new(
            b"libvirt", b"lab.example", b"lab.example", None, None, None, SUCCESS_DATA, byref(self.connection)
        ))  # fmt: skip

    @classmethod
    def _option(cls, _: int, plugin: bytes, name: bytes, result: Any, size: Any) -> int:
        if name not in cls.options:
            return -1
        result[0] = cls.options[name]
        if size:
            size[0] = len(cls.options[name])
        return OK

    def add(self, name: str, password: str) -> None:
        given = password.encode()
        self._checked(self.library.sasl_setpass(
            self.connection, name.encode(), given, len(given), None, 0, SET_CREATE
        ))  # fmt: skip

    @property
    def user_name(self) -> str:
        found = c_char_p()
        self._checked(self.library.sasl_getprop(self.connection, USERNAME, byref(found)))
        assert found.value is not None
        return found.value.decode()

    def start(self, mechanism: str, data: bytes | None) -> bytes | None:
        return self._call(self.library.sasl_server_start, mechanism.encode(), data, len(data or b""))

    def step(self, data: bytes | None) -> bytes | None:
        return self._call(self.library.sasl_server_step, data, len(data or b""))
