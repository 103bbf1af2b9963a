"""States that sessions share by root: owned from the first claim to the last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtkit.driver import OpenRequest
from virtkit.errors import OperationFailedError
from virtkit.services.tenancy import Tenancy, Tenant, Tenants
from virtkit.store import Root
from virtkit.uri import parse


class Lab(Tenancy):
    """Writes down what happens to it."""

    def __init__(self, root: Root) -> None:
        super().__init__(root, "lab")
        self.happened: list[str] = []
        self.broken = False

    def take_over(self) -> None:
        self.happened.append("take over")
        if self.broken:
            raise OperationFailedError("no")
        self.owned = True

    def settle(self) -> None:
        self.happened.append("settle")

    def let_go(self) -> None:
        self.happened.append("let go")
        self.owned = False

    def close(self) -> None:
        self.happened.append("close")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.under(tmp_path)


@pytest.fixture
def lab(root: Root) -> Lab:
    return Lab(root)


def request_of(root: Root) -> OpenRequest:
    return OpenRequest(parse("lab:///system"), False, root, {})


def test_a_root_is_owned_from_the_first_claim_to_the_last(root: Root, lab: Lab) -> None:
    one, other = Tenant(lab), Tenant(lab)
    assert (None, False) == (root.owner(), one.claims)
    for session in (one, other, one):
        assert lab is session.own()
    assert ["take over"] == lab.happened
    one.close()
    owner = root.owner()
    assert owner is not None
    assert os.getpid() == owner.pid
    other.close()
    assert root.owner() is None
    assert ["take over", "settle", "let go"] == lab.happened


def test_the_folders_are_there_when_it_is_taken_over(lab: Lab) -> None:
    Tenant(lab).own()
    assert all(folder.is_dir() for folder in lab.folders[:4])


def test_a_session_that_claimed_nothing_gives_nothing_back(lab: Lab) -> None:
    Tenant(lab).close()
    assert [] == lab.happened


def test_a_root_that_cannot_be_taken_over_is_not_kept(root: Root, lab: Lab) -> None:
    lab.broken = True
    session = Tenant(lab)
    with pytest.raises(OperationFailedError):
        session.own()
    assert (None, False) == (root.owner(), session.claims)
    lab.broken = False
    session.own()
    session.close()
    assert root.owner() is None


def test_sessions_of_one_root_share_a_state_until_the_last_leaves(root: Root, tmp_path: Path) -> None:
    tenants = Tenants(lambda place, request: Lab(place))
    one, same = tenants.enter(request_of(root)), tenants.enter(request_of(Root.under(tmp_path / "." / "")))
    other = tenants.enter(request_of(Root.under(tmp_path / "other")))
    assert one is same
    assert one is not other
    tenants.leave(one)
    assert [] == one.happened
    tenants.leave(one)
    assert ["close"] == one.happened
    assert one is not tenants.enter(request_of(root))


def test_the_first_of_a_boot_is_told_once(lab: Lab) -> None:
    lab.folders.create()
    assert [True, False] == [lab.first_of_boot(), lab.first_of_boot()]
    (lab.folders.run / "autostarted").write_text("the boot before")
    assert lab.first_of_boot()


def test_the_last_session_closes_the_state_also_where_its_end_fails(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = Tenants(lambda place, request: Lab(place))
    session = Tenant(tenants.enter(request_of(root)))
    session.own()

    def fail() -> None:
        raise OperationFailedError("no")

    monkeypatch.setattr(session.state, "let_go", fail)
    with pytest.raises(OperationFailedError):
        tenants.close(session)
    assert "close" == session.state.happened[-1]
    assert root.owner() is None
