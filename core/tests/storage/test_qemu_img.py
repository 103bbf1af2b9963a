"""qemu-img: the commands, and real runs of them."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from virtkit.errors import (
    ConfigUnsupportedError,
    InvalidArgError,
    InvalidSecretError,
    OperationAbortedError,
    OperationFailedError,
    ResourceBusyError,
    SystemCallError,
)
from virtkit.services.runner import Result, find_program, run
from virtkit.storage import qemu_img
from virtkit.storage.image import HEAD_SIZE, Image, identify
from virtkit.storage.qemu_img import (
    Layer,
    Opening,
    Options,
    Place,
    Secret,
    arguments_of_copy,
    arguments_of_create,
    arguments_of_resize,
    convert,
    copy_into,
    create,
    node_of,
    resize,
)
from virtkit.xml.storage import Cipher, Encryption, Ivgen

MIB = 2**20
KEY = Secret("secret0", "/proc/self/fd/7")
LUKS = Encryption(format="luks")
GIVES_UP = "echo 'qemu-img: Unable to get accurate CPU usage' >&2; exit 1"

needs_qemu_img = pytest.mark.skipif(find_program("qemu-img") is None, reason="qemu-img is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts or attaches storage of its own")


# The commands


def test_a_plain_image_leaves_everything_to_qemu_img() -> None:
    assert ["qemu-img", "create", "-q", "-f", "qcow2", "/v", "1048576"] == arguments_of_create("/v", "qcow2", MIB)


def test_options_are_joined() -> None:
    options = Options(
        compat="1.1", cluster_size=131072, lazy_refcounts=True, extended_l2=True, nocow=True, preallocate="metadata"
    )
    text = "compat=1.1,cluster_size=131072,lazy_refcounts=on,extended_l2=on,nocow=on,preallocation=metadata"
    expected = ["qemu-img", "create", "-q", "-f", "qcow2", "-o", text, "/v", "1048576"]
    assert expected == arguments_of_create("/v", "qcow2", MIB, options)


def test_a_value_cannot_add_options() -> None:
    arguments = arguments_of_create("/v", "qcow2", MIB, Options(compat="1.1,backing_file=/etc/shadow"))
    assert "compat=1.1,,backing_file=/etc/shadow" == arguments[arguments.index("-o") + 1]


def test_a_backing_file_is_named_and_not_opened() -> None:
    options = Options(backing="/b", backing_format="vhd")
    expected = ["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/b", "-F", "vpc", "/v", "1048576"]
    assert expected == arguments_of_create("/v", "qcow2", MIB, options)


def test_raw_data_with_encryption_is_luks() -> None:
    expected = [
        *("qemu-img", "create", "-q", "-f", "luks", "--object", "secret,id=secret0,file=/proc/self/fd/7"),
        *("-o", "key-secret=secret0", "/v", "1048576"),
    ]
    assert expected == arguments_of_create("/v", "raw", MIB, Options(encryption=LUKS), KEY)


def test_cipher_and_vectors_are_passed_on() -> None:
    encryption = Encryption(
        format="luks",
        cipher=Cipher(name="twofish", size=256, mode="cbc", hash="sha512"),
        ivgen=Ivgen(name="essiv", hash="sha256"),
    )
    arguments = arguments_of_create("/v", "qcow2", MIB, Options(encryption=encryption), KEY)
    expected = (
        "encrypt.format=luks,encrypt.key-secret=secret0,encrypt.cipher-alg=twofish-256,encrypt.cipher-mode=cbc,"
        "encrypt.hash-alg=sha512,encrypt.ivgen-alg=essiv,encrypt.ivgen-hash-alg=sha256"
    )
    assert expected == arguments[arguments.index("-o") + 1]


def test_the_old_encryption_of_qcow2_is_aes() -> None:
    arguments = arguments_of_create("/v", "qcow2", MIB, Options(encryption=Encryption(format="qcow")), KEY)
    assert "encrypt.format=aes,encrypt.key-secret=secret0" == arguments[arguments.index("-o") + 1]


@pytest.mark.parametrize(
    ("format", "encryption"), [("raw", "qcow"), ("qcow", "luks"), ("vdi", "luks"), ("raw", "luks2"), ("qcow2", "luks2")]
)
def test_an_encryption_that_qemu_img_does_not_do_is_refused(format: str, encryption: str) -> None:
    options = Options(encryption=Encryption(format=encryption))
    with pytest.raises(ConfigUnsupportedError, match="choose the encryption 'luks'"):
        arguments_of_create("/v", format, MIB, options, KEY)


@pytest.mark.parametrize("format", ["dir", "fat", "auto", "ext4", ""])
def test_a_format_that_qemu_img_does_not_know_is_refused(format: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match="choose one of"):
        arguments_of_create("/v", format, MIB)


@pytest.mark.parametrize("capacity", [-1, 2**63, 2**64, 10**30])
def test_an_impossible_capacity_is_refused(capacity: int) -> None:
    with pytest.raises(InvalidArgError, match="impossible"):
        arguments_of_create("/v", "raw", capacity)
    with pytest.raises(InvalidArgError, match="impossible"):
        arguments_of_resize(node_of(Place("/v"), "raw"), capacity)


@pytest.mark.parametrize("options", [Options(backing="/b"), Options(backing_format="raw"), Options(encryption=LUKS)])
def test_half_of_a_pair_is_refused(options: Options) -> None:
    with pytest.raises(InvalidArgError, match="go together"):
        arguments_of_create("/v", "qcow2", MIB, options)


def test_a_passphrase_without_an_encryption_is_refused() -> None:
    with pytest.raises(InvalidArgError, match="go together"):
        arguments_of_create("/v", "raw", MIB, secret=KEY)


@pytest.mark.parametrize("name", ["/b\0", "/b\udcff"])
def test_a_backing_file_that_no_argument_can_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgError, match="UTF-8"):
        arguments_of_create("/v", "qcow2", MIB, Options(backing=name, backing_format="raw"))


def test_a_description_ends_the_chain() -> None:
    expected = {"driver": "qcow2", "file": {"driver": "file", "filename": "/a,b"}, "backing": None}
    assert expected == node_of(Place("/a,b"), "qcow2")


def test_a_description_holds_every_layer() -> None:
    base = node_of(Place("/dev/v", "host_device"), "raw")
    top = node_of(Place("/v"), "qcow2", KEY, base)
    expected = {
        "driver": "qcow2",
        "file": {"driver": "file", "filename": "/v"},
        "backing": {"driver": "raw", "file": {"driver": "host_device", "filename": "/dev/v"}, "backing": None},
        "encrypt": {"key-secret": "secret0"},
    }
    assert expected == top


def test_raw_data_with_a_passphrase_is_opened_as_luks() -> None:
    node = node_of(Place("/v"), "raw", KEY)
    assert ("luks", "secret0") == (node["driver"], node["key-secret"])


SOURCE, TARGET = node_of(Place("/a"), "qcow2"), node_of(Place("/b"), "raw")
SOURCE_TEXT = 'json:{"driver": "qcow2", "file": {"driver": "file", "filename": "/a"}, "backing": null}'
TARGET_TEXT = 'json:{"driver": "raw", "file": {"driver": "file", "filename": "/b"}, "backing": null}'


def test_a_copy_names_no_file_but_in_descriptions() -> None:
    expected = ["qemu-img", "convert", "-q", "-n", "-O", "raw", SOURCE_TEXT, TARGET_TEXT]
    assert expected == arguments_of_copy(SOURCE, TARGET)


def test_a_copy_into_zeros_leaves_holes() -> None:
    assert "--target-is-zero" in arguments_of_copy(SOURCE, TARGET, zero=True)


def test_a_copy_above_a_backing_file_names_it() -> None:
    arguments = arguments_of_copy(SOURCE, TARGET, zero=True, backing=("/base", "raw"))
    assert ["-B", "/base", "-F", "raw"] == arguments[4:8]
    assert "--target-is-zero" not in arguments


def test_secrets_of_both_sides_are_declared() -> None:
    arguments = arguments_of_copy(SOURCE, TARGET, [KEY, Secret("secret1", "/proc/self/fd/8")])
    assert ["--object", "secret,id=secret1,file=/proc/self/fd/8"] == arguments[6:8]


def test_an_image_is_resized_by_its_description() -> None:
    expected = ["qemu-img", "resize", "-q", "--preallocation=falloc", "--shrink", TARGET_TEXT, "5"]
    assert expected == arguments_of_resize(TARGET, 5, shrink=True, preallocate="falloc")


def test_a_passphrase_is_not_shown() -> None:
    assert "letmein" not in repr(Opening("/v", "raw", passphrase=b"letmein"))


# Real runs


def image_of(path: Path) -> Image:
    with path.open("rb") as file:
        return identify(os.pread(file.fileno(), HEAD_SIZE, 0), lambda at, size: os.pread(file.fileno(), size, at))


def info(path: Path) -> dict[str, Any]:
    arguments = ["qemu-img", "info", "--output=json", str(path)]
    told: dict[str, Any] = json.loads(subprocess.run(arguments, check=True, timeout=60, stdout=subprocess.PIPE).stdout)
    return told


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that are run; LUKS takes little time over its keys."""
    commands: list[list[str]] = []

    def note(arguments: Sequence[str], **options: Any) -> Result:
        commands.append(list(arguments))
        return run([re.sub("^key-secret=", "iter-time=10,key-secret=", word) for word in arguments], **options)

    monkeypatch.setattr(qemu_img, "run", note)
    return commands


