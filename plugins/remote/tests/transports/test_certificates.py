"""Certificates: where they are looked for, and what is said of each that is of no use."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from plugins.remote.tests.transports.authority import DAY, Authority, encrypt, now
from virtkit.errors import AuthFailedError, SystemCallError
from virtkit_remote import certificates
from virtkit_remote.certificates import CertificateFiles, Role, client_context, locate, server_context

ROLES: tuple[Role, Role] = ("client", "server")
LOAD = {"client": client_context, "server": server_context}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def folder(authority: Authority, tmp_path: Path) -> Path:
    return authority.folder(tmp_path / "pki")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders that stand for those of the system, still empty."""
    for name, value in {"SYSTEM_AUTHORITIES": "CA", "SYSTEM_CERTIFICATES": "libvirt"}.items():
        (tmp_path / value).mkdir()
        monkeypatch.setattr(certificates, name, tmp_path / value)
    (tmp_path / "libvirt/private").mkdir()
    return tmp_path


def refusal(role: Role, files: CertificateFiles) -> str:
    with pytest.raises(AuthFailedError) as caught:
        LOAD[role](files)
    return str(caught.value)


@pytest.mark.parametrize("role", ROLES)
def test_a_good_certificate_loads(authority: Authority, folder: Path, role: Role) -> None:
    context = LOAD[role](authority.issue(folder, role))
    assert 1 == len(context.get_ca_certs())


def test_a_client_needs_no_certificate_of_its_own(folder: Path) -> None:
    context = client_context(locate("client", folder=str(folder)))
    assert context.check_hostname


@pytest.mark.parametrize("role", ROLES)
def test_an_expired_certificate_is_told(authority: Authority, folder: Path, role: Role) -> None:
    files = authority.issue(folder, role, expires=now() - DAY)
    assert f"the certificate {files.certificate} has expired; get a new one" == refusal(role, files)


@pytest.mark.parametrize("role", ROLES)
def test_a_certificate_of_another_authority_is_told(authority: Authority, folder: Path, role: Role) -> None:
    files = Authority().issue(folder, role)
    expected = f"the certificate {files.certificate} is signed by an authority that {files.authority} does not hold"
    assert expected == refusal(role, files).partition(";")[0]


@pytest.mark.parametrize("role", ROLES)
def test_a_certificate_for_another_purpose_is_told(authority: Authority, folder: Path, role: Role) -> None:
    files = authority.issue_for_another_purpose(folder, role)
    expected = f"the certificate {files.certificate} is not made for a {role} (extended key usage); get one that is"
    assert expected == refusal(role, files)


@pytest.mark.parametrize("role", ROLES)
def test_a_revoked_certificate_is_told(authority: Authority, folder: Path, role: Role) -> None:
    files = authority.revoke(authority.issue(folder, role))
    assert f"the certificate {files.certificate} was revoked by its authority; get a new one" == refusal(role, files)


@pytest.mark.parametrize("role", ROLES)
def test_a_list_that_revokes_others_does_no_harm(authority: Authority, folder: Path, role: Role) -> None:
    revoked = authority.revoke(authority.issue(folder, role)).revoked
    context = LOAD[role](authority.issue(folder, role)._replace(revoked=revoked))
    assert context.verify_flags & context.verify_flags.VERIFY_CRL_CHECK_LEAF


@pytest.mark.parametrize("role", ROLES)
def test_a_key_of_another_certificate_is_told(authority: Authority, folder: Path, role: Role) -> None:
    files = authority.issue(folder, role)
    assert files.key
    stray = authority.issue(authority.folder(folder / "more"), role).key
    expected = f"the key {stray} does not belong to the certificate {files.certificate}; use the one it was made with"
    assert expected == refusal(role, files._replace(key=stray))


def test_a_key_that_others_can_read_is_told_with_the_remedy(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "server")
    assert files.key
    files.key.chmod(0o644)
    assert f"the key {files.key} is open to every user of this host; chmod o= {files.key}" == refusal("server", files)


