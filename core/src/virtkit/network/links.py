"""Links of the host: bridges, taps, pairs of veth, macvtap; made, plugged, limited and removed through netlink.

    with Links() as links:
        links.add_bridge("virbr7", mac="52:54:00:a1:b2:c3", stp=True, delay=2.0, mtu=1500)
        links.add_address("virbr7", "192.168.122.1/24")
        links.set_up("virbr7")

Each call says in its error which link it is about. A `Links` belongs to the thread and to the network namespace that
opened it; opening takes a millisecond.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from virtkit.errors import ConfigUnsupportedError, InternalError, SystemCallError

if TYPE_CHECKING:
    from types import TracebackType

NAME_LIMIT = 15
"""Bytes of a link's name; see netdevice(7)."""

TUN = "/dev/net/tun"

TUNSETIFF = 0x400454CA
TUNSETPERSIST = 0x400454CB
"""Requests of the tap driver; from linux/if_tun.h."""

NUD_FAILED = 0x20
NUD_NOARP = 0x40
"""States of neighbours; from linux/neighbour.h."""

MACVLAN_MODES = {"vepa": "vepa", "bridge": "bridge", "private": "private", "passthrough": "passthru"}
"""Mode of a source of type `direct` -> the kernel's word."""

IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
IFF_VNET_HDR = 0x4000
IFF_MULTI_QUEUE = 0x0100


class Link(NamedTuple):
    """A link as it is now.

    Attributes:
        number: Its index.
        name: Its name.
        kind: `bridge`, `tun`, `veth`, `macvtap`, ...; empty for hardware.
        mac: Its address, lower case; empty where it has none.
        up: Whether it is switched on.
        mtu: Bytes of a packet.
        master: Number of the bridge it is plugged into; 0 for none.
    """

    number: int
    name: str
    kind: str
    mac: str
    up: bool
    mtu: int
    master: int


