"""The real virsh beside the program: the same commands, the same words, the same text."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module

import pytest

from virtkit_cli.catalog import GROUPS, MODULE_OF
from virtkit_cli.command import find

from .conftest import Run

pytestmark = [
    pytest.mark.libvirt,
    pytest.mark.skipif(shutil.which("virsh") is None, reason="needs virsh of Debian's libvirt-clients"),
]

WITHOUT_API = {"cd", "exit", "pwd", "quit"}
"""Commands of virsh's own prompt, which this program does not have."""

NOT_YET = {
    "dom-fd-associate", "iface-bridge", "iface-unbridge", "update-memory-device",
}  # fmt: skip
"""Commands that the program lacks."""

OURS = {"complete", "completion", "doctor", "drivers", "exec", "net-port-forward", "root-create", "support"}
"""Commands that virsh lacks."""

WORDS_NOT_YET = {
    "attach-disk": {
        "iothread", "rawio", "address", "multifunction", "source-protocol", "source-host-name",
        "source-host-transport", "source-host-socket",
    },
    "attach-interface": {"inbound", "outbound", "managed", "source-mode"},
    "blockcommit": {"timeout", "async"},
    "blockcopy": {"timeout", "async"},
    "blockjob": {"raw"},
    "blockpull": {"timeout", "async"},
    "desc": {"edit"},
    "domdisplay": {"include-password"},
    "echo": {"shell", "xml", "split", "err", "string"},
    "edit": {"skip-validate"},
    "metadata": {"edit"},
    "migrate": {
        "direct", "copy-storage-synchronous-writes", "postcopy-after-precopy", "timeout", "timeout-suspend",
        "timeout-postcopy", "comp-methods", "comp-mt-level", "comp-mt-threads", "comp-mt-dthreads",
        "comp-xbzrle-cache", "auto-converge-initial", "auto-converge-increment",
    },
    "pool-create-as": {
        "auth-type", "auth-username", "secret-usage", "secret-uuid", "adapter-wwnn", "adapter-wwpn", "adapter-parent",
        "adapter-parent-wwnn", "adapter-parent-wwpn", "adapter-parent-fabric-wwn", "source-protocol-ver",
    },
    "qemu-monitor-command": {"pass-fds"},
    "qemu-monitor-event": {"pretty"},
    "snapshot-edit": {"rename", "clone"},
}  # fmt: skip
"""Command -> words of virsh that the program does not take."""
WORDS_NOT_YET["pool-define-as"] = WORDS_NOT_YET["pool-create-as"]


def virsh(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["virsh", *words], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def theirs() -> dict[str, set[str]]:
    """Virsh's commands and the names of their words."""
    names = re.findall(r"^    ([a-z-]+) ", virsh("help").stdout, re.MULTILINE)
    text = virsh("; ".join(f"help {name}" for name in names)).stdout
    parts = re.split(r"^  NAME\n    ([a-z-]+) - ", text, flags=re.MULTILINE)[1:]
    return {
        name: set(re.findall(r"^    \[?(?:--|<)([\w-]+)[]>]?", part.partition("  OPTIONS\n")[2], re.MULTILINE))
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    }


def test_the_program_has_virshs_commands(theirs: dict[str, set[str]]) -> None:
    assert NOT_YET == set(theirs) - set(MODULE_OF) - WITHOUT_API
    assert OURS == set(MODULE_OF) - set(theirs)


def test_commands_take_virshs_words(theirs: dict[str, set[str]]) -> None:
    for module in GROUPS:
        import_module(f"virtkit_cli.{module}")
    missing = {
        name: words - {word.name for word in find(name).words} - WORDS_NOT_YET.get(name, set())
        for name, words in theirs.items()
        if name in MODULE_OF
    }
    assert {} == {name: sorted(words) for name, words in missing.items() if words}


SAME = [
    "list", "list --all", "list --name", "list --uuid", "list --id", "list --all --title", "list --inactive",
    "domstate test", "domstate test --reason", "domid test", "domuuid test", "domname 1", "dumpxml test",
    "dumpxml test --inactive", "dumpxml test --xpath //disk", "dumpxml test --xpath '//disk|//name' --wrap",
    "vcpucount test", "vcpucount test --live", "domblklist test", "domblklist test --details", "domiflist test",
    "domifaddr test", "domcontrol test", "domfsinfo test", "domhostname test", "domstats test",
    "domstats --list-active --state", "schedinfo test", "memtune test", "domiftune test testnet0", "uri",
    "net-list", "net-list --all", "net-list --uuid", "net-info default", "net-dumpxml default",
    "pool-list", "pool-list --all", "pool-list --details", "pool-info default-pool", "pool-info default-pool --bytes",
    "pool-dumpxml default-pool", "vol-list default-pool", "iface-list", "iface-list --all", "iface-mac eth1",
    "iface-dumpxml eth1", "snapshot-list test", "checkpoint-list test", "freecell", "freecell --all", "maxvcpus",
    "nodeinfo", "event --list", "net-event --list", "pool-event --list", "nodedev-event --list", "secret-event --list",
    "suspend test; domstate test --reason; resume test; domstate test --reason",
    "shutdown test; domstate test --reason; list --all; start test; domstate test --reason",
    "destroy test; start test; reboot test; reset test",
    "net-destroy default; net-list --all; net-start default; net-autostart default; net-info default",
    "pool-destroy default-pool; pool-list --all --details; pool-info default-pool; pool-start default-pool",
    "vol-create-as default-pool v1 10M; vol-info v1 --pool default-pool; vol-info --bytes v1 default-pool; "
    "vol-list default-pool --details; vol-dumpxml v1 default-pool; vol-path v1 --pool default-pool",
    "vol-create-as default-pool v1 10M; vol-clone v1 v2 --pool default-pool; vol-list default-pool; "
    "vol-delete v2 --pool default-pool; vol-pool /default-pool/v1",
    "iface-destroy eth1; iface-list --all; iface-start eth1; iface-begin; iface-commit",
    "autostart test; autostart test --disable",
    "destroy test; undefine test; list --all",
]  # fmt: skip


@pytest.mark.parametrize("words", SAME)
def test_the_text_is_virshs(run: Run, words: str) -> None:
    expected = virsh("-c", "test:///default", words)
    assert (0, "") == (expected.returncode, expected.stderr)
    assert expected.stdout == run(words).out


@pytest.mark.parametrize(
    "words",
    ["domstate nosuch", "start test", "destroy test; destroy test", "net-start default", "vol-info nosuch --pool x"],
)
def test_what_virsh_refuses_is_refused(run: Run, words: str) -> None:
    assert (virsh("-c", "test:///default", words).returncode != 0) == (run(words).status != 0)
