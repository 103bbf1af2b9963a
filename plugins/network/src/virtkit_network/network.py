"""A network: its definition, what it is active with, and the ports that are plugged into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.errors import NoNetworkPortError, OperationInvalidError
from virtkit.refs import NetworkPortRef, NetworkRef

if TYPE_CHECKING:
    from virtkit.xml.network import Network as NetworkXML
    from virtkit.xml.networkport import NetworkPort
    from virtkit_network.forwarding import Target

NETWORK = 19
"""`virtkit.enums.ErrorDomain.NETWORK`."""


class Network:
    """A network of the driver.

    Attributes:
        name: Unique among the networks of a root.
        uuid: Likewise, 16 bytes.
        config: Its definition as it is stored; None: it is transient.
        autostart: It is to be started with the driver.
        live: What it is active with; None: it is not active.
        pending: What it is about to be defined as, or created from: others keep off its bridge already.
        starting: What it is about to be active with: others keep off its addresses and ports too.
        link: Number of its bridge, while it is active and has one of its own.
        ports: What is plugged in, by UUID.
        targets: Where its port forwards lead by the rules that are in force; None: nobody knows.
    """

    def __init__(self, name: str, uuid: bytes, pending: NetworkXML | None = None) -> None:
        self.name = name
        self.uuid = uuid
        self.config: NetworkXML | None = None
        self.autostart = False
        self.live: NetworkXML | None = None
        self.pending = pending
        self.starting: NetworkXML | None = None
        self.link = 0
        self.ports: dict[bytes, NetworkPort] = {}
        self.targets: list[Target] | None = None

    @property
    def ref(self) -> NetworkRef:
        """What names it."""
        return NetworkRef(self.name, self.uuid)

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"network {self.name!r}"

    @property
    def document(self) -> NetworkXML:
        """What it is active with, else its definition, else what it is about to be."""
        document = self.live or self.config or self.pending
        assert document is not None, "a network without any is not in the table"
        return document

    def documents(self) -> list[NetworkXML]:
        """Everything that it is, is about to be, or can be active with."""
        return [each for each in (self.live, self.starting, self.config, self.pending) if each is not None]

    def active(self) -> NetworkXML:
        """What it is active with.

        Raises:
            OperationInvalidError: It is not.
        """
        if self.live is None:
            raise OperationInvalidError(f"{self.subject} is not active: start it first", domain=NETWORK)
        return self.live

    def require_inactive(self) -> None:
        """Refuse what cannot be done with an active network.

        Raises:
            OperationInvalidError: It is active.
        """
        if self.live is not None:
            raise OperationInvalidError(f"{self.subject} is active already: destroy it first", domain=NETWORK)

    def port(self, ref: NetworkPortRef) -> NetworkPort:
        """A port of it.

        Raises:
            NoNetworkPortError: It is gone.
        """
        try:
            return self.ports[ref.uuid]
        except KeyError:
            raise NoNetworkPortError(
                f"{self.subject} has no port {uuid_text(ref.uuid)}; `virtkit net-port-list` shows which there are",
                domain=NETWORK,
            ) from None

    def stop(self) -> None:
        """It is not active any more."""
        self.live, self.link, self.ports, self.targets = None, 0, {}, None


def bridge_name(document: NetworkXML) -> str | None:
    """Name of the bridge that guests are plugged into, the driver's own or one of the host; None: there is none."""
    return document.bridge.name if document.bridge is not None else None


def key_of(port: NetworkPort) -> bytes:
    """What a port is found by: its UUID."""
    return port.uuid or b""


def port_text(port: NetworkPort) -> str:
    """The UUID of a port as people write it."""
    return uuid_text(key_of(port))


def uuid_text(uuid: bytes) -> str:
    """A UUID as people write it."""
    digits = uuid.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
