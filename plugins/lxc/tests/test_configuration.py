"""The configuration that liblxc gets, as text. `UPDATE_GOLDEN=1 pytest` writes the golden files anew: read the diff."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from plugins.lxc.tests.documents import container
from virtkit.errors import ConfigUnsupportedError
from virtkit.xml.domain import Domain
from virtkit_lxc.cgroups import Layout
from virtkit_lxc.configuration import command, configuration
from virtkit_lxc.configuration.privileges import SECCOMP
from virtkit_lxc.plan import Link, Node, Plan

GOLDEN = Path(__file__).parent / "golden"

CONTROLLERS = ("memory", "cpu", "cpuset", "pids", "devices", "freezer")
FIRST = Layout({name: Path("/sys/fs/cgroup") / name for name in (*CONTROLLERS, "blkio")}, None, frozenset())
SECOND = Layout({}, Path("/sys/fs/cgroup"), frozenset({"memory", "cpu", "cpuset", "pids", "io"}))

LIMITS = """
<blkiotune><weight>500</weight><device><path>/dev/sda</path><read_bytes_sec>1048576</read_bytes_sec></device></blkiotune>
<memtune><hard_limit unit='MiB'>96</hard_limit><soft_limit unit='MiB'>64</soft_limit>
<swap_hard_limit unit='MiB'>128</swap_hard_limit></memtune>
<cputune><shares>512</shares><period>50000</period><quota>25000</quota></cputune>
<numatune><memory mode='strict' nodeset='0'/></numatune>
"""

FILESYSTEMS = """
<filesystem type='mount'><source dir='/srv/my data'/><target dir='/data'/><readonly/></filesystem>
<filesystem type='mount'><source dir='/etc/resolv.conf'/><target dir='/etc/resolv.conf'/></filesystem>
<filesystem type='bind'><source dir='/usr/share'/><target dir='/opt/share'/></filesystem>
<filesystem type='ram'><source usage='1024' units='KiB'/><target dir='/scratch'/></filesystem>
<filesystem type='file'><source file='/srv/image'/><target dir='/image'/></filesystem>
<filesystem type='block'><source dev='/dev/sda1'/><target dir='/disk'/><readonly/></filesystem>
"""

INIT = """
<initarg>--flag</initarg><initenv name='HOME'>/var/lib/app</initenv><initenv name='PATH'>/opt/bin</initenv>
<initdir>/var/lib/app</initdir><inituser>app</inituser><initgroup>app</initgroup>
"""

IDMAP = "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='200000' count='65536'/></idmap>"

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "limits": ({"limits": LIMITS}, {"numbers": {"/dev/sda": "8:0"}, "pids": 100}),
    "limits-2": ({"limits": LIMITS}, {"numbers": {"/dev/sda": "8:0"}, "pids": 100, "layout": SECOND}),
    "init": ({"arguments": INIT}, {"user": 1000, "group": 1001, "no_new_privs": True, "seccomp": Path("/etc/own")}),
    "idmap": ({"more": IDMAP}, {}),
    "filesystems": (
        {"devices": FILESYSTEMS},
        {
            "files": frozenset({"/etc/resolv.conf"}),
            "folders": {"/image": "/run/lxc/web/mounts/0", "/disk": "/run/lxc/web/mounts/1"},
        },
    ),
    "links": (
        {},
        {
            "links": (
                Link("vnet0", "eth0", "52:54:00:00:00:01", True, 1400, ("10.0.0.2/24", "fd00::2/64"), ("10.0.0.1",)),
                Link("vnet1", up=False),
            )
        },
    ),
    "shared": ({}, {"shared": {"net": "/proc/12/ns/net", "ipc": "12", "uts": "12"}}),
    "host-network": ({}, {"network": "host"}),
    "nodes": (
        {"devices": "<console type='pty'/>"},
        {"nodes": (Node("/dev/sda", "/dev/sda", "b", 8, 0, False), Node("/dev/input/js0", "/dev/js0", "c", 13, 0))},
    ),
}


def plan(**settled: Any) -> Plan:
    return Plan(Path("/run/lxc/web"), "virtkit-lxc/web", FIRST)._replace(**settled)


def text(domain: Domain, **settled: Any) -> str:
    """The configuration, without the folder that this package lies in."""
    return configuration(domain, plan(**settled)).replace(str(SECCOMP), "/PACKAGE/seccomp.profile")


def lines(domain: Domain, key: str, **settled: Any) -> list[str]:
    """The values of a key."""
    pairs = (line.partition(" = ") for line in text(domain, **settled).splitlines())
    return [value for name, _, value in pairs if name == key]


@pytest.mark.parametrize("case", CASES)
def test_the_configuration_is_the_known_one(case: str) -> None:
    parts, settled = CASES[case]
    golden = GOLDEN / f"{case}.conf"
    made = text(container(**parts), **settled)
    if "UPDATE_GOLDEN" in os.environ:
        golden.write_text(made)
    assert golden.read_text() == made


def test_the_command_is_init_with_its_arguments() -> None:
    assert ["/bin/sh", "-c", 'echo "a  b"'] == command(container("/srv/root", "/bin/sh", "-c", 'echo "a  b"'))


def test_without_an_init_it_is_the_usual_one() -> None:
    domain = container()
    domain.os.init = None
    assert ["/sbin/init"] == command(domain)


@pytest.mark.parametrize(
    ("policy", "dropped"),
    [
        ("<capabilities policy='allow'/>", []),
        ("<capabilities policy='allow'><chown state='off'/><kill state='on'/></capabilities>", ["chown"]),
    ],
)
def test_capabilities_that_are_allowed_are_not_dropped(policy: str, dropped: list[str]) -> None:
    assert dropped == lines(container(more=f"<features>{policy}</features>"), "lxc.cap.drop")


def test_capabilities_that_are_denied_are_all_but_the_named_ones() -> None:
    policy = "<capabilities policy='deny'><chown state='on'/><kill state='on'/><setuid state='off'/></capabilities>"
    domain = container(more=f"<features>{policy}</features>")
    assert ["chown kill"] == lines(domain, "lxc.cap.keep")
    assert [] == lines(domain, "lxc.cap.drop")


def test_denying_all_capabilities_keeps_none() -> None:
    domain = container(more="<features><capabilities policy='deny'/></features>")
    assert ["none"] == lines(domain, "lxc.cap.keep")


def test_a_document_gives_a_capability_back_and_takes_another() -> None:
    policy = "<capabilities policy='default'><sys_admin state='on'/><net_raw state='off'/></capabilities>"
    [dropped] = lines(container(more=f"<features>{policy}</features>"), "lxc.cap.drop")
    assert "sys_admin" not in dropped.split()
    assert "net_raw" in dropped.split()
    assert "sys_module" in dropped.split()


def test_only_the_root_of_the_host_lacks_what_leads_out() -> None:
    [mapped] = lines(container(more=IDMAP), "lxc.cap.drop")
    assert "sys_admin" not in mapped.split()
    assert "sys_module" in mapped.split()


@pytest.mark.parametrize("sign", ["\n", "\r"])
def test_a_line_break_in_a_value_makes_no_line_of_its_own(sign: str) -> None:
    domain = container()
    domain.os.init_dir = f"/tmp{sign}lxc.hook.pre-start = /bin/evil"
    with pytest.raises(ConfigUnsupportedError, match=r"'web': .*line break"):
        configuration(domain, plan())


def test_signs_that_separate_words_are_written_so_that_they_do_not() -> None:
    mount = "<filesystem type='mount'><source dir='/a b\\c#'/><target dir='/x\ty'/></filesystem>"
    entries = lines(container(devices=mount), "lxc.mount.entry")
    assert r"/a\040b\134c\043 x\040y none bind,rprivate 0 0" in entries


def test_a_limit_without_a_controller_is_refused() -> None:
    bare = Layout({"devices": Path("/sys/fs/cgroup/devices")}, None, frozenset())
    with pytest.raises(ConfigUnsupportedError, match="no control groups of memory: mount them"):
        configuration(container(), plan(layout=bare))


@pytest.mark.parametrize("kind", ["template", "volume"])
def test_a_file_system_that_cannot_be_mounted_is_refused(kind: str) -> None:
    mount = f"<filesystem type='{kind}'><source name='x' pool='p' volume='v'/><target dir='/x'/></filesystem>"
    with pytest.raises(ConfigUnsupportedError, match=kind):
        configuration(container(devices=mount), plan())


def test_a_long_name_is_a_host_name_in_part() -> None:
    assert ["n" * 64] == lines(container(name="n" * 80), "lxc.uts.name")


@pytest.mark.parametrize("target", ["/etc/disk", "/dev/../disk", "/dev", "/device/disk"])
def test_a_device_lies_below_dev(target: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match=r"/dev/sda cannot be .* below /dev"):
        configuration(container(), plan(nodes=(Node("/dev/sda", target, "b", 8, 0),)))
