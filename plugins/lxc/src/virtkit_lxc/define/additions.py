"""What documents say of containers that libvirt has no words for, in their metadata. Pure.

    <metadata>
      <vk:container xmlns:vk="urn:virtkit:lxc:1">
        <vk:pids max="100"/>
        <vk:no_new_privs/>
        <vk:seccomp profile="/etc/virtkit/web.seccomp"/>
      </vk:container>
    </metadata>

`pids` is the most processes and threads that the container can have; with `no_new_privs` no program in it gains
privileges, as by a set-user-ID bit; `profile` is a file in liblxc's form, which replaces ours.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from virtkit.enums import ErrorDomain
from virtkit.errors import XMLError

if TYPE_CHECKING:
    from lxml.etree import _Element

    from virtkit.xml.domain import Domain

NAMESPACE = "urn:virtkit:lxc:1"

ATTRIBUTES = {"pids": "max", "no_new_privs": None, "seccomp": "profile"}
"""Element -> its attribute."""

MOST_PIDS = 1 << 22
"""What Linux can count."""


class Additions(NamedTuple):
    """What is asked for.

    Attributes:
        pids: The most processes; None: no limit.
        no_new_privs: Whether no program may gain privileges.
        seccomp: Path of a profile of liblxc on the host; None: ours.
    """

    pids: int | None = None
    no_new_privs: bool = False
    seccomp: str | None = None


def read(document: Domain) -> Additions:
    """What a document asks for.

    Raises:
        XMLError: It cannot be understood.
    """
    text = (document.metadata or {}).get(NAMESPACE)
    if text is None:
        return Additions()
    found = _elements(document, text)
    return Additions(_pids(document, found.get("pids")), "no_new_privs" in found, _profile(document, found))


def _elements(document: Domain, text: str) -> dict[str, str]:
    """What is in the element: the name of each, and the value of its attribute."""
    from virtkit.xml.reader import load

    root = load(text, ErrorDomain.LXC, "metadata")
    if root.tag != f"{{{NAMESPACE}}}container":
        raise _wrong(document, f"{NAMESPACE} has the element <container>, not <{_local(root)}>")
    if root.attrib:
        raise _wrong(document, "<container> has no attributes")
    found: dict[str, str] = {}
    for each in root:
        if not isinstance(each.tag, str):
            continue
        name = _local(each)
        if each.tag != f"{{{NAMESPACE}}}{name}" or name not in ATTRIBUTES:
            raise _wrong(document, f"<container> has elements {', '.join(ATTRIBUTES)} of {NAMESPACE}, not <{name}>")
        if name in found:
            raise _wrong(document, f"<container> has <{name}> twice: leave one out")
        attribute = ATTRIBUTES[name]
        if list(each.attrib) != ([attribute] if attribute else []):
            raise _wrong(
                document, f"<{name}> has {f'the attribute {attribute!r} alone' if attribute else 'no attributes'}"
            )
        found[name] = each.get(attribute, "") if attribute else ""
    return found


def _pids(document: Domain, text: str | None) -> int | None:
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= MOST_PIDS:
        raise _wrong(document, f"<pids max={text!r}>: a number from 1 to {MOST_PIDS}")
    return number


def _profile(document: Domain, found: dict[str, str]) -> str | None:
    path = found.get("seccomp")
    if path is not None and not os.path.isabs(path):
        raise _wrong(document, f"<seccomp profile={path!r}>: an absolute path")
    return path


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _wrong(document: Domain, problem: str) -> XMLError:
    return XMLError(f"domain {document.name!r}: {problem}", domain=ErrorDomain.LXC)
