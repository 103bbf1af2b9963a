from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtkit_secret import sealing
from virtkit_secret.sealing import DamagedError, WrongKeyError

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
UUID, OTHER_UUID = b"u" * 16, b"v" * 16


@given(st.binary(max_size=200))
def test_what_is_sealed_is_unsealed_with_the_same_key_for_the_same_secret(value: bytes) -> None:
    assert value == sealing.unseal(KEY, UUID, sealing.seal(KEY, UUID, value))


def test_the_same_value_is_never_sealed_the_same_way() -> None:
    assert sealing.seal(KEY, UUID, b"value") != sealing.seal(KEY, UUID, b"value")


@given(st.data())
def test_one_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(sealing.seal(KEY, UUID, b"value"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises((DamagedError, WrongKeyError)):
        sealing.unseal(KEY, UUID, bytes(sealed))


@given(st.integers(0, 57))
def test_a_file_that_lacks_its_end_is_noticed(length: int) -> None:
    with pytest.raises(DamagedError):
        sealing.unseal(KEY, UUID, sealing.seal(KEY, UUID, b"value")[:length])


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(WrongKeyError):
        sealing.unseal(OTHER_KEY, UUID, sealing.seal(KEY, UUID, b"value"))


def test_a_value_does_not_open_for_another_secret() -> None:
    with pytest.raises(DamagedError):
        sealing.unseal(KEY, OTHER_UUID, sealing.seal(KEY, UUID, b"value"))