@pytest.fixture
def holes(tmp_path: Path) -> Path:
    """Raw data of 64 MiB, of which 64 KiB are there."""
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(64 * MIB)
        file.seek(32 * MIB)
        file.write(b"x" * 65536)
    return path


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """A block device of 16 MiB that holds ones."""
    file = tmp_path / "device"
    file.write_bytes(b"\1" * 16 * MIB)
    if find_program("losetup") is None:
        pytest.skip("losetup is not installed")
    made = subprocess.run(["losetup", "-f", "--show", file], stdout=subprocess.PIPE, timeout=60, check=False)
    if made.returncode:
        pytest.skip("no loop device is to be had")
    path = Path(made.stdout.decode().strip())
    yield path
    subprocess.run(["losetup", "-d", path], check=True, timeout=60)


@needs_qemu_img
def test_an_image_is_made_through_a_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "v").open("xb+") as file:
        create(file.fileno(), "qcow2", 5 * MIB, Options(compat="0.10", cluster_size=4096))
    assert Image("qcow2", 5 * MIB, compat="0.10", cluster_size=4096) == image_of(tmp_path / "v")


@needs_qemu_img
def test_an_image_is_made_in_a_file_without_a_name(tmp_path: Path, holes: Path) -> None:
    file = os.open(tmp_path, os.O_TMPFILE | os.O_RDWR, 0o600)
    try:
        convert(Opening(str(holes), "raw"), file, "qcow2", 64 * MIB)
        assert 64 * MIB == image_of(Path(f"/proc/self/fd/{file}")).capacity
    finally:
        os.close(file)