def test_an_authority_that_is_none_is_told(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "server")
    assert files.certificate
    wrong = files._replace(authority=files.certificate)
    assert f"{files.certificate} holds a certificate that is no authority (CA)" in refusal("server", wrong)


@pytest.mark.parametrize("name", ["authority", "certificate", "key"])
def test_a_file_that_holds_something_else_is_told(authority: Authority, folder: Path, name: str) -> None:
    files = authority.issue(folder, "server")
    getattr(files, name).write_text("not a certificate\n")
    assert str(getattr(files, name)) in refusal("server", files)


@pytest.mark.parametrize("name", ["authority", "certificate", "key"])
def test_a_missing_file_is_an_error_of_the_system_that_names_it(authority: Authority, folder: Path, name: str) -> None:
    files = authority.issue(folder, "server")
    getattr(files, name).unlink()
    with pytest.raises(SystemCallError, match=f"{getattr(files, name)} for TLS: No such file") as caught:
        server_context(files)
    assert errno.ENOENT == caught.value.int1


def test_checks_can_be_left_out(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "client", expires=now() - DAY)
    assert client_context(files, check=False).get_ca_certs()


def test_the_passphrase_of_an_encrypted_key_is_asked_for_once(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "client")
    encrypt(files, "open sesame")
    asked: list[Path] = []

    def answer(key: Path) -> str:
        asked.append(key)
        return "open sesame"

    client_context(files, passphrase=answer)
    assert [files.key] == asked


@pytest.mark.parametrize(
    ("passphrase", "expected"),
    [(None, "is encrypted and nobody gave its passphrase"), (lambda key: None, "is encrypted and nobody gave")],
)
def test_an_encrypted_key_without_a_passphrase_is_told(
    authority: Authority, folder: Path, passphrase: certificates.Passphrase | None, expected: str
) -> None:
    files = authority.issue(folder, "client")
    encrypt(files, "open sesame")
    with pytest.raises(AuthFailedError, match=expected):
        client_context(files, passphrase=passphrase)


def test_a_wrong_passphrase_is_told(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "client")
    encrypt(files, "open sesame")
    with pytest.raises(AuthFailedError, match=f"the passphrase does not open the key {files.key}; give the right one"):
        client_context(files, passphrase=lambda key: "open barley")


def test_a_named_folder_holds_everything(authority: Authority, folder: Path) -> None:
    files = authority.issue(folder, "client")
    assert files == locate("client", folder=str(folder))


def test_half_of_a_pair_in_a_named_folder_is_no_reason_to_go_without(authority: Authority, folder: Path) -> None:
    key = authority.issue(folder, "client").key
    assert key
    key.unlink()
    with pytest.raises(SystemCallError, match="clientkey"):
        client_context(locate("client", folder=str(folder)))


def test_a_user_prefers_their_own_files_and_else_has_the_systems(authority: Authority, system: Path) -> None:
    home = system / "home"
    authority.ca.cert_pem.write_to_path(system / "CA/cacert.pem")
    theirs = [locate("client", home=home)]
    authority.issue(authority.folder(home / ".pki/libvirt"), "client")
    theirs.append(locate("client", home=home))
    own = home / ".pki/libvirt"
    expected = [
        CertificateFiles(system / "CA/cacert.pem"),
        CertificateFiles(own / "cacert.pem", None, own / "clientcert.pem", own / "clientkey.pem"),
    ]
    assert expected == theirs


def test_a_server_of_the_system_has_its_key_in_a_private_folder(system: Path) -> None:
    (system / "CA/cacrl.pem").touch()
    expected = CertificateFiles(
        system / "CA/cacert.pem",
        system / "CA/cacrl.pem",
        system / "libvirt/servercert.pem",
        system / "libvirt/private/serverkey.pem",
    )
    assert expected == locate("server")


def test_a_client_without_its_systems_key_shows_no_certificate(system: Path) -> None:
    (system / "libvirt/clientcert.pem").touch()
    assert (None, None) == locate("client")[2:]
