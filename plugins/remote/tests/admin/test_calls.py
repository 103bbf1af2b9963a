"""What the admin program answers to calls that virt-admin does not make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.remote.tests.admin.wire import Wire
from tests.interop.virtkitd import Virtkitd
from virtkit.enums import ErrorDomain
from virtkit.errors import ArgumentUnsupportedError, InvalidArgError, NoClientError, NoServerError, VirtError
from virtkit.params import INT, UINT, TypedParams
from virtkit_remote.daemon.admin import ADMIN as ANSWERED
from virtkit_remote.protocol.schema import fields, procedures

MAIN, ADMIN, NONE = ("virtkitd",), ("admin",), ("nope",)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtkitd]:
    with Virtkitd(tmp_path_factory.mktemp("admin")) as running:
        yield running


@pytest.fixture
def wire(daemon: Virtkitd) -> Iterator[Wire]:
    with Wire(daemon.admin_socket) as connected:
        yield connected


def uints(**values: int) -> TypedParams:
    return TypedParams.all_of(UINT, values)


def test_every_procedure_is_answered_here() -> None:
    assert {each.name for each in procedures("admin")} == set(ANSWERED)


def test_flags_are_the_last_argument_of_every_procedure_that_has_any() -> None:
    assert {"flags"} == {fields(each.args)[-1].name for each in procedures("admin") if each.args}


def test_the_first_call_may_be_any(wire: Wire) -> None:
    assert (9000000,) == wire.call("connect_get_lib_version")


def test_a_list_counts_without_telling(wire: Wire) -> None:
    assert ([], 2) == wire.call("connect_list_servers", 0, 0)
    assert ([], 1) == wire.call("server_list_clients", ADMIN, 0, 0)


def test_a_client_that_is_looked_up_is_the_one_of_the_list(wire: Wire) -> None:
    (listed, *_), _ = wire.call("server_list_clients", ADMIN, 1, 0)
    assert (listed,) == wire.call("server_lookup_client", ADMIN, listed[1], 0)


def test_a_client_closes_itself_after_it_was_answered(wire: Wire) -> None:
    (itself, *_), _ = wire.call("server_list_clients", ADMIN, 1, 0)
    assert None is wire.call("client_close", itself, 0)
    assert wire.ended()


def test_who_says_goodbye_is_answered(wire: Wire) -> None:
    assert None is wire.call("connect_close")
    assert wire.ended()


@pytest.mark.parametrize(
    ("call", "arguments", "kind", "domain"),
    [
        ("connect_open", (1,), InvalidArgError, ErrorDomain.ADMIN),
        ("server_list_clients", (MAIN, 1, 2), InvalidArgError, ErrorDomain.ADMIN),
        ("connect_lookup_server", ("nope", 0), NoServerError, ErrorDomain.RPC),
        ("server_get_client_limits", (NONE, 0), NoServerError, ErrorDomain.RPC),
        ("server_update_tls_files", (NONE, 0), NoServerError, ErrorDomain.RPC),
        ("client_get_info", ((MAIN, 999, 0, 0), 0), NoClientError, ErrorDomain.RPC),
        ("client_close", ((NONE, 1, 0, 0), 0), NoServerError, ErrorDomain.RPC),
        ("server_set_client_limits", (MAIN, uints(nclients=3), 0), ArgumentUnsupportedError, ErrorDomain.ADMIN),
        ("server_set_client_limits", (MAIN, uints(nclients_max=0), 0), InvalidArgError, ErrorDomain.ADMIN),
        ("server_set_threadpool_parameters", (MAIN, uints(freeWorkers=3), 0), ArgumentUnsupportedError,
         ErrorDomain.ADMIN),
        ("server_set_threadpool_parameters", (MAIN, uints(minWorkers=2000, maxWorkers=2000), 0), InvalidArgError,
         ErrorDomain.ADMIN),
        ("server_set_threadpool_parameters", (MAIN, TypedParams.all_of(INT, {"maxWorkers": 3}), 0), InvalidArgError,
         ErrorDomain.ADMIN),
        ("server_set_threadpool_parameters", (MAIN, uints(maxWorkers=3).put("maxWorkers", UINT, 4), 0),
         InvalidArgError, ErrorDomain.ADMIN),
        ("connect_set_daemon_timeout", (2**32 - 1, 0), InvalidArgError, ErrorDomain.ADMIN),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(
    wire: Wire, call: str, arguments: tuple[Any, ...], kind: type[VirtError], domain: int
) -> None:
    with pytest.raises(VirtError) as caught:
        wire.call(call, *arguments)
    assert (kind, domain) == (type(caught.value), caught.value.domain)


def test_nothing_given_changes_nothing(wire: Wire) -> None:
    before = wire.call("server_get_client_limits", MAIN, 0)
    wire.call("server_set_client_limits", MAIN, TypedParams(), 0)
    wire.call("server_set_threadpool_parameters", MAIN, TypedParams(), 0)
    assert before == wire.call("server_get_client_limits", MAIN, 0)


def test_a_client_that_has_not_called_anything_counts_as_unauthenticated(daemon: Virtkitd, wire: Wire) -> None:
    with Wire(daemon.admin_socket) as silent:
        values = [wire.call("server_get_client_limits", ADMIN, 0)[0]["nclients_unauth"]]
        silent.call("connect_open", 0)
        values.append(wire.call("server_get_client_limits", ADMIN, 0)[0]["nclients_unauth"])
    assert [1, 0] == values


def test_parameters_have_the_types_that_libvirt_gives_them(wire: Wire) -> None:
    (itself, *_), _ = wire.call("server_list_clients", ADMIN, 1, 0)
    (told,) = wire.call("client_get_info", itself, 0)
    assert (6, 1, 7) == (told.types["readonly"], told.types["unix_user_id"], told.types["unix_user_name"])
    for call in ("server_get_client_limits", "server_get_threadpool_parameters"):
        assert {UINT} == set(wire.call(call, MAIN, 0)[0].types.values())
