"""What a user has after `pip install`: of the core alone, with one driver, with a driver of somebody else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.packaging.conftest import ROOT, Environment

Make = Callable[..., Environment]

RACK_DRIVER = ROOT / "examples" / "rack-driver"
SHELF_BACKEND = ROOT / "examples" / "shelf-backend"
OPEN_QEMU = """
import virtkit
from virtkit.errors import NoDriverError

try:
    virtkit.open("qemu:///system")
except NoDriverError as error:
    print(error)
"""
LIST_TEST = """
import virtkit

with virtkit.open("test:///default") as conn:
    print([domain.name for domain in conn.list_domains()])
"""
LOOK_AT_RACK = """
import json, virtkit
from virtkit.enums import ConnectListAllDomainsFlags as Filter
from virtkit.errors import NoDomainError

with virtkit.open("rack:///") as conn:
    domain = conn.lookup_domain_by_name("lower")
    info = domain.info()
    try:
        conn.lookup_domain_by_name("missing")
    except NoDomainError as error:
        missing = str(error)
    print(json.dumps({
        "all": [each.name for each in conn.list_domains()],
        "inactive": [each.name for each in conn.list_domains(Filter.INACTIVE)],
        "lower": [domain.id, info.state.name, info.memory],
        "missing": missing,
    }))
"""
USE_SHELF = """
import io, json, virtkit
from virtkit.errors import OperationUnsupportedError

with virtkit.open("storage:///embed?root={root}") as conn:
    shelf = conn.create_storage_pool("<pool type='shelf'><name>cds</name><target><path>{shelf}</path></target></pool>")
    [volume] = shelf.list_volumes()
    contents = io.BytesIO()
    volume.download_to(contents)
    refused = []
    for call in (lambda: shelf.create_volume("<volume><name>a</name><capacity>1</capacity></volume>"), volume.wipe):
        try:
            call()
        except OperationUnsupportedError as error:
            refused.append(str(error))
    print(json.dumps([volume.name, contents.getvalue().decode(), shelf.info().capacity, refused]))
"""


def test_core_alone_names_the_package_of_a_missing_driver(environment: Make) -> None:
    assert "pip install virtkit-qemu" in environment("virtkit").python(OPEN_QEMU)


def test_core_with_the_test_driver_is_a_working_library(environment: Make) -> None:
    assert "['test']\n" == environment("virtkit-test").python(LIST_TEST)


def test_an_extra_of_the_core_installs_the_driver(environment: Make) -> None:
    assert "['test']\n" == environment("virtkit[test]").python(LIST_TEST)


def test_a_driver_of_under_60_lines_from_outside_the_repository_is_a_full_member(
    environment: Make, tmp_path: Path
) -> None:
    folder = tmp_path / "rack-driver"
    shutil.copytree(RACK_DRIVER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    assert sum(len(path.read_text().splitlines()) for path in folder.iterdir()) < 60

    installed = environment("virtkit-cli", folder)

    seen = json.loads(installed.python(LOOK_AT_RACK))
    assert "missing" in seen.pop("missing")
    assert {"all": ["upper", "lower"], "inactive": [], "lower": [2, "RUNNING", 8 * 1024 * 1024]} == seen
    [row] = [line for line in installed.run("virtkit", "drivers").splitlines() if "virtkit-rack" in line]
    assert {"rack", "1.0", "hypervisor", "ready"} <= set(row.split())
    assert "rack" in installed.run("virtkit", "support")
    assert "upper" in installed.run("virtkit", "-c", "rack:///", "list")


def test_a_storage_backend_from_outside_the_repository_serves_pools_of_its_own_type(
    environment: Make, tmp_path: Path
) -> None:
    folder, shelf = tmp_path / "shelf-backend", tmp_path / "shelf"
    shutil.copytree(SHELF_BACKEND, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shelf.mkdir()
    (shelf / "debian.iso").write_text("a disc")
    (shelf / "notes.txt").touch()

    installed = environment("virtkit-cli", "virtkit-storage", folder)

    seen = json.loads(installed.python(USE_SHELF.format(root=tmp_path / "root", shelf=shelf)))
    refused = [f"pools of type 'shelf' cannot have {what}" for what in ("new volumes", "their volumes written")]
    assert ["debian.iso", "a disc", 6, refused] == seen
    [row] = [line for line in installed.run("virtkit", "drivers").splitlines() if "virtkit-storage-shelf" in line]
    assert {"shelf", "1.0", "storage_backend", "ready"} <= set(row.split())
    uri = f"storage:///embed?root={tmp_path / 'root'}"
    assert "debian.iso" in installed.run("virtkit", "-c", uri, "vol-list", "cds")
    assert "<pool type='shelf' supported='yes'>" in installed.run("virtkit", "-c", uri, "pool-capabilities")
