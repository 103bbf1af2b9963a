"""Commands on domains of the test driver: what programs are told, and what virsh prints differently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run

TEST_UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
Done = Callable[..., str]


def test_programs_are_told_the_uuid_of_each_domain(run: Run) -> None:
    assert [{"id": 1, "name": "test", "state": "running", "uuid": TEST_UUID}] == run("-j", "list").json


def test_programs_are_told_numbers_without_units(run: Run) -> None:
    told = run("-j", "dominfo", "test").json
    assert (1, 2, 8388608, 2097152) == (told["id"], told["vcpus"], told["max_memory"], told["memory"])
    assert (True, False, False) == (told["persistent"], told["autostart"], told["managed_save"])


def test_programs_are_told_the_reason_of_a_state(run: Run) -> None:
    assert {"state": "running", "reason": "unknown"} == run("-j", "domstate", "test").json


def test_people_are_told_what_is_known_of_a_domain(done: Done) -> None:
    assert done("dominfo", "test").startswith(
        f"Id:             1\nName:           test\nUUID:           {TEST_UUID}\nOS Type:        linux\n"
        "State:          running\nCPU(s):         2\nCPU time:       "
    )


@pytest.mark.parametrize("word", ["test", "1", TEST_UUID])
def test_a_domain_is_named_by_name_id_or_uuid(done: Done, word: str) -> None:
    assert "test\n" == done("domname", word)


def test_a_domain_is_defined_started_and_removed(run: Run, tmp_path: Path) -> None:
    xml = run("dumpxml", "test").out.replace("<name>test<", "<name>web<").replace(TEST_UUID, TEST_UUID[:-1] + "0")
    (tmp_path / "web.xml").write_text(xml)
    result = run(f"define {tmp_path}/web.xml; list --inactive --name; start web; destroy web; undefine web; list --all")
    assert (0, "") == (result.status, result.err)
    assert result.out.startswith(f"Domain 'web' defined from {tmp_path}/web.xml\n\nweb\n\nDomain 'web' started\n\n")
    assert "web" not in result.out.rpartition("undefined")[2]


def test_a_transient_domain_is_gone_when_it_stops(run: Run, tmp_path: Path) -> None:
    xml = run("dumpxml", "test").out.replace("<name>test<", "<name>web<").replace(TEST_UUID, TEST_UUID[:-1] + "0")
    (tmp_path / "web.xml").write_text(xml)
    result = run(f"create {tmp_path}/web.xml; domstate web; list --transient --name; destroy web; domid web")
    assert f"Domain 'web' created from {tmp_path}/web.xml\n\nrunning\n\nweb\n\nDomain 'web' destroyed\n\n" == result.out
    assert 1 == result.status


def test_a_saved_domain_is_restored(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "test.save"
    result = run(f"save test {file}; domstate test --reason; restore {file}; domstate test")
    assert (
        f"Domain 'test' saved to {file}\n\nshut off (saved)\n\nDomain restored from {file}\n\nrunning\n\n" == result.out
    )


def test_a_managed_save_is_shown_and_dropped(run: Run) -> None:
    result = run("-j", "managedsave test").json
    assert {"name": "test"} == result
    text = run("managedsave test; list --all --managed-save; managedsave-remove test; list --all --managed-save").out
    assert " -    test   saved\n" in text
    assert " -    test   shut off\n" in text


def test_a_description_is_set_shown_and_removed(run: Run) -> None:
    assert "No description for domain: test\n\n" == run("desc", "test").out
    text = run("desc test --new-desc a web server; desc test; desc test ''; desc test").out
    assert "a web server\n\n" in text
    assert text.endswith("No description for domain: test\n\n")


def test_an_element_of_an_application_is_set_shown_and_removed(run: Run) -> None:
    uri = "http://example.org/app"
    set_it = f"metadata test {uri} --key app --set '<state>on</state>'"
    text = run(f"{set_it}; metadata test {uri}; metadata test {uri} --remove").out
    assert "Metadata modified\n\n<state>on</state>\n\nMetadata removed\n\n" == text
    assert 1 == run("metadata", "test", uri).status
    assert 2 == run("metadata", "test", uri, "--set", "<a/>").status


def test_vcpus_are_pinned_to_cpus_of_the_host(run: Run) -> None:
    shown = run("vcpupin test 0 1-3,^2; vcpupin test").out
    assert " 0      1,3\n 1      0-7\n" in shown
    assert 2 == run("vcpupin", "test", "--cpulist", "1").status
    assert "the host has the CPUs 0-7" in run("vcpupin", "test", "0", "99").err
    assert "is not a set of CPUs" in run("vcpupin", "test", "0", "x").err


def test_the_other_threads_are_pinned(run: Run) -> None:
    assert run("emulatorpin test 0-2; emulatorpin test").out.endswith("       *: 0-2\n\n")


def test_io_threads_are_added_pinned_and_removed(run: Run) -> None:
    assert "No IOThreads found for the domain\n\n" == run("iothreadinfo", "test").out
    added = run("iothreadadd test 3; iothreadpin test 3 0-1; iothreadinfo test").out
    assert "3             0-1\n" in added
    assert "No IOThreads" in run("iothreadadd test 3; iothreaddel test 3; iothreadinfo test").out


def test_memory_is_set_in_kib_or_with_a_unit(run: Run) -> None:
    assert run("setmem test 1G; dommemstat test").out.startswith("\nactual 1048576\n")
    assert "<memory unit='KiB'>4194304</memory>" in run("setmaxmem test 4G --config; dumpxml test --inactive").out


def test_limits_are_set_and_shown(run: Run) -> None:
    shown = run("memtune test --hard-limit 9000000; memtune test").out
    assert "hard_limit     : 9000000\nsoft_limit     : unlimited\n" in shown
    assert "weight         : 500\n" in run("blkiotune test --weight 500; blkiotune test").out
    assert 9007199254740991 == run("-j", "memtune", "test").json["hard_limit"]


def test_shares_of_cpus_are_set_by_the_names_of_the_scheduler(run: Run) -> None:
    assert "Scheduler      : fair\nweight         : 50\n\n" == run("schedinfo", "test").out
    assert 0 == run("schedinfo", "test", "--set", "weight=70").status
    assert 2 == run("schedinfo", "test", "--set", "nosuch=1").status
    assert 2 == run("schedinfo", "test", "--set", "weight=much").status


def test_statistics_are_asked_by_group(run: Run) -> None:
    [told] = run("-j", "domstats", "--state").json
    assert {"domain": "test", "state.state": 1, "state.reason": 0} == told
    assert "Domain: 'test'\n  state.state=1\n" in run("domstats", "test").out


def test_a_disk_to_attach_is_described_by_options(done: Done) -> None:
    xml = done("attach-disk test /images/a.qcow2 vdb --subdriver qcow2 --targetbus virtio --mode readonly --print-xml")
    assert (
        "<disk type='file'>\n"
        "  <driver type='qcow2'/>\n"
        "  <source file='/images/a.qcow2'/>\n"
        "  <target dev='vdb' bus='virtio'/>\n"
        "  <readonly/>\n"
        "</disk>\n"
    ) == xml


def test_an_interface_to_attach_is_described_by_options(run: Run) -> None:
    xml = run("attach-interface test network default --model virtio --print-xml").out
    assert (
        "<interface type='network'>\n  <source network='default'/>\n  <model type='virtio'/>\n</interface>\n\n" == xml
    )
    assert "needs --source" in run("attach-interface", "test", "bridge").err


def test_the_xml_of_a_device_to_detach_is_that_of_the_domain(run: Run) -> None:
    assert "<source file='/guest/diskimage1'/>" in run("detach-disk", "test", "vda", "--print-xml").out
    assert "<source network='default'/>" in run("detach-interface", "test", "network", "--print-xml").out
    assert "has no disk 'vdz'" in run("detach-disk", "test", "vdz").err
    assert "has no such interface" in run("detach-interface", "test", "bridge").err


def test_the_link_of_an_interface_is_shown(run: Run) -> None:
    assert "testnet0 up\n\n" == run("domif-getlink", "test", "testnet0").out
    assert "<link state='down'/>" in run("domif-setlink", "test", "testnet0", "down", "--print-xml").out
    assert "has no interface 'eth9'" in run("domif-getlink", "test", "eth9").err


def test_file_systems_are_frozen_and_thawed(run: Run) -> None:
    assert "Froze 2 filesystem(s)\n\nThawed 2 filesystem(s)\n\n" == run("domfsfreeze test; domfsthaw test").out


def test_what_happens_at_the_end_of_a_guest_is_chosen(run: Run) -> None:
    text = run("set-lifecycle-action test poweroff preserve; dumpxml test").out
    assert "<on_poweroff>preserve</on_poweroff>" in text


def test_a_domain_without_a_display_has_none_to_print(run: Run) -> None:
    for command in ("domdisplay", "vncdisplay", "ttyconsole"):
        assert (1, True) == (run(command, "test").status, "domain 'test' has no" in run(command, "test").err)


def test_a_screenshot_is_written_to_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "shot.png"
    result = run("screenshot", "test", str(file))
    assert (0, True) == (result.status, file.stat().st_size > 0), result.err
    assert f"Screenshot saved to {file}, with type of image/" in result.out


def test_snapshots_form_a_tree(run: Run) -> None:
    made = "snapshot-create-as test first 'before the update'; snapshot-create-as test second; "
    assert "first\n  |\n  +- second\n" in run(made + "snapshot-list test --tree").out
    told = run("-jq", made + "snapshot-list test --parent").out
    assert '"parent": "first"' in told
    info = run(made + "snapshot-info test --current").out
    assert "Name:           second\nDomain:         test\nCurrent:        yes\nState:          running\n" in info
    assert "first\n\n" in run(made + "snapshot-parent test second").out
    assert "snapshot 'first' has no parent" in run(made + "snapshot-parent test first").err
    assert "Domain snapshot first reverted\n\n" in run(made + "snapshot-revert test first").out
    assert "first\n\n" == run("-q", made + "snapshot-delete test second; snapshot-list test --name").out + "\n"
    assert 2 == run("snapshot-info", "test").status


def test_a_snapshot_is_described_by_options(done: Done) -> None:
    xml = done(
        "snapshot-create-as test s1 'a b' --memspec /m,snapshot=external --diskspec vda,snapshot=external,file=/d "
        "--diskspec vdb,snapshot=no --print-xml"
    )
    assert "<memory snapshot='external' file='/m'/>" in xml
    assert "<disk name='vda' snapshot='external'>\n      <source file='/d'/>" in xml
    assert "<disk name='vdb' snapshot='no'/>" in xml


def test_checkpoints_follow_each_other(run: Run) -> None:
    made = "checkpoint-create-as test c1; checkpoint-create-as test c2; "
    assert "c1\nc2\n\n" in run(made + "checkpoint-list test --name").out
    assert "c1\n  |\n  +- c2\n" in run(made + "checkpoint-list test --tree").out
    assert "Descendants:    1\n" in run(made + "checkpoint-info test c1").out
    assert "Domain checkpoint c2 deleted\n" in run(made + "checkpoint-delete test c2").out


def test_xpath_finds_parts_of_documents(run: Run) -> None:
    assert "test\n\n" == run("dumpxml", "test", "--xpath", "//name/text()").out
    assert "True\n\n" == run("dumpxml", "test", "--xpath", "count(//disk) = 1").out
    assert 2 == run("dumpxml", "test", "--xpath", "//[").status


def with_disk(run: Run, folder: Path, source: str) -> str:
    """Commands that make a volume and define the domain `web` on a disk of that source."""
    xml = run("dumpxml", "test", "--inactive").out.replace(TEST_UUID, TEST_UUID[:-1] + "0")
    xml = xml.replace("<name>test<", "<name>web<").replace("/guest/diskimage1", source)
    (folder / "web.xml").write_text(xml)
    return f"vol-create-as default-pool disk 1M; define {folder}/web.xml; "


def test_a_domain_is_removed_with_its_storage(run: Run, tmp_path: Path) -> None:
    made = with_disk(run, tmp_path, "/default-pool/disk")
    result = run(made + "undefine web --remove-all-storage; vol-list default-pool")
    assert "Domain 'web' has been undefined\nVolume 'vda'(/default-pool/disk) removed.\n\n" in result.out
    assert "disk" not in result.out.rpartition("removed.")[2]
    chosen = run(made + "undefine web --storage vda; vol-list default-pool").out
    assert "Volume 'vda'(/default-pool/disk) removed.\n" in chosen


def test_storage_that_is_in_no_pool_stays_and_is_named(run: Run, tmp_path: Path) -> None:
    made = with_disk(run, tmp_path, "/elsewhere/disk")
    text = run(made + "undefine web --remove-all-storage").out
    assert "Storage volume 'vda'(/elsewhere/disk) is in no storage pool. Remove it manually.\n" in text


def test_storage_of_a_running_domain_or_of_no_disk_is_not_removed(run: Run, tmp_path: Path) -> None:
    made = with_disk(run, tmp_path, "/default-pool/disk")
    assert "runs: its storage can be removed once it has stopped" in run("undefine test --remove-all-storage").err
    assert "has no disk vdz" in run(made + "undefine web --storage vdz").err
