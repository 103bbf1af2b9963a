"""Names of the ends of interfaces on the host: chosen by the driver, and on record before there are any."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.driving import INTERFACE, MAC, document
from tests.namespaces import Namespace
from virtkit import Connection
from virtkit.network.links import Links

COUNT = 6


def test_containers_that_start_at_once_get_names_of_their_own(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    def created(number: int) -> virtkit.Domain:
        device = INTERFACE.replace(MAC, f"{MAC[:-1]}{number}").replace("10.0.0.2", f"10.0.0.{number + 2}")
        return connection.create_domain(document(rootfs, "/bin/sleep", "1000", devices=device, name=f"web{number}"))

    with ThreadPoolExecutor(COUNT) as pool:
        made = list(pool.map(created, range(COUNT)))
    names = {re.findall("<target dev='(vnet[0-9]+)'/>", each.xml_desc())[0] for each in made}
    assert COUNT == len(names)
    assert all(network.pings(f"10.0.0.{number + 2}") for number in range(COUNT))


def test_a_name_that_another_takes_meanwhile_is_passed_over(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Links() as links:
        links.add_veth("vnet0", "other")
        monkeypatch.setattr(Links, "all", lambda self: [])  # as before it was there
        web = connection.create_domain(document(rootfs, "/bin/sleep", "1000", devices=INTERFACE))
        assert "<target dev='vnet1'/>" in web.xml_desc()
        web.destroy()
        monkeypatch.undo()
        assert {"lo", "vb0", "vnet0", "other"} == {link.name for link in links.all()}
        links.delete("vnet0")


def test_a_link_of_the_name_that_a_document_gives_is_left_alone(
    bridge: str, network: Namespace, connection: Connection, rootfs: Path
) -> None:
    named = INTERFACE.replace("</interface>", "<target dev='mine0'/></interface>")
    with Links() as links:
        links.add_veth("mine0", "other")
        with pytest.raises(virtkit.VirtError, match="mine0"):
            connection.create_domain(document(rootfs, "/bin/sleep", "1000", devices=named))
        assert {"lo", "vb0", "mine0", "other"} == {link.name for link in links.all()}
