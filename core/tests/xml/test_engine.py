"""The declaration language: every kind of field, read and written; unknown names; errors with their places."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest

from virtkit.enums import ErrorDomain
from virtkit.errors import (
    ConfigUnsupportedError,
    InternalError,
    InvalidArgError,
    VirtError,
    XMLError,
    XMLInvalidSchemaError,
)
from virtkit.xml.element import Document, Element, shape
from virtkit.xml.schema import (
    attrchild,
    attrchildren,
    attribute,
    attributes,
    child,
    children,
    choice,
    choices,
    elements,
    flag,
    metadata,
    mixed,
    section,
    size,
    text,
    textchild,
    textchildren,
)
from virtkit.xml.schema import child as child_
from virtkit.xml.surplus import Node
from virtkit.xml.units import Size
from virtkit.xml.values import IP, MAC, ON_OFF, PATH, PORT, UUID, YES_NO, hexadecimal, integer, octal, one_of

SOME_UUID = bytes.fromhex("6695eb01f6a4830479aa97f2502e193f")


class Disk(Element):
    type = attribute("type")
    readonly = flag("readonly")


class FileDisk(Disk):
    file = attrchild("source", "file")


class BlockDisk(Disk, before={"dev": "readonly"}):
    dev = attrchild("source", "dev")


class Rule(Element):
    action = attribute("action")


class Reference(Element):
    filter = attribute("filter")


class Features(Element):
    acpi = flag("acpi")


class Devices(Element, always_open=True):
    disks = choices("disk", "type", {"file": FileDisk, "block": BlockDisk}, default="file")
    boot = choice("boot", "type", {"file": FileDisk, "block": BlockDisk})


class Vcpu(Element):
    placement = attribute("placement")
    count = text(integer(1, 1000))


class MaxMemory(Element):
    slots = attribute("slots", integer(0, 255))
    amount = text(Size("KiB"))


class Cell(Element):
    id = attribute("id", integer(0, 1023))
    memory = attribute("memory", Size("KiB"))
    discard = attribute("discard", YES_NO)


class Store(Element):
    path = textchild("path", PATH)
    below = child("store", lambda: Store)


class Line(Element):
    args = attrchildren("qemu:arg", "value")


class Limits(Element):
    usage = attribute("usage", Size("KiB", attribute="units"))
    total = size("total")
    amount = text(Size("KiB", attribute="measure"))


class Place(Element):
    """Has fields that are named like what a reader works with."""

    node = attribute("node", integer(0, 7))
    key = attrchild("key", "child", integer(0, 7))
    child = textchild("child", integer(0, 7))
    metadata = textchild("metadata", integer(0, 7))
    reading = textchild("reading", integer(0, 7))
    doi = textchild("doi", keep_empty=True)
    disk = choice("disk", "type", {"file": FileDisk}, error=ConfigUnsupportedError, missing=InternalError)
    vcpu = child_("vcpu", Vcpu, repeated=ConfigUnsupportedError)


class Room(Document, tag="room", error_domain=ErrorDomain.DOMAIN):
    place = child_("place", Place)
    limits = child_("limits", Limits)


class Machine(Document, tag="machine", error_domain=ErrorDomain.DOMAIN):
    type = attribute("type", one_of("kvm", "qemu", error=ConfigUnsupportedError))
    port = attribute("port", PORT)
    slot = attribute("slot", hexadecimal(2))
    live = attribute("live", YES_NO)
    tuning = attributes("ats", "iommu")
    name = textchild("name")
    uuid = textchild("uuid", UUID)
    metadata = metadata()
    memory = size("memory")
    capacity = size("capacity", "bytes")
    max_memory = child("maxMemory", MaxMemory)
    vcpu = child("vcpu", Vcpu)
    mode = textchild("mode", octal(4))
    features = section("features", Features)
    mac = attrchild("mac", "address", MAC)
    ips = attrchildren("ip", "address", IP)
    stp = attrchild("bridge", "stp", ON_OFF)
    hosts = textchildren("host")
    cells = children("cell", Cell)
    rules = mixed({"rule": Rule, "filterref": Reference})
    timers = children("timer", shape("name track", catchup=shape("slew limit")))
    store = child("store", Store)
    others = elements("sysinfo", "idmap")
    devices = section("devices", Devices, always=True)
    line = child("qemu:commandline", Line)


FULL = """\
<machine type='kvm' port='5900' slot='0x0a' live='yes' ats='on' iommu='off' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a &lt;&apos;b&quot;&gt; &amp; é</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <metadata>
    <x:one xmlns:x="http://x/1" a="'">
      <!-- kept -->
      <x:two/>
    </x:one>
    <y:mixed xmlns:y="http://y/1">text <y:b>bold</y:b>
 end</y:mixed>
  </metadata>
  <memory unit='KiB'>1024</memory>
  <capacity unit='bytes'>4097</capacity>
  <maxMemory slots='16' unit='KiB'>2048</maxMemory>
  <vcpu placement='static'>2</vcpu>
  <mode>0755</mode>
  <features>
    <acpi/>
  </features>
  <mac address='52:54:00:0a:0b:01'/>
  <ip address='10.0.0.1'/>
  <ip address='fe80::1'/>
  <bridge stp='off'/>
  <host>one</host>
  <host>two</host>
  <cell id='0' memory='512' unit='KiB' discard='no'/>
  <rule action='drop'/>
  <filterref filter='clean'/>
  <rule action='accept'/>
  <timer name='rtc' track='guest'>
    <catchup slew='1' limit='2'/>
  </timer>
  <store>
    <path>/a</path>
    <store>
      <path>/b</path>
    </store>
  </store>
  <sysinfo type='smbios'>
    <bios>
      <entry name='vendor'>x</entry>
    </bios>
  </sysinfo>
  <idmap/>
  <devices>
    <disk type='file'>
      <readonly/>
      <source file='/a'/>
    </disk>
    <disk type='block'>
      <source dev='/b'/>
      <readonly/>
    </disk>
    <boot type='file'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-foo'/>
    <qemu:arg value=''/>
  </qemu:commandline>
