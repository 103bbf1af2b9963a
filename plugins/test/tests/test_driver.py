"""What the driver offers: everything that libvirt's has, and pictures, and room for many."""

from __future__ import annotations

import csv
import struct
import threading
import zlib
from typing import Any

import pytest

import virtkit
from plugins.test.tests.bench import FACTS, Bench, domain_xml
from plugins.test.tests.watching import Watch
from virtkit.discovery import functions, load
from virtkit.errors import OperationInvalidError, VirtError
from virtkit.events import EventKey
from virtkit.ops import offered
from virtkit.refs import CheckpointRef

BY_CONNECTIONS = {"connect_open", "connect_close"}
"""Procedures that are no functions of a driver; those that register for events are left out by their names."""


def procedures() -> set[str]:
    """Hooks of the functions that column `test` of the facts marks."""
    with (FACTS / "api.tsv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["test"]]
    names = {name.rpartition("_PROC_")[2].lower() for row in rows for name in row["rpc"].split(",") if name}
    return {name for name in names if "register" not in name} - BY_CONNECTIONS


def test_every_function_of_libvirts_test_driver_is_offered() -> None:
    wanted = procedures()
    assert len(wanted) > 200
    assert wanted - functions().keys() == set()
    assert wanted - offered(load("hypervisor", "test")).keys() == set()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and data of the chunks of a picture, checked."""
    found, place = [], 8
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        data = png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length)[0] == zlib.crc32(kind + data)
        found.append((kind, data))
        place += 12 + length
    return found


def test_the_screen_is_a_picture_that_can_be_read(bench: Bench) -> None:
    shot = bench.domain_screenshot(bench.test, 0, 0)
    png = b"".join(piece for piece in shot.data if isinstance(piece, bytes))
    assert shot.mime == "image/png"
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts = dict(chunks(png))
    width, height, depth, kind = struct.unpack_from(">IIBB", parts[b"IHDR"])
    assert (depth, kind) == (8, 0)
    assert len(zlib.decompress(parts[b"IDAT"])) == (width + 1) * height
    assert list(parts)[-1] == b"IEND"


def test_a_thousand_domains_are_listed_in_one_call(bench: Bench) -> None:
    for number in range(1000):
        uuid = f"7a1f0c3e-0000-4000-8000-{number:012}"
        bench.domain_define_xml_flags(domain_xml(f"d{number:04}", uuid=uuid), 0)
    listed = bench.connect_list_all_domains(0)
    assert len(listed) == 1001
    assert [ref.name for ref in listed] == sorted(ref.name for ref in listed)
    assert bench.connect_num_of_defined_domains() == 1000


def test_threads_that_start_and_stop_one_domain_leave_it_whole(bench: Bench) -> None:
    ref, unexpected = bench.domain(""), []

    def toggle() -> None:
        for _ in range(100):
            for call in (bench.domain_create, bench.domain_suspend, bench.domain_destroy):
                try:
                    call(ref)
                except VirtError as error:
                    if error.code not in (1, 55):
                        unexpected.append(error)

    threads = [threading.Thread(target=toggle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert unexpected == []
    active = bench.domain_is_active(ref)
    assert (bench.domain_lookup_by_uuid(ref.uuid).id != -1) == active
    assert (bench.domain_get_state(ref, 0).state != 5) == active


def test_a_read_only_connection_sees_and_changes_nothing() -> None:
    with virtkit.open("test:///default", readonly=True) as conn:
        assert conn.lookup_domain_by_name("test").is_active()
    watcher = Bench(readonly=True)
    assert watcher.refusal(watcher.domain_destroy, watcher.test) == (29, 20)
    watcher.close()


def test_a_transient_domain_stays_transient_when_it_is_reverted(bench: Bench) -> None:
    ref = bench.transient()
    snapshot = bench.snapshot("s", ref)
    bench.domain_revert_to_snapshot(snapshot, 0)
    assert bench.domain_is_active(ref)
    assert not bench.domain_is_persistent(ref)
    bench.domain_destroy(ref)
    assert bench.refusal(bench.domain_is_active, ref) == (42, 12)


VALUES: dict[str, Any] = {
    **dict.fromkeys(("xml", "xml_desc"), "<x/>"),
    **dict.fromkeys(("name", "new_name", "user", "password", "metadata"), "x"),
    **dict.fromkeys(("to", "from_", "file"), "/dev/null"),
    **dict.fromkeys(("path", "disk"), "vda"),
    **dict.fromkeys(("dxml", "src_spec", "mount_point", "uri", "key"), None),
    **dict.fromkeys(("mountpoints", "files", "doms"), ()),
    "device": "testnet0",
    "params": {},
    "keycodes": [1],
    "xml_cpus": ["<x/>"],
    "pages": [4],
    "cpumap": b"\1",
    "arch": "x86_64",
    "type": 0,
    "cap": "net",
}
"""What a parameter of a name gets; others get 1."""


def test_a_flag_that_nobody_knows_is_refused_by_every_function(bench: Bench) -> None:
    objects: dict[str, Any] = {"dom": bench.test, "net": bench.network, "pool": bench.pool}
    objects |= {"iface": bench.interface, "dev": bench.computer}
    objects |= {"vol": bench.volume(), "snap": bench.snapshot(), "snapshot": bench.snapshot("s2")}
    objects |= {"clonevol": objects["vol"], "checkpoint": CheckpointRef("c", bench.test)}
    accepted = []
    for name, how in offered(load("hypervisor", "test")).items():
        parameters = functions()[name].parameters
        if how == "own" and "flags" in parameters:
            values = {parameter: objects.get(parameter, VALUES.get(parameter, 1)) for parameter in parameters}
            code, _ = bench.refusal(bench.connection.ops[name], *(values | {"flags": 1 << 27}).values())
            if code != 8:
                accepted.append((name, code))
    assert accepted == []


def test_names_that_nobody_knows_are_kept_and_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    ref = bench.domain_define_xml_flags(domain_xml(inside="<colour shade='dark'>red</colour>"), 0)
    assert "<colour shade='dark'>red</colour>" in bench.domain_get_xml_desc(ref, 0)
    assert ["domain 'vec'"] == [record.getMessage().partition(":")[0] for record in caplog.records]
    assert "/domain/colour" in caplog.text


def test_a_change_of_metadata_is_told(bench: Bench) -> None:
    watch = Watch(bench, EventKey("domain", 23))
    bench.domain_set_metadata(bench.test, 1, "a title", None, None, 0)
    bench.domain_set_metadata(bench.test, 2, "<a/>", "k", "urn:k", 0)
    assert watch.take() == [("test", 1, None), ("test", 2, "urn:k")]


def test_nothing_is_told_once_the_host_is_gone() -> None:
    bench = Bench()
    hub = bench.connection._hub(EventKey("domain", 0))
    bench.close()
    with pytest.raises(OperationInvalidError, match="closed"):
        hub.subscribe(EventKey("domain", 0), print)
