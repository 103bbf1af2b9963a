"""Documents that come in: read, checked and completed."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

from virtkit.define import checks
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.store import check_name

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain

TYPE = "lxc"
"""Type of the domains that this driver runs."""

LAUNCHER = "/usr/bin/lxc-start"

_log = logging.getLogger(__name__)


class Draft(NamedTuple):
    """A complete document, and what identifies the domain."""

    name: str
    uuid: bytes
    domain: Domain


def launcher() -> str:
    """The program that starts containers; what documents call their emulator."""
    return shutil.which("lxc-start") or LAUNCHER


def read(xml: str, *, validate: bool = False) -> Draft:
    """Read a domain document and complete it.

    Args:
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        ConfigUnsupportedError: It is for another hypervisor, or asks for what a container cannot have.
        VirtError: It is no valid domain; see `domain_define_xml_flags`.
    """
    from virtkit.xml.domain import Domain

    domain = Domain.parse(xml, validate=validate)
    for notice in domain.notices:
        _log.warning("domain %r: %s", domain.name, notice)
    checks.identity(domain)
    name = domain.name or ""
    check_name(name, "domain", domain=ErrorDomain.DOMAIN)
    if domain.type != TYPE:
        raise ConfigUnsupportedError(
            f"domain {domain.name!r} is of type {domain.type!r}; this driver runs type {TYPE}", domain=ErrorDomain.LXC
        )
    domain.id = None
    complete(domain)
    assert domain.uuid is not None
    return Draft(name, domain.uuid, domain)


def complete(domain: Domain) -> None:
    """Check a definition and fill in what it leaves open, for this host.

    Raises:
        VirtError: As `define.complete`.
    """
    from virtkit_lxc import define

    define.complete(domain, os.uname().machine, launcher())