</machine>
"""


def test_every_kind_of_field_is_read_and_written() -> None:
    machine = Machine.parse(FULL)
    assert () == machine.notices
    assert FULL == machine.format()


def test_fields_hold_typed_values() -> None:
    machine = Machine.parse(FULL)
    assert (5900, 10, True) == (machine.port, machine.slot, machine.live)
    assert "a <'b\"> & é" == machine.name
    assert SOME_UUID == machine.uuid
    assert {"ats": "on", "iommu": "off"} == machine.tuning
    assert ["10.0.0.1", "fe80::1"] == machine.ips
    assert 0o755 == machine.mode
    assert machine.stp is False
    assert machine.features.acpi
    assert machine.vcpu == Vcpu(placement="static", count=2)
    assert machine.max_memory == MaxMemory(slots=16, amount=2048)
    assert [FileDisk(type="file", readonly=True, file="/a"), BlockDisk(type="block", readonly=True, dev="/b")] == (
        machine.devices.disks
    )
    assert [Rule(action="drop"), Reference(filter="clean"), Rule(action="accept")] == machine.rules
    assert machine.store == Store(path="/a", below=Store(path="/b"))
    assert machine.line == Line(args=["-foo", ""])
    assert Node("idmap") == machine.others[1]
    assert machine.metadata is not None
    assert ["http://x/1", "http://y/1"] == list(machine.metadata)


def test_an_object_that_is_built_prints_as_one_that_is_read() -> None:
    machine = Machine(name="a", uuid=SOME_UUID, memory=1, devices=Devices(disks=[BlockDisk(type="block", dev="/b")]))
    machine.ips.append("10.0.0.1")
    machine.features.acpi = True
    assert machine == Machine.parse(machine.format())
    assert "<ip address='10.0.0.1'/>" in machine.format()


def test_what_is_not_set_prints_nothing() -> None:
    machine = Machine()
    assert (None, None, False, [], {}) == (
        machine.name, machine.vcpu, machine.features.acpi, machine.ips, machine.tuning
    )  # fmt: skip
    assert "<machine>\n  <devices>\n  </devices>\n</machine>\n" == machine.format()


def test_looking_at_a_list_or_section_does_not_change_an_object() -> None:
    machine = Machine(name="a")
    assert not machine.features.acpi
    assert [] == machine.cells
    assert machine == Machine(name="a")
    assert machine != Machine(name="b")
    assert Machine(store=Store()) != Machine()


def test_a_copy_is_independent_down_to_the_leaves() -> None:
    machine = Machine.parse("<machine a='1'><store><path>/a</path></store><host>h</host><x/></machine>")
    twin = machine.copy()
    assert twin == machine == copy.deepcopy(machine)
    assert twin.store is not None
    twin.store.path = "/b"
    twin.hosts.append("i")
    assert machine == Machine.parse("<machine a='1'><store><path>/a</path></store><host>h</host><x/></machine>")
    assert twin != machine


def test_a_wrong_keyword_names_the_field_that_was_meant() -> None:
    with pytest.raises(TypeError, match="Machine has no field 'memry'; meant 'memory'"):
        Machine(memry=1)


def test_a_field_cannot_hide_what_elements_are_made_of() -> None:
    with pytest.raises(TypeError, match="copy means something else here"):
        type("Bad", (Element,), {"copy": attribute("copy")})


def test_an_element_is_read_and_printed_on_its_own() -> None:
    disk = Devices.parse_child("<disk type='block' x='1'><source dev='/b'/></disk>", error_domain=ErrorDomain.DOMAIN)
    assert BlockDisk(type="block", dev="/b").dev == disk.__dict__["dev"]
    assert ("/disk/@x",) == tuple(notice.path for notice in disk.notices)
    assert "  <disk type='block' x='1'>\n    <source dev='/b'/>\n  </disk>\n" == disk.format_as("disk", 1)
    with pytest.raises(ConfigUnsupportedError, match="<disc> is not supported here: one of <disk>, <boot>"):
        Devices.parse_child("<disc/>", error_domain=ErrorDomain.DOMAIN)


SIZES = [
    ("memory", "<memory>7</memory>", 7),
    ("memory", "<memory unit='MB'>71</memory>", 69336),
    ("memory", "<memory unit='b'>70000000</memory>", 68360),
    ("memory", "<memory unit='bytes'>1</memory>", 1),
    ("memory", "<memory unit='G'>1</memory>", 1048576),
    ("memory", "<memory unit='TiB'>1</memory>", 1 << 30),
    ("memory", "<memory unit='kib'>1</memory>", 1),
    ("capacity", "<capacity>7</capacity>", 7),
    ("capacity", "<capacity unit='KB'>7</capacity>", 7000),
    ("capacity", "<capacity unit='e'>15</capacity>", 15 << 60),
]


@pytest.mark.parametrize(("field", "text_", "expected"), SIZES)
def test_a_size_is_read_in_any_unit_and_rounded_up(field: str, text_: str, expected: int) -> None:
    assert expected == getattr(Machine.parse(f"<machine>{text_}</machine>"), field)


NORMAL = [
    ("<machine slot='10'/>", "slot='0x0a'"),
    ("<machine slot='0XA'/>", "slot='0x0a'"),
    ("<machine port='0080'/>", "port='80'"),
    ("<machine><uuid> 6695EB01F6A4830479AA97F2502E193F </uuid></machine>", "6695eb01-f6a4-8304-79aa-97f2502e193f"),
    ("<machine><mac address='2:A:0:0:b:FF'/></machine>", "'02:0a:00:00:0b:ff'"),
    ("<machine><ip address='FE80:0::0:1'/></machine>", "'fe80::1'"),
    ("<machine><mode>755</mode></machine>", "<mode>0755</mode>"),
    ("<machine><store><path>//a///b/</path></store></machine>", "<path>//a/b</path>"),
    ("<machine><name><![CDATA[<&>]]></name></machine>", "<name>&lt;&amp;&gt;</name>"),
    ("<machine><name>a<!-- c -->b<?p i?>c</name></machine>", "<name>abc</name>"),
    ("<machine><name>\n a\n b\n</name></machine>", "<name>\n a\n b\n</name>"),
    ("<machine><name>  </name></machine>", "<name>  </name>"),
]


@pytest.mark.parametrize(("text_", "expected"), NORMAL)
def test_a_value_is_printed_in_its_canonical_form(text_: str, expected: str) -> None:
    assert expected in Machine.parse(text_).format()


REFUSED = [
    ("<machine type='xen'/>", ConfigUnsupportedError, 20, "/machine/@type (line 1): 'xen' is not one of kvm, qemu"),
    ("<machine live='1'/>", XMLError, 5, "/machine/@live (line 1): '1' is neither yes nor no"),
    ("<machine port='65536'/>", XMLError, 5, "/machine/@port (line 1): '65536' is not a number from 0 to 65535"),
    ("<machine port=' 1'/>", XMLError, 5, "' 1' is not a number"),
    ("<machine port='+1'/>", XMLError, 5, "'+1' is not a number"),
    ("<machine port='٣'/>", XMLError, 5, "is not a number"),
    ("<machine slot='0x100'/>", XMLError, 5, "'0x100' is not a number from 0 to 0xff"),
    ("<machine>\n<vcpu>0</vcpu></machine>", XMLError, 20, "/machine/vcpu (line 2): '0' is not a number from 1 to 1000"),
    ("<machine><uuid>1</uuid></machine>", InternalError, 20, "'1' is not a UUID"),
    ("<machine><mac address='1'/></machine>", XMLError, 20, "/machine/mac/@address (line 1): '1' is not a MAC"),
    ("<machine><ip address='10.0.0.1'/><ip address='x'/></machine>", XMLError, 20, "/machine/ip[2]/@address"),
    ("<machine><memory>1 </memory></machine>", XMLError, 20, "'1 ' is not a size"),
    ("<machine><memory>-1</memory></machine>", XMLError, 20, "'-1' is not a size"),
    (
        "<machine><memory unit='X'>1</memory></machine>",
        InvalidArgError,
        0,
        "/machine/memory (line 1): 'X' is not a unit",
    ),
    ("<machine><memory unit='E'>99</memory></machine>", XMLError, 20, "exceeds 64 bits"),
    ("<machine><cell memory='x'/></machine>", XMLError, 20, "/machine/cell/@memory (line 1): 'x' is not a size"),
    ("<machine><mode>9</mode></machine>", XMLError, 20, "'9' is not an octal number"),
    ("<machine><devices><disk type='x'/></devices></machine>", XMLError, 5, "'x' is not one of file, block"),
    (
        "<machine><devices><boot/></devices></machine>",
        XMLError,
        5,
        "the attribute 'type' is missing: one of file, block",
    ),
    ("<macine/>", XMLError, 5, "expected a document with the root element <machine>, found <macine>"),
    ("<machine xmlns='urn:a'/>", XMLError, 5, "expected a document with the root element <machine>"),
]


@pytest.mark.parametrize(("text_", "error", "domain", "message"), REFUSED)
def test_a_bad_value_is_refused_with_place_and_what_is_allowed(
    text_: str, error: type[VirtError], domain: int, message: str
) -> None:
    with pytest.raises(error) as caught:
        Machine.parse(text_)
    assert type(caught.value) is error
    assert domain == caught.value.domain
    assert message in caught.value.message


UNKNOWN = """\
<machine type='kvm' prot='1'>
  <first a='1'>text <b/> more</first>
  <name lang='de'>a</name>
  <second>
    <third c='&lt;'/>
  </second>
  <host>one</host>
  <host up='yes'>two</host>
  <devices>
    <disk type='file'>
      <readonly since='1'/>
      <source file='/a' index='1'>
        <slices/>
      </source>
    </disk>
    <hostdev/>
  </devices>
