'''Documents: the XML of every object kind as typed, mutable Python objects.

    >>> network = Network.parse(text)
    >>> network.ips[0].prefix = 24
    >>> network.format()                        # libvirt's form, byte for byte
    >>> Network(name="lab", bridge=Bridge(name="virbr9", stp=True)).format()

One module per document kind declares its classes; the functions that read and write a class are made, and lxml is
imported, at the first use.

## Declaring

A document is a class, and so is every element in it that is more than one value. Fields stand in the order in which
libvirt prints them (`tools/facts/xml-order.tsv`); attributes, text and children may be interleaved.

    class Bridge(Element):
        """The host's bridge behind a network."""

        name = attribute("name")                     # str | None
        stp = attribute("stp", ON_OFF)               # bool | None
        delay = attribute("delay", UNSIGNED)         # int | None

    class Network(Document, tag="network", error_domain=ErrorDomain.NETWORK):
        """A virtual network."""

        name = textchild("name")
        uuid = textchild("uuid", UUID)               # bytes | None: raw, as references hold it
        bridge = child("bridge", Bridge)             # Bridge | None
        mac = attrchild("mac", "address", MAC)       # <mac address='…'/>
        ips = children("ip", Ip)                     # list[Ip]

**Places** (`virtkit.xml.schema`). The typed ones take a value as their last argument; `str` if left out.

| declaration | in the document | type of the field |
|---|---|---|
| `attribute("port", PORT)` | `port='5900'` | `int` or None |
| `attribute("memory", Size("KiB"))` | `memory='4096' unit='KiB'` | `int` or None |
| `attribute("usage", Size("KiB", attribute="units"))` | `usage='10' units='KiB'` | `int` or None |
| `text(V)`, `text(Size("KiB"))` | the element's own text (and its `unit`, printed there) | `V` or None |
| `textchild("name", V)`, `textchildren` | `<name>x</name>` | `V` or None, `list[V]` |
| `textchild("doi", keep_empty=True)` | `<doi></doi>` is `""`, and not absent | `V` or None |
| `attrchild("mac", "address", V)`, `attrchildren` | `<mac address='x'/>` | `V` or None, `list[V]` |
| `flag("acpi")` | `<acpi/>` | `bool` |
| `size("memory")`, `size("capacity", "bytes")` | `<memory unit='KiB'>1</memory>` | `int` or None |
| `child("dns", Dns)`, `children("ip", Ip)` | `<dns>…</dns>` | `Dns` or None, `list[Ip]` |
| `section("features", Features)` | printed only if not empty; `always=True`: always | `Features`, never None |
| `choice("x", "type", {"a": A, "b": B}, default="a")` | class told by an attribute of the child | `Base` or None |
| `choices(...)` | the same, many | `list[Base]` |
| `mixed({"rule": Rule, "filterref": FilterRef})` | several tags, kept in document order | `list[Base]` |
| `metadata()` | `<metadata>`: the users' subtrees, verbatim | `dict[str, str]` or None, by namespace |
| `attributes("ats", "iommu")` | known, ordered, untyped attributes | `dict[str, str]` |
| `elements("catchup", "x")` | known, untyped children: whole subtrees, inner order as written | `list[Node]` |
| `children("timer", shape("name", catchup=shape("slew limit")))` | ordered to any depth, untyped | `list[Element]` |

`Element`, `Document` and `shape` are in `virtkit.xml.element`.

**Values** (`virtkit.xml.values`): `STRING`, `INT`, `UNSIGNED`, `PORT`, `integer(low, high)`, `hexadecimal(width)`
(reads decimal or hex, prints `0x` + width), `octal(width)`, `YES_NO`, `ON_OFF`, `either("a", "b")`, `UUID` (bytes),
`MAC`, `IP`, `one_of("nat", "route", error=ConfigUnsupportedError)` (str; `XMLError` where `error` is left out).
`choice` has `error` too, and `missing` for the lack of the telling attribute; `child(..., repeated=XMLError)` refuses a
second child, and `refused_as(InternalError, PORT)` is any value with another error.
Another one is `Value(read, write)`, where `read` raises `Refusal`.

**Namespaces**: write `child("qemu:commandline", Commandline)` and, inside, `attrchildren("qemu:arg", "value")`. The
prefixes are in `virtkit.xml.names`; a `Document` declares those of its children that are present, any prefix is read.

**Variants**: the classes of a `choice` share a base. A subclass inherits fields, its own follow, one of the same name
takes the inherited place, and `class X(Base, before={"driver": "source"})` moves one. Each declares the telling
attribute itself (`type = attribute("type")`) and is made with it: `FileDisk(type="file", ...)`.

**Recursion**: `child("backingStore", lambda: BackingStore)`.

`class Devices(Element, always_open=True)` prints `<devices>` and `</devices>` on two lines when empty. A field whose
name Python or `Element` needs gets `_` appended (`from_`, `copy_`); so does one that hides a function which the rest of
the class body calls (`size_ = attribute("size")` before `size("max")`).

## Reading

`Network.parse(text)` returns the document. Unknown names are kept, written back at their place, and told in
`document.notices`, each with path, line and the nearest known name: a driver warns on define. Second singletons and
stray text are left out, and told too. `parse(text, validate=True)` raises `XMLInvalidSchemaError` instead.
`Devices.parse_child(text, error_domain=…)` reads one child as a document of its own (a device to attach).
Errors name path, line and what is allowed; which class an error has is in `Document.parse`. Defaults and checks across
fields (no name, no memory) are no part of parsing: they belong to the define pass of a driver.

## Objects

Made by keyword, mutable, compared by content (`==`), copied deeply by `copy()`. Fields that were never set take no
space. A list or section is the object's own and may be changed in place. `element.format_as("disk", indent=2)` prints
any element. None, an empty list and a flag that is False print nothing.

## Inside

`schema`, `element` (declarations), `values`, `units`, `names`; `compile` (one parse and format function per class);
`reader` (text to tree, safely) and `reading` (notices, errors with their place); `subtree`, `surplus` and `metadata`
(what no class knows); `writer` (escapes). A model is checked against `tools/facts` by an entry in
`core/tests/xml/kinds.py`.
'''

from __future__ import annotations
