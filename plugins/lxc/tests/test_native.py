"""Configurations of liblxc as definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtkit
from virtkit.errors import ConfigUnsupportedError, InvalidArgError

WHOLE = """
# a container as lxc-create makes it
lxc.uts.name = web
lxc.rootfs.path = dir:/srv/web
lxc.init.cmd = /sbin/init --quiet
lxc.environment = COLOUR=blue
lxc.idmap = u 0 100000 65536
lxc.idmap = g 0 100000 65536
lxc.mount.entry = /srv/data var/data none bind,ro 0 0
lxc.mount.entry = tmpfs run tmpfs size=8m 0 0
lxc.mount.entry = proc proc proc nodev 0 0
lxc.net.0.type = veth
lxc.net.0.link = br0
lxc.net.0.hwaddr = 52:54:00:01:02:03
lxc.net.0.ipv4.address = 10.0.0.2/24
lxc.cgroup2.memory.max = 128M
lxc.tty.max = 2
"""

EXPECTED = """\
<domain type='lxc'>
  <name>web</name>
  <memory unit='KiB'>131072</memory>
  <os>
    <type>exe</type>
    <init>/sbin/init</init>
    <initarg>--quiet</initarg>
    <initenv name='COLOUR'>blue</initenv>
  </os>
  <idmap>
    <uid start='0' target='100000' count='65536'/>
    <gid start='0' target='100000' count='65536'/>
  </idmap>
  <devices>
    <filesystem type='mount'>
      <source dir='/srv/web'/>
      <target dir='/'/>
    </filesystem>
    <filesystem type='mount'>
      <source dir='/srv/data'/>
      <target dir='/var/data'/>
      <readonly/>
    </filesystem>
    <filesystem type='ram'>
      <source usage='8192' units='KiB'/>
      <target dir='/run'/>
    </filesystem>
    <interface type='bridge'>
      <mac address='52:54:00:01:02:03'/>
      <source bridge='br0'/>
      <ip address='10.0.0.2' family='ipv4' prefix='24'/>
    </interface>
    <console type='pty'/>
    <console type='pty'/>
  </devices>
</domain>
"""


@pytest.fixture
def connection(tmp_path: Path) -> virtkit.Connection:
    return virtkit.open(f"lxc:///embed?root={tmp_path}")


def test_a_whole_configuration_is_a_definition(connection: virtkit.Connection) -> None:
    document = connection.domain_xml_from_native("lxc-tools", WHOLE)
    assert EXPECTED == document
    with connection:
        assert "web" == connection.define_domain(document).name


def test_old_keys_are_known(connection: virtkit.Connection) -> None:
    old = "lxc.utsname = old\nlxc.rootfs = /srv/old\nlxc.network.type = empty\n"
    document = connection.domain_xml_from_native("lxc-tools", old)
    assert "<name>old</name>" in document
    assert "<source dir='/srv/old'/>" in document
    assert "<privnet/>" in document


def test_what_cannot_be_read_is_refused(connection: virtkit.Connection) -> None:
    with pytest.raises(ConfigUnsupportedError, match="line 2"):
        connection.domain_xml_from_native("lxc-tools", "lxc.uts.name = a\nnonsense\n")
    with pytest.raises(ConfigUnsupportedError, match=r"lxc\.rootfs\.path"):
        connection.domain_xml_from_native("lxc-tools", "lxc.uts.name = a\n")
    with pytest.raises(InvalidArgError, match="'docker'"):
        connection.domain_xml_from_native("docker", "")
