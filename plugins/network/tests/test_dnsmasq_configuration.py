"""dnsmasq's configuration says what the document says, and no text of a document says anything else in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plugins.network.tests import documents
from plugins.network.tests.documents import GOLDEN, LIB, NAMES, RUN, parsed
from virtkit.errors import ConfigUnsupportedError, XMLError
from virtkit.xml.network import (
    Bootp,
    DhcpHost,
    Dns,
    DnsDomain,
    DnsHost,
    DnsmasqOptions,
    Forwarder,
    Lease,
    Network,
    SrvRecord,
    TxtRecord,
)
from virtkit_network.dnsmasq.configuration import Paths, configuration
from virtkit_network.dnsmasq.quoting import LINE_LIMIT

PATHS = Paths.of(LIB, RUN, "n")

needs_dnsmasq = pytest.mark.skipif(not shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"), reason="needs dnsmasq")


def network(inside: str = "", ip: str = "", before: str = "") -> Network:
    return parsed(
        f"<network><name>n</name><forward mode='nat'/><bridge name='vb0'/>{before}"
        f"<ip address='192.168.9.1' prefix='24'>{ip}</ip>{inside}</network>"
    )


def lines(document: Network) -> list[str]:
    text = configuration(document, PATHS)
    assert text is not None
    return text.split("\n")[:-1]


def accepted(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """What dnsmasq says about a configuration."""
    path = tmp_path / "tried.conf"
    path.write_text(text)
    return subprocess.run(
        ["/usr/sbin/dnsmasq", "--test", f"--conf-file={path}"], capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_its_golden_file(name: str) -> None:
    golden = GOLDEN / f"{name}.conf"
    assert (golden.read_text() if golden.exists() else None) == documents.configured(name)


@needs_dnsmasq
@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.conf")), ids=lambda path: path.stem)
def test_dnsmasq_takes_every_golden_file(path: Path, tmp_path: Path) -> None:
    done = accepted(path.read_text(), tmp_path)
    assert (0, "dnsmasq: syntax check OK.\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "document",
    [
        "<network><name>n</name><bridge name='b'/></network>",
        "<network><name>n</name><bridge name='b'/><dns enable='no'/><ip address='10.0.0.1' prefix='8'/></network>",
        "<network><name>n</name><forward mode='bridge'/><bridge name='b'/></network>",
    ],
    ids=["no address", "neither DHCP nor DNS", "a bridge of the host"],
)
def test_a_network_that_serves_nothing_has_no_configuration(document: str) -> None:
    assert configuration(parsed(document), PATHS) is None


def test_an_isolated_network_announces_no_router_and_asks_no_server() -> None:
    document = parsed(
        "<network><name>n</name><bridge name='b'/><ip address='10.0.0.1' prefix='8'/>"
        "<ip family='ipv6' address='fd00::1' prefix='64'/></network>"
    )
    assert {"dhcp-option=3", "no-resolv", "ra-param=*,0,0"} <= set(lines(document))


@pytest.mark.parametrize(
    ("lease", "written"),
    [
        ("<lease expiry='0'/>", "infinite"),
        ("<lease expiry='5'/>", "5m"),
        ("<lease expiry='5' unit='seconds'/>", "5s"),
        ("<lease expiry='5' unit='hours'/>", "5h"),
    ],
)
def test_a_lease_time_has_its_unit(lease: str, written: str) -> None:
    document = network(ip=f"<dhcp><range start='192.168.9.2' end='192.168.9.3'>{lease}</range></dhcp>")
    assert f"dhcp-range=192.168.9.2,192.168.9.3,255.255.255.0,{written}" in lines(document)


def test_a_lease_that_dnsmasq_would_count_wrong_is_refused() -> None:
    lease = "<lease expiry='4000000000' unit='hours'/>"
    document = network(ip=f"<dhcp><range start='192.168.9.2' end='192.168.9.3'>{lease}</range></dhcp>")
    with pytest.raises(ConfigUnsupportedError, match="network 'n': a lease of 4000000000 hours is too long"):
        lines(document)


def test_two_servers_of_one_version_are_refused() -> None:
    more = "<ip address='192.168.8.1' prefix='24'><dhcp><range start='192.168.8.2' end='192.168.8.3'/></dhcp></ip>"
    document = network(more, "<dhcp><range start='192.168.9.2' end='192.168.9.3'/></dhcp>")
    with pytest.raises(ConfigUnsupportedError, match="several <dhcp> of ipv4"):
        lines(document)


def test_two_folders_for_tftp_are_refused() -> None:
    document = network("<ip address='192.168.8.1' prefix='24'><tftp root='/b'/></ip>", "<tftp root='/a'/>")
    with pytest.raises(ConfigUnsupportedError, match="network 'n' has several <tftp>"):
        lines(document)


@pytest.mark.parametrize(
    ("ip", "zone"),
    [
        ("address='10.1.2.1' prefix='8'", "10.in-addr.arpa"),
        ("address='172.16.3.1' prefix='16'", "16.172.in-addr.arpa"),
        ("family='ipv6' address='2001:db8::1' prefix='32'", "8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_a_reverse_zone_ends_at_a_label(ip: str, zone: str) -> None:
    assert f"local=/{zone}/" in lines(network(f"<ip {ip} localPtr='yes'/>"))


def test_a_reverse_zone_within_a_label_is_refused() -> None:
    with pytest.raises(ConfigUnsupportedError, match=r"localPtr of 10\.1\.2\.1/20 needs a prefix"):
        lines(network("<ip address='10.1.2.1' prefix='20' localPtr='yes'/>"))


def test_a_long_txt_value_is_several_strings() -> None:
    document = network()
    document.dns = Dns(txts=[TxtRecord(name="t", value="ä" * 200)])
    assert f'txt-record=t,"{"ä" * 127}","{"ä" * 73}"' in lines(document)


# What must not be: each takes a text of a user to its place in a document.

Place = Callable[[Network, str], None]


def _host(**given: str) -> Place:
    def put(document: Network, text: str) -> None:
        host = DhcpHost(ip="192.168.9.9", **{key: value.format(text) for key, value in given.items()})
        assert document.ips[0].dhcp is not None
        document.ips[0].dhcp.hosts = [host]

    return put


def _dns(**given: Callable[[str], object]) -> Place:
    def put(document: Network, text: str) -> None:
        document.dns = Dns(**{key: [make(text)] for key, make in given.items()})

    return put


def _bootp(**given: str) -> Place:
    def put(document: Network, text: str) -> None:
        assert document.ips[0].dhcp is not None
        document.ips[0].dhcp.bootp = Bootp(**{"file": "f", **{key: value.format(text) for key, value in given.items()}})

    return put


def _attribute(path: str) -> Place:
    def put(document: Network, text: str) -> None:
        target: object = document
        *way, last = path.split(".")
        for step in way:
            target = target[int(step)] if isinstance(target, list) else getattr(target, step)
        setattr(target, last, text)

    return put


def _domain(document: Network, text: str) -> None:
    document.domain = DnsDomain(name=text, local_only=True)


SRV = {"service": "s", "protocol": "tcp", "target": "t"}

PLACES: dict[str, tuple[Place, str]] = {
    "bridge": (_attribute("bridge.name"), "vb7"),
    "domain": (_domain, "a.test"),
    "tftp": (_attribute("ips.0.tftp_root"), "/srv"),
    "range start": (_attribute("ips.0.dhcp.ranges.0.start"), "192.168.9.3"),
    "host mac": (_host(mac="{}"), "52:54:00:00:00:07"),
    "host id": (_host(mac="52:54:00:00:00:07", id="{}"), "01:02"),
    "host name": (_host(name="{}"), "guest"),
    "bootp file": (_bootp(file="{}"), "pxe"),
    "bootp server": (_bootp(server="{}"), "boot"),
    "forwarder": (_dns(forwarders=lambda text: Forwarder(domain=text, addr="192.0.2.1")), "a.test"),
    "forwarder addr": (_dns(forwarders=lambda text: Forwarder(addr=text)), "192.0.2.1"),
    "txt name": (_dns(txts=lambda text: TxtRecord(name=text, value="v")), "t"),
    "txt value": (_dns(txts=lambda text: TxtRecord(name="t", value=text)), "v"),
    "srv service": (_dns(srvs=lambda text: SrvRecord(**{**SRV, "service": text})), "s"),
    "srv protocol": (_dns(srvs=lambda text: SrvRecord(**{**SRV, "protocol": text})), "udp"),
    "srv domain": (_dns(srvs=lambda text: SrvRecord(**SRV, domain=text)), "a.test"),
    "srv target": (_dns(srvs=lambda text: SrvRecord(**{**SRV, "target": text})), "t"),
    "host ip": (_dns(hosts=lambda text: DnsHost(ip=text, hostnames=["h"])), "192.0.2.1"),
    "hostname": (_dns(hosts=lambda text: DnsHost(ip="192.0.2.1", hostnames=[text])), "h"),
}

NASTY = st.text(st.sampled_from("abz019.,:;#\"'\\/=*[]@% \t\r\n\0-_äÿ"), max_size=40) | st.text(max_size=300)


def base() -> Network:
    return network(ip="<dhcp><range start='192.168.9.2' end='192.168.9.200'/></dhcp>")


def refused(document: Network) -> str | None:
    """What is said against a document; None: it is taken."""
    try:
        lines(document)
    except (XMLError, ConfigUnsupportedError) as error:
        return error.message
    return None


def fields(line: str) -> list[str]:
    """The option of a line and its values, as dnsmasq reads them: what is in quotes separates nothing."""
    found, quoted, characters = [""], False, iter(line)
    for character in characters:
        if character == "\\" and quoted:
            found[-1] += next(characters, "")
        elif character == '"':
            quoted = not quoted
        elif character in ",=" and not quoted and (character == "," or len(found) == 1):
            found.append("")
        elif character == "#" and not quoted and found[-1][-1:].isspace():
            break
        else:
            found[-1] += character
    assert not quoted
    return found


@pytest.mark.parametrize("place", PLACES)
def test_an_honest_text_is_taken(place: str) -> None:
    put, honest = PLACES[place]
    document = base()
    put(document, honest)
    assert any(honest in line for line in lines(document))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=150, deadline=None)
@given(text=NASTY)
@example(text="x\nconf-script=/bin/sh")
@example(text="x,y")
@example(text='x"')
@example(text="x # y")
@example(text="12h")
@example(text="\\")
def test_no_text_is_read_as_another_option_or_value(place: str, text: str) -> None:
    put, honest = PLACES[place]
    expected = base()
    put(expected, honest)
    document = base()
    put(document, text)
    refusal = refused(document)
    if refusal is not None:
        assert refusal.startswith("network 'n'")
        return
    found = lines(document)
    assert all(len(line.encode()) <= LINE_LIMIT for line in found)
    shape = [(fields(line)[0], len(fields(line))) for line in lines(expected)]
    if place == "txt value":  # long or empty ones have another number of strings
        shape = [(option, 0 if option == "txt-record" else number) for option, number in shape]
        text_line = next(line for line in found if line.startswith("txt-record="))
        assert text == "".join(fields(text_line)[2:])
        found[found.index(text_line)] = ""
        shape = [("", 1) if option == "txt-record" else (option, number) for option, number in shape]
    assert shape == [(fields(line)[0], len(fields(line))) for line in found]


@needs_dnsmasq
@pytest.mark.parametrize("text", ['a, "b" # c', "\\", '"', "'", "#", "# x", "a\\nb", "é", "$(id)", "`id`;|&", "*"])
@pytest.mark.parametrize("place", ["tftp", "bootp file", "txt value"])
def test_dnsmasq_takes_any_text_where_any_may_stand(place: str, text: str, tmp_path: Path) -> None:
    document = base()
    PLACES[place][0](document, text)
    done = accepted("".join(f"{line}\n" for line in lines(document)), tmp_path)
    assert (0, "dnsmasq: syntax check OK.\n") == (done.returncode, done.stderr)


PIECES = [
    "a",
    "B",
    ".",
    "-",
    "_",
    "0",
    "9",
    "xn--",
    "b" * 63,
    "a" * 64,
    ("c" * 50 + ".") * 4,
    ":",
    "52",
    '"',
    "\\",
    ",",
    "#",
    " ",
]


@needs_dnsmasq
@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=5))
def test_dnsmasq_takes_whatever_is_not_refused(place: str, pieces: list[str], tmp_path: Path) -> None:
    document = base()
    PLACES[place][0](document, "".join(pieces))
    if refused(document) is None:
        done = accepted("".join(f"{line}\n" for line in lines(document)), tmp_path)
        assert (0, "dnsmasq: syntax check OK.\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", ["ignore", "infinite", "7", "7d", "12H", "set:x", "id:1", "-a", "a b", ""])
def test_a_name_that_dnsmasq_would_not_take_for_one_is_refused(name: str) -> None:
    document = base()
    PLACES["host name"][0](document, name)
    with pytest.raises(XMLError, match="network 'n': <host> name"):
        lines(document)


@pytest.mark.parametrize("name", ["60", "1.2.3.4"])
def test_a_name_of_an_address_that_would_be_read_as_a_number_is_refused(name: str) -> None:
    document = base()
    PLACES["hostname"][0](document, name)
    with pytest.raises(XMLError, match="network 'n': <hostname>"):
        lines(document)


def test_an_option_of_the_user_stands_last_and_as_it_is() -> None:
    document = base()
    document.dnsmasq_options = DnsmasqOptions(options=["cache-size=7", "no-ping # why"])
    assert ["cache-size=7", "no-ping # why"] == lines(document)[-2:]


@pytest.mark.parametrize("option", ["a\nb", "a\0b", "a\rb", "a" * (LINE_LIMIT + 1)])
def test_an_option_of_the_user_is_one_line(option: str) -> None:
    document = base()
    document.dnsmasq_options = DnsmasqOptions(options=[option])
    with pytest.raises(XMLError, match="network 'n': the line 'a"):
        lines(document)


@needs_dnsmasq
def test_dnsmasq_reads_a_line_beyond_the_limit_as_two(tmp_path: Path) -> None:
    """Why there is a limit: a value could go on as an option."""
    line = 'txt-record=t,"' + "x" * 200 + '",'
    most = line + "y" * (LINE_LIMIT - len(line))
    assert "bad TXT record" not in accepted("cache-size=7\n" + line[:-1] + "\n", tmp_path).stderr
    assert "line 2" not in accepted(f"#{most[1:]}\n", tmp_path).stderr
    assert accepted(f"#{most[1:]}\n", tmp_path).returncode == 0
    assert "at line 2" in accepted(f"#{most[1:]}bogus-option\n", tmp_path).stderr


def test_a_lease_of_a_host_is_its_last_value() -> None:
    document = base()
    PLACES["host name"][0](document, "guest")
    assert document.ips[0].dhcp is not None
    document.ips[0].dhcp.hosts[0].lease = Lease(expiry=2, unit="hours")
    assert "dhcp-host=192.168.9.9,guest,2h" in lines(document)
