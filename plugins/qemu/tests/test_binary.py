"""What the installed QEMU can do; what is remembered of it and when it is asked again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.qemu.tests.rig import QEMU
from virtkit.errors import InternalError, SystemCallError, VirtError
from virtkit_qemu import binary, kvm
from virtkit_qemu.binary import Binaries, candidates, find
from virtkit_qemu.facts import Facts
from virtkit_qemu.kvm import KVM


@pytest.fixture(scope="session")
def qemu() -> Path:
    path = find("x86_64")
    if path is None:
        pytest.skip(f"{QEMU} is not installed")
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The binaries that were really asked, in order."""
    paths: list[Path] = []
    probe = binary.probe

    def counted(path: Path) -> Facts:
        paths.append(path)
        return probe(path)

    monkeypatch.setattr(binary, "probe", counted)
    return paths


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[[KVM], list[Path]]:
    """Replaces the trial of KVM by a verdict; returns the binaries that it was given for."""

    def replaced(verdict: KVM) -> list[Path]:
        paths: list[Path] = []

        def judge(path: Path, machine: str) -> KVM:
            paths.append(path)
            return verdict

        monkeypatch.setattr(kvm, "probe", judge)
        return paths

    return replaced


def script(folder: Path, text: str) -> Path:
    path = folder / "qemu-system-odd"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# Finding a binary


@pytest.mark.parametrize(
    ("architecture", "host", "expected"),
    [
        ("aarch64", "x86_64", ["qemu-system-aarch64"]),
        ("armv7l", "x86_64", ["qemu-system-arm"]),
        ("ppc64le", "x86_64", ["qemu-system-ppc64"]),
        ("i686", "x86_64", ["qemu-system-i386", "qemu-system-x86_64"]),
        ("x86_64", "x86_64", ["qemu-system-x86_64", "/usr/libexec/qemu-kvm", "qemu-kvm", "kvm"]),
    ],
)
def test_a_binary_is_looked_for_under_the_names_it_has(architecture: str, host: str, expected: list[str]) -> None:
    assert expected == [*candidates(architecture, host)]


def test_a_binary_is_found_in_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path, "exit 0").rename(tmp_path / "qemu-system-sparc")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert path == find("sparc")


def test_no_binary_is_found_for_an_architecture_that_nobody_emulates() -> None:
    assert find("pdp11") is None


# Asking it


@pytest.mark.qemu
def test_facts_agree_with_what_the_binary_prints(qemu: Path, tmp_path: Path) -> None:
    facts = Binaries(tmp_path).facts(qemu)
    printed = subprocess.run([qemu, "-M", "help"], capture_output=True, text=True, check=True).stdout
    machines = {line.split()[0] for line in printed.splitlines()[1:]}
    assert machines == {name for machine in facts.machines for name in (machine.name, machine.alias) if name}
    default = next(line.split()[0] for line in printed.splitlines() if line.endswith("(default)"))
    assert facts.default_machine is not None
    assert default == facts.default_machine.name
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"version {'.'.join(map(str, facts.version))} ({facts.package})" in version
    assert "x86_64" == facts.target


@pytest.mark.qemu
def test_facts_know_cpus_devices_objects_commands_and_options(qemu: Path, tmp_path: Path) -> None:
    facts = Binaries(tmp_path).facts(qemu)
    model, host = facts.cpu_model("qemu64"), facts.cpu_model("host")
    assert model is not None
    assert host is not None
    assert ((), ("kvm",)) == (model.missing, host.missing)
    assert {"virtio-blk-pci", "pvpanic", "qemu64-x86_64-cpu"} <= facts.devices
    assert {"memory-backend-memfd", "iothread", "secret"} <= facts.objects
    assert {"blockdev-add", "device_add"} <= facts.commands
    assert "debug-threads" in facts.options["name"]


def test_a_binary_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemCallError, match="cannot use the emulator /no/such/qemu: No such file"):
        Binaries(tmp_path).facts(Path("/no/such/qemu"))


@pytest.mark.parametrize("text", ["cat >/dev/null; echo hello", "cat >/dev/null; echo '{}'", "cat >/dev/null; echo 7"])
def test_a_program_that_is_no_qemu_is_named_with_what_it_said(tmp_path: Path, text: str) -> None:
    path = script(tmp_path, text)
    with pytest.raises(InternalError, match=f"the emulator {path} is no QEMU"):
        Binaries(tmp_path / "cache").facts(path)


def test_a_program_that_fails_is_named_with_what_it_said(tmp_path: Path) -> None:
    path = script(tmp_path, "echo no such library >&2; exit 127")
    with pytest.raises(VirtError, match="no such library"):
        Binaries(tmp_path / "cache").facts(path)


# Remembering


@pytest.mark.qemu
def test_a_binary_is_asked_once_by_all_who_start_later(qemu: Path, tmp_path: Path, asked: list[Path]) -> None:
    first = Binaries(tmp_path)
    facts = first.facts(qemu)
    assert facts == first.facts(qemu) == Binaries(tmp_path).facts(qemu)
    assert [qemu] == asked


