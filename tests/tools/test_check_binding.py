"""The check of the remote plugin's procedures finds what is missing and what does not agree."""

from __future__ import annotations

import pytest

from tools import check_binding
from virtkit.discovery import function, functions
from virtkit_remote.binding.shape import shape
from virtkit_remote.daemon.admin import ADMIN
from virtkit_remote.daemon.procedures import MAIN

ROW = "lxc       lxc_domain_open_namespace                           descriptors  descriptors"


def missing(main: list[str] | None = None, admin: list[str] | None = None, without: str = "") -> list[tuple[str, str]]:
    """What has a side that nobody has: the name, and which."""
    hooks = {name: hook for name, hook in functions().items() if name != without}
    rows = check_binding.rows(hooks, [*MAIN] if main is None else main, [*ADMIN] if admin is None else admin)
    return [
        (row.procedure.name, side)
        for row in rows
        for side in ("daemon", "client")
        if getattr(row, side) == check_binding.MISSING
    ]


def test_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert (0, []) == (check_binding.main([]), [*check_binding.problems()])
    assert capsys.readouterr().out.startswith("473 procedures: ")


def test_the_table_has_a_row_for_every_procedure(capsys: pytest.CaptureFixture[str]) -> None:
    check_binding.main(["--list"])
    lines = capsys.readouterr().out.splitlines()
    assert (474, True) == (len(lines), ROW in lines)


def test_a_procedure_without_a_hook_is_found() -> None:
    assert [("domain_get_info", "daemon"), ("domain_get_info", "client")] == missing(without="domain_get_info")


def test_a_procedure_that_the_daemon_does_not_answer_is_found() -> None:
    left = [name for name in MAIN if name != "auth_list"]
    assert [("auth_list", "daemon")] == missing(main=left)


def test_a_procedure_of_the_admin_socket_that_is_not_answered_is_found() -> None:
    left = [name for name in ADMIN if name != "admin_connect_open"]
    assert [("admin_connect_open", "daemon")] == missing(admin=left)


def test_parameters_in_another_order_are_found() -> None:
    hook = function("domain_set_vcpus")
    assert hook is not None
    turned = hook._replace(parameters=hook.parameters[::-1])
    assert ["domain_set_vcpus takes nvcpus, dom; the wire has dom, nvcpus"] == [
        *check_binding.unmatched(turned, shape("domain_set_vcpus"))
    ]


def test_an_argument_that_the_client_forgets_is_found() -> None:
    hook = function("connect_list_all_domains")
    assert hook is not None
    short = shape("connect_list_all_domains")._replace(ask=lambda a, n: a)
    assert ["connect_list_all_domains: the client sends 1 arguments of 2"] == [*check_binding.unmatched(hook, short)]
