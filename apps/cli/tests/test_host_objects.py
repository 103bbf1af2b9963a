"""Commands on networks, storage, interfaces and devices of the test driver, and on the host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Run

Done = Callable[..., str]


def test_programs_are_told_what_is_known_of_networks(run: Run) -> None:
    [told] = run("-j", "net-list").json
    assert ("default", "active", False, True) == (told["name"], told["state"], told["autostart"], told["persistent"])
    assert "virbr0" == run("-j", "net-info", "default").json["bridge"]


def test_a_network_is_named_by_its_uuid_too(run: Run) -> None:
    uuid = run("-j", "net-uuid", "default").json["uuid"]
    assert "default\n\n" == run("net-name", uuid).out


def test_a_network_is_defined_and_removed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lab.xml").write_text("<network><name>lab</name></network>")
    steps = "net-start lab; net-destroy lab; net-undefine lab; net-list --all --name"
    result = run(f"net-define {tmp_path}/lab.xml; {steps}")
    assert f"Network lab defined from {tmp_path}/lab.xml\n\nNetwork lab started\n\n" in result.out
    assert result.out.endswith("Network lab has been undefined\n\ndefault\n\n")


def test_a_part_of_a_network_is_changed_by_xml_on_the_command_line(run: Run) -> None:
    host = "<host mac='52:54:00:00:00:01' ip='192.168.122.77'/>"
    result = run("net-update", "default", "add", "ip-dhcp-host", host, ";", "net-dumpxml", "default")
    assert "Updated network default live state\n\n" in result.out
    assert "<host mac='52:54:00:00:00:01' ip='192.168.122.77'/>" in result.out


def test_ports_are_forwarded_to_guests_of_a_network(run: Run) -> None:
    change = "net-destroy default; net-port-forward default --port 8080"
    assert "added to the forwards of network default" in run(f"{change} --add --guest web --to 80").out
    more = "--add --guest 52:54:00:00:00:01 --port 5000-5009 --proto udp --address 192.0.2.1"
    steps = f"{change} --add --guest web --to 80; net-port-forward default {more}; net-port-forward default"
    rows = [line.split() for line in run(steps).out.splitlines() if "web" in line or "52:54" in line]
    expected = [["tcp", "-", "8080", "web", "80"], ["udp", "192.0.2.1", "5000-5009", "52:54:00:00:00:01", "5000-5009"]]
    assert expected == rows
    assert "urn:virtkit" not in run(f"{change} --add --guest web; {change} --remove; net-dumpxml default").out


def test_a_port_that_is_not_forwarded_cannot_be_removed(run: Run) -> None:
    assert "8080/tcp is not forwarded" in run("net-destroy default; net-port-forward default --remove --port 8080").err
    assert "--guest and --port" in run("net-port-forward default --add --port 8080").err


def test_pools_are_made_from_options(run: Run) -> None:
    made = run("pool-define-as", "images", "netfs", "--source-host", "nas", "--source-path", "/x", "--target", "/t",
               "--source-format", "nfs", "--print-xml")  # fmt: skip
    assert "<host name='nas'/>\n    <dir path='/x'/>\n    <format type='nfs'/>" in made.out
    steps = "pool-define-as images dir --target /images; pool-start images; pool-info images; pool-destroy images; "
    result = run(steps + "pool-undefine images")
    assert (0, True) == (result.status, "Pool images has been undefined\n" in result.out)


def test_an_inactive_pool_has_no_sizes(run: Run) -> None:
    text = run("pool-destroy default-pool; pool-list --all --details").out
    assert "default-pool   inactive   no          yes          -          -            -\n" in text


def test_volumes_are_named_in_their_pool_by_key_or_path(run: Run) -> None:
    made = "vol-create-as default-pool disk.img 10M --allocation 1M; "
    for name in ("disk.img --pool default-pool", "/default-pool/disk.img", "disk.img default-pool"):
        text = run(made + f"vol-info {name}").out
        assert "Name:           disk.img\nType:           file\nCapacity:       10.00 MiB\n" in text


def test_a_volume_stands_on_one_of_its_pool_or_on_a_path(run: Run) -> None:
    made = "vol-create-as default-pool base 1M; vol-create-as default-pool over 1M --format qcow2 --backing-vol {}; "
    for name in ("base", "/default-pool/base"):
        text = run(made.format(name) + "vol-dumpxml over --pool default-pool").out
        assert "  <backingStore>\n    <path>/default-pool/base</path>\n" in text
    result = run("vol-create-as default-pool over 1M --format qcow2 --backing-vol nosuch")
    assert (1, True) == (result.status, "nosuch" in result.err)


def test_devices_of_the_host_form_a_tree(run: Run) -> None:
    names = run("nodedev-list").out.split()
    assert "computer" in names
    assert run("nodedev-list", "--tree").out.startswith("computer\n  |\n  +- ")
    assert "Name:           computer\nParent:         \nActive:         yes\n" in run("nodedev-info", "computer").out
    assert 2 == run("nodedev-list", "--cap", "nosuch").status


def test_what_a_driver_has_none_of_is_refused_with_advice(run: Run) -> None:
    for command in ("secret-list", "nwfilter-list"):
        result = run(command)
        assert 1 == result.status
        assert "`virtkit support` shows what each driver offers" in result.err


def test_the_host_is_described(run: Run, done: Done) -> None:
    assert "CPU model:           i686\nCPU(s):              16\nCPU frequency:       1400 MHz\n" in done("nodeinfo")
    assert 3145728 == run("-j", "nodeinfo").json["memory"]
    assert "CPUs present:   8\nCPUs online:    3\nCPU map:        y-y-y---\n" == done("nodecpumap")
    assert "0,2,4" == run("-j", "nodecpumap").json["cpus"]
    assert "Driver:         TEST\n" in done("version")
    assert "Total: 3072 KiB\n" == done("freecell")
    assert "4KiB: 19\n" == done("freepages", "--cellno", "0", "--pagesize", "4")
    assert 2 == run("freepages").status
    assert "system:               34678723400000\n" in done("nodecpustats")


def test_a_cpu_is_compared_with_that_of_the_host(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.xml").write_text("<domain/>")
    assert "holds no <cpu>" in run("cpu-baseline", f"{tmp_path}/none.xml").err
