"""A URI finds its driver, drivers of other kinds join, and what cannot be opened says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from core.tests.discovery.conftest import network_driver

VOLUNTEER = """
class Lab(Driver, ConnectSpec):
    hook_api = 1

    def driver_probe(self):
        {probe}

    def driver_default_uri(self):
        {uri}

    def driver_open(self, request):
        return request

    def connect_get_hostname(self, conn):
        return f"host of {{conn.uri}}"
"""

RICH = """
class Lab(Driver, ConnectSpec, NetworkSpec):
    name = "lab"
    hook_api = 1
    kinds = ("hypervisor", "network")
    attaches = True

    def driver_open(self, request):
        return request

    def network_lookup_by_name(self, conn, name):
        return NetworkRef("its own", bytes(16))
"""


def volunteer(uri: str, probe: str = "return None") -> str:
    return VOLUNTEER.format(uri=f"return {uri!r}" if uri else "return None", probe=probe)


NETWORK = """
    import virtkit
    with virtkit.open("lab:///default") as conn:
        tell(conn.lookup_network_by_name("default").name)
"""


def test_the_scheme_names_the_driver(host: Any) -> None:
    host.install("virtkit-lab")
    program = """
        import virtkit
        with virtkit.open("lab:///default?x=1") as conn:
            tell(conn.uri, conn.hostname(), conn.is_closed, conn.readonly)
    """
    assert [["lab:///default?x=1", "lab for lab:///default?x=1", False, False]] == host.run(program)


@pytest.mark.parametrize("uri", ["lab+ssh://far/system", "lab://far/system", "remote+tls://far/"])
def test_a_transport_or_a_host_goes_to_the_remote_driver(host: Any, uri: str) -> None:
    host.install("virtkit-lab")
    assert ["NoDriverError", "remote"] == host.error(f"virtkit.open({uri!r})")[::2]
    host.install("virtkit-remote", name="remote")
    assert [[f"lab for {uri}"]] == host.run(f"import virtkit; tell(virtkit.open({uri!r}).hostname())")


def test_a_missing_driver_names_the_package(host: Any) -> None:
    kind, message, name = host.error('virtkit.open("lxc:///system")')
    assert ("NoDriverError", "lxc") == (kind, name)
    assert "pip install virtkit-lxc" in message


def test_a_broken_driver_is_not_taken_for_a_missing_one(host: Any) -> None:
    host.install("virtkit-lab", "import a_module_that_is_not_there")
    kind, message, _ = host.error('virtkit.open("lab:///default")')
    assert "DriverError" == kind
    assert "a_module_that_is_not_there" in message


def test_a_network_driver_joins_the_connection_of_a_hypervisor(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-net", network_driver("joined"), name="bridge", kind="network")
    assert [["joined"]] == host.run(NETWORK)


def test_a_hypervisor_that_serves_networks_itself_is_not_joined(host: Any) -> None:
    host.install("virtkit-lab", RICH)
    host.install("virtkit-net", network_driver("joined"), name="bridge", kind="network")
    assert [["its own"]] == host.run(NETWORK)


def test_a_hypervisor_that_wants_nobody_to_join_stays_alone(host: Any) -> None:
    host.install("virtkit-lab", "class Lab(Driver):\n    hook_api = 1\n    def driver_open(self, request): return None")
    host.install("virtkit-net", network_driver("joined"), name="bridge", kind="network")
    program = 'virtkit.open("lab:///default").lookup_network_by_name("default")'
    assert ["NotSupportedError", "network_lookup_by_name"] == host.error(program)[::2]


def test_a_kind_that_nobody_serves_is_not_supported(host: Any) -> None:
    host.install("virtkit-lab")
    assert "NotSupportedError" == host.error('virtkit.open("lab:///default").list_secrets()')[0]


def test_two_candidates_for_a_kind_are_an_error_that_says_how_to_choose(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-net", network_driver("first"), name="bridge", kind="network")
    host.install("virtkit-other", network_driver("second"), name="ovs", kind="network")
    kind, message, _ = host.error('virtkit.open("lab:///default").lookup_network_by_name("default")')
    assert "DriverError" == kind
    assert "bridge, ovs" in message
    assert "[drivers]" in message
    assert [["lab for lab:///x"]] == host.run('import virtkit; tell(virtkit.open("lab:///x").hostname())')


def test_the_configuration_chooses_between_candidates(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-net", network_driver("first"), name="bridge", kind="network")
    host.install("virtkit-other", network_driver("second"), name="ovs", kind="network")
    host.configure('[drivers]\nnetwork = "ovs"\n')
    assert [["second"]] == host.run(NETWORK)


def test_a_choice_that_is_not_installed_is_told(host: Any) -> None:
    host.install("virtkit-lab")
    host.configure('[drivers]\nnetwork = "ovs"\n')
    kind, message, _ = host.error('virtkit.open("lab:///default").lookup_network_by_name("default")')
    assert "NoDriverError" == kind
    assert "pip install virtkit-network-ovs" in message


def test_a_joining_driver_that_is_broken_harms_no_other_kind(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-net", "raise RuntimeError('boom')", name="bridge", kind="network")
    program = """
        import virtkit
        from virtkit import errors
        conn = virtkit.open("lab:///default")
        try:
            conn.lookup_network_by_name("default")
        except errors.DriverError as error:
            tell("boom" in str(error), conn.hostname())
        conn.close()
    """
    assert [[True, "lab for lab:///default"]] == host.run(program)


def test_a_secondary_driver_may_be_opened_on_its_own(host: Any) -> None:
    host.install("virtkit-net", network_driver("alone"), name="network", kind="network")
    program = 'import virtkit; tell(virtkit.open("network:///system").lookup_network_by_name("x").name)'
    assert [["alone"]] == host.run(program)


def test_sessions_are_closed_with_the_connection_the_last_one_first(host: Any) -> None:
    closing = "\n    def driver_close(self, conn):\n        print('[\"closed\", \"' + type(self).__module__ + '\"]')\n"
    host.install("virtkit-lab", "class Lab(Driver):\n    hook_api = 1\n    attaches = True\n"
                 "    def driver_open(self, request): return None" + closing)  # fmt: skip
    host.install("virtkit-net", network_driver("joined") + closing, name="bridge", kind="network")
    told = host.run(NETWORK)
    assert [["joined"], ["closed", "virtkit_net"], ["closed", "virtkit_lab"]] == told


def test_a_read_only_connection_is_read_only_for_joining_drivers_too(host: Any) -> None:
    host.install("virtkit-lab")
    host.install("virtkit-net", network_driver("joined"), name="bridge", kind="network")
    program = 'virtkit.open("lab:///default", readonly=True).define_network("<network/>")'
    assert ["OperationDeniedError", "network_define_xml_flags"] == host.error(program)[::2]


def test_drivers_reach_other_kinds_through_peers(host: Any) -> None:
    host.install("virtkit-lab", """
        class Lab(Driver, ConnectSpec):
            hook_api = 1
            attaches = True

            def driver_open(self, request):
                return request

            def connect_get_hostname(self, conn):
                return conn.peers["network_lookup_by_name"]("default").name
    """)  # fmt: skip
    host.install("virtkit-net", network_driver("a peer"), name="bridge", kind="network")
    program = """
        import virtkit
        root = "/nonexistent/root"
        conn = virtkit.open(f"lab:///embed?root={root}", readonly=True)
        tell(conn.hostname())
    """
    assert [["a peer"]] == host.run(program)


def test_peers_are_open_as_long_as_somebody_uses_their_root(host: Any) -> None:
    telling = """
    def driver_open(self, request):
        print(f'["open", "{type(self).__module__}"]')
        return request

    def driver_close(self, conn):
        print(f'["close", "{type(self).__module__}"]')
