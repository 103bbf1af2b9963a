"""What a driver author declares: where the driver is opened, what it can do, and XML that it takes."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable

import attrs
import pytest

from virtkit.testing.kinds import NETWORK, NOTHING, NWFILTER, OBJECT_KINDS, SECRET, STORAGE_VOL, Can, ObjectKind

XMLFactory = Callable[[str, str], str]
"""Makes the document of an object from a name and a UUID; kinds without UUIDs ignore the second."""


@attrs.frozen
class Offer:
    """What a driver can do with one kind of object.

    What is neither in `can` nor in `not_yet` the driver cannot do, and never will: such tests are skipped with that
    reason, and `BaseSupport` asserts that its functions answer `NotSupportedError`.

    Attributes:
        can: Abilities that are there: tests run, and fail where a function is missing.
        not_yet: Abilities that are to come: the same as cannot, with another reason. One that has come is a failure,
            so that the declaration is moved.
        xml: Makes documents that the driver takes; None where `DEFAULT_XML` will do.
    """

    can: Can = NOTHING
    xml: XMLFactory | None = None
    not_yet: Can = NOTHING


@attrs.frozen(kw_only=True)
class Profile:
    """A driver under test. Tests get it from the fixture `profile`, which the author writes.

        @pytest.fixture
        def profile(tmp_path):
            return Profile(
                uri=f"lab:///embed?root={tmp_path}",
                domain=Offer(Can.LIST | Can.DESCRIBE | Can.DEFINE | Can.START, xml=domain_xml),
            )

    Attributes:
        uri: Opened anew by each test.
        wrong_uris: URIs of the driver with a path or parameter that it refuses.
        shared: Whether two connections to `uri` see the same objects.
        deadline: Seconds that anything a test waits for may take.
        host: What the connection tells of hypervisor and host.
        domain: Domains. The guest should start in a moment, and needs not do anything.
        network: Networks.
        storage_pool: Storage pools; the storage of a pool whose document is made must be there.
        storage_vol: Volumes, in a pool that `storage_pool` makes or that is there and active.
        interface: Host interfaces.
        node_device: Host devices.
        secret: Secrets.
        nwfilter: Network filters.
        nwfilter_binding: Bindings of filters.
    """

    uri: str
    wrong_uris: tuple[str, ...] = ()
    shared: bool = True
    deadline: float = 30.0
    host: Offer = Offer()
    domain: Offer = Offer()
    network: Offer = Offer()
    storage_pool: Offer = Offer()
    storage_vol: Offer = Offer()
    interface: Offer = Offer()
    node_device: Offer = Offer()
    secret: Offer = Offer()
    nwfilter: Offer = Offer()
    nwfilter_binding: Offer = Offer()

    def __attrs_post_init__(self) -> None:
        for kind in OBJECT_KINDS:
            offer = self.offer(kind)
            meaningless = [each for each in offer.can | offer.not_yet if each not in kind.functions]
            if meaningless:
                raise ValueError(f"{kind.noun}: no driver can {meaningless[0].name}; choose of {list(kind.functions)}")
            if offer.can & offer.not_yet:
                raise ValueError(f"{kind.noun}: {offer.can & offer.not_yet} is declared both as there and as to come")

    def offer(self, kind: ObjectKind) -> Offer:
        """What the driver can do with a kind."""
        offer: Offer = getattr(self, kind.name)
        return offer

    def can(self, kind: ObjectKind, wanted: Can) -> bool:
        """Whether the driver can do all of something."""
        return wanted in self.offer(kind).can

    def require(self, kind: ObjectKind, wanted: Can) -> None:
        """Skip the test, with the reason, unless the driver can do all of something."""
        lacking = wanted & ~self.offer(kind).can
        if lacking:
            pytest.skip(f"{self.uri}: {', '.join(self.why_not(kind, each) for each in lacking)}")

    def why_not(self, kind: ObjectKind, lacking: Can) -> str:
        """Why the driver does not have one ability."""
        coming = lacking in self.offer(kind).not_yet
        return f"{kind.noun} {lacking.name} {'is not there yet' if coming else 'is not supported'}"

    def xml(self, kind: ObjectKind, name: str, uuid: str) -> str:
        """The document of an object that the driver takes.

        Skips the test if the author gave none and there is none that suits every driver.
        """
        make = self.offer(kind).xml or DEFAULT_XML.get(kind.name)
        if make is None:
            pytest.skip(f"{self.uri}: the profile has no XML of a {kind.noun}: Offer(..., xml=...)")
        return make(name, uuid)


def fresh_name() -> str:
    """A name that nothing has; short enough for a network device."""
    return f"vk-{uuids.uuid4().hex[:10]}"


def fresh_uuid() -> str:
    """A UUID that nothing has."""
    return str(uuids.uuid4())


def _network_xml(name: str, uuid: str) -> str:
    return f"<network><name>{name}</name><uuid>{uuid}</uuid><bridge name='{name}'/></network>"


def _volume_xml(name: str, uuid: str) -> str:
    return f"<volume><name>{name}</name><capacity unit='MiB'>1</capacity></volume>"


def _secret_xml(name: str, uuid: str) -> str:
    usage = f"<usage type='volume'><volume>/conformance/{name}</volume></usage>"
    return f"<secret ephemeral='no' private='no'><uuid>{uuid}</uuid>{usage}</secret>"


def _nwfilter_xml(name: str, uuid: str) -> str:
    rule = "<rule action='drop' direction='out' priority='500'><mac match='no' srcmacaddr='$MAC'/></rule>"
    return f"<filter name='{name}' chain='root'><uuid>{uuid}</uuid>{rule}</filter>"


DEFAULT_XML: dict[str, XMLFactory] = {
    NETWORK.name: _network_xml,
    STORAGE_VOL.name: _volume_xml,
    SECRET.name: _secret_xml,
    NWFILTER.name: _nwfilter_xml,
}
"""Kind -> documents that suit every driver."""