@needs_qemu_img
def test_a_path_of_any_letters_is_made(tmp_path: Path) -> None:
    path = tmp_path / 'json:{",é'
    create(str(path), "qcow2", 5 * MIB)
    resize(Opening(str(path), "qcow2"), 6 * MIB)
    assert 6 * MIB == image_of(path).capacity


@needs_qemu_img
def test_a_backing_file_need_not_be_there(tmp_path: Path) -> None:
    create(str(tmp_path / "v"), "qcow2", MIB, Options(backing="/not/there", backing_format="raw"))
    image = image_of(tmp_path / "v")
    assert ("/not/there", "raw") == (image.backing, image.backing_format)


@needs_qemu_img
def test_space_is_preallocated(tmp_path: Path) -> None:
    create(str(tmp_path / "v"), "raw", 4 * MIB, Options(preallocate="falloc"))
    assert 4 * MIB <= (tmp_path / "v").stat().st_blocks * 512


@needs_qemu_img
def test_luks_is_made_copied_and_opened_by_its_passphrase_alone(
    tmp_path: Path, holes: Path, seen: list[list[str]]
) -> None:
    path, back = tmp_path / "v", tmp_path / "back"
    convert(Opening(str(holes), "raw"), str(path), "raw", 64 * MIB, Options(encryption=LUKS), passphrase=b"let me, in")
    assert ("luks", 64 * MIB) == (image_of(path).encryption, image_of(path).capacity_in(path.stat().st_size))
    convert(Opening(str(path), "raw", passphrase=b"let me, in"), str(back), "raw", 64 * MIB)
    assert holes.read_bytes() == back.read_bytes()
    with pytest.raises(InvalidSecretError, match="correct the secret"):
        resize(Opening(str(path), "raw", passphrase=b"wrong"), 65 * MIB)
    words = [word for command in seen for word in command]
    assert not [word for word in words if "let me" in word or "wrong" in word]


