"""Hosts that a file describes: private to each connection, and guarded if the file says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import virtkit
from plugins.test.tests import real
from plugins.test.tests.bench import Bench
from virtkit.driver import Credential
from virtkit.enums import ConnectCredentialType, DomainState
from virtkit.errors import AuthFailedError, InvalidArgError, VirtError, XMLDetailError, XMLError

DOMAIN = (
    "<domain type='test'{space}><name>{name}</name><uuid>6695eb01-f6a4-8304-79aa-{number:012}</uuid>"
    "<memory>8192</memory><os><type>hvm</type></os>{hints}</domain>"
)
SPACE = " xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"
SNAPSHOT = (
    "<{0}domainsnapshot><name>s1</name><creationTime>1272917631</creationTime><state>running</state>"
    "<domain type='test'><name>a</name><uuid>6695eb01-f6a4-8304-79aa-000000000001</uuid><memory>8192</memory>"
    "<os><type>hvm</type></os></domain><active>1</active></{0}domainsnapshot>"
)

Write = Callable[..., str]


def domain(name: str = "a", number: int = 1, hints: str = "") -> str:
    """A domain of a node file."""
    return DOMAIN.format(space=SPACE, name=name, number=number, hints=hints)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a node file; returns its URI."""

    def writer(inside: str, **others: str) -> str:
        for name, text in others.items():
            (tmp_path / f"{name}.xml").write_text(text)
        (tmp_path / "node.xml").write_text(f"<node>{inside}</node>")
        return f"test://{tmp_path}/node.xml"

    return writer


