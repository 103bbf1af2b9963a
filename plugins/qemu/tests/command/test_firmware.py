"""Firmware in flash chips: its code, and variables of each guest's own."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

import virtkit
from plugins.qemu.tests.hypervisor import Root
from virtkit.enums import DomainState
from virtkit.errors import SystemCallError

pytestmark = pytest.mark.qemu

CHIP_BYTES = 1 << 20


def _domain(root: Root, connection: virtkit.Connection, template: Path) -> virtkit.Domain:
    code = root.folder / "code.fd"
    code.write_bytes(bytes(CHIP_BYTES))
    firmware = (
        f"<loader readonly='yes' type='pflash'>{code}</loader>"
        f"<nvram template='{template}'>{root.folder}/web_vars.fd</nvram></os>"
    )
    return connection.define_domain(root.xml("web").replace("</os>", firmware))


def test_a_guest_gets_variables_of_its_own_from_the_template_and_keeps_them(
    root: Root, connection: virtkit.Connection
) -> None:
    template, variables = root.folder / "vars.fd", root.folder / "web_vars.fd"
    template.write_bytes(b"new".ljust(CHIP_BYTES, b"\0"))
    domain = _domain(root, connection, template)
    domain.create(1)
    assert domain.state()[0] == DomainState.PAUSED
    assert variables.read_bytes() == template.read_bytes()
    domain.destroy()
    variables.write_bytes(b"old".ljust(CHIP_BYTES, b"\0"))
    domain.create(1)
    assert variables.read_bytes().startswith(b"old")


def test_a_template_that_is_missing_is_told_and_leaves_nothing_behind(
    root: Root, connection: virtkit.Connection
) -> None:
    domain = _domain(root, connection, root.folder / "nowhere.fd")
    with pytest.raises(SystemCallError, match=r"'web'.*nowhere\.fd.*correct <nvram>") as caught:
        domain.create()
    assert caught.value.int1 == errno.ENOENT
    assert not list(root.folder.glob("web_vars.fd*"))
    assert domain.state()[0] == DomainState.SHUTOFF