class Links:
    """A conversation with the kernel about links.

    Raises:
        ConfigUnsupportedError: On entry: pyroute2 is not installed.
    """

    def __init__(self, *, domain: int = 0) -> None:
        """Open nothing yet.

        Args:
            domain: Error domain of the driver.
        """
        self._domain = domain
        self._socket: Any = None

    def __enter__(self) -> Self:
        try:
            from pyroute2.iproute import IPRoute
        except ImportError as error:
            raise ConfigUnsupportedError(
                f"the host's links cannot be changed: {error}; install the Python package pyroute2", domain=self._domain
            ) from error
        self._socket = IPRoute()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    # Looking

    def find(self, name: str) -> Link | None:
        """The link of that name; None: there is none."""
        with suppress(LookupError):
            return self._link(name)
        return None

    def all(self) -> list[Link]:
        """All links of the namespace."""
        with self._saying("list the host's links"):
            return [_read(message) for message in self._socket.get_links()]

    def addresses(self, name: str) -> list[str]:
        """Addresses of a link with their prefixes, as `192.168.122.1/24`.

        Raises:
            InternalError: There is no such link.
        """
        with self._saying(f"list the addresses of {name}"):
            found = self._socket.get_addr(index=self._index(name))
            return [f"{message.get_attr('IFA_ADDRESS')}/{message['prefixlen']}" for message in found]

    def networks(self) -> list[tuple[str, str]]:
        """Subnets that the host reaches directly, with the link each is on: `("192.168.122.0/24", "virbr0")`."""
        with self._saying("list the host's addresses"):
            names = {link.number: link.name for link in self.all()}
            found = []
            for message in self._socket.get_addr():
                address = ip_interface(f"{message.get_attr('IFA_ADDRESS')}/{message['prefixlen']}")
                found.append((str(address.network), names.get(message["index"], "?")))
            return found

    def neighbours(self) -> list[tuple[str, str]]:
        """Hosts that this one has met, IPv4 first: `("52:54:00:a1:b2:c3", "192.168.122.7")`."""
        with self._saying("list the host's neighbours"):
            found = []
            for family in (socket.AF_INET, socket.AF_INET6):
                for message in self._socket.get_neighbours(family=family):
                    mac, address = message.get_attr("NDA_LLADDR"), message.get_attr("NDA_DST")
                    if mac and address and not message["state"] & (NUD_NOARP | NUD_FAILED):
                        found.append((mac.lower(), address))
            return found

    def counters(self) -> dict[str, dict[str, int]]:
        """The kernel's counters of each link, by its name; a link's are `rx_bytes`, `tx_dropped` and the like."""
        with self._saying("list the host's links"):
            return {
                message.get_attr("IFLA_IFNAME"): dict(message.get_attr("IFLA_STATS64") or {})
                for message in self._socket.get_links()
            }

    # Making

    def add_bridge(self, name: str, *, mac: str | None, stp: bool, delay: float, mtu: int | None) -> None:
        """Make a bridge; it is not up yet.

        Args:
            name: Its name.
            mac: Its address; None: the kernel's choice, which changes with what is plugged in.
            stp: Whether it speaks the spanning tree protocol.
            delay: Seconds before a new port forwards.
            mtu: Bytes of a packet; None: what the kernel takes.

        Raises:
            InternalError: The name is taken.
        """
        given = {"address": mac, "mtu": mtu}
        with self._saying(f"make the bridge {name}"):
            # The kernel counts in hundredths of a second, and takes 2 s at the least while STP is on.
            self._socket.link(
                "add",
                ifname=_checked(name, self._domain),
                kind="bridge",
                br_stp_state=int(stp),
                br_forward_delay=round(100 * (max(delay, 2.0) if stp else delay)),
                **{key: value for key, value in given.items() if value is not None},
            )

    def add_veth(self, name: str, peer: str, *, mac: str | None = None) -> None:
        """Make a pair of links of which each receives what the other sends; `mac` is the address of `name`."""
        with self._saying(f"make the pair {name} and {peer}"):
            more = {"address": mac} if mac else {}
            names = _checked(name, self._domain), _checked(peer, self._domain)
            self._socket.link("add", ifname=names[0], kind="veth", peer={"ifname": names[1]}, **more)

    def add_macvtap(self, name: str, lower: str, *, mac: str, mode: str) -> int:
        """Make a macvtap on a link of the host and switch it on.

        Args:
            name: Its name.
            lower: The host's link.
            mac: Address of the guest.
            mode: `vepa`, `bridge`, `private` or `passthru`.

        Returns:
            Its index: its device is /dev/tapINDEX.
        """
        with self._saying(f"make the macvtap {name} on {lower}"):
            self._socket.link(
                "add",
                ifname=_checked(name, self._domain),
                kind="macvtap",
                link=self._index(lower),
                address=mac,
                macvtap_mode=mode,
            )
            self._socket.link("set", index=self._index(name), state="up")
            return self._index(name)

    def add_macvlan(self, name: str, lower: str, *, mac: str, mode: str) -> None:
        """Make a macvlan on a link of the host: as `add_macvtap`, but it is an interface itself."""
        with self._saying(f"make the macvlan {name} on {lower}"):
            self._socket.link(
                "add",
                ifname=_checked(name, self._domain),
                kind="macvlan",
                link=self._index(lower),
                address=mac,
                macvlan_mode=mode,
            )

    def delete(self, name: str) -> None:
        """Remove a link; one that is gone is no error."""
        link = self.find(name)
        if link is not None:
            with self._saying(f"remove {name}"):
                self._socket.link("del", index=link.number)

    # Changing

    def add_address(self, name: str, address: str) -> None:
        """Give a link an address, as `192.168.122.1/24`."""
        wanted = ip_interface(address)
        with self._saying(f"give {name} the address {address}"):
            more: dict[str, Any] = {"broadcast": str(wanted.network.broadcast_address)} if wanted.version == 4 else {}
            if wanted.version == 6:
                more["flags"] = 0x02  # IFA_F_NODAD: it is ours, and works at once
            self._socket.addr(
                "add", index=self._index(name), address=str(wanted.ip), prefixlen=wanted.network.prefixlen, **more
            )

    def add_route(self, name: str, destination: str, gateway: str, *, metric: int | None = None) -> None:
        """Send what goes to `destination`, as `10.1.0.0/16`, to a gateway on a link."""
        with self._saying(f"add the route to {destination} by {gateway} on {name}"):
            more = {"priority": metric} if metric is not None else {}
            self._socket.route("add", dst=str(ip_network(destination)), gateway=gateway, oif=self._index(name), **more)

    def set_up(self, name: str) -> None:
        """Switch a link on."""
        with self._saying(f"switch {name} on"):
            self._socket.link("set", index=self._index(name), state="up")

    def set_down(self, name: str) -> None:
        """Switch a link off: whoever is at the other end of a pair sees no cable."""
        with self._saying(f"switch {name} off"):
            self._socket.link("set", index=self._index(name), state="down")

    def set_mtu(self, name: str, mtu: int) -> None:
        """Set how many bytes a packet of a link has at most."""
        with self._saying(f"set the MTU of {name} to {mtu}"):
            self._socket.link("set", index=self._index(name), mtu=mtu)

    def set_mac(self, name: str, mac: str) -> None:
        """Set the address of a link."""
        with self._saying(f"set the address of {name} to {mac}"):
            self._socket.link("set", index=self._index(name), address=mac)

    def plug(self, name: str, bridge: str, *, isolated: bool = False) -> None:
        """Plug a link into a bridge.

        Args:
            name: The link.
            bridge: The bridge.
            isolated: It reaches no other isolated link of the bridge.
        """
        with self._saying(f"plug {name} into {bridge}"):
            index = self._index(name)
            self._socket.link("set", index=index, master=self._index(bridge))
            if isolated:
                self._socket.brport("set", index=index, isolated=1)

    def unplug(self, name: str) -> None:
        """Take a link out of its bridge; one that is gone, or in none, is no error."""
        link = self.find(name)
        if link is not None and link.master:
            with self._saying(f"take {name} out of its bridge"):
                self._socket.link("set", index=link.number, master=0)

    # Under the surface

    @property
    def socket(self) -> Any:
        """The `pyroute2.IPRoute` underneath, for what has no method here."""
        return self._socket

    def _link(self, name: str) -> Link:
        """Raises `LookupError` where there is none."""
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            return _read(self._socket.get_links(ifname=name)[0])
        except NetlinkError as error:
            if error.code not in (errno.ENODEV, errno.ERANGE, errno.EINVAL):  # none, or no name for one
                raise
            raise LookupError(name) from error

    def _index(self, name: str) -> int:
        try:
            return self._link(name).number
        except LookupError:
            raise InternalError(f"there is no link {name} on this host", domain=self._domain, str1=name) from None

    @contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        """Turn what netlink refuses into an error that says what could not be done."""
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            yield
        except NetlinkError as error:
            raise _refused(what, error.code, self._domain) from error