</machine>
"""


def test_unknown_names_are_written_back_at_their_place() -> None:
    machine = Machine.parse(UNKNOWN)
    # An unknown element inside an element that is one value stays on the value's line.
    expected = UNKNOWN.replace("index='1'>\n        <slices/>\n      </source>", "index='1'><slices/></source>")
    assert expected == machine.format()
    assert machine == Machine.parse(expected)


def test_unknown_names_are_told_with_path_line_and_the_name_that_was_meant() -> None:
    notices = [(notice.path, notice.line, notice.nearest) for notice in Machine.parse(UNKNOWN).notices]
    assert notices == [
        ("/machine/@prot", 1, "port"),
        ("/machine/first", 2, None),
        ("/machine/name/@lang", 3, None),
        ("/machine/second", 4, None),
        ("/machine/host[2]/@up", 8, None),
        ("/machine/devices/disk/readonly/@since", 11, None),
        ("/machine/devices/disk/source/@index", 12, None),
        ("/machine/devices/disk/source/slices", 13, None),
        ("/machine/devices/hostdev", 16, None),
    ]
    assert "line 1: /machine/@prot: unknown attribute: kept, without effect; did you mean 'port'?" == str(
        Machine.parse(UNKNOWN).notices[0]
    )


def test_unknown_names_keep_their_place_when_known_ones_change() -> None:
    machine = Machine.parse("<machine><name>a</name><x/><host up='1'>h</host></machine>")
    machine.uuid = SOME_UUID
    assert machine.format().index("<name>") < machine.format().index("<x/>") < machine.format().index("<uuid>")
    machine.name = None
    machine.hosts.clear()
    assert Machine.parse("<machine><uuid>6695eb01f6a4830479aa97f2502e193f</uuid><x/></machine>") == (
        Machine.parse(machine.format())
    )


def test_unknown_namespaces_outside_metadata_are_kept() -> None:
    text_ = "<machine xmlns='' xmlns:q='urn:q' q:a='1' xml:lang='de'><q:b q:c='1'><f xmlns='urn:f'/></q:b></machine>"
    machine = Machine.parse(text_)
    assert machine.format() == (
        "<machine xmlns:q='urn:q' q:a='1' xml:lang='de'>\n"
        "  <q:b xmlns:q='urn:q' q:c='1'>\n    <ns:f xmlns:ns='urn:f'/>\n  </q:b>\n"
        "  <devices>\n  </devices>\n</machine>\n"
    )
    assert machine == Machine.parse(machine.format())


def test_known_namespaces_are_read_under_any_prefix() -> None:
    uri = "http://libvirt.org/schemas/domain/qemu/1.0"
    machine = Machine.parse(f"<machine xmlns:q='{uri}'><q:commandline><q:arg value='a'/></q:commandline></machine>")
    assert machine.line == Line(args=["a"])
    assert f"<machine xmlns:qemu='{uri}'>" in machine.format()


def test_the_first_of_what_may_stand_once_counts_and_the_others_are_told() -> None:
    machine = Machine.parse(
        "<machine><name>a</name><name>b</name><store/><store/><memory>1</memory><memory>2</memory></machine>"
    )
    assert ("a", 1) == (machine.name, machine.memory)
    assert ["/machine/name[2]", "/machine/store[2]", "/machine/memory[2]"] == [
        notice.path for notice in machine.notices
    ]


def test_text_between_elements_is_left_out_and_told() -> None:
    machine = Machine.parse("<machine>a<name>b</name>c<!-- d --></machine>")
    assert ["/machine: text between elements: ignored"] == [
        str(notice).partition(": ")[2] for notice in machine.notices
    ]


def test_comments_and_instructions_are_dropped_without_a_notice() -> None:
    machine = Machine.parse("<!-- a --><?p a?><machine><!-- b --><x/><?p?><name>c</name></machine><!-- d -->")
    assert ["/machine/x"] == [notice.path for notice in machine.notices]
    assert "<machine>\n  <x/>\n  <name>c</name>\n  <devices>\n  </devices>\n</machine>\n" == machine.format()


def test_metadata_drops_what_has_no_namespace_and_says_so() -> None:
    machine = Machine.parse(
        "<machine><metadata>t<a/><x:b xmlns:x='u'/><x:c xmlns:x='u'/><!-- c --></metadata></machine>"
    )
    assert machine.metadata == {"u": '<x:b xmlns:x="u"/>'}
    assert ["/machine/metadata", "/machine/metadata/a", "/machine/metadata/c"] == [n.path for n in machine.notices]
    assert "  <metadata/>\n" in Machine.parse("<machine><metadata/></machine>").format()


def test_validation_refuses_a_document_with_notices() -> None:
    with pytest.raises(XMLInvalidSchemaError) as caught:
        Machine.parse("<machine><nam>a</nam></machine>", validate=True)
    assert ErrorDomain.XML == caught.value.domain
    assert "line 1: /machine/nam: unknown element: kept, without effect; did you mean 'name'?" in caught.value.message
    assert Machine.parse(FULL, validate=True) == Machine.parse(FULL)


def test_metadata_is_indented_by_its_depth() -> None:
    class Snapshot(Document, tag="snapshot", error_domain=ErrorDomain.DOMAIN_SNAPSHOT):
        machine = child("machine", Machine)

    printed = Snapshot(machine=Machine.parse(FULL)).format()
    expected = [line if line.startswith(" end") or not line else f"  {line}" for line in FULL.split("\n")]
    assert ["<snapshot>", *expected[:-1], "</snapshot>", ""] == printed.split("\n")


def test_control_characters_from_the_api_never_make_a_document_unreadable() -> None:
    machine = Machine(name="a\0\x01\x1f\ud800\ufffeb\tc\nd")
    assert "<name>ab\tc\nd</name>" in machine.format()
    assert Machine.parse(machine.format()).name == "ab\tc\nd"


def test_a_value_of_the_wrong_type_is_not_printed_unescaped() -> None:
    machine = Machine()
    machine.__dict__["port"] = "'/><x"
    with pytest.raises(ValueError, match="format code 'd'"):
        machine.format()


ROOM = """\
<room>
  <place node='1'>
    <key child='2'/>
    <child>3</child>
    <metadata>4</metadata>
    <reading>5</reading>
    <doi></doi>
  </place>
  <limits usage='10240' units='KiB' measure='KiB'>4</limits>
