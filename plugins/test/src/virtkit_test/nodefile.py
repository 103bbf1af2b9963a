"""Node files: the document that describes a simulated host, which may take parts of itself from other files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from virtkit.enums import DomainRunningReason, DomainShutoffReason, DomainState, ErrorDomain
from virtkit.errors import InternalError, OperationFailedError, XMLDetailError, XMLError
from virtkit.records import NodeInfo
from virtkit.xml.names import NAMESPACES
from virtkit_test import interface, network, storage
from virtkit_test.definition import obtain
from virtkit_test.domain import Domain, finish, start
from virtkit_test.host import NODE
from virtkit_test.interface import Interface
from virtkit_test.network import Network
from virtkit_test.nodedevice import Device
from virtkit_test.snapshot import redefine
from virtkit_test.state import TestState
from virtkit_test.storage import Pool

if TYPE_CHECKING:
    from lxml.etree import _Element

TEST = ErrorDomain.TEST

NUMBERS = {"active": "cpus"} | {name: name for name in ("mhz", "nodes", "sockets", "cores", "threads")}
"""Element under `cpu` -> field of `NodeInfo`."""

LONGEST_MODEL = 31
"""Bytes that libvirt has for the name of the host's CPU."""

TEST_TAG = f"{{{NAMESPACES['test']}}}"
"""Prefix of the elements in a domain that say how the simulator starts with it."""

Users = dict[str, "str | None"]
"""Who may open the host, by name -> password; None: no password is asked."""


def read_node(path: str, only: str | None = None) -> tuple[TestState, Users]:
    """A new host as a file describes it, and who may use it.

    Args:
        path: The file.
        only: Attribute of the state that is of interest; None: all of them.

    Raises:
        XMLError: The file cannot be read, or says something impossible; the message names it.
        XMLDetailError: It is no XML.
        VirtError: As for defining the objects in it.
    """
    root = _load(path)
    if root.tag != "node":
        raise XMLError(f"{path}: expected the root element <node>, found <{root.tag!s}>", domain=ErrorDomain.XML)
    state = TestState()
    try:
        state.node = _node_info(root)
        for table, (tag, add) in PARTS.items():
            for node in _included(root, tag, path) if only in (None, table) else ():
                add(state, node, path)
        return state, _users(root)
    except BaseException:
        state.close()
        raise


def _load(path: str) -> _Element:
    from virtkit.xml.reader import load

    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise XMLError(f"cannot read {path}: {error.strerror}", domain=TEST) from error
    return load(text, TEST, path)


def _included(parent: _Element, tag: str, path: str) -> Iterator[_Element]:
    """The children of a name, each from its own file where it says so."""
    for node in parent.iterchildren(tag):
        file = node.get("file")
        yield node if file is None else _load(os.path.join(os.path.dirname(path), file))


def _text(node: _Element) -> str:
    from lxml.etree import tostring

    return tostring(node, encoding="unicode", with_tail=False)


def _node_info(root: _Element) -> NodeInfo:
    values: dict[str, int | str] = {}
    for element, field in NUMBERS.items():
        text = root.findtext(f"cpu/{element}")
        if text is not None:
            values[field] = _number(text, f"cpu/{element}")
    memory = root.findtext("memory")
    if memory is not None:
        values["memory"] = _number(memory, "memory")
    model = root.findtext("cpu/model")
    if model is not None:
        if len(model.encode()) > LONGEST_MODEL:
            raise InternalError(f"/node/cpu/model {model!r} has more than {LONGEST_MODEL} bytes", domain=TEST)
        values["model"] = model
    return NODE._replace(**values)  # type: ignore[arg-type]


def _number(text: str, element: str) -> int:
    if not text.strip().isdecimal():
        raise XMLError(f"/node/{element} {text!r} is not a number", domain=TEST)
    return int(text)


def _users(root: _Element) -> Users:
    users: Users = {}
    for node in root.iterfind("auth/user"):
        if not node.text:
            raise XMLError("/node/auth/user has no name: write it between the tags", domain=TEST)
        users[node.text] = node.get("password")
    return users


# Objects


