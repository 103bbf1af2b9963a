"""The driver: its sessions, and the functions of filters and bindings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from virtkit.driver import Finding, OpenRequest
from virtkit.enums import NWFilterBindingCreateFlags, NWFilterDefineFlags
from virtkit.errors import unsupported_flags
from virtkit.hookspecs.nwfilter import NWFilterSpec
from virtkit.hookspecs.nwfilter_binding import NWFilterBindingSpec
from virtkit.services.tenancy import TenantDriver
from virtkit_netfilter import bindings, filters
from virtkit_netfilter.definition import DOMAIN
from virtkit_netfilter.state import NetfilterState, Session

if TYPE_CHECKING:
    from virtkit.refs import NWFilterBindingRef, NWFilterRef
    from virtkit.store import Root

LIBRARY = "apt-get install libnftables1 && pip install pip-nftables"
"""What installs what rules are made with."""


class NetfilterDriver(NWFilterSpec["Session"], NWFilterBindingSpec["Session"], TenantDriver["Session"]):
    """Network filters of the interfaces of guests, on nftables."""

    name = "nwfilter"
    hook_api = 1
    kinds = ("nwfilter",)
    error_domain = DOMAIN

    def make_state(self, root: Root, request: OpenRequest) -> NetfilterState:
        return NetfilterState(root)

    def make_session(self, state: NetfilterState, request: OpenRequest) -> Session:
        return Session(state)

    # Sessions

    def driver_default_uri(self) -> str | None:
        return "nwfilter:///system" if os.geteuid() == 0 else None

    def driver_probe(self) -> str | None:
        if find_spec("nftables") is None:
            return f"the Python package pip-nftables is not installed: {LIBRARY}"
        return None

    def driver_diagnose(self) -> Sequence[Finding]:
        from virtkit_netfilter import diagnosis

        return diagnosis.findings(LIBRARY)

    # Filters

    def nwfilter_lookup_by_name(self, conn: Session, name: str) -> NWFilterRef:
        return conn.read().filters.by_name(name).ref

    def nwfilter_lookup_by_uuid(self, conn: Session, uuid: bytes) -> NWFilterRef:
        return conn.read().filters.by_uuid(uuid).ref

    def connect_list_all_nwfilters(self, conn: Session, flags: int) -> list[NWFilterRef]:
        _refuse("connect_list_all_nwfilters", flags)
        return [each.ref for each in conn.read().filters.all()]

    def nwfilter_get_xml_desc(self, conn: Session, nwfilter: NWFilterRef, flags: int) -> str:
        _refuse("nwfilter_get_xml_desc", flags)
        return conn.read().filters.by_ref(nwfilter).document.format()

    def nwfilter_define_xml_flags(self, conn: Session, xml: str, flags: int) -> NWFilterRef:
        _refuse("nwfilter_define_xml_flags", flags, NWFilterDefineFlags.VALIDATE)
        return filters.define(conn.write(), xml, validate=bool(flags & NWFilterDefineFlags.VALIDATE)).ref

    def nwfilter_undefine(self, conn: Session, nwfilter: NWFilterRef) -> None:
        filters.undefine(conn.write(), nwfilter)

    # Bindings

    def nwfilter_binding_lookup_by_port_dev(self, conn: Session, name: str) -> NWFilterBindingRef:
        return conn.read().bindings.by_name(name).ref

    def connect_list_all_nwfilter_bindings(self, conn: Session, flags: int) -> list[NWFilterBindingRef]:
        _refuse("connect_list_all_nwfilter_bindings", flags)
        return [each.ref for each in conn.read().bindings.all()]

    def nwfilter_binding_get_xml_desc(self, conn: Session, binding: NWFilterBindingRef, flags: int) -> str:
        _refuse("nwfilter_binding_get_xml_desc", flags)
        return conn.read().bindings.by_name(binding.portdev).describe()

    def nwfilter_binding_create_xml(self, conn: Session, xml: str, flags: int) -> NWFilterBindingRef:
        _refuse("nwfilter_binding_create_xml", flags, NWFilterBindingCreateFlags.VALIDATE)
        return bindings.create(conn.write(), xml, validate=bool(flags & NWFilterBindingCreateFlags.VALIDATE)).ref

    def nwfilter_binding_delete(self, conn: Session, binding: NWFilterBindingRef) -> None:
        bindings.delete(conn.write(), binding)


def _refuse(function: str, flags: int, known: int = 0) -> None:
    """Refuse flags that a function does not know."""
    if flags & ~known:
        raise unsupported_flags(function, flags & ~known, domain=DOMAIN)
