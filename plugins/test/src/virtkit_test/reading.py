"""Reading what users wrote: nothing is lost without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from virtkit.xml.element import Document

D = TypeVar("D", bound="Document")


def read(kind: type[D], xml: str, *, validate: bool = False) -> D:
    """Parse a document. Names that nobody knows are kept and logged as warnings; with `validate` they are refused.

    Raises:
        VirtError: As for `virtkit.xml.element.Document.parse`.
    """
    document = kind.parse(xml, validate=validate)
    if document.notices:
        import logging  # rarely needed, and slow to import

        log = logging.getLogger(__name__)
        for notice in document.notices:
            log.warning("%s %r: %s", kind.tag, getattr(document, "name", None), notice)
    return document
