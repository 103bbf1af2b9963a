"""Encrypted disks, whose passphrases are secrets."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root, boot, state_of
from plugins.qemu.tests.pools import DISK, domain_of, volume
from tests.guests import TinyGuest
from virtkit.enums import DomainState
from virtkit.errors import ConfigUnsupportedError, InternalError, NoSecretError
from virtkit.ops import Ops
from virtkit.xml.domain import Domain
from virtkit_qemu import passphrases
from virtkit_qemu.command.block import encrypted

pytestmark = pytest.mark.qemu

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1820"
ATTEMPTS = 20
"""So often is qemu-img asked, which measures how fast it is and gives up where others keep the processor busy."""
PASSPHRASE = b"correct horse battery staple"
BY_UUID = f"<encryption format='luks'><secret type='passphrase' uuid='{UUID}'/></encryption>"
BY_USE = "<encryption format='luks'><secret type='passphrase' usage='web'/></encryption>"


@pytest.fixture
def secret(connection: virtkit.Connection) -> virtkit.Secret:
    """A private secret with the passphrase."""
    pytest.importorskip("virtkit_secret")
    made = connection.define_secret(
        f"<secret private='yes'><uuid>{UUID}</uuid><usage type='volume'><volume>web</volume></usage></secret>"
    )
    made.set_value(PASSPHRASE)
    return made


def clone(images: virtkit.StoragePool, name: str) -> Path:
    """An encrypted volume with what is on the tiny guest's disk, made by the storage driver; its path."""
    source = images.lookup_volume_by_name("tiny.img")
    plain = volume(name, source.info().capacity)
    made = images.create_volume_from(plain.replace("</target>", f"{BY_UUID}</target>"), source)
    return Path(made.path())


def lock(image: Path, locked: Path, format: str, prefix: str = "") -> Path:
    """The same by qemu-img, without the seconds that its usual choice costs whenever such a disk is opened."""
    options = f"{prefix}key-secret=key,{prefix}iter-time=10"
    if prefix:
        options += f",{prefix}format=luks"
    command = ["qemu-img", "convert", "--object", f"secret,id=key,data={PASSPHRASE.decode()}", "-O", format]
    command += ["-o", options, str(image), str(locked)]
    attempts = (subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60) for _ in range(ATTEMPTS))
    done = next(attempt for attempt in attempts if "accurate CPU usage" not in attempt.stderr)
    assert (0, "") == (done.returncode, done.stderr)
    return locked


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory, tiny: TinyGuest) -> dict[str, Path]:
    """Encrypted copies of the tiny guest's disk, by format."""
    folder = tmp_path_factory.mktemp("locked")
    qcow2 = lock(tiny.image, folder / "web.qcow2", "qcow2", "encrypt.")
    return {"raw": lock(tiny.image, folder / "web.raw", "luks"), "qcow2": qcow2}


@pytest.fixture
def web(root: Root, images: virtkit.StoragePool, locked: dict[str, Path]) -> str:
    """A domain whose disk is an encrypted volume."""
    shutil.copy(locked["raw"], root.folder / "images" / "web.img")
    return domain_of("web", disk(f"<source pool='images' volume='web.img'>{BY_UUID}</source>"))


def disk(source: str, format: str = "raw", kind: str = "volume") -> str:
    driver = f"<driver name='qemu' type='{format}'/>"
    return DISK.replace("'volume'", f"'{kind}'").format(driver + source, "vda")


def test_a_guest_boots_from_an_encrypted_volume(
    connection: virtkit.Connection, secret: virtkit.Secret, images: virtkit.StoragePool, tiny: TinyGuest
) -> None:
    path = clone(images, "web.img")
    assert tiny.image.read_bytes()[:512] not in path.read_bytes()
    source = f"<source pool='images' volume='web.img'>{BY_UUID}</source>"
    boot(connection.define_domain(domain_of("web", disk(source))), tiny)


@pytest.mark.parametrize("format", ["raw", "qcow2"])
def test_a_guest_boots_from_an_encrypted_file(
    connection: virtkit.Connection, secret: virtkit.Secret, tiny: TinyGuest, locked: dict[str, Path], format: str
) -> None:
    source = f"<source file='{locked[format]}'>{BY_USE}</source>"
    boot(connection.define_domain(domain_of("web", disk(source, format, "file"))), tiny)


def test_a_passphrase_is_in_no_argument_and_no_file(
    root: Root, connection: virtkit.Connection, secret: virtkit.Secret, web: str
) -> None:
    connection.create_domain(web, 1)
    assert PASSPHRASE not in Path(f"/proc/{root.pid('web')}/cmdline").read_bytes()
    files = [path for path in root.folder.rglob("*") if path.is_file()]
    assert root.folder / "log/qemu/web.log" in files
    written = (PASSPHRASE, base64.b64encode(PASSPHRASE))
    assert not [path for path in files if any(text in path.read_bytes() for text in written)]


def test_a_guest_with_an_encrypted_disk_is_adopted_without_its_secret(
    root: Root, connection: virtkit.Connection, secret: virtkit.Secret, web: str
) -> None:
    connection.create_domain(web)
    secret.undefine()
    connection.close()
    with root.open() as next_one:
        next_one.lookup_domain_by_name("web").suspend()


def test_a_wrong_passphrase_is_told_and_leaves_no_guest(
    root: Root, connection: virtkit.Connection, secret: virtkit.Secret, web: str
) -> None:
    secret.set_value(b"something else")
    domain = connection.define_domain(web)
    with pytest.raises(InternalError, match=r"(?s)'web'.*Invalid password.*disk vda.*`virtkit secret-set-value`"):
        domain.create()
    assert DomainState.SHUTOFF == state_of(domain)[0]
    assert not root.pids()


def test_a_secret_that_is_missing_is_told_and_leaves_no_guest(
    root: Root, connection: virtkit.Connection, secret: virtkit.Secret, web: str
) -> None:
    secret.undefine()
    domain = connection.define_domain(web)
    with pytest.raises(NoSecretError, match=f"'web'.*disk vda is encrypted.*no secret with UUID {UUID}"):
        domain.create()
    assert DomainState.SHUTOFF == state_of(domain)[0]
    assert not root.pids()


def test_a_secret_without_value_is_told(connection: virtkit.Connection, secret: virtkit.Secret, web: str) -> None:
    secret.undefine()
    connection.define_secret(f"<secret><uuid>{UUID}</uuid></secret>")
    with pytest.raises(NoSecretError, match=r"disk vda is encrypted.*has no value"):
        connection.create_domain(web)


def test_encryption_without_a_secret_is_told(connection: virtkit.Connection, images: virtkit.StoragePool) -> None:
    source = "<source pool='images' volume='tiny.img'><encryption format='luks'/></source>"
    with pytest.raises(InternalError, match=r"disk vda is encrypted.*names no secret"):
        connection.create_domain(domain_of("web", disk(source)))


def test_without_a_secret_driver_its_package_is_named() -> None:
    document = Domain.parse(domain_of("web", disk(f"<source pool='images' volume='a'>{BY_UUID}</source>")))
    assert ["virtkit-1-secret"] == [name for name, _, _ in encrypted(document)]
    with pytest.raises(ConfigUnsupportedError, match=r"'web'.*vda.*pip install virtkit-secret"):
        passphrases.fetch(Ops(lambda kind: None), document)
