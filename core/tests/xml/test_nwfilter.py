"""Network filters: one form of every value, and the order of rules and references."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.tests.xml.daemon import Daemon, running
from virtkit.xml.nwfilter import Arp, FilterRef, Icmpv6, NWFilter, Parameter, Rule, Tcp, TcpIpv6

FORMS = {
    "mac protocolid='0x806'": "mac protocolid='arp'",
    "mac protocolid='2054'": "mac protocolid='arp'",
    "mac protocolid='ARP'": "mac protocolid='arp'",
    "mac protocolid='0x0600'": "mac protocolid='0x600'",
    "mac protocolid='1536'": "mac protocolid='1536'",
    "mac srcmacaddr='1:2:3:A:B:C'": "mac srcmacaddr='01:02:03:0a:0b:0c'",
    "mac srcmacaddr='$MAC[ @1 ]'": "mac srcmacaddr='$MAC[@1]'",
    "mac srcmacaddr='$MAC[12]'": "mac srcmacaddr='$MAC[12]'",
    "mac srcmacaddr='$MAC[@0]'": "mac srcmacaddr='$MAC'",
    "mac match='no' comment='a&lt;b'": "mac match='no' comment='a&lt;b'",
    "mac match='yes' protocolid='arp'": "mac protocolid='arp'",
    "ip srcipmask='255.255.255.0'": "ip srcipmask='24'",
    "ip srcipmask='024'": "ip srcipmask='24'",
    "ip srcipmask='0.0.0.0'": "ip srcipmask='0'",
    "ip srcipmask='$M'": "ip srcipmask='$M'",
    "ip protocol='6'": "ip protocol='tcp'",
    "ip protocol='0x6'": "ip protocol='tcp'",
    "ip protocol='99' dscp='0x3F'": "ip protocol='99' dscp='0x3f'",
    "udp srcportstart='0x10' srcportend='020'": "udp srcportstart='0x10' srcportend='20'",
    "ipv6 srcipaddr='2001:DB8::0:1' srcipmask='FFFF:FFFF::'": "ipv6 srcipaddr='2001:db8::1' srcipmask='32'",
    "arp opcode='reply' gratuitous='yes'": "arp opcode='Reply' gratuitous='true'",
    "arp opcode='1' gratuitous='0'": "arp opcode='Request' gratuitous='false'",
    "arp opcode='12'": "arp opcode='12'",
    "vlan vlanid='0x7' encap-protocol='0x800'": "vlan vlanid='0x7' encap-protocol='ipv4'",
    "tcp state='INVALID,RELATED,established,NEW'": "tcp state='NEW,ESTABLISHED,RELATED,INVALID'",
    "tcp state='NEW,NONE'": "tcp state='NONE'",
    "tcp state=' NEW , INVALID'": "tcp state='NEW,INVALID'",
    "tcp flags='syn/ACK,SYN'": "tcp flags='SYN/SYN,ACK'",
    "tcp flags='URG,ACK,PSH,RST,SYN,FIN/FIN'": "tcp flags='ALL/FIN'",
    "tcp flags='/'": "tcp flags='NONE/NONE'",
    "tcp comment='$A'": "tcp comment='$A'",
    "all-ipv6 ipset='$S' ipsetflags='SRC,dst'": "all-ipv6 ipset='$S' ipsetflags='src,dst'",
    "icmpv6 type='0x80' code='255' state='new'": "icmpv6 state='NEW' type='0x80' code='255'",
}
"""What is written in a rule, and what is printed."""


def _filter(match: str) -> str:
    return (
        "<filter name='t' chain='root'>\n  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>\n"
        f"  <rule action='drop' direction='in' priority='500'>\n    <{match}/>\n  </rule>\n</filter>\n"
    )


@pytest.mark.parametrize("written", FORMS)
def test_a_value_is_printed_in_its_one_form(written: str) -> None:
    assert _filter(FORMS[written]) == NWFilter.parse(_filter(written)).format()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("d")) as daemon:
        yield daemon


@pytest.mark.libvirt
def test_the_real_libvirt_prints_values_in_the_same_form(daemon: Daemon) -> None:
    for written, form in FORMS.items():
        assert _filter(form) == daemon.printed("nwfilter", _filter(written))


def test_rules_and_references_keep_their_order() -> None:
    document = NWFilter.parse("""
        <filter name='a' chain='ipv4-x' priority='-10'>
          <filterref filter='one'/>
          <rule action='accept' direction='out'><tcp dstportstart='22'/></rule>
          <filterref filter='two'>
            <parameter name='IP' value='10.0.0.1'/><parameter name='IP' value='10.0.0.2'/></filterref>
          <rule action='drop' direction='inout' priority='-1000' statematch='False'/>
        </filter>""")
    assert document == NWFilter(
        name="a",
        chain="ipv4-x",
        priority=-10,
        parts=[
            FilterRef(filter="one"),
            Rule(action="accept", direction="out", matches=[Tcp(dstportstart="22")]),
            FilterRef(filter="two", parameters=[Parameter(name="IP", value=f"10.0.0.{n}") for n in (1, 2)]),
            Rule(action="drop", direction="inout", priority=-1000, statematch=False),
        ],
    )


def test_a_rule_that_compares_is_built_and_printed() -> None:
    rule = Rule(action="reject", direction="in", matches=[Arp(match=False, opcode="Reply", arpsrcipaddr="$IP")])
    assert rule.format_as("rule") == (
        "<rule action='reject' direction='in'>\n  <arp match='no' opcode='Reply' arpsrcipaddr='$IP'/>\n</rule>\n"
    )


def test_ipv6_has_the_attributes_of_ipv4_with_other_addresses() -> None:
    (rule,) = NWFilter.parse(
        "<filter name='a'><rule action='drop' direction='in'><tcp-ipv6 flags='ALL/SYN' dstipto='::FF'/></rule></filter>"
    ).parts
    assert rule == Rule(action="drop", direction="in", matches=[TcpIpv6(flags="ALL/SYN", dstipto="::ff")])
    assert list(TcpIpv6.fields) == list(Tcp.fields)
    assert list(Icmpv6.fields)[-3:] == ["type", "code", "comment"]
