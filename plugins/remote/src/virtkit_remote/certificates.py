"""X.509 certificates of TLS connections: where they lie, how they are loaded, what is wrong with them.

Both ends use it. Where files lie is libvirt's convention, so that a host set up for libvirt needs nothing more:

| file | system | user |
|---|---|---|
| whom to trust | /etc/pki/CA/cacert.pem | ~/.pki/libvirt/cacert.pem |
| what they revoked | /etc/pki/CA/cacrl.pem | ~/.pki/libvirt/cacrl.pem |
| certificate | /etc/pki/libvirt/servercert.pem, clientcert.pem | ~/.pki/libvirt/servercert.pem, clientcert.pem |
| key | /etc/pki/libvirt/private/serverkey.pem, clientkey.pem | ~/.pki/libvirt/serverkey.pem, clientkey.pem |

What a peer would find wrong with our own certificate is found before any peer is asked: the two sides of a handshake
are played in memory, so that OpenSSL itself is the judge.
"""

from __future__ import annotations

import errno
import functools
import os
import ssl
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import AuthFailedError, SystemCallError, VirtError

RPC = ErrorDomain.RPC
SYSTEM_AUTHORITIES = Path("/etc/pki/CA")
SYSTEM_CERTIFICATES = Path("/etc/pki/libvirt")
USER_FOLDER = Path(".pki/libvirt")
MINIMUM_VERSION = ssl.TLSVersion.TLSv1_2
FOR_OTHERS = stat.S_IRWXO

Role = Literal["client", "server"]
Passphrase = Callable[[Path], "str | None"]
"""Asks for the passphrase of a key; None: nobody knows it."""

FINDINGS = {
    3: "no revocation list of its authority is in {revoked}; add it, or remove that file",
    9: "is not valid yet; check the clock, or wait",
    10: "has expired; get a new one",
    11: "cannot be checked: the revocation list {revoked} is not valid yet; check the clock",
    12: "cannot be checked: the revocation list {revoked} has expired; get a new one",
    18: "is signed by itself and not by an authority in {authority}; have it signed there",
    19: "is signed by an authority that {authority} does not hold; add that one, or have it signed by one it holds",
    20: "is signed by an authority that {authority} does not hold; add that one, or have it signed by one it holds",
    21: "is signed by an authority that {authority} does not hold; add that one, or have it signed by one it holds",
    23: "was revoked by its authority; get a new one",
    24: "is signed by a certificate that is no authority; have it signed by one that is",
    26: "is not made for a {role} (extended key usage); get one that is",
    62: "is for another host; use a name that it holds, or get one for this host",
    64: "is for another address; use one that it holds, or get one for this address",
}
"""OpenSSL's number of a verification error -> what is wrong and the next step."""


class CertificateFiles(NamedTuple):
    """The PEM files of one end.

    Attributes:
        authority: Certificates of those who may sign the peer's certificate.
        revoked: Their revocation list; None: nothing is revoked.
        certificate: Our own; None: we show none (a client whose server does not ask).
        key: Its private key; None exactly if there is no certificate.
    """

    authority: Path
    revoked: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def locate(role: Role, *, folder: str = "", home: Path | None = None) -> CertificateFiles:
    """Find the files of a client or a server.

    Args:
        role: Whose certificate.
        folder: Where all of them lie (`pkipath=`); empty: in the user's folder what is there, else the system's.
        home: The user's home; None: system files alone, as root uses them.

    Returns:
        Existing files. The authority's, and of a server the others, are named even if they are missing: loading
        them then says so. Of a client's certificate and key one without the other counts only in `folder`.
    """
    names = (f"{role}cert.pem", f"{role}key.pem")
    if folder:
        pair = (Path(folder) / names[0], Path(folder) / names[1])
        wanted = role == "server" or any(map(os.path.exists, pair))
        return _files(Path(folder) / "cacert.pem", Path(folder) / "cacrl.pem", pair if wanted else None)
    system = (SYSTEM_CERTIFICATES / names[0], SYSTEM_CERTIFICATES / "private" / names[1])
    pairs = [system] if role == "server" or all(map(os.path.exists, system)) else []
    authorities = [SYSTEM_AUTHORITIES / "cacert.pem"]
    lists = [SYSTEM_AUTHORITIES / "cacrl.pem"]
    if home is not None:
        own = home / USER_FOLDER
        authorities = [path for path in (own / "cacert.pem",) if os.path.exists(path)] + authorities
        lists = [path for path in (own / "cacrl.pem",) if os.path.exists(path)] + lists
        users = (own / names[0], own / names[1])
        pairs = [users, *pairs] if all(map(os.path.exists, users)) else pairs
    return _files(authorities[0], lists[0], pairs[0] if pairs else None)


def _files(authority: Path, revoked: Path, pair: tuple[Path, Path] | None) -> CertificateFiles:
    return CertificateFiles(authority, revoked if os.path.exists(revoked) else None, *(pair or (None, None)))


def client_context(
    files: CertificateFiles, *, verify: bool = True, check: bool = True, passphrase: Passphrase | None = None
) -> ssl.SSLContext:
    """What a client needs to talk to a server.

    Args:
        files: Its certificates.
        verify: The server has to prove its name.
        check: Look at our own certificate as the server will.
        passphrase: Asks for that of an encrypted key; None: nobody can.

    Raises:
        SystemCallError: A file is missing or cannot be read; `int1` is the errno.
        AuthFailedError: A certificate or key is of no use; the message says which and why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return _loaded(context, files, "client", check, passphrase)


def server_context(
    files: CertificateFiles, *, verify: bool = True, check: bool = True, passphrase: Passphrase | None = None
) -> ssl.SSLContext:
    """What a server needs to talk to clients.

    Args:
        files: Its certificates.
        verify: Clients have to show a certificate of an authority.
        check: Look at our own certificate as clients will.
        passphrase: Asks for that of an encrypted key; None: nobody can.

    Raises:
        SystemCallError: A file is missing or cannot be read; `int1` is the errno.
        AuthFailedError: A certificate or key is of no use; the message says which and why.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    return _loaded(context, files, "server", check, passphrase)


