"""The corpus beside the real libvirt. One test, so that one daemon serves it all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugins.qemu.tests.define.cases import REFUSALS
from plugins.qemu.tests.define.daemon import Daemon, Defined, Refusal, running
from plugins.qemu.tests.define.documents import NAMES, completed, given, golden
from virtkit_qemu import define

pytestmark = [pytest.mark.libvirt, pytest.mark.qemu]


def test_definitions_become_what_the_libvirt_of_this_machine_makes_of_them(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        for name in NAMES:
            _compare(daemon, name)
        for case in REFUSALS:
            answer = daemon.define(case.document)
            if case.like_libvirt:
                assert isinstance(answer, Refusal), case.name
                assert case.error.code == answer.code, f"{case.name}: {answer.message}"


def _compare(daemon: Daemon, name: str) -> None:
    answer = daemon.define(given(name))
    assert isinstance(answer, Defined), f"{name}: {answer}"
    assert answer.secure == golden(name)
    # Without its listener libvirt prints the server of a socket on two lines; the content is the same.
    migratable = re.sub(r"(<graphics [^>]*[^/>])>\n    </graphics>", r"\1/>", answer.migratable)
    assert migratable == define.migratable(completed(given(name))).format()
    again = daemon.define(golden(name))
    assert isinstance(again, Defined)
    assert again.secure == completed(golden(name)).format()
