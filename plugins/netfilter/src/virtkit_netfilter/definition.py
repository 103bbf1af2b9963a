"""From a document to the filter it defines, and which filters use which others. Nothing here has an effect."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

import attrs

from virtkit.enums import ErrorDomain
from virtkit.errors import OperationFailedError, XMLError
from virtkit.refs import NWFilterRef
from virtkit.store import check_name

if TYPE_CHECKING:
    from virtkit.xml.nwfilter import FilterRef, NWFilter

DOMAIN = ErrorDomain.NWFILTER

ROOT = "root"
"""The chain of a filter that names none."""

CHAIN_PRIORITIES = {"mac": -800, "vlan": -750, "ipv4": -700, "ipv6": -600, "arp": -500, "rarp": -400}
"""Priority of a chain whose filter states none, by what its name starts with; libvirt's."""

RULE_PRIORITY = 500
"""Priority of a rule that states none."""

_PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_]+")
_PARAMETER_VALUE = re.compile(r"[a-zA-Z0-9_.:]+")

_log = logging.getLogger(__name__)


@attrs.define(eq=False)
class Filter:
    """A filter. Name and UUID stay as they are as long as it exists; a new definition is a new document.

    Attributes:
        name: Its name.
        uuid: Its UUID, 16 bytes.
        document: Its definition, complete; never changed in place.
    """

    name: str
    uuid: bytes
    document: NWFilter

    @property
    def ref(self) -> NWFilterRef:
        """What names it."""
        return NWFilterRef(self.name, self.uuid)


def read(xml: str | bytes, *, validate: bool = False) -> NWFilter:
    """Read the document of a filter and complete it, except for its UUID.

    Args:
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        XMLError: It is no filter, or a part of it lacks what it must say.
        VirtError: As for `Document.parse`.
    """
    from virtkit.xml.nwfilter import FilterRef, NWFilter, Rule  # brings lxml

    document = NWFilter.parse(xml, validate=validate)
    if not document.name:
        raise XMLError("the network filter has no name: give it one, as <filter name='...'>", domain=DOMAIN)
    check_name(document.name, "network filter", domain=DOMAIN)
    for notice in document.notices:
        _log.warning("network filter %r: %s", document.name, notice)
    document.chain = document.chain or ROOT
    if document.priority is None:
        document.priority = _priority_of(document.chain)
    for part in document.parts:
        if isinstance(part, Rule):
            _complete(document.name, part)
        elif isinstance(part, FilterRef):
            check_reference(f"network filter {document.name!r}", part)
    return document


def _priority_of(chain: str) -> int | None:
    return next((priority for prefix, priority in CHAIN_PRIORITIES.items() if chain.startswith(prefix)), None)


def _complete(name: str, rule: object) -> None:
    """Give a rule what it does not say."""
    from virtkit.xml.nwfilter import Rule

    assert isinstance(rule, Rule)
    for what in ("action", "direction"):
        if getattr(rule, what) is None:
            raise XMLError(f"a <rule> of network filter {name!r} has no {what}: give it one", domain=DOMAIN)
    if rule.priority is None:
        rule.priority = RULE_PRIORITY


def check_reference(where: str, reference: FilterRef) -> None:
    """Refuse a reference that names no filter, or whose parameters cannot be values of variables.

    Raises:
        XMLError: The message says `where` it stands.
    """
    if not reference.filter:
        raise XMLError(f"a <filterref> of {where} names no filter: <filterref filter='...'>", domain=DOMAIN)
    for parameter in reference.parameters:
        name, value = parameter.name or "", parameter.value or ""
        if not _PARAMETER_NAME.fullmatch(name):
            raise XMLError(
                f"the name of a parameter of {where}, {name[:80]!r}, is not made of letters, digits and _",
                domain=DOMAIN,
            )
        if not _PARAMETER_VALUE.fullmatch(value):
            raise XMLError(
                f"the value of parameter {name} of {where}, {value[:80]!r}, is not made of letters, digits and _ . :",
                domain=DOMAIN,
            )


def identified(document: NWFilter, known: Filter | None) -> Filter:
    """The filter that a document defines: `known` with that document, or a new one."""
    document.uuid = known.uuid if known else document.uuid or uuid4().bytes
    assert document.name
    return Filter(document.name, document.uuid, document)


def references(document: NWFilter) -> Iterator[str]:
    """Names of the filters that a filter refers to."""
    from virtkit.xml.nwfilter import FilterRef

    return (part.filter for part in document.parts if isinstance(part, FilterRef) and part.filter)


def check_loops(document: NWFilter, others: Mapping[str, NWFilter]) -> None:
    """Refuse a filter that would include itself.

    Args:
        document: The definition.
        others: The other filters by name.

    Raises:
        OperationFailedError: It would; the message shows the way round.
    """
    assert document.name
    ways: list[tuple[str, ...]] = [(document.name, name) for name in references(document)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == document.name:
            raise OperationFailedError(
                f"network filter {document.name!r} would include itself: {' -> '.join(way)}; "
                "leave one of these references out",
                domain=DOMAIN,
            )
        if way[-1] in others and way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, name) for name in references(others[way[-1]])]