"""
    answering = """
    def connect_get_hostname(self, conn):
        return conn.peers["network_lookup_by_name"]("default").name
"""
    lab = "class Lab(Driver, ConnectSpec):\n    hook_api = 1\n    attaches = True\n"
    host.install("virtkit-lab", lab + telling + answering)
    host.install("virtkit-net", network_driver("a peer") + telling, name="bridge", kind="network")
    program = """
        import virtkit
        for _ in range(2):
            conns = [virtkit.open("lab:///embed?root=/nonexistent/root") for _ in range(2)]
            for conn in conns:
                tell(conn.hostname())
            for conn in conns:
                conn.close()
    """
    opened = [["open", "virtkit_lab"], ["open", "virtkit_lab"], ["open", "virtkit_net"], ["a peer"], ["a peer"]]
    closed = [["close", "virtkit_lab"], ["close", "virtkit_lab"], ["close", "virtkit_net"]]
    assert (opened + closed) * 2 == host.run(program)


def test_a_driver_knows_the_sessions_of_peers_from_those_of_callers(host: Any) -> None:
    host.install("virtkit-lab", """
        class Lab(Driver, ConnectSpec):
            hook_api = 1
            attaches = True

            def driver_open(self, request):
                return request

            def connect_get_hostname(self, conn):
                return f"{conn.peer} {conn.peers['network_lookup_by_name']('x').name}"
    """)  # fmt: skip
    answering = network_driver("").replace("NetworkRef('',", "NetworkRef(str(conn.peer),")
    host.install("virtkit-net", answering, name="bridge", kind="network")
    program = """
        import virtkit
        conn = virtkit.open("lab:///embed?root=/nonexistent/root")
        tell(conn.hostname(), conn.lookup_network_by_name("x").name)
    """
    assert [["False True", "False"]] == host.run(program)


# Without a URI


def test_the_first_usable_driver_that_volunteers_is_the_default(host: Any) -> None:
    host.install("virtkit-a", "raise RuntimeError('broken')", name="a")
    host.install("virtkit-b", volunteer("", "return None"), name="b")
    host.install("virtkit-c", volunteer("c:///system", "return 'needs root: run as root'"), name="c")
    host.install("virtkit-d", volunteer("d:///system", "raise OSError('probe fails')"), name="d")
    host.install("virtkit-e", volunteer("e:///session"), name="e")
    host.install("virtkit-f", volunteer("f:///system"), name="f")
    assert [["e:///session"]] == host.run("import virtkit; tell(virtkit.open().uri)")


def test_when_nobody_can_be_the_default_every_reason_is_told(host: Any) -> None:
    host.install("virtkit-a", "raise RuntimeError('broken')", name="a")
    host.install("virtkit-c", volunteer("c:///system", "return 'needs root'"), name="c")
    kind, message, _ = host.error("virtkit.open()")
    assert "NoDriverError" == kind
    assert "RuntimeError: broken" in message
    assert "c: needs root" in message
    assert "pip install virtkit-qemu" in message


def test_on_an_empty_host_the_error_says_what_to_install(host: Any) -> None:
    kind, message, _ = host.error("virtkit.open()")
    assert "NoDriverError" == kind
    assert "pip install" in message


def test_variables_name_the_default(host: Any) -> None:
    host.install("virtkit-lab")
    program = "import virtkit; tell(virtkit.open().uri)"
    assert [["lab:///a"]] == host.run(program, VIRTKIT_DEFAULT_URI="lab:///a", LIBVIRT_DEFAULT_URI="lab:///b")
    assert [["lab:///b"]] == host.run(program, LIBVIRT_DEFAULT_URI="lab:///b")


def test_the_configuration_names_the_default_and_aliases(host: Any) -> None:
    host.install("virtkit-lab")
    host.configure('uri_default = "mine"\n[uri_aliases]\nmine = "lab:///default"\n')
    assert [["lab:///default"]] == host.run("import virtkit; tell(virtkit.open().uri)")
    assert [["lab:///default"]] == host.run('import virtkit; tell(virtkit.open("mine").uri)')
    assert "NoConnectError" == host.error('virtkit.open("yours")')[0]


@pytest.mark.parametrize("uri", ["lab:///embed", "lab:///embed?root=relative/folder"])
def test_embedding_needs_an_absolute_root(host: Any, uri: str) -> None:
    host.install("virtkit-lab")
    kind, message, _ = host.error(f"virtkit.open({uri!r})")
    assert "InvalidArgError" == kind
    assert "?root=/DIR" in message