@needs_qemu_img
def test_an_encrypted_qcow2_is_resized_with_its_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "v"
    create(str(path), "qcow2", MIB, Options(encryption=Encryption(format="qcow")), passphrase=b"letmein")
    resize(Opening(str(path), "qcow2", passphrase=b"letmein"), 2 * MIB)
    assert ("qcow", 2 * MIB) == (image_of(path).encryption, image_of(path).capacity)


@needs_qemu_img
@pytest.mark.parametrize("format", ["raw", "qcow2", "vdi", "vhdx", "vmdk", "vpc", "qed", "ploop"])
def test_holes_stay_holes_in_every_format(tmp_path: Path, holes: Path, format: str) -> None:
    between, back = tmp_path / "between", tmp_path / "back"
    capacity = 65 * MIB  # VPC rounds sizes up: to what it has cylinders for
    convert(Opening(str(holes), "raw"), str(between), format, capacity)
    with back.open("xb+") as file:
        convert(Opening(str(between), format), file.fileno(), "raw", info(between)["virtual-size"])
    assert holes.read_bytes() == back.read_bytes()[: 64 * MIB]
    assert MIB > back.stat().st_blocks * 512


@needs_qemu_img
def test_a_copy_reads_the_chain_it_is_told_whatever_the_header_says(tmp_path: Path) -> None:
    for name, letter in (("told", b"t"), ("named", b"n")):
        (tmp_path / name).write_bytes(letter * MIB)
    top, copy = tmp_path / "top", tmp_path / "copy"
    create(str(top), "qcow2", MIB, Options(backing=str(tmp_path / "named"), backing_format="raw"))
    with top.open("rb") as upper, (tmp_path / "told").open("rb") as lower:
        source = Opening(upper.fileno(), "qcow2", [Layer(lower.fileno(), "raw")])
        convert(source, str(copy), "raw", MIB)
    assert b"t" * MIB == copy.read_bytes()
    convert(Opening(str(top), "qcow2"), str(copy), "raw", MIB)
    assert bytes(MIB) == copy.read_bytes()


@needs_qemu_img
def test_a_copy_on_the_same_backing_file_holds_the_top_layer_alone(tmp_path: Path) -> None:
    base, top, copy = (str(tmp_path / name) for name in ("base", "top", "copy"))
    Path(base).write_bytes(b"b" * 8 * MIB)
    create(top, "qcow2", 8 * MIB, Options(backing=base, backing_format="raw"))
    subprocess.run(["qemu-io", "-c", "write -P 7 1M 64k", top], check=True, timeout=60, stdout=subprocess.DEVNULL)
    source = Opening(top, "qcow2", [Layer(base, "raw")])
    convert(source, copy, "qcow2", 8 * MIB, Options(backing=base, backing_format="raw"))
    assert base == image_of(Path(copy)).backing
    assert MIB > Path(copy).stat().st_blocks * 512
    subprocess.run(["qemu-img", "compare", top, copy], check=True, timeout=60, stdout=subprocess.DEVNULL)


@needs_qemu_img
def test_growing_does_not_bring_the_rest_of_a_backing_file_to_light(tmp_path: Path) -> None:
    base, top, flat = (str(tmp_path / name) for name in ("base", "top", "flat"))
    Path(base).write_bytes(b"b" * 2 * MIB)
    create(top, "qcow2", MIB, Options(backing=base, backing_format="raw"))
    image = Opening(top, "qcow2", [Layer(base, "raw")])
    resize(image, 2 * MIB)
    convert(image, flat, "raw", 2 * MIB)
    assert b"b" * MIB + bytes(MIB) == Path(flat).read_bytes()


@needs_qemu_img
@needs_root
def test_a_block_device_is_overwritten_up_to_the_end_of_the_source(tmp_path: Path, device: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"s" * MIB + bytes(MIB))
    file = os.open(device, os.O_RDWR)
    try:
        copy_into(Opening(str(source), "raw"), Opening(file, "raw"))
        assert b"s" * MIB + bytes(MIB) + b"\1" * 4096 == os.pread(file, 2 * MIB + 4096, 0)
        create(file, "qcow2", 4 * MIB)
        assert Image("qcow2", 4 * MIB, compat="1.1", cluster_size=65536) == image_of(device)
        convert(Opening(str(source), "raw"), file, "qcow2", 2 * MIB)
    finally:
        os.close(file)
    convert(Opening(str(device), "qcow2"), str(tmp_path / "back"), "raw", 2 * MIB)
    assert source.read_bytes() == (tmp_path / "back").read_bytes()


