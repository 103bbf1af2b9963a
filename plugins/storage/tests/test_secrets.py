"""What pools authenticate with: which secret it is, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from virtkit.enums import SecretUsageType
from virtkit.errors import InvalidSecretError, NoSecretError, NotSupportedError, VirtError, XMLError
from virtkit.xml.pool import StoragePool
from virtkit_storage import secrets

UUID = "11111111-2222-3333-4444-555555555555"


def pool(secret: str, type_: str = "chap") -> StoragePool:
    auth = f"<auth type='{type_}' username='joe'>{secret}</auth>"
    return StoragePool.parse(f"<pool type='iscsi'><name>lab</name><source>{auth}</source></pool>")


def fail(error: type[VirtError]) -> Callable[..., Any]:
    def raising(*_: object) -> Any:
        raise error("refused")

    return raising


PEERS: dict[str, Callable[..., Any]] = {
    "secret_lookup_by_uuid": lambda uuid: ("by uuid", uuid),
    "secret_lookup_by_usage": lambda *usage: ("by usage", *usage),
    "secret_get_value": lambda found, flags: repr((found, flags)).encode(),
}


def test_a_secret_is_found_by_its_uuid() -> None:
    expected = repr((("by uuid", bytes.fromhex(UUID.replace("-", ""))), 0)).encode()
    assert expected == secrets.of_source(PEERS, pool(f"<secret uuid='{UUID}'/>"))


@pytest.mark.parametrize(("type_", "usage"), [("chap", SecretUsageType.ISCSI), ("ceph", SecretUsageType.CEPH)])
def test_a_secret_is_found_by_what_it_is_for(type_: str, usage: SecretUsageType) -> None:
    expected = repr((("by usage", usage, "lab"), 0)).encode()
    assert expected == secrets.of_source(PEERS, pool("<secret usage='lab'/>", type_))


@pytest.mark.parametrize("document", [pool(""), pool("<secret/>"), StoragePool.parse("<pool type='iscsi'/>")])
def test_a_pool_that_names_no_secret_is_told_so(document: StoragePool) -> None:
    with pytest.raises(XMLError, match="names no secret"):
        secrets.of_source(PEERS, document)


def test_without_a_secret_driver_its_package_is_named() -> None:
    peers = {**PEERS, "secret_lookup_by_usage": fail(NotSupportedError)}
    with pytest.raises(InvalidSecretError, match="pip install virtkit-secret"):
        secrets.of_source(peers, pool("<secret usage='lab'/>"))


def test_a_missing_secret_is_an_error_of_its_own() -> None:
    with pytest.raises(NoSecretError):
        secrets.of_source({**PEERS, "secret_get_value": fail(NoSecretError)}, pool(f"<secret uuid='{UUID}'/>"))
