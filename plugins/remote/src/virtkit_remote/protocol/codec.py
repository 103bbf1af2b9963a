"""Codecs: the values of a struct as bytes and back, by functions compiled for each struct on first use.

    values, end = decoder("remote_domain_lookup_by_name_args")(payload, 0)
    payload = encoder("remote_domain_lookup_by_name_ret")([DomainRef("test", uuid, 1)])

| on the wire | in Python |
|---|---|
| scalar, enum | int, float |
| string | str; what is no UTF-8 is kept by `surrogateescape` |
| opaque | bytes |
| chars | bytes; those of fixed number without the NULs at their end |
| array | list |
| optional | None or the value |
| reference to an object | the tuple of `virtkit.refs` |
| other struct | tuple of its fields |
| union | (discriminant, value) |
| typed parameters | `virtkit.params.TypedParams`, or (`RAW_PARAMS`) a list of (name, (type, value)) |

Any sequence may be encoded where a tuple or list is decoded, references excepted, and any mapping where typed
parameters are. All that does not fit, in either direction, is a `CodecError`. Lengths are checked against their limit
and the bytes there are before anything of that length is made, so a message can cost no more than a fixed multiple of
its own length.
"""

from __future__ import annotations

from functools import cache

from virtkit_remote.protocol.decoding import Decode as Decode
from virtkit_remote.protocol.decoding import compile_decoder
from virtkit_remote.protocol.encoding import Encode as Encode
from virtkit_remote.protocol.encoding import compile_encoder
from virtkit_remote.protocol.faults import CodecError as CodecError
from virtkit_remote.protocol.references import RAW_PARAMS as RAW_PARAMS


@cache
def decoder(struct: str) -> Decode:
    """The function that decodes a struct: (bytes, offset) -> (values, offset of what follows).

    It raises `CodecError`. What follows the struct is not looked at.

    Raises:
        KeyError: There is no such struct.
    """
    return compile_decoder(struct)


@cache
def encoder(struct: str) -> Encode:
    """The function that encodes a struct: sequence of its values -> bytes.

    It raises `CodecError`.

    Raises:
        KeyError: There is no such struct.
    """
    return compile_encoder(struct)
