"""What every command asks of the API, on a connection that records; for what the test driver does not offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtkit.enums import DomainBlockJobType, DomainJobType, StorageVolType
from virtkit.errors import NoDomainBackupError, NotSupportedError
from virtkit.params import TypedParams
from virtkit.records import BlockJobInfo, JobInfo, JobStats, StorageVolInfo
from virtkit.refs import DomainRef, NWFilterBindingRef, NWFilterRef, SecretRef, StorageVolRef

from .conftest import Lab

WEB = DomainRef("web", bytes(16), 7)
FILTER = NWFilterRef("clean", bytes(16))
SECRET = SecretRef(bytes(16), 1, "/volume")
UUID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def _objects(lab: Lab) -> None:
    lab.answer(
        domain_lookup_by_name=WEB,
        nwfilter_lookup_by_name=FILTER,
        nwfilter_binding_lookup_by_port_dev=NWFilterBindingRef("vnet0", "clean"),
        secret_lookup_by_uuid=SECRET,
        domain_is_active=True,
    )


ASKED: list[tuple[str, tuple[Any, ...]]] = [
    ("start web --paused --force-boot", ("domain_create_with_flags", WEB, 9)),
    ("shutdown web --mode acpi,agent", ("domain_shutdown_flags", WEB, 3)),
    ("reboot web", ("domain_reboot", WEB, 0)),
    ("destroy web --graceful", ("domain_destroy_flags", WEB, 1)),
    ("undefine web --managed-save --nvram", ("domain_undefine_flags", WEB, 5)),
    ("dompmsuspend web disk", ("domain_pm_suspend_for_duration", WEB, 1, 0, 0)),
    ("dompmwakeup web", ("domain_pm_wakeup", WEB, 0)),
    ("inject-nmi web", ("domain_inject_nmi", WEB, 0)),
    ("send-key web 29 56 111 --holdtime 5", ("domain_send_key", WEB, 0, 5, [29, 56, 111], 0)),
    ("send-process-signal web 1 sigterm", ("domain_send_process_signal", WEB, 1, 15, 0)),
    ("setvcpus web 4 --config --maximum", ("domain_set_vcpus_flags", WEB, 4, 6)),
    ("setvcpu web 2-3 --enable --live", ("domain_set_vcpu", WEB, "2-3", True, 1)),
    ("guestvcpus web 1 --disable", ("domain_set_guest_vcpus", WEB, "1", False, 0)),
    ("detach-device-alias web net0 --live", ("domain_detach_device_alias", WEB, "net0", 1)),
    ("blockresize web vda 20G", ("domain_block_resize", WEB, "vda", 20 << 30, 1)),
    ("blockpull web vda --bandwidth 5", ("domain_block_pull", WEB, "vda", 5, 0)),
    ("blockpull web vda --base /b", ("domain_block_rebase", WEB, "vda", "/b", 0, 0)),
    ("blockcommit web vda --shallow --active", ("domain_block_commit", WEB, "vda", None, None, 0, 5)),
    ("blockjob web vda --pivot", ("domain_block_job_abort", WEB, "vda", 2)),
    ("blockjob web vda --abort", ("domain_block_job_abort", WEB, "vda", 0)),
    ("blockjob web vda --bandwidth 3", ("domain_block_job_set_speed", WEB, "vda", 3, 0)),
    ("domblkthreshold web vda 1G", ("domain_set_block_threshold", WEB, "vda", 1 << 30, 0)),
    ("domjobabort web", ("domain_abort_job_flags", WEB, 0)),
    ("domdirtyrate-calc web 2 --mode dirty-ring", ("domain_start_dirty_rate_calc", WEB, 2, 2)),
    ("migrate-setspeed web 100", ("domain_migrate_set_max_speed", WEB, 100, 0)),
    ("migrate-setmaxdowntime web 300", ("domain_migrate_set_max_downtime", WEB, 300, 0)),
    ("migrate-postcopy web", ("domain_migrate_start_post_copy", WEB, 0)),
    ("set-user-password web root secret", ("domain_set_user_password", WEB, "root", "secret", 0)),
    ("set-user-sshkeys web root --reset", ("domain_authorized_ssh_keys_set", WEB, "root", [], 0)),
    ("guest-agent-timeout web 5", ("domain_agent_set_response_timeout", WEB, 5, 0)),
    ("domtime web --sync", ("domain_set_time", WEB, 0, 0, 1)),
    ("domtime web --time 1000", ("domain_set_time", WEB, 1000, 0, 0)),
    ("dommemstat web --period 5 --config", ("domain_set_memory_stats_period", WEB, 5, 2)),
    ("qemu-monitor-command web --hmp info status", ("qemu_domain_monitor_command", WEB, "info status", 1)),
    ("qemu-monitor-command web query-status", ("qemu_domain_monitor_command", WEB, '{"execute": "query-status"}', 0)),
    ("qemu-agent-command web '{}' --timeout 3", ("qemu_domain_agent_command", WEB, "{}", 3, 0)),
    ("nodesuspend mem 60", ("node_suspend_for_duration", 0, 60, 0)),
    ("allocpages 2M 8 --cellno 0 --add", ("node_alloc_pages", [2048], [8], 0, 1, 0)),
    ("nwfilter-undefine clean", ("nwfilter_undefine", FILTER)),
    ("nwfilter-binding-delete vnet0", ("nwfilter_binding_delete", NWFilterBindingRef("vnet0", "clean"))),
    (f"secret-undefine {UUID}", ("secret_undefine", SECRET)),
    (f"secret-set-value {UUID} --base64 YWJj", ("secret_set_value", SECRET, b"abc", 0)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "call"), ASKED)
def test_a_command_asks_its_function(lab: Lab, words: str, call: tuple[Any, ...]) -> None:
    lab.answer(qemu_domain_monitor_command="ok", qemu_domain_agent_command="{}", node_alloc_pages=1)
    lab.answer(domain_create_with_flags=WEB)
    result = lab.run(words)
    assert (0, "") == (result.status, result.err)
    assert call in lab.calls


def test_typed_parameters_keep_their_wire_types(lab: Lab) -> None:
    lab.run("iothreadset web 1 --poll-max-ns 5 --thread-pool-min 2 --live")
    [(name, ref, number, params, flags)] = lab.calls
    assert ("domain_set_iothread_params", WEB, 1, 1) == (name, ref, number, flags)
    assert [("poll_max_ns", 4, 5), ("thread_pool_min", 1, 2)] == list(params.entries())


def test_a_device_is_changed_for_good_where_persistent_is_said(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "disk.xml").write_text("<disk/>")
    assert "Device attached successfully\n\n" == lab.run(f"attach-device web {tmp_path}/disk.xml --persistent").out
    assert ("domain_attach_device_flags", WEB, "<disk/>", 3) in lab.calls
    assert 2 == lab.run(f"attach-device web {tmp_path}/disk.xml --persistent --current").status


def test_a_peer_to_peer_migration_is_left_to_the_source(lab: Lab) -> None:
    result = lab.run("migrate web qemu+tls://other/system --live --p2p --dname web2 --migrate-disks vda,vdb")
    assert "Domain 'web' migrated to qemu+tls://other/system\n\n" == result.out
    [(name, ref, uri, params, cookie, flags)] = [call for call in lab.calls if "perform" in call[0]]
    assert ("domain_migrate_perform3_params", WEB, "qemu+tls://other/system", b"", 3) == (name, ref, uri, cookie, flags)
    assert {"destination_name": "web2", "migrate_disks": "vdb"} == dict(params)
    assert ["vda", "vdb"] == params.repeated["migrate_disks"]


def test_a_block_job_is_shown_by_its_share(lab: Lab) -> None:
    lab.answer(domain_get_block_job_info=BlockJobInfo(DomainBlockJobType.PULL, 0, 5, 20))
    assert "Block Pull: [ 25 %]\n\n" == lab.run("blockjob web vda").out
    lab.answer(domain_get_block_job_info=None)
    assert "No current block job for vda\n\n" == lab.run("blockjob web vda --info").out


def test_a_block_job_is_waited_for(lab: Lab) -> None:
    running = [BlockJobInfo(DomainBlockJobType.COPY, 0, cur, 10) for cur in (1, 5, 10)]
    lab.answer(domain_get_block_job_info=lambda *_: running.pop(0) if running else None)
    result = lab.run("blockcopy web vda --dest /copy --format raw --wait --pivot")
    assert (0, "Successfully pivoted\n\n") == (result.status, result.out)
    [(_, _, disk, xml, _, _)] = [call for call in lab.calls if call[0] == "domain_block_copy"]
    assert "vda" == disk
    assert "<disk type='file'>\n  <driver type='raw'/>\n  <source file='/copy'/>\n</disk>" == xml.strip()
    assert ("domain_block_job_abort", WEB, "vda", 2) in lab.calls


def test_a_job_is_shown_with_units(lab: Lab) -> None:
    lab.answer(domain_get_job_info=JobInfo(DomainJobType.BOUNDED, 1500, 0, 2 << 20, 1 << 20, 1 << 20, *[0] * 6))
    assert (
        "Type:              Bounded\n"
        "Time elapsed:      1500 ms\n"
        "Data total:        2.00 MiB\n"
        "Data processed:    1.00 MiB\n"
        "Data remaining:    1.00 MiB\n\n"
    ) == lab.run("domjobinfo web").out
    lab.answer(domain_get_job_stats=JobStats(DomainJobType.COMPLETED, TypedParams({"downtime": 3})))
    assert "type: completed\ndowntime: 3\n\n" == lab.run("domjobinfo web --completed").out


def test_no_backup_is_an_error_of_its_own(lab: Lab) -> None:
    lab.answer(domain_backup_get_xml_desc=NoDomainBackupError("domain 'web' has no backup"))
    assert (1, "error: domain 'web' has no backup\n") == lab.run("backup-dumpxml web")[::2]


def test_secrets_are_listed_with_their_use(lab: Lab) -> None:
    lab.answer(connect_list_all_secrets=[SECRET], secret_get_value=b"abc")
    assert f" {UUID}   volume /volume\n" in lab.run("secret-list").out
    assert "YWJj\n\n" == lab.run(f"secret-get-value {UUID}").out
    assert "abc\n\n" == lab.run(f"secret-get-value {UUID} --plain").out


def test_the_value_of_a_secret_is_read_from_a_file(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"\xff\x00plain")
    assert "Secret value set\n\n" == lab.run(f"secret-set-value {UUID} {tmp_path}/value --plain").out
    assert ("secret_set_value", SECRET, b"\xff\x00plain", 0) in lab.calls
    assert 2 == lab.run(f"secret-set-value {UUID}").status
    assert "not base64" in lab.run(f"secret-set-value {UUID} --base64 a").err


def test_filters_and_bindings_are_listed(lab: Lab) -> None:
    lab.answer(connect_list_all_nwfilters=[FILTER])
    lab.answer(connect_list_all_nwfilter_bindings=[NWFilterBindingRef("vnet0", "clean")])
    assert f" {UUID}   clean\n" in lab.run("nwfilter-list").out
    assert " vnet0      clean\n" in lab.run("nwfilter-binding-list").out


def test_basic_counters_stand_in_for_detailed_ones(lab: Lab) -> None:
    from virtkit.records import BlockStats

    lab.answer(domain_block_stats_flags=NotSupportedError("no"), domain_block_stats=BlockStats(1, 2, 3, 4, -1))
    assert "vda rd_req 1\nvda rd_bytes 2\nvda wr_req 3\nvda wr_bytes 4\n\n" == lab.run("domblkstat web vda").out


def test_an_answer_of_the_monitor_is_laid_out_on_request(lab: Lab) -> None:
    lab.answer(qemu_domain_monitor_command='{"return": {"status": "running"}, "id": "1"}')
    assert '{"return": {"status": "running"}, "id": "1"}\n\n' == lab.run("qemu-monitor-command web query-status").out
    returned = lab.run("qemu-monitor-command web query-status --return-value").out
    assert '{\n  "status": "running"\n}\n\n' == returned


DISPLAYS = """<domain type='qemu'><name>web</name><devices>
<serial type='pty'><source path='/dev/pts/3'/></serial>
<graphics type='vnc' port='5901' listen='127.0.0.1'/>
<graphics type='spice' port='5902' listen='::'/>
<graphics type='vnc' socket='/run/vnc'/>
</devices></domain>"""


def test_displays_are_printed_as_viewers_take_them(lab: Lab) -> None:
    lab.answer(domain_get_xml_desc=DISPLAYS)
    assert "vnc://127.0.0.1:1\n\n" == lab.run("domdisplay web").out
    every = "vnc://127.0.0.1:1\nspice://localhost:5902\nvnc+unix:///run/vnc\n\n"
    assert every == lab.run("domdisplay web --all").out
    assert "127.0.0.1:1\n\n" == lab.run("vncdisplay web").out
    assert "/dev/pts/3\n\n" == lab.run("ttyconsole web").out


class Store:
    """A volume: what is uploaded is downloaded again."""

    def __init__(self) -> None:
        self.data = b""
        self.state = "open"

    def write(self, data: bytes) -> None:
        self.data += data

    def hole(self, length: int) -> None:
        self.data += bytes(length)

    def finish(self) -> None:
        self.state = "finished"

    def abort(self) -> None:
        self.state = "aborted"


def test_a_volume_is_filled_from_a_file_and_copied_to_one(lab: Lab, tmp_path: Path) -> None:
    store = Store()
    (tmp_path / "in").write_bytes(b"0123456789")
    lab.answer(
        storage_vol_lookup_by_key=StorageVolRef("default", "v", "/v"),
        storage_vol_upload=lambda *_: store,
        storage_vol_download=lambda *_: iter([store.data]),
        storage_vol_get_info_flags=StorageVolInfo(StorageVolType.FILE, 10, 10),
    )
    assert f"Vol v filled from {tmp_path}/in\n\n" == lab.run(f"vol-upload /v {tmp_path}/in --length 4").out
    assert (b"0123", "finished") == (store.data, store.state)
    assert f"Vol v copied to {tmp_path}/out\n\n" == lab.run(f"vol-download /v {tmp_path}/out").out
    assert b"0123" == (tmp_path / "out").read_bytes()


DRIVE = """<domain type='qemu'><name>web</name><devices>
<disk type='file' device='cdrom'><source file='/old.iso'/><target dev='sda' bus='sata'/><readonly/></disk>
<disk type='file' device='disk'><source file='/root.img'/><target dev='vda'/></disk>
</devices></domain>"""


def test_a_medium_is_changed(lab: Lab) -> None:
    lab.answer(domain_get_xml_desc=DRIVE)
    assert "Successfully updated media.\n\n" == lab.run("change-media web sda /new.iso").out
    [(_, _, xml, flags)] = [call for call in lab.calls if call[0] == "domain_update_device_flags"]
    assert ("<source file='/new.iso'/>" in xml, "/old.iso" in xml, flags) == (True, False, 0)
    assert "Successfully ejected media.\n\n" == lab.run("change-media web /old.iso --eject --live").out
    assert "<source" not in lab.calls[-1][2]
    assert "has a medium already" in lab.run("change-media web sda --insert /new.iso").err
    assert "has no CD-ROM or floppy drive 'vda'" in lab.run("change-media web vda --eject").err