def _add_domain(state: TestState, node: _Element, path: str) -> None:
    from virtkit.xml.domain import Domain as DomainXML

    hints = [child for child in node if isinstance(child.tag, str) and child.tag.startswith(TEST_TAG)]
    for hint in hints:
        node.remove(hint)
    document = DomainXML.parse(_text(node))
    finish(document)
    domain = obtain(state, document)
    runstate, transient, saved = _start_hints(hints, domain.name)
    domain.config = document
    for hint in hints:
        if hint.tag == f"{TEST_TAG}domainsnapshot":
            _add_snapshot(domain, hint, path)
    if runstate == DomainState.SHUTOFF:
        domain.enter(DomainState.SHUTOFF, DomainShutoffReason.UNKNOWN)
    else:
        start(state, domain)
        domain.config = None if transient else document
        domain.enter(runstate, DomainRunningReason.UNKNOWN)
    domain.saved = saved


def _start_hints(hints: list[_Element], name: str) -> tuple[DomainState, bool, bool]:
    """The state a domain starts in, whether it is transient, and whether it has a managed save image."""
    found = {str(hint.tag).removeprefix(TEST_TAG): hint.text or "" for hint in hints}
    number = _number(found.get("runstate", "1"), f"domain/runstate of {name!r}")
    if number not in set(DomainState):
        raise XMLError(f"runstate {number} of domain {name!r} is no state: 0 to {max(DomainState)}", domain=TEST)
    runstate = DomainState(number)
    transient, saved = "transient" in found, "hasmanagedsave" in found
    if transient and runstate == DomainState.SHUTOFF:
        raise XMLError(f"domain {name!r} cannot be transient and shut off: it would not exist", domain=TEST)
    if saved and runstate != DomainState.SHUTOFF:
        raise XMLError(f"domain {name!r} cannot run with a managed save image: add runstate 5", domain=TEST)
    return runstate, transient, saved


def _add_snapshot(domain: Domain, node: _Element, path: str) -> None:
    from virtkit.xml.snapshot import Snapshot

    file = node.get("file")
    if file is not None:
        node = _load(os.path.join(os.path.dirname(path), file))
    for inner in node.iter(f"{TEST_TAG}*"):
        inner.tag = str(inner.tag).removeprefix(TEST_TAG)
    snapshot = Snapshot.parse(_text(node))
    redefine(domain, snapshot, current=bool(snapshot.active))


def _add_network(state: TestState, node: _Element, path: str) -> None:
    document = network.parse(_text(node))
    name, uuid = document.name or "", document.uuid or b""
    found = state.networks.obtain(name, uuid, lambda: Network(name, uuid))
    found.config = found.live = document


def _add_interface(state: TestState, node: _Element, path: str) -> None:
    document = interface.parse(_text(node))
    state.interfaces.add(Interface(document.name or "", document, active=True))


def _add_pool(state: TestState, node: _Element, path: str) -> None:
    volumes = list(_included(node, "volume", path))
    for volume in list(node.iterchildren("volume")):
        node.remove(volume)
    document = storage.parse(_text(node))
    name, uuid = document.name or "", document.uuid or b""
    pool = state.pools.obtain(name, uuid, lambda: Pool(name, uuid))
    pool.config, pool.live = document, document.copy()
    for volume in volumes:
        parsed = storage.parse_volume(_text(volume), pool)
        if parsed.name in pool.volumes:
            raise OperationFailedError(f"pool {name!r} has two volumes {parsed.name!r}", domain=TEST)
        pool.volumes[parsed.name or ""] = parsed
    pool.update_figures()


def _add_device(state: TestState, node: _Element, path: str) -> None:
    from virtkit.xml.nodedev import NodeDevice

    document = NodeDevice.parse(_text(node))
    if not document.name:
        raise XMLDetailError(f"a device in {path} has no <name>: give it one", domain=ErrorDomain.NODEDEV)
    state.devices.add(Device(document.name, document))


PARTS: dict[str, tuple[str, Callable[[TestState, Any, str], None]]] = {
    "networks": ("network", _add_network),
    "interfaces": ("interface", _add_interface),
    "pools": ("pool", _add_pool),
    "devices": ("device", _add_device),
    "domains": ("domain", _add_domain),
}
"""What a node file can describe: table of the state -> name of the elements, what adds one of them."""
