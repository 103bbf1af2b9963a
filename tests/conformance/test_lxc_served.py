"""The LXC driver passes the conformance suite through virtkitd too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import test_lxc as local
from tests.containers.host import needs_containers, remains
from tests.interop.virtkitd import Virtkitd
from virtkit.testing import BaseSupport, Offer, Profile

rootfs = local.rootfs


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    needs_containers()
    with Virtkitd(tmp_path_factory.mktemp("virtkitd"), configuration="[log]\nlevel = 'warning'\n") as running:
        yield running
        assert {} == remains(running.root / "run" / "lxc")


@pytest.fixture
def profile(daemon: Virtkitd, rootfs: Path) -> Profile:
    place = f"?socket={daemon.socket}"
    return Profile(
        uri=f"lxc+unix:///system{place}",
        wrong_uris=(f"lxc+unix:///nowhere{place}",),
        host=Offer(local.HOST),
        domain=local.domain_offer(rootfs),
    )


for _name, _suite in vars(local).items():
    # What is supported is the daemon's to say: the remote driver offers everything, and passes its answers on.
    if _name.startswith("Test") and _name not in globals() and not issubclass(_suite, BaseSupport):
        globals()[_name] = _suite
