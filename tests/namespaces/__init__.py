"""Network namespaces that tests make themselves: hosts that have nothing to do with this machine's own network.

    def test_a_bridge_connects(network: Namespace) -> None:     # the test's thread is in a namespace of its own
        with Links() as links: ...
        with Namespace() as peer:                               # another host
            network.connect("eth-peer", peer, "eth0")           # a cable
            peer.run("ip", "address", "add", "10.0.0.2/24", "dev", "eth0")
            with peer.entered():
                sock = socket.socket(...)                       # a socket stays in the namespace it was made in

Threads and programs that a test starts while it is in a namespace are in it too. /sys/class/net shows this machine's
links in all of them: ask netlink.
"""

from tests.namespaces.namespace import Namespace

__all__ = ["Namespace"]
