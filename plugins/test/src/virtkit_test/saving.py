"""Saved domains: files that hold a definition, in the format of libvirt's simulator, and managed save."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from virtkit.enums import (
    DomainEventStartedDetailType,
    DomainEventStoppedDetailType,
    DomainRunningReason,
    DomainSaveImageXMLFlags,
    DomainSaveRestoreFlags,
    DomainShutoffReason,
    ErrorDomain,
)
from virtkit.errors import ArgumentUnsupportedError, InternalError, OperationInvalidError, SystemCallError
from virtkit.hookspecs.domain_lifecycle import DomainLifecycleSpec
from virtkit.spec import quick
from virtkit_test.definition import obtain
from virtkit_test.domain import DOMAIN, finish, parse, start, stop
from virtkit_test.filters import refuse

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain as DomainXML
    from virtkit_test.state import TestState

TEST = ErrorDomain.TEST

MAGIC = b"TestGuestMagic\0"
LENGTH = struct.Struct("<i")
"""After the magic: the bytes of the definition that follows."""

LARGEST = 4 << 20
"""No definition is longer; a damaged length must not fill memory."""


def write_image(path: str, document: DomainXML) -> None:
    """Write a definition to a file.

    Raises:
        SystemCallError: The file cannot be written.
    """
    text = document.format().encode()
    try:
        with open(path, "wb") as file:
            file.write(MAGIC + LENGTH.pack(len(text)) + text)
    except OSError as error:
        raise unusable(path, error) from error


def read_image(path: str) -> DomainXML:
    """Read the definition of a file.

    Raises:
        SystemCallError: The file cannot be read.
        InternalError: It is no saved domain.
    """
    from virtkit.xml.domain import Domain as DomainXML

    try:
        with open(path, "rb") as file:
            head = file.read(len(MAGIC) + LENGTH.size)
            if not head.startswith(MAGIC) or len(head) < len(MAGIC) + LENGTH.size:
                raise InternalError(f"{path} is no domain saved by this driver", domain=TEST)
            length = LENGTH.unpack_from(head, len(MAGIC))[0]
            if not 0 < length <= LARGEST:
                raise InternalError(f"{path} is damaged: it claims a definition of {length} bytes", domain=TEST)
            text = file.read(length)
    except OSError as error:
        raise unusable(path, error) from error
    if len(text) < length:
        raise InternalError(f"{path} is damaged: it ends after {len(text)} of {length} bytes", domain=TEST)
    document = DomainXML.parse(text)
    finish(document)
    return document


def unusable(path: str, error: OSError) -> SystemCallError:
    """The error of a file that cannot be read or written."""
    return SystemCallError(f"cannot use {path}: {error.strerror}", domain=TEST, int1=error.errno or 0)


class SavingPart(DomainLifecycleSpec["TestState"]):
    """The functions of the driver that save and restore."""

    def domain_save_flags(self, conn: TestState, dom: DomainRef, to: str, dxml: str | None, flags: int) -> None:
        refuse("domain_save_flags", flags)
        _refuse_xml(dxml)
        with conn.domains.hold(dom, "domain_save_flags") as domain:
            domain.require_active()
            write_image(to, domain.document)
            stop(conn, domain, DomainShutoffReason.SAVED, DomainEventStoppedDetailType.SAVED)

    def domain_restore_flags(self, conn: TestState, from_: str, dxml: str | None, flags: int) -> None:
        refuse("domain_restore_flags", flags)
        _refuse_xml(dxml)
        document = read_image(from_)
        known = conn.domains.match(document.name or "", document.uuid or b"")
        if known is not None and known.active:
            raise OperationInvalidError(f"domain {known.name!r} is running already: destroy it first", domain=DOMAIN)
        domain = obtain(conn, document)
        restored = DomainEventStartedDetailType.RESTORED
        start(conn, domain, DomainRunningReason.RESTORED, restored, document=document)

    def domain_save_image_get_xml_desc(self, conn: TestState, file: str, flags: int) -> str:
        from virtkit.define.secrets import without_secrets

        refuse("domain_save_image_get_xml_desc", flags & ~DomainSaveImageXMLFlags.SECURE)
        document = read_image(file)
        return (document if flags else without_secrets(document)).format()

    def domain_save_image_define_xml(self, conn: TestState, file: str, dxml: str, flags: int) -> None:
        refuse(
            "domain_save_image_define_xml", flags & ~(DomainSaveRestoreFlags.RUNNING | DomainSaveRestoreFlags.PAUSED)
        )
        read_image(file)
        write_image(file, parse(dxml))

    @quick
    def domain_managed_save(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        known = DomainSaveRestoreFlags
        refuse("domain_managed_save", flags & ~(known.BYPASS_CACHE | known.RUNNING | known.PAUSED))
        with conn.domains.hold(dom, "domain_managed_save") as domain:
            domain.require_active()
            if domain.config is None:
                raise OperationInvalidError(
                    f"domain {domain.name!r} is transient: define it before a managed save", domain=TEST
                )
            stop(conn, domain, DomainShutoffReason.SAVED, DomainEventStoppedDetailType.SAVED)
            domain.saved = True

    @quick
    def domain_has_managed_save_image(self, conn: TestState, dom: DomainRef, flags: int) -> bool:
        refuse("domain_has_managed_save_image", flags)
        return conn.domains.by_ref(dom).saved

    @quick
    def domain_managed_save_remove(self, conn: TestState, dom: DomainRef, flags: int) -> None:
        refuse("domain_managed_save_remove", flags)
        conn.domains.by_ref(dom).saved = False


def _refuse_xml(dxml: str | None) -> None:
    if dxml is not None:
        raise ArgumentUnsupportedError(
            "the simulator cannot change the definition while saving or restoring", domain=TEST
        )