def describe(error: ssl.SSLCertVerificationError, files: CertificateFiles, role: Role) -> str:
    """What is wrong with a certificate that OpenSSL refused, and the next step; goes behind its name."""
    text = FINDINGS.get(error.verify_code, f"is refused: {error.verify_message}; get a new one")
    return text.format(authority=files.authority, revoked=files.revoked, role=role)


def _loaded(
    context: ssl.SSLContext, files: CertificateFiles, role: Role, check: bool, passphrase: Passphrase | None
) -> ssl.SSLContext:
    context.minimum_version = MINIMUM_VERSION
    ask = functools.cache(passphrase) if passphrase else None  # a check loads the key once more
    _trust(context, files)
    _present(context, files, ask)
    if check:
        _check_authorities(context, files)
        if files.certificate and files.key:
            _check_mode(files.key)
            _rehearse(files, role, ask)
    return context


def _trust(context: ssl.SSLContext, files: CertificateFiles) -> None:
    """Let the peer be judged by our authorities and their revocation list."""
    for path in filter(None, (files.authority, files.revoked)):
        _check_readable(path)
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as cause:
            raise AuthFailedError(f"{path} holds no certificate in PEM form; put one there", domain=RPC) from cause
    if files.revoked:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _present(context: ssl.SSLContext, files: CertificateFiles, passphrase: Passphrase | None) -> None:
    """Let the peer see our certificate."""
    certificate, key = files.certificate, files.key
    if certificate is None or key is None:
        return
    for path in (certificate, key):
        _check_readable(path)

    asked = False

    def answer() -> str:
        nonlocal asked
        asked = True
        given = passphrase(key) if passphrase else None
        if given is None:
            raise AuthFailedError(
                f"the key {key} is encrypted and nobody gave its passphrase; give it, or decrypt the file", domain=RPC
            )
        return given

    try:
        context.load_cert_chain(certificate, key, answer)
    except ssl.SSLError as cause:
        if cause.reason == "KEY_VALUES_MISMATCH":
            problem = f"the key {key} does not belong to the certificate {certificate}; use the one it was made with"
        elif asked:
            problem = f"the passphrase does not open the key {key}; give the right one"
        else:
            problem = f"{certificate} and {key} are no certificate and key in PEM form ({cause.reason}); replace them"
        raise AuthFailedError(problem, domain=RPC) from cause


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as cause:
        step = "put it there" if isinstance(cause, FileNotFoundError) else "let this user read it"
        raise SystemCallError(
            f"cannot read {path} for TLS: {cause.strerror}; {step}", domain=RPC, int1=cause.errno or errno.EIO
        ) from cause


def _check_mode(key: Path) -> None:
    if key.stat().st_mode & FOR_OTHERS:
        raise AuthFailedError(f"the key {key} is open to every user of this host; chmod o= {key}", domain=RPC)


def _check_authorities(context: ssl.SSLContext, files: CertificateFiles) -> None:
    """Refuse a file without an authority that is valid today."""
    authorities = context.get_ca_certs()
    if not authorities:
        raise AuthFailedError(
            f"{files.authority} holds a certificate that is no authority (CA); put the one there that signs the others",
            domain=RPC,
        )
    now = time.time()
    if all(ssl.cert_time_to_seconds(str(one["notAfter"])) < now for one in authorities):
        raise AuthFailedError(f"the authority in {files.authority} has expired; get a new one", domain=RPC)
    if all(ssl.cert_time_to_seconds(str(one["notBefore"])) > now for one in authorities):
        raise AuthFailedError(f"the authority in {files.authority} is not valid yet; check the clock", domain=RPC)


def _rehearse(files: CertificateFiles, role: Role, passphrase: Passphrase | None) -> None:
    """Shake hands with ourselves in memory, where a peer with the same authorities judges our certificate."""
    ends = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours, theirs = ends if role == "client" else reversed(ends)
    ends[0].check_hostname = False
    ours.verify_mode, theirs.verify_mode = ssl.CERT_NONE, ssl.CERT_REQUIRED
    _trust(theirs, files)
    _present(ours, files, passphrase)
    if role == "client":
        _present(theirs, files, passphrase)  # a server has to show something
    try:
        _shake_hands(ours, theirs, role)
    except ssl.SSLCertVerificationError as cause:
        raise _useless(files, role, cause) from cause
    except ssl.SSLError as cause:
        raise AuthFailedError(
            f"TLS does not work with the certificate {files.certificate}: {cause.reason}; get another one", domain=RPC
        ) from cause


def _useless(files: CertificateFiles, role: Role, cause: ssl.SSLCertVerificationError) -> VirtError:
    return AuthFailedError(f"the certificate {files.certificate} {describe(cause, files, role)}", domain=RPC)


def _shake_hands(ours: ssl.SSLContext, theirs: ssl.SSLContext, role: Role) -> None:
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        ours.wrap_bio(to_us, to_them, server_side=role == "server"),
        theirs.wrap_bio(to_them, to_us, server_side=role == "client"),
    ]
    while ends:
        for end in tuple(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
