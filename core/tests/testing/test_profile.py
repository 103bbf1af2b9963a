"""What a profile declares is checked, and decides what runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from virtkit.testing import BASES, Can, Offer, Profile
from virtkit.testing.kinds import DOMAIN, NETWORK, OBJECT_KINDS, SECRET
from virtkit.testing.suite import with_stranger, without

URI = "lab:///default"


def test_an_ability_that_a_kind_cannot_have_is_refused() -> None:
    with pytest.raises(ValueError, match="network: no driver can PAUSE"):
        Profile(uri=URI, network=Offer(Can.LIST | Can.PAUSE))


def test_an_ability_cannot_be_there_and_to_come() -> None:
    with pytest.raises(ValueError, match="START"):
        Profile(uri=URI, domain=Offer(Can.START, not_yet=Can.START))


def test_what_is_declared_runs() -> None:
    Profile(uri=URI, domain=Offer(Can.LIST | Can.START)).require(DOMAIN, Can.LIST | Can.START)


def test_what_a_driver_cannot_do_is_skipped_with_that_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="lab:///default: domain START is not supported"):
        Profile(uri=URI, domain=Offer(Can.LIST)).require(DOMAIN, Can.LIST | Can.START)


def test_what_is_to_come_is_skipped_with_another_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="domain START is not there yet"):
        Profile(uri=URI, domain=Offer(not_yet=Can.START)).require(DOMAIN, Can.START)


def test_a_document_that_nobody_gave_is_a_reason_to_skip() -> None:
    with pytest.raises(pytest.skip.Exception, match="no XML of a domain"):
        Profile(uri=URI).xml(DOMAIN, "name", "uuid")


def test_documents_that_suit_every_driver_need_not_be_given() -> None:
    assert "<name>lab</name>" in Profile(uri=URI).xml(NETWORK, "lab", "uuid")
    assert "<uuid>u</uuid>" in Profile(uri=URI).xml(SECRET, "lab", "u")


def test_an_element_or_an_attribute_of_the_root_can_be_left_out() -> None:
    assert "<pool><a name='x'/></pool>" == without("<pool><name>x</name><a name='x'/></pool>", "name")
    assert "<filter><uuid>x</uuid></filter>" == without("<filter name='x'><uuid>x</uuid></filter>", "name")


def test_a_stranger_comes_last() -> None:
    assert "<a><b/><conformance/></a>" == with_stranger("<a><b/></a>")


def test_every_function_of_an_ability_exists_and_is_served_with_its_kind() -> None:
    from virtkit.discovery import functions

    wrong = {
        name
        for kind in OBJECT_KINDS
        for names in kind.functions.values()
        for name in names
        if functions()[name].kind != kind.driver
    }
    assert set() == wrong


def test_every_kind_has_a_model_and_names_of_its_own() -> None:
    from virtkit import Connection

    for kind in OBJECT_KINDS:
        if kind.document[0]:
            assert kind.model.tag
        if kind.filters:
            assert hasattr(Connection, f"list_{kind.plural}")


def test_every_class_is_listed_once() -> None:
    listed = [base.__name__ for bases in BASES.values() for base in bases]
    assert sorted(name for name in vars(sys.modules["virtkit.testing"]) if name.startswith("Base")) == sorted(listed)


def test_the_library_does_not_import_pytest() -> None:
    program = (
        "import sys, virtkit, virtkit.discovery, virtkit.opening; virtkit.Connection; print('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "False\n" == done.stdout
