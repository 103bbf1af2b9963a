"""Tables of objects."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from virtkit import enums
from virtkit.errors import NoDomainError, NoInterfaceError, OperationFailedError, OperationTimeoutError, VirtError
from virtkit.refs import DomainRef
from virtkit.services import objects
from virtkit.services.objects import DOMAIN, INTERFACE, Kind, ObjectTable

DEADLINE = 20.0
WEB, DB, OTHER = b"w" * 16, b"d" * 16, b"o" * 16


class Domain:
    def __init__(self, name: str, uuid: bytes) -> None:
        self.name = name
        self.uuid = uuid


class Interface:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def web() -> Domain:
    return Domain("web", WEB)


@pytest.fixture
def table(web: Domain) -> ObjectTable[Domain]:
    table: ObjectTable[Domain] = ObjectTable(DOMAIN, error_domain=12)
    table.add(web)
    return table


def test_an_object_is_found_by_name_uuid_reference_and_id(table: ObjectTable[Domain], web: Domain) -> None:
    number = table.set_id(web)
    assert table.by_name("web") is web
    assert table.by_uuid(WEB) is web
    assert table.by_ref(DomainRef("an old name", WEB)) is web
    assert table.by_id(number) is web


@pytest.mark.parametrize(
    ("find", "named"),
    [
        (lambda table: table.by_name("mail"), "named 'mail'"),
        (lambda table: table.by_uuid(OTHER), "6f6f6f6f-6f6f-6f6f-6f6f-6f6f6f6f6f6f"),
        (lambda table: table.by_uuid(OTHER, "mail"), "named 'mail'"),
        (lambda table: table.by_ref(DomainRef("mail", OTHER)), "named 'mail'"),
        (lambda table: table.by_id(7), "id 7"),
    ],
)
def test_a_missing_object_is_named_with_the_next_step(
    table: ObjectTable[Domain], find: Callable[[ObjectTable[Domain]], Domain], named: str
) -> None:
    with pytest.raises(NoDomainError, match=named) as caught:
        find(table)
    assert "virtkit list --all" in caught.value.message
    assert caught.value.domain == 12


def test_every_kind_has_the_error_domain_of_its_hooks() -> None:
    domains = {kind.noun: kind.domain for kind in vars(objects).values() if isinstance(kind, Kind)}
    assert domains == {
        "domain": enums.ErrorDomain.DOMAIN,
        "network": enums.ErrorDomain.NETWORK,
        "network port": enums.ErrorDomain.NETWORK,
        "storage pool": enums.ErrorDomain.STORAGE,
        "storage volume": enums.ErrorDomain.STORAGE,
        "interface": enums.ErrorDomain.INTERFACE,
        "node device": enums.ErrorDomain.NODEDEV,
        "network filter": enums.ErrorDomain.NWFILTER,
        "network filter binding": enums.ErrorDomain.NWFILTER,
        "secret": enums.ErrorDomain.SECRET,
        "snapshot": enums.ErrorDomain.DOMAIN_SNAPSHOT,
        "checkpoint": enums.ErrorDomain.DOMAIN_CHECKPOINT,
    }


@pytest.mark.parametrize(("name", "uuid"), [("web", OTHER), ("mail", WEB), ("web", WEB)])
def test_a_taken_name_or_uuid_is_refused(table: ObjectTable[Domain], name: str, uuid: bytes) -> None:
    with pytest.raises(OperationFailedError, match="there is a domain") as caught:
        table.add(Domain(name, uuid))
    assert caught.value.domain == enums.ErrorDomain.DOMAIN
    assert len(table) == 1


def test_a_definition_matches_the_object_with_both_its_name_and_uuid(table: ObjectTable[Domain], web: Domain) -> None:
    assert table.match("web", WEB) is web
    assert table.match("mail", OTHER) is None


@pytest.mark.parametrize(
    ("name", "uuid", "message"),
    [
        ("web", OTHER, "named 'web' already, with another UUID, 77777777-7777-7777-7777-777777777777"),
        ("mail", WEB, "with UUID 77777777-7777-7777-7777-777777777777 already, with another name, 'web'"),
    ],
)
def test_a_definition_that_fits_half_is_refused(
    table: ObjectTable[Domain], name: str, uuid: bytes, message: str
) -> None:
    with pytest.raises(OperationFailedError, match=message):
        table.match(name, uuid)


def test_a_definition_that_fits_two_objects_is_refused(table: ObjectTable[Domain]) -> None:
    table.add(Domain("db", DB))
    with pytest.raises(OperationFailedError):
        table.match("web", DB)


def test_obtaining_makes_an_object_once(table: ObjectTable[Domain], web: Domain) -> None:
    assert table.obtain("web", WEB, lambda: Domain("web", WEB)) is web
    made = table.obtain("db", DB, lambda: Domain("db", DB))
    assert table.by_name("db") is made


def test_threads_that_define_the_same_object_share_it() -> None:
    table: ObjectTable[Domain] = ObjectTable(DOMAIN)
    found: list[Domain] = []
    start = threading.Barrier(8)

    def define() -> None:
        start.wait(DEADLINE)
        found.append(table.obtain("web", WEB, lambda: Domain("web", WEB)))

    threads = [threading.Thread(target=define) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert found == [table.by_name("web")] * 8


def test_a_removed_object_is_gone_from_every_index(table: ObjectTable[Domain], web: Domain) -> None:
    number = table.set_id(web)
    table.remove(web)
    table.remove(web)
    for find in (
        lambda: table.by_name("web"),
        lambda: table.by_uuid(WEB),
        lambda: table.by_id(number),
        lambda: table.lock_of(web),
        lambda: table.set_id(web),
    ):
        with pytest.raises(NoDomainError):
            find()
    assert list(table) == []


def test_renaming_changes_the_object_and_its_index(table: ObjectTable[Domain], web: Domain) -> None:
    table.add(Domain("db", DB))
    table.rename(web, "www")
    assert web.name == "www"
    assert table.by_name("www") is web
    assert "web" not in table
    with pytest.raises(OperationFailedError, match="named 'db'"):
        table.rename(web, "db")
    assert web.name == "www"


def test_ids_count_up_and_are_not_used_twice(table: ObjectTable[Domain], web: Domain) -> None:
    assert table.set_id(web) == 1
    table.clear_id(web)
    table.clear_id(web)
    assert table.ids() == []
    assert table.set_id(web) == 2


def test_an_adopted_object_keeps_its_id_and_later_ids_are_higher(table: ObjectTable[Domain], web: Domain) -> None:
    db = Domain("db", DB)
    table.add(db)
    assert table.set_id(web, 7) == 7
    with pytest.raises(OperationFailedError, match="id 7 already, named 'web'"):
        table.set_id(db, 7)
    assert table.set_id(db) == 8
    assert table.set_id(web, 7) == 7


def test_listings_are_sorted_snapshots(table: ObjectTable[Domain], web: Domain) -> None:
    mail, db = Domain("mail", OTHER), Domain("db", DB)
    table.add(mail)
    table.add(db)
    for item in (web, db):
        table.set_id(item)
    assert table.all() == [db, mail, web]
    assert table.active() == [web, db]
    assert table.ids() == [1, 2]
    for item in table:
        table.remove(item)
    assert len(table) == 0


def test_objects_without_a_uuid_are_found_by_name() -> None:
    table: ObjectTable[Interface] = ObjectTable(INTERFACE)
    eth0 = Interface("eth0")
    table.add(eth0)
    assert table.match("eth0", b"") is eth0
    assert table.obtain("eth0", b"", lambda: Interface("eth0")) is eth0
    with pytest.raises(OperationFailedError):
        table.add(Interface("eth0"))
    with pytest.raises(NoInterfaceError):
        table.by_name("eth1")
    table.add(Interface("eth1"))
    assert [interface.name for interface in table] == ["eth0", "eth1"]


def test_holding_an_object_keeps_other_callers_off_it_alone(table: ObjectTable[Domain], web: Domain) -> None:
    db = Domain("db", DB)
    table.add(db)
    errors: list[VirtError] = []

    def other() -> None:
        with table.hold(DomainRef("db", DB), "suspend", 0) as found:
            assert found is db
        try:
            with table.hold(DomainRef("web", WEB), "suspend", 0):
                pass
        except OperationTimeoutError as error:
            errors.append(error)

    with table.hold(DomainRef("web", WEB), "create") as found:
        assert found is web
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(DEADLINE)
    assert ["domain 'web' has been busy with create" in error.message for error in errors] == [True]


def test_an_object_removed_while_a_caller_waited_is_missing(table: ObjectTable[Domain], web: Domain) -> None:
    errors: list[VirtError] = []

    def other() -> None:
        try:
            with table.hold(DomainRef("web", WEB), "suspend", DEADLINE):
                pass
        except NoDomainError as error:
            errors.append(error)

    with table.hold(DomainRef("web", WEB), "undefine"):
        thread = threading.Thread(target=other)
        thread.start()
        table.remove(web)
    thread.join(DEADLINE)
    assert [error.code for error in errors] == [NoDomainError.code]


def test_a_renamed_object_is_called_by_its_new_name(table: ObjectTable[Domain], web: Domain) -> None:
    table.rename(web, "www")
    with pytest.raises(OperationTimeoutError, match="domain 'www'"):
        _fail_to_hold(table, web)


def _fail_to_hold(table: ObjectTable[Domain], item: Domain) -> None:
    """Raise what another thread meets while this one holds the object."""
    errors: list[OperationTimeoutError] = []

    def other() -> None:
        try:
            table.lock_of(item).acquire("info", 0)
        except OperationTimeoutError as error:
            errors.append(error)

    with table.lock_of(item).hold("suspend"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(DEADLINE)
    raise errors[0]


def test_readers_never_see_a_table_break_while_it_changes() -> None:
    table: ObjectTable[Domain] = ObjectTable(DOMAIN)
    done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                for item in table.all():
                    assert item.name in {"0", "1", "2", "3", "4", "5", "6", "7"}
                table.active()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        items = [Domain(str(number), bytes([number]) * 16) for number in range(8)]
        for item in items:
            table.add(item)
            table.set_id(item)
        for item in items:
            table.remove(item)
    done.set()
    for thread in threads:
        thread.join(DEADLINE)
    assert failures == []
