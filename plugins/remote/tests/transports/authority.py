"""An authority that signs certificates for tests, and folders as `pkipath=` names them."""

from __future__ import annotations

import datetime
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from virtkit_remote.certificates import CertificateFiles, Role

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Authority:
    """Signs what a test asks for."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    def folder(self, path: Path) -> Path:
        """A new folder with the authority's certificate."""
        path.mkdir(parents=True)
        self.ca.cert_pem.write_to_path(path / "cacert.pem")
        return path

    def issue(
        self, folder: Path, role: Role, *names: str, expires: datetime.datetime | None = None
    ) -> CertificateFiles:
        """Put a certificate for host names or addresses, and its key, into a folder."""
        leaf = self.ca.issue_cert(*(names or ("localhost", "127.0.0.1")), not_after=expires)
        files = _files(folder, role)
        assert files.certificate
        assert files.key
        leaf.cert_chain_pems[0].write_to_path(files.certificate)
        leaf.private_key_pem.write_to_path(files.key)
        files.key.chmod(0o600)
        return files

    def issue_for_another_purpose(self, folder: Path, role: Role) -> CertificateFiles:
        """Like `issue`, for nothing but the other role."""
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if role == "client" else ExtendedKeyUsageOID.CLIENT_AUTH
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(key.public_key())
        certificate = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False).sign(
            self._key(), hashes.SHA256()
        )
        files = _files(folder, role)
        assert files.certificate
        assert files.key
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_key(files.key, key)
        return files

    def revoke(self, files: CertificateFiles) -> CertificateFiles:
        """Publish a list in the certificate's folder that revokes it."""
        assert files.certificate
        serial = x509.load_pem_x509_certificate(files.certificate.read_bytes()).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now() - DAY).build()
        builder = x509.CertificateRevocationListBuilder(issuer_name=self._certificate().subject)
        builder = builder.last_update(now() - DAY).next_update(now() + DAY).add_revoked_certificate(entry)
        path = files.authority.parent / "cacrl.pem"
        signed = builder.sign(self._key(), hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return files._replace(revoked=path)

    def _certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.ca.cert_pem.bytes())

    def _key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.ca.private_key_pem.bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def _builder(self, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
        return x509.CertificateBuilder(self._certificate().subject, name, key, 7, now() - DAY, now() + DAY)


def write_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: str = "") -> None:
    """Write a key, encrypted where there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
    path.chmod(0o600)


def encrypt(files: CertificateFiles, passphrase: str) -> None:
    """Encrypt a key where it lies."""
    assert files.key
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    write_key(files.key, key, passphrase)


def _files(folder: Path, role: Role) -> CertificateFiles:
    return CertificateFiles(folder / "cacert.pem", None, folder / f"{role}cert.pem", folder / f"{role}key.pem")
