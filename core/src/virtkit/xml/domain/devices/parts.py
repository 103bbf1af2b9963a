"""What devices of several kinds have in common."""

from __future__ import annotations

import re
from typing import TypeVar

from virtkit.errors import ConfigUnsupportedError, InternalError, VirtError, XMLError
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, Refusal, Value, integer, one_of, quoted

T = TypeVar("T")


def pattern(form: str, what: str, error: type[VirtError] = XMLError, domain: int | None = None) -> Value[str]:
    """Texts of one form.

    Args:
        form: Regular expression of the whole text.
        what: What such a text is, with an example, for the message of a refusal.
        error: What another text raises.
        domain: Its error domain; None is that of the document.
    """
    compiled = re.compile(form)

    def read(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        raise Refusal(f"{quoted(text)} is not {what}", error, domain)

    return Value(read)


POSITIVE = integer(1, 2**32 - 1)
SMALL = integer(0, 2**32 - 1, prefixed=True)

VIRTIO_MODELS = ("virtio", "virtio-transitional", "virtio-non-transitional")

STARTUP_POLICY = one_of("mandatory", "requisite", "optional")
"""What to do if the source is missing at the start: fail; fail but at migration; drop it."""


LOADPARM = pattern("[A-Za-z0-9. ]{1,8}", "1 to 8 letters, digits, dots or blanks", InternalError)


class Boot(Element):
    """The device's place in the boot order, from 1; `loadparm` selects an entry on s390."""

    order = attribute("order", POSITIVE)
    loadparm = attribute("loadparm", LOADPARM)


class Rom(Element):
    """The device's option ROM: `bar` shows it to the guest, `file` replaces it."""

    enabled = attribute("enabled", YES_NO)
    bar = attribute("bar", ON_OFF)
    file = attribute("file")


class VirtioDriver(Element):
    """Options of every virtio device."""

    iommu = attribute("iommu", ON_OFF)
    ats = attribute("ats", ON_OFF)
    packed = attribute("packed", ON_OFF)
    page_per_vq = attribute("page_per_vq", ON_OFF)


class Teaming(Element):
    """A pair of interfaces of which the transient one leaves before migration; `persistent` is the other's alias."""

    type = attribute("type", one_of("persistent", "transient", error=ConfigUnsupportedError))
    persistent = attribute("persistent")


class Reconnect(Element):
    """Whether a lost connection of a socket is made again, every `timeout` seconds."""

    enabled = attribute("enabled", YES_NO)
    timeout = attribute("timeout", UNSIGNED)


class SourceLabel(Element):
    """The security label of one file of a device."""

    model = attribute("model")
    relabel = attribute("relabel", YES_NO)
    labelskip = attribute("labelskip", YES_NO)
    label = textchild("label")
