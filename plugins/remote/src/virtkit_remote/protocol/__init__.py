"""libvirt's wire protocol without I/O: bytes in, messages out.

A connection carries messages both ways, one behind the other. A message is a length word, a header and a payload, all
of big-endian words:

    length   program  version  procedure type     serial   status   | payload
    00000020 20008086 00000001 0000003c  00000000 00000001 00000000 | 0000000a

The length counts the whole message with itself. Program, version and procedure say what the payload is: the arguments
of `procedure` in a call, its results in a reply, an event's fields in a message. Values are XDR (RFC 4506): words of 4
or 8 bytes, strings and opaque bytes with their length in front and padding up to a whole word behind. A char is a word
too, so an array of chars is four times as long as its text.

**Programs.** `remote` is libvirt's API; `qemu` and `lxc` are what only those drivers have; `admin` manages the daemon,
on a socket of its own; `keepalive` asks whether the other side is still there.

**Calls and replies.** The client numbers its calls; a reply has the program, version, procedure and serial of its call.
Calls run side by side on the server, and replies come in the order in which they end: what a reply belongs to is told
by its serial alone. Status ERROR instead of OK means that the payload is an error (`failures`) whatever the procedure
is. A call that means nothing costs the client one error reply (`CodecError`); only a length that cannot be true ends
the connection (`FrameError`), because the next message can then not be found.

**Messages** of type MESSAGE have no reply: events from the server, with serial 1, before or after the reply of the call
that caused them; keepalive's ping and pong either way, with serial 0.

**Streams.** Some calls open a stream: after their reply, data travels under the procedure and serial of the call, and
other calls go on beside it. Data is raw, without the length that XDR would give it, `STREAM_PAYLOAD_MAX` at a time. A
call that asks for a sparse stream may have STREAM_HOLE (`virNetStreamHole`) between data. A packet for a stream that is
not open is dropped: it may have crossed the packet that ended the stream.

| the stream is | client sends | server sends | then it is |
|---|---|---|---|
| not open | CALL | | opening |
| opening | | REPLY, OK | open |
| opening | | REPLY, ERROR | not open |
| open | STREAM, CONTINUE, data | | open |
| open | | STREAM, CONTINUE, data | open |
| open | STREAM_HOLE, CONTINUE | STREAM_HOLE, CONTINUE | open |
| open | | STREAM, CONTINUE, empty: the end of its data | open |
| open | STREAM, OK, empty: finish | | finishing |
| open | STREAM, ERROR, empty: abort | | aborting |
| finishing | | STREAM, OK, empty | not open |
| aborting | | data under way, then STREAM, OK, empty | not open |
| open, finishing, aborting | | STREAM, ERROR, an error | not open |

**Descriptors** travel over unix sockets with CALL_WITH_FDS and REPLY_WITH_FDS, whose payload begins with their number.
Behind the message, and not counted in its length, comes one zero byte for each, sent with the descriptor.

| module | what |
|---|---|
| `tables` | the facts: programs, procedures, structs (generated) |
| `schema` | what the rows of the tables mean |
| `frames` | headers, limits; from a stream of bytes to messages |
| `codec` | from values to payloads and back |
| `decoding`, `encoding`, `params`, `references`, `source` | how codecs are made |
| `failures` | errors as payloads |
| `faults` | the errors raised here |
"""