</room>
"""


def test_a_field_may_have_any_name() -> None:
    place = Room.parse(ROOM).place
    assert place == Place(node=1, key=2, child=3, metadata=4, reading=5, doi="")
    assert Room.parse(ROOM).format() == ROOM


def test_an_empty_text_is_kept_where_it_says_something() -> None:
    empty = Room.parse("<room><place><doi/><child/></place></room>").place
    assert empty == Place(doi="")
    assert Room.parse("<room><place/></room>").place == Place()


def test_a_size_names_the_attribute_of_its_unit() -> None:
    limits = Room.parse("<room><limits usage='10' units='MiB' measure='bytes'>4096</limits></room>").limits
    assert limits == Limits(usage=10240, amount=4)
    assert "<limits usage='10240' units='KiB' measure='KiB'>4</limits>" in Room(limits=limits).format()
    notices = Room.parse("<room><limits usage='10' unit='MiB'/></room>").notices
    assert ["/room/limits/@unit"] == [notice.path for notice in notices]


@pytest.mark.parametrize(
    ("inside", "error", "message"),
    [
        ("<disk type='tape'/>", ConfigUnsupportedError, "'tape' is not one of file"),
        ("<disk/>", InternalError, "the attribute 'type' is missing: one of file"),
        ("<vcpu>1</vcpu><vcpu>2</vcpu>", ConfigUnsupportedError, "may stand only once"),
    ],
)
def test_a_field_says_which_error_its_refusals_are(inside: str, error: type[VirtError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        Room.parse(f"<room><place>{inside}</place></room>")
    assert ErrorDomain.DOMAIN == caught.value.domain
    assert "/room/place/" in caught.value.message


def test_a_value_that_cannot_be_printed_is_told_with_its_field() -> None:
    machine = Machine(devices=Devices(disks=[FileDisk(type="file")]))
    machine.devices.disks[0].__dict__["type"] = 7
    with pytest.raises(TypeError) as caught:
        machine.format()
    assert ["printing FileDisk.type", "printing Devices.disks", "printing Machine.devices"] == caught.value.__notes__


def test_declaring_documents_imports_no_parser_and_compiles_nothing() -> None:
    program = (
        "import sys, virtkit.xml.network as n; assert 'lxml' not in sys.modules; "
        "assert 'virtkit.xml.compile' not in sys.modules; n.Network().format(); assert 'lxml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
