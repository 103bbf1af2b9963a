"""What `iscsiadm` is told, and what it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.errors import InvalidSecretError
from virtkit_storage_iscsi import commands
from virtkit_storage_iscsi.commands import Node
from virtkit_storage_iscsi.initiator import Credentials

DATA = Path(__file__).parent / "data"

NODE = Node("iqn.2026-01.org.example:lab", "127.0.0.1")


@pytest.mark.parametrize("name", ["iqn.2026-01.org.example:lab", "iqn.2026-01.org.example", "eui.02004567A425678D"])
def test_names_of_targets(name: str) -> None:
    assert commands.is_name(name)


@pytest.mark.parametrize(
    "name", ["", "--logout", "/dev/sda", "iqn.", "iqn.a b", "iqn.a/../b", "iqn.a,1", "iqn." + 300 * "a"]
)
def test_what_is_no_name_of_a_target(name: str) -> None:
    assert not commands.is_name(name)


def test_servers_are_names_and_addresses() -> None:
    assert all(map(commands.is_host, ("array", "array-1.example.org", "192.0.2.1", "2001:db8::1", "fe80::1%eth0")))
    assert not any(map(commands.is_host, ("", "-array", "a b", "a/b", "a,1", "array\n", ".array")))


def test_an_address_of_version_6_is_put_in_brackets() -> None:
    assert ["array:860", "[::1]:3260"] == [commands.portal("array", 860), Node(NODE.target, "::1").portal]


def test_every_value_is_joined_to_its_option() -> None:
    assert [
        *("iscsiadm", "--mode=node", "--targetname=iqn.2026-01.org.example:lab", "--portal=127.0.0.1:3260"),
        *("--interface=default", "--op=update", "--name=node.session.auth.username", "--value=--logout"),
    ] == commands.update(NODE, "node.session.auth.username", "--logout")


def test_an_initiator_has_an_interface_of_its_own() -> None:
    node = NODE._replace(initiator="iqn.2026-01.org.example:host")
    assert "virtkit-dbef71f72840" == node.interface
    assert f"--interface={node.interface}" in commands.discover("array", 3260, node.initiator)
    assert f"--value={node.initiator}" in commands.new_interface(node.initiator)[1]


def test_a_new_node_is_not_logged_in_to_by_others_and_authenticates_if_told() -> None:
    assert "manual" == commands.settings("")["node.startup"]
    assert "node.session.auth.authmethod" not in commands.settings("")
    assert "CHAP" == commands.settings("joe")["node.session.auth.authmethod"]


def test_targets_are_discovered_once() -> None:
    output = (DATA / "discovery.txt").read_bytes()
    other = b"[2001:db8::1]:3260,1 iqn.2026-01.org.example:lab\nnoise\n192.0.2.1:3260,1 --logout\n"
    assert ["iqn.2026-01.org.example:lab"] == commands.discovered(output + other)
    assert [] == commands.discovered(b"")


def test_a_record_tells_whether_the_host_logs_in_when_it_starts() -> None:
    record = (DATA / "node.txt").read_bytes()
    assert commands.is_manual(record)
    assert not commands.is_manual(record.replace(b"node.startup = manual", b"node.startup = automatic"))
    assert not commands.is_manual(b"")


def test_a_password_is_put_into_a_record_in_place_of_another() -> None:
    record = (DATA / "node.txt").read_text()
    changed = commands.with_password(commands.with_password(record, "first"), "second")
    assert "node.session.auth.password = second\n# END RECORD\n" == "".join(changed.splitlines(keepends=True)[-2:])
    assert 1 == changed.count("node.session.auth.password =")
    assert len(record.splitlines()) == len(changed.splitlines())


@pytest.mark.parametrize("value", [b"", b"two\nlines", b"\xff", b" spaces ", b"nul\0"])
def test_what_is_no_password_is_not_shown(value: bytes) -> None:
    with pytest.raises(InvalidSecretError, match="is no password") as caught:
        Credentials("joe", value, "storage pool 'lab'")
    assert "lines" not in str(caught.value)