@pytest.mark.qemu
def test_a_binary_that_was_replaced_is_asked_again(
    qemu: Path, tmp_path: Path, asked: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("virtkit_qemu.binary.LOOK_SECONDS", 0.0)
    binaries = Binaries(tmp_path / "cache")
    path = script(tmp_path, f'exec {qemu} "$@"')
    binaries.facts(path)
    path = script(tmp_path, f'# a new version\nexec {qemu} "$@"')
    binaries.facts(path)
    Binaries(tmp_path / "cache").facts(path)
    assert [path, path] == asked


@pytest.mark.qemu
@pytest.mark.parametrize("junk", [b"", b"{}", b'{"format": 1, "identity": {}, "facts": {}}'])
def test_a_damaged_cache_is_replaced(qemu: Path, tmp_path: Path, asked: list[Path], junk: bytes) -> None:
    facts = Binaries(tmp_path).facts(qemu)
    (kept,) = tmp_path.glob("*.facts.json")
    kept.write_bytes(junk)
    assert facts == Binaries(tmp_path).facts(qemu)
    assert facts == Binaries(tmp_path).facts(qemu)
    assert [qemu, qemu] == asked


@pytest.mark.qemu
def test_without_a_writable_cache_facts_are_told_all_the_same(
    qemu: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert Binaries(tmp_path / "file" / "cache").facts(qemu).machines
    assert "is not kept for the next start" in caplog.text


# KVM


@pytest.mark.qemu
def test_the_firmware_that_tries_kvm_reports_when_it_runs(qemu: Path, tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    firmware.write_bytes(kvm.CODE.rjust(64 << 10, b"\0"))
    facts = Binaries(tmp_path).facts(qemu)
    for machine in filter(facts.machine, kvm.MACHINES):
        command = kvm.command(qemu, machine, str(firmware), accelerator="tcg")
        assert kvm.WORKS == subprocess.run(command, timeout=60, check=False).returncode


@pytest.mark.qemu
def test_whether_kvm_works_is_found_out_for_real(qemu: Path, tmp_path: Path) -> None:
    verdict = Binaries(tmp_path).kvm(qemu)
    assert verdict.certain
    assert verdict.works != bool(verdict.reason)
    assert kvm.DEVICE.exists() or "is missing" in verdict.reason


def test_kvm_without_its_device_is_told_with_the_remedy(tmp_path: Path) -> None:
    verdict = kvm.probe(Path("/usr/bin/qemu-system-x86_64"), "pc", device=tmp_path / "kvm")
    assert not verdict.works
    assert "load kvm_intel or kvm_amd" in verdict.reason


def test_a_guest_that_hangs_is_ended_and_means_no(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    device.touch()
    verdict = kvm.probe(script(tmp_path, "while :; do :; done"), "pc", device=device)
    assert not verdict.works
    assert verdict.certain
    assert "hangs" in verdict.reason


def test_a_qemu_that_refuses_kvm_is_quoted(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    device.touch()
    verdict = kvm.probe(script(tmp_path, "echo failed to initialize kvm >&2; exit 1"), "pc", device=device)
    assert not verdict.works
    assert "failed to initialize kvm" in verdict.reason


@pytest.mark.qemu
def test_a_certain_verdict_is_remembered(qemu: Path, tmp_path: Path, tried: Callable[[KVM], list[Path]]) -> None:
    paths = tried(KVM(True))
    assert KVM(True) == Binaries(tmp_path).kvm(qemu) == Binaries(tmp_path).kvm(qemu)
    assert [qemu] == paths


@pytest.mark.qemu
def test_an_uncertain_verdict_is_not_kept_for_the_next_start(
    qemu: Path, tmp_path: Path, tried: Callable[[KVM], list[Path]]
) -> None:
    paths = tried(KVM(False, "the host is busy", certain=False))
    binaries = Binaries(tmp_path)
    assert not binaries.kvm(qemu).works
    assert not binaries.kvm(qemu).works
    assert not Binaries(tmp_path).kvm(qemu).works
    assert [qemu, qemu] == paths


@pytest.mark.qemu
def test_kvm_is_tried_again_on_another_kernel(
    qemu: Path, tmp_path: Path, tried: Callable[[KVM], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = tried(KVM(True))
    Binaries(tmp_path).kvm(qemu)
    monkeypatch.setattr(binary, "_host", lambda: {"kernel": "another"})
    Binaries(tmp_path).kvm(qemu)
    assert [qemu, qemu] == paths


@pytest.mark.skipif(not (shutil.which("as") and shutil.which("ld")), reason="binutils are not installed")
def test_the_firmware_is_what_its_source_says(tmp_path: Path) -> None:
    source = Path(kvm.__file__).with_name("kvmprobe.S")
    subprocess.run(["as", "--64", "-o", tmp_path / "o", source], check=True)
    link = ["ld", "-m", "elf_x86_64", "-Ttext", "0", "--oformat", "binary"]
    subprocess.run([*link, "-o", tmp_path / "bin", tmp_path / "o"], check=True)
    assert (tmp_path / "bin").read_bytes() == kvm.CODE
