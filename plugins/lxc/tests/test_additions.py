"""What containers have that libvirt has no words for, and namespaces that they share with others."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plugins.lxc.tests.documents import container
from plugins.lxc.tests.driving import document, eventually, read_until
from virtkit import Connection, Domain
from virtkit.enums import DomainMetadataType, DomainModificationImpact
from virtkit.errors import ConfigUnsupportedError, NoDomainError, OperationInvalidError, SystemCallError, XMLError
from virtkit.events import DomainMetadataChangeEvent
from virtkit_lxc import cgroups, planning
from virtkit_lxc.define import additions
from virtkit_lxc.define.additions import NAMESPACE, Additions


def added(*elements: str) -> str:
    inner = "".join(f"<vk:{each}/>" for each in elements)
    return f"<metadata><vk:container xmlns:vk='{NAMESPACE}'>{inner}</vk:container></metadata>"


def test_a_document_without_additions_asks_for_nothing() -> None:
    assert Additions() == additions.read(container())


def test_additions_are_read() -> None:
    found = additions.read(container(more=added("pids max='7'", "no_new_privs", "seccomp profile='/p q'")))
    assert Additions(7, True, "/p q") == found


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (added("pids max='0'"), "a number from 1 to 4194304"),
        (added("pids max='4194305'"), "a number from 1 to 4194304"),
        (added("pids max='x'"), "a number from 1 to 4194304"),
        (added("pids"), "<pids> has the attribute 'max' alone"),
        (added("pids max='1' min='1'"), "<pids> has the attribute 'max' alone"),
        (added("pids max='1'", "pids max='2'"), "has <pids> twice"),
        (added("no_new_privs value='no'"), "<no_new_privs> has no attributes"),
        (added("seccomp profile='here'"), "<seccomp profile='here'>: an absolute path"),
        (added("pid max='1'"), "has elements pids, no_new_privs, seccomp of urn:virtkit:lxc:1, not <pid>"),
        (added("pids max='1'").replace("vk:container ", "vk:container limit='1' "), "<container> has no attributes"),
        (f"<metadata><x xmlns='{NAMESPACE}'/></metadata>", "has the element <container>, not <x>"),
    ],
)
def test_what_is_not_understood_is_refused(connection: Connection, rootfs: Path, metadata: str, problem: str) -> None:
    with pytest.raises(XMLError, match=f"domain 'web': .*{problem}"):
        connection.define_domain(document(rootfs, more=metadata))
    assert [] == connection.list_domains()


class Shell:
    """The console of a container whose init is a shell."""

    def __init__(self, domain: Domain) -> None:
        self._console = domain.open_console()

    def says(self, script: str) -> str:
        """What a command prints."""
        self._console.write(f"{script}; echo is $((6 * 7)) done\n".encode())
        return read_until(self._console, b"is 42 done").decode()

    def close(self) -> None:
        self._console.close()


FORKS = "for n in 1 2 3 4 5 6; do sleep 1000 & done 2>&1; true"
"""A shell that cannot fork tells so and ends, thus in another one."""


def test_the_number_of_processes_is_limited_and_changed(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    told: list[DomainMetadataChangeEvent] = []
    connection.subscribe(DomainMetadataChangeEvent, lambda _, event: told.append(event))
    domain = connection.create_domain(document(rootfs, "/bin/sh", more=added("pids max='5'")))
    with closing(Shell(domain)) as shell:
        assert "can't fork" in shell.says(f"sh -c '{FORKS}'; killall sleep; wait")
        domain.set_metadata(DomainMetadataType.ELEMENT, '<container><pids max="20"/></container>', "vk", NAMESPACE)
        assert "can't fork" not in shell.says(f"sh -c '{FORKS}'; killall sleep; wait")
        assert '<pids max="20"/>' in domain.metadata(DomainMetadataType.ELEMENT, NAMESPACE)
        domain.set_metadata(DomainMetadataType.ELEMENT, None, None, NAMESPACE)
    group = cgroups.Layout.read().folder("pids", cgroups.place(str(tmp_path / "run" / "lxc"), "web"))
    assert "max\n" == (group / "pids.max").read_text()
    assert NAMESPACE not in domain.xml_desc()
    eventually(lambda: len(told) == 2, "it is told")


def test_only_the_number_of_processes_changes_while_a_container_runs(connection: Connection, rootfs: Path) -> None:
    domain = connection.define_domain(document(rootfs, "/bin/sleep", "1000"))
    domain.create()
    wanted = "<container><no_new_privs/></container>"
    with pytest.raises(OperationInvalidError, match="only <pids> can be changed: use CONFIG"):
        domain.set_metadata(DomainMetadataType.ELEMENT, wanted, "vk", NAMESPACE)
    with pytest.raises(XMLError, match="not <pid>"):
        domain.set_metadata(DomainMetadataType.ELEMENT, "<container><pid/></container>", "vk", NAMESPACE)
    domain.set_metadata(DomainMetadataType.ELEMENT, wanted, "vk", NAMESPACE, DomainModificationImpact.CONFIG)
    domain.destroy()
    assert "no_new_privs" in domain.xml_desc()


def test_no_program_gains_privileges_where_none_is_to(connection: Connection, rootfs: Path) -> None:
    domain = connection.create_domain(document(rootfs, "/bin/sh", more=added("no_new_privs")))
    with closing(Shell(domain)) as shell:
        assert "NoNewPrivs:\t1" in shell.says("grep NoNewPrivs /proc/self/status")


def test_a_profile_of_the_user_is_in_force(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.write_text("2\ndenylist\n[all]\nmkdir errno 95\nmkdirat errno 95\n")
    domain = connection.create_domain(document(rootfs, "/bin/sh", more=added(f"seccomp profile='{profile}'")))
    with closing(Shell(domain)) as shell:
        assert "not supported" in shell.says("mkdir /tmp/x")


def test_a_profile_that_is_not_there_or_no_file_is_named(connection: Connection, rootfs: Path, tmp_path: Path) -> None:
    domain = connection.define_domain(document(rootfs, more=added("seccomp profile='/nowhere'")))
    with pytest.raises(SystemCallError, match="its profile of system calls /nowhere: No such file"):
        domain.create()
    domain.undefine()
    domain = connection.define_domain(document(rootfs, more=added(f"seccomp profile='{tmp_path}'")))
    with pytest.raises(ConfigUnsupportedError, match=f"{tmp_path} is no file"):
        domain.create()


# Namespaces of others


def sharing(rootfs: Path, *shared: str) -> str:
    xml = document(rootfs).replace("<domain ", "<domain xmlns:lxc='http://libvirt.org/schemas/domain/lxc/1.0' ")
    return xml.replace("</domain>", f"<lxc:namespace>{''.join(shared)}</lxc:namespace></domain>")


def namespaces(domain: Domain) -> dict[str, str]:
    """Kind and name of the namespaces of a container."""
    found = domain.lxc_open_namespace()
    try:
        names = [os.readlink(f"/proc/self/fd/{each}") for each in found]
        return {name.partition(":")[0]: name for name in names}
    finally:
        for each in found:
            os.close(each)


def test_namespaces_of_another_container_are_shared(connection: Connection, rootfs: Path) -> None:
    other = connection.create_domain(document(rootfs, name="other"))
    kinds = ("net", "ipc", "uts")
    domain = connection.create_domain(
        sharing(rootfs, *(f"<lxc:share{kind} type='name' value='other'/>" for kind in kinds))
    )
    mine, its = namespaces(domain), namespaces(other)
    assert [its[kind] for kind in kinds] == [mine[kind] for kind in kinds]
    assert mine["pid"] != its["pid"]
    other.destroy()
    assert domain.is_active()


@pytest.fixture
def apart() -> Iterator[Path]:
    """The namespaces of a process that has its own."""
    with subprocess.Popen(["unshare", "--net", "--ipc", "--uts", "sleep", "1000"]) as process:
        try:
            folder = Path(f"/proc/{process.pid}/ns")
            eventually(lambda: os.readlink(folder / "uts") != os.readlink("/proc/self/ns/uts"), "it is apart")
            yield folder
        finally:
            process.kill()


def test_namespaces_of_a_process_are_shared(connection: Connection, rootfs: Path, apart: Path) -> None:
    kinds = ("net", "ipc", "uts")
    shared = (f"<lxc:share{kind} type='pid' value='{apart.parent.name}'/>" for kind in kinds)
    found = namespaces(connection.create_domain(sharing(rootfs, *shared)))
    assert [os.readlink(apart / kind) for kind in kinds] == [found[kind] for kind in kinds]


def test_a_network_that_has_a_name_is_shared(
    connection: Connection, rootfs: Path, apart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "NAMED_NETWORKS", tmp_path)  # the host's own are left alone
    (tmp_path / "blue").symlink_to(apart / "net")
    found = namespaces(connection.create_domain(sharing(rootfs, "<lxc:sharenet type='netns' value='blue'/>")))
    assert os.readlink(apart / "net") == found["net"]
    assert os.readlink(apart / "uts") != found["uts"]


@pytest.mark.parametrize(
    ("shared", "error", "problem"),
    [
        ("sharenet type='pid' value='4194304'", SystemCallError, "its net namespace /proc/4194304/ns/net: No such"),
        ("sharenet type='netns' value='nowhere'", SystemCallError, "its net namespace /run/netns/nowhere: No such"),
        ("sharenet type='name' value='nobody'", NoDomainError, "nobody"),
        ("sharenet type='name' value='web'", OperationInvalidError, "which is not running: start it first"),
        ("shareuts type='netns' value='blue'", ConfigUnsupportedError, "give netns, name or pid"),
    ],
)
def test_a_namespace_that_is_not_there_is_named(
    connection: Connection, rootfs: Path, shared: str, error: type[Exception], problem: str
) -> None:
    domain = connection.define_domain(sharing(rootfs, f"<lxc:{shared}/>"))
    with pytest.raises(error, match=problem):
        domain.create()
    assert not domain.is_active()