def described(uri: str) -> Any:
    """What the host of a URI has."""
    bench = Bench(uri)
    try:
        domains = [
            [ref.name, ref.id, *map(int, bench.domain_get_state(ref, 0)), int(bench.domain_is_persistent(ref)),
             int(bench.domain_has_managed_save_image(ref, 0)),
             [[snap.name, int(bench.domain_snapshot_is_current(snap, 0))]
              for snap in bench.domain_list_all_snapshots(ref, 0)]]
            for ref in bench.connect_list_all_domains(0)
        ]  # fmt: skip
        info = bench.node_get_info()
        return [
            [info.model, info.memory // 1024, *info[2:]],
            domains,
            [[ref.name, int(bench.network_is_active(ref))] for ref in bench.connect_list_all_networks(0)],
            [
                [ref.name, int(bench.storage_pool_is_active(ref)), bench.storage_pool_get_info(ref).allocation,
                 sorted(bench.storage_pool_list_volumes(ref))]
                for ref in bench.connect_list_all_storage_pools(0)
            ],
            [ref.name for ref in bench.connect_list_all_interfaces(0)],
            [ref.name for ref in bench.connect_list_all_node_devices(0)],
        ]  # fmt: skip
    finally:
        bench.close()


PROGRAM = """
snaps = lambda dom: sorted([one.getName(), one.isCurrent()] for one in dom.listAllSnapshots())
def described():
    info = conn.getInfo()
    return [
        info,
        sorted([d.name(), d.ID(), *d.state(), d.isPersistent(), d.hasManagedSaveImage(0), snaps(d)]
               for d in conn.listAllDomains()),
        sorted([n.name(), n.isActive()] for n in conn.listAllNetworks()),
        sorted([p.name(), p.isActive(), p.info()[2], sorted(p.listVolumes())] for p in conn.listAllStoragePools()),
        sorted(i.name() for i in conn.listAllInterfaces()),
        sorted(d.name() for d in conn.listAllDevices()),
    ]
print(json.dumps(described()))
"""

REFUSED = """
try:
    libvirt.open(request["node"])
    print(json.dumps(None))
except libvirt.libvirtError as error:
    print(json.dumps([error.get_error_code(), error.get_error_domain()]))
"""

CPU = "<cpu><mhz>6000</mhz><model>i986</model><active>50</active><nodes>4</nodes><sockets>4</sockets>" \
    "<cores>4</cores><threads>2</threads></cpu><memory>8192000</memory>"  # fmt: skip
OBJECTS = (
    "<network><name>n</name><bridge name='b'/></network>"
    "<pool type='dir'><name>p</name><target><path>/p</path></target>"
    "<volume type='file'><name>v</name><capacity unit='G'>1</capacity></volume><volume file='volume.xml'/></pool>"
    "<interface type='ethernet' name='e'><start mode='none'/></interface>"
    "<device><name>d</name><capability type='net'><interface>eth0</interface></capability></device>"
)
VOLUME = "<volume><name>w</name><capacity>5</capacity></volume>"

HOSTS: dict[str, tuple[str, dict[str, str]]] = {
    "empty": ("", {}),
    "hardware": (CPU, {}),
    "states": (
        domain("a", 1, "<test:runstate>3</test:runstate>")
        + domain("b", 2, "<test:transient/>")
        + domain("c", 3, "<test:runstate>5</test:runstate><test:hasmanagedsave/>")
        + domain("d", 4, "<test:runstate>6</test:runstate>")
        + domain("e", 5),
        {},
    ),
    "snapshots": (domain(hints=SNAPSHOT.format("test:")), {}),
    "snapshots of a file": (
        domain(hints="<test:domainsnapshot file='snapshot.xml'/>"), {"snapshot": SNAPSHOT.format("")},
    ),
    "files": ("<domain file='one.xml'/>", {"one": domain("f", 6)}),
    "objects": (OBJECTS, {"volume": VOLUME}),
}  # fmt: skip


@pytest.mark.libvirt
@pytest.mark.parametrize("name", HOSTS)
def test_a_host_is_what_libvirt_makes_of_the_file(write: Write, name: str) -> None:
    inside, others = HOSTS[name]
    uri = write(inside, **others)
    assert described(uri) == real.run(PROGRAM, uri=uri)


def test_states_are_those_of_the_file(write: Write) -> None:
    _, domains, *_ = described(write(HOSTS["states"][0]))
    assert [(name, number, state, persistent, saved) for name, number, state, _, persistent, saved, _ in domains] == [
        ("a", 1, DomainState.PAUSED, 1, 0),
        ("b", 2, DomainState.RUNNING, 0, 0),
        ("c", -1, DomainState.SHUTOFF, 1, 1),
        ("d", 3, DomainState.CRASHED, 1, 0),
        ("e", 4, DomainState.RUNNING, 1, 0),
    ]


WRONG = {
    "a number that is none": ("<memory>x</memory>", 27, 12),
    "a CPU that is none": ("<cpu><mhz>x</mhz></cpu>", 27, 12),
    "a long model": (f"<cpu><model>{'i' * 50}</model></cpu>", 1, 12),
    "transient and off": (domain(hints="<test:runstate>5</test:runstate><test:transient/>"), 27, 12),
    "saved and running": (domain(hints="<test:hasmanagedsave/>"), 27, 12),
    "an unknown state": (domain(hints="<test:runstate>99</test:runstate>"), 27, 12),
    "two of one name": (domain() + domain(number=2), 9, 20),
    "a missing file": ("<domain file='nosuch.xml'/>", 27, 12),
    "a snapshot without name": (domain(hints=SNAPSHOT.format("test:").replace("<name>s1</name>", "")), 27, 35),
    "a user without name": ("<auth><user password='x'/></auth>", 27, 12),
    "a network without address": ("<network><name>n</name><forward/></network>", 27, 19),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_says_something_impossible_is_refused(write: Write, name: str) -> None:
    inside, code, error_domain = WRONG[name]
    with pytest.raises(VirtError) as caught:
        virtkit.open(write(inside))
    assert (caught.value.code, caught.value.domain) == (code, error_domain)


@pytest.mark.libvirt
@pytest.mark.parametrize("name", WRONG)
def test_libvirt_refuses_it_too(write: Write, name: str) -> None:
    inside, code, error_domain = WRONG[name]
    assert real.run(REFUSED, node=write(inside)) == [code, error_domain]


def test_a_file_that_is_no_node_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.xml"
    path.write_text("<nodes/>")
    with pytest.raises(XMLError, match="expected the root element <node>"):
        virtkit.open(f"test://{path}")
    path.write_text("no XML")
    with pytest.raises(XMLDetailError, match=r"other\.xml"):
        virtkit.open(f"test://{path}")
    with pytest.raises(XMLError, match="cannot read"):
        virtkit.open("test:///nosuch/node.xml")
    with pytest.raises(InvalidArgError, match="which host"):
        virtkit.open("test:///")


def test_every_connection_has_a_host_of_its_own(write: Write) -> None:
    uri = write(domain())
    with virtkit.open(uri) as first, virtkit.open(uri) as second:
        first.lookup_domain_by_name("a").destroy()
        assert not first.lookup_domain_by_name("a").is_active()
        assert second.lookup_domain_by_name("a").is_active()


USERS = "<auth><user password='secret'>ann</user><user>guest</user></auth>"


def answering(name: str, password: str = "") -> Callable[[Sequence[Credential]], list[str]]:
    """A person who answers questions."""
    answers = {ConnectCredentialType.AUTHNAME: name, ConnectCredentialType.PASSPHRASE: password}
    return lambda questions: [answers[ConnectCredentialType(question.type)] for question in questions]


def test_users_of_the_file_may_open_it(write: Write) -> None:
    uri = write(USERS)
    for name, password in (("ann", "secret"), ("guest", "")):
        with virtkit.open(uri, authenticate=answering(name, password)) as conn:
            assert conn.is_alive()


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong"), ("ann", ""), ("nobody", "secret"), ("", "")])
def test_others_may_not(write: Write, name: str, password: str) -> None:
    with pytest.raises(AuthFailedError, match="no such user") as caught:
        virtkit.open(write(USERS), authenticate=answering(name, password))
    assert caught.value.domain == 12


def test_a_guarded_host_needs_somebody_to_ask(write: Write) -> None:
    with pytest.raises(AuthFailedError, match="authenticate"):
        virtkit.open(write(USERS))
    with pytest.raises(AuthFailedError):
        virtkit.open(write(USERS), authenticate=lambda questions: None)