def open_tap(name: str, *, queues: int = 1, headers: bool = True, domain: int = 0) -> tuple[str, list[int]]:
    """Make a tap that lives until its descriptors are closed.

    Args:
        name: Its name; `vnet%d` asks the kernel for the first free number.
        queues: How many descriptors to open.
        headers: Whether packets carry virtio's headers.
        domain: Error domain of the driver.

    Returns:
        Its name, and non-blocking descriptors that no program inherits.

    Raises:
        SystemCallError: /dev/net/tun cannot be opened, or the name is taken.
    """
    flags = IFF_TAP | IFF_NO_PI | (IFF_VNET_HDR if headers else 0) | (IFF_MULTI_QUEUE if queues > 1 else 0)
    files: list[int] = []
    try:
        for _ in range(queues):
            files.append(os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
            request = struct.pack("16sH22x", _checked(name, domain).encode(), flags)
            name = struct.unpack("16sH22x", fcntl.ioctl(files[-1], TUNSETIFF, request))[0].rstrip(b"\0").decode()
    except OSError as error:
        for file in files:
            os.close(file)
        raise SystemCallError(
            f"cannot make the tap {name}: {error.strerror}", domain=domain, str1=name, int1=error.errno or -1
        ) from error
    except BaseException:
        for file in files:
            os.close(file)
        raise
    return name, files


def _checked(name: str, domain: int) -> str:
    """A name that the kernel takes for a link; names of two links that differ only later would be one."""
    if not name or len(name.encode()) > NAME_LIMIT or "/" in name or any(map(str.isspace, name)) or name in (".", ".."):
        raise InternalError(
            f"{name!r} cannot be the name of a link: at most {NAME_LIMIT} bytes, no slash, no white space",
            domain=domain,
            str1=name,
        )
    return name


def _refused(what: str, code: int, domain: int) -> InternalError | ConfigUnsupportedError:
    reason = os.strerror(code)
    if code == errno.EOPNOTSUPP:
        return ConfigUnsupportedError(f"cannot {what}: this host's kernel does not have it ({reason})", domain=domain)
    step = {errno.EPERM: ": root may", errno.EEXIST: ": choose another"}.get(code, "")
    return InternalError(f"cannot {what}: {reason}{step}", domain=domain, int1=code)


def _read(message: Any) -> Link:
    info = message.get_attr("IFLA_LINKINFO")
    return Link(
        message["index"],
        message.get_attr("IFLA_IFNAME"),
        (info.get_attr("IFLA_INFO_KIND") if info else None) or "",
        (message.get_attr("IFLA_ADDRESS") or "").lower(),
        bool(message["flags"] & 1),
        message.get_attr("IFLA_MTU") or 0,
        message.get_attr("IFLA_MASTER") or 0,
    )
