"""Tests of connections: open, closed and read-only ones, and what they tell of the host."""

from __future__ import annotations

import pytest

import virtkit
from virtkit import Connection
from virtkit.discovery import functions
from virtkit.enums import DomainXMLFlags
from virtkit.errors import InternalError, InvalidArgError, InvalidConnError, OperationDeniedError
from virtkit.testing.calls import calls, offers
from virtkit.testing.kinds import DOMAIN, OBJECT_KINDS, Can
from virtkit.testing.profile import Profile
from virtkit.testing.suite import Conformance, Workshop, requires
from virtkit.testing.support import MODULES


class BaseConnection(Conformance):
    """Opening and closing."""

    def test_an_open_connection_is_alive(self, conn: Connection) -> None:
        assert (True, False) == (conn.is_alive(), conn.is_closed)

    def test_its_uri_opens_it_again(self, conn: Connection) -> None:
        with virtkit.open(conn.uri) as again:
            assert conn.uri == again.uri

    def test_a_closed_connection_is_not_alive(self, conn: Connection) -> None:
        conn.close()
        assert (False, True) == (conn.is_alive(), conn.is_closed)

    def test_closing_twice_is_harmless(self, conn: Connection) -> None:
        conn.close()
        conn.close()

    def test_leaving_a_with_statement_closes_it(self, profile: Profile) -> None:
        with virtkit.open(profile.uri) as conn:
            pass
        assert conn.is_closed

    def test_every_function_of_a_closed_connection_is_refused(self, conn: Connection) -> None:
        conn.close()
        answered = []
        for name in functions():
            try:
                conn.ops[name]()
            except InvalidConnError:
                continue
            answered.append(name)
        assert [] == answered

    def test_a_closed_connection_can_be_opened_again(self, conn: Connection, profile: Profile) -> None:
        conn.close()
        with virtkit.open(profile.uri) as again:
            assert again.is_alive()

    def test_closing_one_connection_leaves_another_one_open(self, conn: Connection, profile: Profile) -> None:
        virtkit.open(profile.uri).close()
        assert conn.is_alive()

    def test_wrong_paths_and_parameters_are_refused(self, profile: Profile) -> None:
        if not profile.wrong_uris:
            pytest.skip(f"{profile.uri}: the profile has no wrong_uris")
        opened = []
        for uri in profile.wrong_uris:
            try:
                virtkit.open(uri).close()
            except (InternalError, InvalidArgError):
                continue
            opened.append(uri)
        assert [] == opened


class BaseHost(Conformance):
    """What a connection tells of the hypervisor and the host."""

    @requires(Can.IDENTIFY)
    def test_the_hypervisor_has_a_type_and_a_version(self, conn: Connection) -> None:
        assert conn.type()
        assert conn.version() > 0

    @requires(Can.IDENTIFY)
    def test_the_host_has_a_name(self, conn: Connection) -> None:
        assert conn.hostname()

    @requires(Can.INFO)
    def test_the_host_has_memory_and_processors(self, conn: Connection) -> None:
        info = conn.node_info()
        assert info.memory > 0
        assert info.cpus >= 1

    @requires(Can.DESCRIBE)
    def test_the_capabilities_have_nothing_that_the_model_does_not_know(self, conn: Connection) -> None:
        from virtkit.xml.capabilities import Capabilities

        assert () == Capabilities.parse(conn.capabilities()).notices

    @requires(Can.DESCRIBE)
    def test_the_capabilities_are_laid_out_as_the_model_prints_them(self, conn: Connection) -> None:
        from virtkit.xml.capabilities import Capabilities

        text = conn.capabilities()
        assert Capabilities.parse(text).format() == text


class BaseReadOnly(Conformance):
    """Read-only connections."""

    @pytest.mark.parametrize("module", MODULES)
    def test_what_changes_anything_is_denied(self, profile: Profile, module: str) -> None:
        with virtkit.open(profile.uri, readonly=True) as reader:
            outcomes = {
                each.function.name: each.outcome(reader) for each in calls(module) if not each.function.meta.readonly
            }
        assert {} == {name: error for name, error in outcomes.items() if not isinstance(error, OperationDeniedError)}

    @pytest.mark.parametrize("module", MODULES)
    def test_what_only_asks_is_not_denied(self, profile: Profile, module: str) -> None:
        with virtkit.open(profile.uri, readonly=True) as reader:
            offered = offers(reader)
            outcomes = {
                each.function.name: each.outcome(reader)
                for each in calls(module)
                if each.function.meta.readonly and each.harmless and each.function.name in offered
            }
        assert {} == {name: error for name, error in outcomes.items() if isinstance(error, OperationDeniedError)}

    def test_it_lists_what_another_connection_lists(self, conn: Connection, profile: Profile) -> None:
        kinds = [kind for kind in OBJECT_KINDS if profile.can(kind, Can.LIST) and hasattr(conn, f"list_{kind.plural}")]
        if not kinds or not profile.shared:
            pytest.skip(f"{profile.uri}: there is nothing that two connections could list")
        with virtkit.open(profile.uri, readonly=True) as reader:
            assert [kind.keys(conn) for kind in kinds] == [kind.keys(reader) for kind in kinds]

    def test_secrets_in_a_domain_are_not_described(self, workshop: Workshop, profile: Profile) -> None:
        profile.require(DOMAIN, Can.LIST | Can.DESCRIBE)
        name = workshop.some(DOMAIN).name
        with virtkit.open(profile.uri, readonly=True) as reader:
            domain = reader.lookup_domain_by_name(name)
            with pytest.raises(OperationDeniedError):
                domain.xml_desc(DomainXMLFlags.SECURE)
