"""What a handle is: a connection and a reference, which finds its object whatever becomes of the name."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from virtkit.api.domain import Domain
from virtkit.api.handle import Handle
from virtkit.api.interface import Interface
from virtkit.api.network import Network, NetworkPort
from virtkit.api.nwfilter import NWFilterBinding
from virtkit.api.secret import Secret
from virtkit.api.snapshot import DomainSnapshot
from virtkit.errors import OperationInvalidError
from virtkit.refs import (
    DomainRef,
    InterfaceRef,
    NetworkPortRef,
    NetworkRef,
    NWFilterBindingRef,
    SecretRef,
    SnapshotRef,
)

U = uuid.UUID(int=1)
V = uuid.UUID(int=2)


def test_handles_are_equal_when_their_uuid_is(lab: Any) -> None:
    running, renamed = Domain(lab.conn, DomainRef("web", U.bytes, 7)), Domain(lab.conn, DomainRef("www", U.bytes))
    assert running == renamed
    assert 1 == len({running, renamed})
    assert running != Domain(lab.conn, DomainRef("web", V.bytes, 7))


def test_handles_of_other_connections_and_kinds_are_others(lab: Any, make_lab: Any) -> None:
    assert Domain(lab.conn, DomainRef("web", U.bytes)) != Domain(make_lab().conn, DomainRef("web", U.bytes))
    assert Domain(lab.conn, DomainRef("web", U.bytes)) != Network(lab.conn, NetworkRef("web", U.bytes))


def test_a_snapshot_is_the_same_after_its_domain_was_restarted_and_renamed(lab: Any) -> None:
    before = DomainSnapshot(lab.conn, SnapshotRef("clean", DomainRef("web", U.bytes, 7)))
    after = DomainSnapshot(lab.conn, SnapshotRef("clean", DomainRef("www", U.bytes, 8)))
    assert before == after
    assert hash(before) == hash(after)


def test_a_binding_is_the_same_when_its_filter_changed(lab: Any) -> None:
    assert NWFilterBinding(lab.conn, NWFilterBindingRef("vnet0", "a")) == NWFilterBinding(
        lab.conn, NWFilterBindingRef("vnet0", "b")
    )


@pytest.mark.parametrize(
    ("cls", "ref", "shown"),
    [
        (Domain, DomainRef("web", U.bytes), "<Domain 'web'>"),
        (Interface, InterfaceRef("eth0", ""), "<Interface 'eth0'>"),
        (NWFilterBinding, NWFilterBindingRef("vnet0", "clean-traffic"), "<NWFilterBinding 'vnet0'>"),
        (Secret, SecretRef(U.bytes, 0, ""), f"<Secret '{U}'>"),
        (NetworkPort, NetworkPortRef(NetworkRef("default", V.bytes), U.bytes), f"<NetworkPort '{U}'>"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_handle_shows_its_name_or_uuid(lab: Any, cls: type[Handle[Any]], ref: Any, shown: str) -> None:
    assert shown == repr(cls(lab.conn, ref))


def test_a_handle_has_no_other_attributes(lab: Any) -> None:
    with pytest.raises(AttributeError):
        Domain(lab.conn, DomainRef("web", U.bytes)).note = "mine"  # type: ignore[attr-defined]


def test_starting_a_domain_gives_its_handle_the_id(lab: Any) -> None:
    domain = Domain(lab.conn, DomainRef("web", U.bytes))
    lab.answer(domain_create_with_flags=DomainRef("web", U.bytes, 9))
    assert -1 == domain.id
    domain.create()
    assert 9 == domain.id


def test_a_start_that_fails_leaves_the_handle_as_it_was(lab: Any) -> None:
    domain = Domain(lab.conn, DomainRef("web", U.bytes, 9))
    lab.answer(domain_create_with_flags=OperationInvalidError("domain 'web' runs already"))
    with pytest.raises(OperationInvalidError):
        domain.create()
    assert DomainRef("web", U.bytes, 9) == domain.ref


def test_destroying_a_domain_takes_its_id(lab: Any) -> None:
    domain = Domain(lab.conn, DomainRef("web", U.bytes, 9))
    domain.destroy(1)
    assert [("domain_destroy_flags", DomainRef("web", U.bytes, 9), 1)] == lab.calls
    assert -1 == domain.id


def test_renaming_a_domain_renames_its_handle(lab: Any) -> None:
    domain = Domain(lab.conn, DomainRef("web", U.bytes))
    domain.rename("www")
    assert [("domain_rename", DomainRef("web", U.bytes), "www", 0)] == lab.calls
    assert "www" == domain.name
