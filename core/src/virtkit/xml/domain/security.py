"""Security labels and confidential computing."""

from __future__ import annotations

from virtkit.errors import XMLError
from virtkit.xml.element import Element
from virtkit.xml.schema import attribute, children, textchild
from virtkit.xml.values import ON_OFF, UNSIGNED, YES_NO, hexadecimal, one_of, refused_as


class SecurityLabel(Element):
    """The label of a domain under one security model."""

    type = attribute("type", one_of("dynamic", "static", "none"))
    model = attribute("model")
    relabel = attribute("relabel", YES_NO)
    label = textchild("label")
    base_label = textchild("baselabel")
    image_label = textchild("imagelabel")


class Cipher(Element):
    """A cipher of key wrapping."""

    name = attribute("name", one_of("aes", "dea"))
    state = attribute("state", ON_OFF)


class KeyWrap(Element):
    """Protected keys of s390."""

    ciphers = children("cipher", Cipher)


class LaunchSecurity(Element):
    """Encrypted memory; certificate and session are base64."""

    type = attribute("type", one_of("sev", "s390-pv"))
    kernel_hashes = attribute("kernelHashes", YES_NO)
    cbitpos = textchild("cbitpos", UNSIGNED)
    reduced_phys_bits = textchild("reducedPhysBits", UNSIGNED)
    policy = textchild("policy", refused_as(XMLError, hexadecimal(4, high=0xFFFFFFFF)))
    handle = textchild("handle", UNSIGNED)
    dh_cert = textchild("dhCert")
    session = textchild("session")
