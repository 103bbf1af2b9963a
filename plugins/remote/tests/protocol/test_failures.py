"""Errors on the wire."""

from __future__ import annotations

import pytest

from virtkit.enums import ErrorDomain, ErrorNumber
from virtkit.errors import (
    CLASS_OF_CODE,
    InvalidSecretError,
    NoDomainError,
    NoNWFilterError,
    NotSupportedError,
    RPCError,
    VirtError,
    error_of,
)
from virtkit_remote.protocol.codec import CodecError
from virtkit_remote.protocol.failures import decode_error, encode_error


def travelled(error: VirtError) -> VirtError:
    return decode_error(b"head" + encode_error(error), 4)


def fields(error: VirtError) -> dict[str, object]:
    return {"class": type(error), "code": error.code, **vars(error)}


def test_an_error_is_encoded_as_libvirt_has_it() -> None:
    error = NoDomainError("no guest", domain=12, str1="fmt", int1=2)
    wire = (
        "0000002a 0000000c 00000001 00000008 6e6f2067 75657374 00000002 00000000"  # code, domain, message, level, dom
        "00000001 00000003 666d7400 00000000 00000000 00000002 ffffffff 00000000"  # str1, str2, str3, int1, int2, net
    )
    assert bytes.fromhex(wire) == encode_error(error)


@pytest.mark.parametrize("code", [*CLASS_OF_CODE, 9999])
def test_every_error_arrives_with_all_its_fields(code: int) -> None:
    error = error_of(code, "text", domain=33, level=1, str1="a", str2="b", str3="c", int1=1, int2=2)
    assert fields(error) == fields(travelled(error))


def test_a_message_may_be_absent() -> None:
    assert "" == decode_error(bytes(44), 0).message


def test_references_in_an_error_are_skipped() -> None:
    dom = "00000001 00000001 61000000" + "11" * 16 + "00000005"
    net = "00000001 00000001 62000000" + "22" * 16
    wire = bytes.fromhex(
        f"0000002a 0000000c 00000000 00000002 {dom} 00000000 00000000 00000000 00000000 00000000 {net}"
    )
    assert (NoDomainError, 12) == (type(decode_error(wire, 0)), decode_error(wire, 0).domain)


def test_a_server_that_does_not_know_the_procedure_does_not_support_the_function() -> None:
    error = travelled(RPCError("unknown procedure: 9999", domain=ErrorDomain.REMOTE))
    assert (NotSupportedError, "unknown procedure: 9999") == (type(error), error.message)
    assert RPCError is type(travelled(RPCError("unknown procedure: 9999", domain=ErrorDomain.QEMU)))
    assert RPCError is type(travelled(RPCError("another text", domain=ErrorDomain.RPC)))


@pytest.mark.parametrize("code", range(50, 80))
@pytest.mark.parametrize("domain", [ErrorDomain.NONE, ErrorDomain.QEMU, ErrorDomain.XEN, ErrorDomain.NWFILTER])
def test_no_error_is_sent_as_clients_would_take_for_another(code: int, domain: int) -> None:
    sent = travelled(error_of(code, "text", domain=domain))
    assert code == as_a_client_reads_it(sent.code, sent.domain)


def as_a_client_reads_it(code: int, domain: int) -> int:
    """The code a C client makes of what servers before 0.8 numbered differently (protocol facts, section 3)."""
    older = (
        (code in (61, 62, 63) and domain != ErrorDomain.NWFILTER)
        or (code == 64 and domain == ErrorDomain.QEMU)
        or (code == 65 and domain == ErrorDomain.XEN)
    )
    return code + 4 if older else code


def test_other_domains_are_kept() -> None:
    assert ErrorDomain.NWFILTER == travelled(NoNWFilterError("x", domain=ErrorDomain.TEST)).domain
    assert ErrorDomain.TEST == travelled(InvalidSecretError("x", domain=ErrorDomain.TEST)).domain


def test_what_the_wire_cannot_carry_is_made_to_fit() -> None:
    error = travelled(
        NoDomainError("a\0b \ud800", str1="x" * 5_000_000, str2="ü" * 3_000_000, int1=2**40, int2=-(2**40))
    )
    assert "a\\0b \\ud800" == error.message
    assert "x" * 4_194_304 == error.str1
    assert "ü" * 2_097_152 == error.str2
    assert (2**31 - 1, -(2**31)) == (error.int1, error.int2)


@pytest.mark.parametrize("size", range(0, 44, 4))
def test_a_short_error_is_refused(size: int) -> None:
    with pytest.raises(CodecError):
        decode_error(bytes(size), 0)


def test_the_text_is_not_taken_for_a_missing_procedure_when_it_is_a_warning() -> None:
    assert ErrorNumber.RPC == travelled(RPCError("unknown procedure: 1", domain=ErrorDomain.RPC, level=1)).code
