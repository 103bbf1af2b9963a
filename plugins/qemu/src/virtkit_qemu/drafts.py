"""Documents that come in: read, checked and completed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from virtkit.define import checks
from virtkit.enums import ErrorDomain
from virtkit.errors import ConfigUnsupportedError
from virtkit.store import check_name
from virtkit.xml.domain import Domain
from virtkit_qemu import binary, define

if TYPE_CHECKING:
    from virtkit_qemu.binary import Binaries

TYPES = ("qemu", "kvm")
"""Types of domains that this driver runs."""

_log = logging.getLogger(__name__)


class Draft(NamedTuple):
    """A complete document, and what identifies the domain."""

    name: str
    uuid: bytes
    domain: Domain


def read(binaries: Binaries, xml: str, *, validate: bool = False) -> Draft:
    """Read a domain document and complete it.

    Args:
        binaries: The emulators of the host.
        xml: The document.
        validate: Refuse names nobody knows; otherwise they are kept, and logged as warnings.

    Raises:
        ConfigUnsupportedError: It is for another hypervisor, no emulator is installed for it, or the emulator cannot do
            what it asks.
        VirtError: It is no valid domain; see `domain_define_xml_flags`.
    """
    domain = Domain.parse(xml, validate=validate)
    for notice in domain.notices:
        _log.warning("domain %r: %s", domain.name, notice)
    checks.identity(domain)
    name = domain.name or ""
    check_name(name, "domain", domain=ErrorDomain.DOMAIN)
    if domain.type not in TYPES:
        raise ConfigUnsupportedError(
            f"domain {domain.name!r} is of type {domain.type!r}; this driver runs types {' and '.join(TYPES)}",
            domain=ErrorDomain.QEMU,
        )
    domain.id = None
    emulator = emulator_of(binaries, domain)
    define.complete(domain, binaries.facts(emulator), str(emulator))
    assert domain.uuid is not None
    return Draft(name, domain.uuid, domain)


def emulator_of(binaries: Binaries, domain: Domain) -> Path:
    """The emulator a document names, else the installed one for its architecture.

    Raises:
        ConfigUnsupportedError: None is installed.
    """
    if domain.devices.emulator:
        return Path(domain.devices.emulator)
    arch = (domain.os.type.arch if domain.os.type else None) or binary.HOST
    found = binaries.find(arch)
    if found is None:
        raise ConfigUnsupportedError(
            f"domain {domain.name!r}: no emulator for {arch} is installed: apt-get install {binary.package(arch)}",
            domain=ErrorDomain.QEMU,
        )
    return found
