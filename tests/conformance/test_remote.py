"""The remote driver passes the conformance suite as the test driver does, by virtkitd and by a real libvirtd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import test_test_driver as local
from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd
from virtkit import Connection, Interface
from virtkit.errors import InvalidArgError, NoDomainError
from virtkit.testing import BaseSupport, Offer, Profile

pytestmark = pytest.mark.libvirt

QUIET = "[log]\nlevel = 'warning'\n"


@pytest.fixture(scope="module", params=["virtkitd", "libvirtd"])
def socket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a daemon listens that both suites of a run share."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "libvirtd":
        with libvirtd.running(folder) as path:
            yield path
    else:
        with Virtkitd(folder, configuration=QUIET) as daemon:
            yield daemon.socket


@pytest.fixture
def profile(socket: Path) -> Profile:
    place = f"?socket={socket}"
    return Profile(
        uri=f"test+unix:///default{place}",
        wrong_uris=(f"test+unix://{place}", f"test+unix:///{place}"),
        host=Offer(local.HOST),
        domain=Offer(local.DOMAIN, xml=local.domain_xml),
        network=Offer(local.NETWORK),
        storage_pool=Offer(local.POOL, xml=local.pool_xml),
        storage_vol=Offer(local.VOLUME),
        interface=Offer(local.INTERFACE, xml=local.interface_xml),
        node_device=Offer(local.DEVICE, xml=local.device_xml),
    )


class TestDomainLookup(local.TestDomainLookup):
    @pytest.mark.parametrize("number", [-1])
    def test_an_id_that_no_domain_has_is_the_error_of_the_kind(self, conn: Connection, number: int) -> None:
        """The real libvirtd refuses a negative one before it asks its driver."""
        with pytest.raises((NoDomainError, InvalidArgError)):
            conn.lookup_domain_by_id(number)


class TestInterfaceLookup(local.TestInterfaceLookup):
    def test_an_interface_is_found_by_its_address(self, conn: Connection, obj: Interface) -> None:
        """The real libvirt's simulator tells the address as it was asked for."""
        assert obj.name == conn.lookup_interface_by_mac_string(obj.mac_string.upper()).name


for _name, _suite in vars(local).items():
    # What is supported is the daemon's to say: the remote driver offers everything, and passes its answers on.
    if _name.startswith("Test") and _name not in globals() and not issubclass(_suite, BaseSupport):
        globals()[_name] = _suite
