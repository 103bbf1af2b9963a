"""SASL: user names and passwords, without I/O.

Both sides are objects that turn what came from the other one into what to send to it; a connection carries the bytes.
`Server` verifies against a `Credentials` file, `Client` asks a person. Two mechanisms are spoken:

| mechanism | what travels | where a server offers it |
|---|---|---|
| `SCRAM-SHA-256` | proofs that both sides know the password, never the password | everywhere |
| `PLAIN` | the password | where nobody listens: TLS, UNIX sockets |

Neither encrypts what follows. libvirt's own client therefore refuses both over plain TCP, where it demands encryption.
The calculations of SCRAM are the library `scramp`'s, which comes with `pip install virtkit-remote[sasl]`.

An exchange, as the procedures of libvirt's protocol carry it (None is their `nil`, which differs from no bytes):

    offered = mechanisms(confidential=True)     auth_sasl_init
    server, client = Server(SCRAM, store, confidential=True), Client(SCRAM, ask)
    answer = server.start(client.start())      auth_sasl_start
    reply = client.step(answer.data)
    while not answer.complete:
        answer = server.step(reply)            auth_sasl_step
        reply = client.step(answer.data)
    assert client.complete                     else the server has proved nothing: hang up
"""

from __future__ import annotations

from virtkit_remote.sasl.client import Client as Client
from virtkit_remote.sasl.client import choose as choose
from virtkit_remote.sasl.credentials import Credentials as Credentials
from virtkit_remote.sasl.credentials import Verifier as Verifier
from virtkit_remote.sasl.credentials import asked_password as asked_password
from virtkit_remote.sasl.mechanism import MAX_DATA as MAX_DATA
from virtkit_remote.sasl.mechanism import PLAIN as PLAIN
from virtkit_remote.sasl.mechanism import SCRAM as SCRAM
from virtkit_remote.sasl.server import Answer as Answer
from virtkit_remote.sasl.server import Server as Server
from virtkit_remote.sasl.server import mechanisms as mechanisms
