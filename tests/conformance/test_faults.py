"""The suite finds faults: each driver of `faulty.py` fails the test meant for it, with words that help."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from tools.new_driver import ROOT, new_driver

HERE = Path(__file__).parent
RACK = ROOT / "examples" / "rack-driver" / "virtkit_rack.py"
TIMEOUT = 300
"""Seconds for all faulty drivers: a run takes a few."""


class Fault(NamedTuple):
    """A driver of `faulty.py`.

    Attributes:
        driver: Its class.
        base: Class of the suite that has to notice.
        test: The test that has to fail.
        words: What the failure has to say.
    """

    driver: str
    base: str
    test: str
    words: str


FAULTS = (
    Fault("MakesUpUUIDs", "BaseDomainDefinition", "test_a_definition_keeps_its_uuid", "assert '"),
    Fault("UsesAnotherError", "BaseDomainLookup", "test_an_unknown_name_is_the_error_of_the_kind", "InvalidArgError"),
    Fault("IgnoresFilters", "BaseDomainEnumeration", "test_pairs_of_filters_part_the_objects", "INACTIVE"),
    Fault("IgnoresUnknownFlags", "BaseDomainDescription", "test_unknown_flags_are_refused", "DID NOT RAISE"),
    Fault(
        "IndentsByTabs", "BaseDomainDescription", "test_the_description_is_laid_out_as_the_model_prints_it", "memory"
    ),
    Fault("DescribesAnotherDomain", "BaseDomainDescription", "test_the_description_names_its_object", "somebody"),
    Fault("IsSilent", "BaseDomainEvents", "test_a_definition_is_told", "no event 0"),
    Fault("TellsTooMuch", "BaseDomainEvents", "test_a_refused_start_is_not_told", "[5] == [2, 5]"),
    Fault("DoesNotStart", "BaseDomainActivity", "test_starting_makes_it_active", "False is True"),
    Fault("StartsTwice", "BaseDomainActivity", "test_starting_twice_is_refused", "DID NOT RAISE"),
    Fault("ReusesIds", "BaseDomainActivity", "test_each_start_gives_another_id", "7 < 7"),
    Fault(
        "KeepsTransientDomains",
        "BaseDomainPersistence",
        "test_what_is_transient_vanishes_when_it_stops",
        "ceases to exist",
    ),
    Fault("UndefinesNothing", "BaseDomainDefinition", "test_what_is_undefined_is_gone", "not in"),
    Fault("LeavesHalf", "BaseDomainDefinition", "test_a_refused_document_leaves_nothing", "half"),
    Fault("ForgetsWhy", "BaseDomainStates", "test_a_move_leads_to_its_state[running-suspend]", "UNKNOWN: 0"),
    Fault(
        "ResumesAnything",
        "BaseDomainStates",
        "test_what_does_not_fit_the_state_is_refused[running-resume]",
        "DID NOT RAISE",
    ),
    Fault("RemembersAutostart", "BaseDomainAutostart", "test_undefining_forgets_it", "True is False"),
    Fault("Crashes", "BaseSupport", "test_what_is_offered_is_supported[domain_statistics]", "KeyError"),
    Fault("Boasts", "BaseSupport", "test_what_is_offered_is_supported[domain_lifecycle]", "domain_reboot"),
    Fault(
        "HidesAnAbility",
        "BaseSupport",
        "test_the_profile_says_what_the_driver_offers[domain-reset]",
        "declare Can.RESET",
    ),
    Fault("OpensAnything", "BaseConnection", "test_wrong_paths_and_parameters_are_refused", "nowhere"),
    Fault("SharesNothing", "BaseDomainLookup", "test_another_connection_finds_it_too", "NoDomainError"),
    Fault("TellsPrivateValues", "BaseSecretValue", "test_a_private_value_is_not_told", "InvalidSecretError"),
    Fault("LosesValues", "BaseSecretValue", "test_a_new_definition_keeps_the_value", "b'kept' == b''"),
    Fault("BindsAnything", "BaseNWFilterBindingCreation", "test_a_device_has_one_binding", "OperationFailedError"),
    Fault("DropsFiltersInUse", "BaseNWFilterBindingCreation", "test_a_filter_in_use_stays", "DID NOT RAISE"),
)
GOOD = {"vault": "vault:VaultDriver", "rack": "virtkit_rack:RackDriver"}
"""Drivers without fault: one of secrets and filters, one that only lists."""

OF_VAULT = ("BaseSecret", "BaseNWFilter")


class Outcome(NamedTuple):
    """What became of one test: its failure, empty if it passed."""

    module: str
    test: str
    failure: str


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """The good drivers, and each faulty one under the class of the suite that should notice."""
    folder = tmp_path_factory.mktemp("faults")
    package = new_driver("lab", "hypervisor", folder)
    for source in (HERE / "faulty.py", HERE / "vault.py", RACK):
        shutil.copy(source, folder)
    for name in GOOD:
        shutil.copy(HERE / f"{name}_profile.py", folder / f"test_{name}.py")
    install(folder, GOOD | {scheme(fault): f"faulty:{fault.driver}" for fault in FAULTS})
    for fault in FAULTS:
        ours = fault.base.startswith(OF_VAULT)
        declaration = folder / "test_vault.py" if ours else package / "tests" / "test_conformance.py"
        text = declaration.read_text().partition("\n\nclass ")[0]
        text = re.sub(r'uri="\w+:', f'deadline=0.3, uri="{scheme(fault)}:', text)
        (folder / f"test_{fault.driver}.py").write_text(f"{text}\n\nclass Test({fault.base}):\n    pass\n")
    return run(folder, [folder, package / "src"])


def scheme(fault: Fault) -> str:
    return f"faulty-{fault.driver.lower()}"


def install(folder: Path, drivers: dict[str, str]) -> None:
    """Make a folder's modules look like an installed distribution with these drivers."""
    metadata = folder / "faulty-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1\n")
    entries = [f"{name} = {target}" for name, target in drivers.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[virtkit.hypervisor]", *entries, ""]))


def run(folder: Path, path: list[Path]) -> list[Outcome]:
    """What becomes of the tests in a folder."""
    report = folder / "report.xml"
    modules = sorted(str(module) for module in folder.glob("test_*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *modules],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return [
        Outcome(
            case.attrib["classname"].partition(".")[0],
            case.attrib["name"],
            "\n".join(each.text or "" for each in case if each.tag in ("failure", "error")),
        )
        for case in ElementTree.parse(report).iter("testcase")
    ]


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.driver)
def test_a_fault_is_found_and_named(fault: Fault, outcomes: list[Outcome]) -> None:
    found = [each for each in outcomes if (each.module, each.test) == (f"test_{fault.driver}", fault.test)]
    assert [fault.words in each.failure for each in found] == [True]


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("driver", GOOD)
def test_a_good_driver_has_no_fault(driver: str, outcomes: list[Outcome]) -> None:
    found = [each for each in outcomes if each.module == f"test_{driver}"]
    assert len(found) > 100
    assert [] == [each.test for each in found if each.failure]
