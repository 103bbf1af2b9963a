"""What becomes of a definition is what libvirt's test driver makes of it, to the byte."""

from __future__ import annotations

import pytest

from plugins.test.tests import real
from plugins.test.tests.bench import DEFINITIONS, Bench

NAMES = sorted(path.name.removesuffix(".out.xml") for path in DEFINITIONS.glob("*.out.xml"))


def given(name: str) -> str:
    """The definition of a case."""
    return (DEFINITIONS / f"{name}.xml").read_text()


def expected(name: str) -> str:
    """What libvirt printed after it was defined."""
    return (DEFINITIONS / f"{name}.out.xml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_completed(bench: Bench, name: str) -> None:
    ref = bench.domain_define_xml_flags(given(name), 0)
    assert bench.domain_get_xml_desc(ref, 0) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_completed_definition_settles(bench: Bench, name: str) -> None:
    again = bench.domain_get_xml_desc(bench.domain_define_xml_flags(expected(name), 0), 0)
    settled = bench.domain_get_xml_desc(bench.domain_define_xml_flags(again, 0), 0)
    assert settled == again


PROGRAM = """
printed = [conn.defineXML(text).XMLDesc(0) for text in request["texts"]]
print(json.dumps([printed, [conn.defineXML(text).XMLDesc(0) for text in printed]]))
"""


@pytest.mark.libvirt
def test_the_real_driver_makes_the_same_of_all_of_them_once_and_twice(bench: Bench) -> None:
    once, twice = real.run(PROGRAM, texts=[given(name) for name in NAMES])
    assert once == [expected(name) for name in NAMES]
    ours = [bench.domain_get_xml_desc(bench.domain_define_xml_flags(text, 0), 0) for text in once]
    assert ours == twice


def test_generated_parts_are_made_once_and_kept(bench: Bench) -> None:
    minimal = (
        "<domain type='test'><name>x</name><memory>1</memory><os><type>hvm</type></os><devices>"
        "<interface type='user'/></devices></domain>"
    )
    ref = bench.domain_define_xml_flags(minimal, 0)
    first = bench.domain_get_xml_desc(ref, 0)
    bench.domain_create(ref)
    assert bench.domain_get_xml_desc(ref, 2) == first
    assert "<mac address='52:54:00:" in first


def test_passwords_are_shown_to_those_who_ask_for_them(bench: Bench) -> None:
    ref = bench.domain_define_xml_flags(given("graphics-vnc-port"), 0)
    assert "secret" not in bench.domain_get_xml_desc(ref, 0)
    assert "passwd='secret'" in bench.domain_get_xml_desc(ref, 1)


def test_a_running_domain_differs_from_its_definition_by_its_id(bench: Bench) -> None:
    live, inactive = bench.domain_get_xml_desc(bench.test, 0), bench.domain_get_xml_desc(bench.test, 2)
    assert live.replace(" id='1'", "", 1) == inactive