@needs_qemu_img
def test_shrinking_must_be_asked_for(holes: Path) -> None:
    with pytest.raises(OperationFailedError, match=r"qemu-img.*shrink"):
        resize(Opening(str(holes), "raw"), MIB, subject="volume 'v'")
    resize(Opening(str(holes), "raw"), MIB, shrink=True)
    assert MIB == holes.stat().st_size


@needs_qemu_img
def test_a_guard_ends_the_program(tmp_path: Path) -> None:
    files: list[int] = []

    def guard() -> None:
        files.extend(users(tmp_path / "v"))
        if files:
            raise OperationAbortedError("it was cancelled")

    with pytest.raises(OperationAbortedError):
        create(str(tmp_path / "v"), "raw", 2**32, Options(preallocate="full"), guard=guard)
    assert files
    assert [] == users(tmp_path / "v")


def users(path: Path) -> list[int]:
    """The processes of qemu-img that have a file's name among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(path) in words and b"qemu-img" in words[0]:
            found.append(int(folder.name))
    return found


@needs_qemu_img
@needs_root
def test_a_full_file_system_is_told_with_its_errno(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, timeout=60, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        with pytest.raises(SystemCallError, match=r"volume 'v' cannot be made: qemu-img .*No space.*; free") as caught:
            create(str(tmp_path / "v"), "raw", 8 * MIB, Options(preallocate="full"), subject="volume 'v'")
    finally:
        subprocess.run(["umount", tmp_path], check=True, timeout=60)
    assert errno.ENOSPC == caught.value.int1


@needs_qemu_img
@pytest.mark.parametrize("format", ["qcow2", "vdi", "vhdx", "qed", "vpc"])
def test_an_absurd_capacity_fails_with_what_qemu_img_says(tmp_path: Path, format: str) -> None:
    with pytest.raises((OperationFailedError, SystemCallError), match=r"volume 'v' cannot be made: qemu-img failed"):
        create(str(tmp_path / "v"), format, 2**63 - 1, subject="volume 'v'")


@needs_qemu_img
def test_a_missing_source_is_told_with_its_errno(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match="refresh the pool") as caught:
        convert(Opening(str(tmp_path / "none"), "raw"), str(tmp_path / "v"), "raw", MIB)
    assert errno.ENOENT == caught.value.int1


@needs_qemu_img
def test_a_source_that_is_written_to_is_busy(tmp_path: Path) -> None:
    path = str(tmp_path / "v")
    create(path, "qcow2", MIB)
    holder = subprocess.Popen(["qemu-io", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert b"qemu-io> " == holder.stdout.read(9)  # it has opened the image
        with pytest.raises(ResourceBusyError, match="shut down the guest"):
            convert(Opening(path, "qcow2"), str(tmp_path / "copy"), "raw", MIB)
    finally:
        holder.communicate(b"quit\n", timeout=60)


@pytest.mark.parametrize("failures", [3, qemu_img.ATTEMPTS])
def test_an_image_is_asked_for_again_where_the_processor_was_too_busy_to_measure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failures: int
) -> None:
    count = tmp_path / "count"
    count.write_text("")
    busy = f"printf x >> {count}; [ $(wc -c < {count}) -gt {failures} ] || {{ {GIVES_UP}; }}"

    def instead(arguments: Sequence[str], **options: Any) -> Result:
        return run(["sh", "-c", busy], **options)

    monkeypatch.setattr(qemu_img, "run", instead)
    if failures < qemu_img.ATTEMPTS:
        create(str(tmp_path / "a"), "qcow2", MIB)
    else:
        with pytest.raises(OperationFailedError, match="accurate CPU usage"):
            create(str(tmp_path / "a"), "qcow2", MIB)
    assert min(failures + 1, qemu_img.ATTEMPTS) == len(count.read_text())


def test_a_missing_program_is_told_with_its_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(qemu_img, "PROGRAM", "qemu-img-is-not-here")
    with pytest.raises(SystemCallError, match="install qemu-utils on Debian") as caught:
        create(str(tmp_path / "v"), "raw", MIB)
    assert errno.ENOENT == caught.value.int1


@pytest.mark.parametrize("path", ["/a\0b", "/a\udcff"])
def test_a_path_that_no_argument_can_name_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgError, match="UTF-8"):
        create(path, "raw", MIB)
