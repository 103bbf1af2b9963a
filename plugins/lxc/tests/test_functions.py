"""What the driver offers, beside the functions that libvirt's LXC driver has."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from virtkit import Domain
from virtkit_cli.main import main

COLUMN = "lxc"
FACTS = Path(__file__).resolve().parents[3] / "tools/facts/api.tsv"

OF_ANY_DRIVER = {
    "virConnectOpen", "virConnectOpenAuth", "virConnectOpenReadOnly", "virConnectClose", "virConnectIsAlive",
    "virConnectDomainEventRegister", "virConnectDomainEventRegisterAny", "virConnectDomainEventDeregister",
    "virConnectDomainEventDeregisterAny",
}  # fmt: skip
"""What every driver of virtkit has, and no hook specification asks for."""

LIBRARY = {
    "virDomainLxcOpenNamespace": Domain.lxc_open_namespace,
    "virDomainLxcEnterNamespace": Domain.lxc_enter_namespace,
    "virDomainLxcEnterSecurityLabel": Domain.lxc_enter_security_label,
    "virDomainLxcEnterCGroup": Domain.lxc_enter_cgroup,
}
"""Functions of libvirt's library for containers -> ours."""


def rows() -> list[dict[str, str]]:
    with FACTS.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def hook_of(row: dict[str, str]) -> str:
    """The hook of a function, which is named as its first procedure."""
    program, _, procedure = row["rpc"].split(",")[0].split(":")
    name = procedure.partition("_PROC_")[2].lower()
    return name if program == "remote" else f"{program}_{name}"


def test_support_tells_that_the_driver_has_what_libvirts_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["-j", "support", "--functions", "--driver", COLUMN])
    offered = {row["function"] for row in json.loads(capsys.readouterr().out) if row[COLUMN] is not None}
    wanted = [row for row in rows() if row[COLUMN]]
    assert 96 == len(wanted)
    assert OF_ANY_DRIVER < {row["name"] for row in wanted}
    assert [] == [row["name"] for row in wanted if row["name"] not in OF_ANY_DRIVER and hook_of(row) not in offered]


def test_the_library_for_containers_is_there() -> None:
    assert {row["name"] for row in rows() if row["lib"] == "libvirt-lxc"} == LIBRARY.keys()
