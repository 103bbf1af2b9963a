"""Calls of an asynchronous connection run at the same time, by the rules of the synchronous one."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import assert_type

import pytest

from core.tests.aio.lab import MAIL, NEWS, WEB, AsyncLab, NetLab, ThreadLab, run, when
from virtkit import aio
from virtkit.aio.opening import THREADS
from virtkit.enums import DomainXMLFlags
from virtkit.errors import (
    InternalError,
    InvalidConnError,
    NoDomainError,
    NoDriverError,
    NotSupportedError,
    OperationDeniedError,
)
from virtkit.records import DomainInfo


@pytest.mark.parametrize("uri", ["lab:///default", "threads:///default"])
def test_calls_of_one_connection_run_at_the_same_time(lab: AsyncLab, threads: ThreadLab, uri: str) -> None:
    async def program() -> list[DomainInfo]:
        async with await aio.open(uri) as conn:
            domains = await conn.list_domains()
            return await asyncio.gather(*(domain.info() for domain in domains))

    assert [0, 1, 2] == [info.cpu_time for info in run(program())]


def test_a_call_has_the_type_of_the_synchronous_one(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            assert_type(conn, aio.Connection)
            domains = assert_type(await conn.list_domains(), list[aio.Domain])
            assert_type(domains[0].connection, aio.Connection)
            name = assert_type(domains[0].name, str)
            assert_type(await domains[0].xml_desc(), str)
            assert "web" == name

    run(program())


def test_asynchronous_functions_need_no_thread(lab: AsyncLab) -> None:
    async def program() -> list[str]:
        async with await aio.open("lab:///default") as conn:
            assert "host of lab:///default" == await conn.hostname()
            return [thread.name for thread in threading.enumerate()]

    assert not [name for name in run(program()) if name.startswith("virtkit-")]


def test_what_never_waits_is_called_in_the_loop_and_the_rest_on_threads(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            domain = (await conn.list_domains())[0]
            await conn.hostname()  # never waits, says the specification
            await domain.state()  # never waits, says the driver
            assert 3 == await conn.num_of_domains()  # derived from what never waits
            await conn.sysinfo()

    run(program())
    where = dict(zip(threads.events, threads.threads, strict=True))
    here = threading.current_thread().name
    assert [here] * 3 == [where[what] for what in ("list", "hostname", "state")]
    assert where["sysinfo"].startswith("virtkit-threads")
    assert where["opened"].startswith("virtkit-threads")


def test_errors_of_drivers_reach_the_caller(lab: AsyncLab, threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            with pytest.raises(NoDomainError, match="no domain has uuid"):
                await conn.lookup_domain_by_uuid(bytes(16))
        async with await aio.open("threads:///default") as conn:
            with pytest.raises(NoDomainError, match="'web' is gone"):
                await aio.Domain(conn, WEB).xml_desc()

    run(program())


def test_a_mistake_of_a_driver_leaves_nobody_waiting(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            with pytest.raises(RuntimeError, match=r"connect_get_cpu_model_names.*StopIteration"):
                await conn.cpu_model_names("x86_64")

    run(program())


def test_what_nobody_implements_says_so_by_name(lab: AsyncLab, threads: ThreadLab) -> None:
    async def program() -> None:
        for uri in ("lab:///default", "threads:///default"):
            async with await aio.open(uri) as conn:
                with pytest.raises(NotSupportedError, match="domain_reset"):
                    await aio.Domain(conn, WEB).reset()
                with pytest.raises(NotSupportedError, match="connect_list_all_secrets"):
                    await conn.list_secrets()
                with pytest.raises(InternalError, match="domain_weigh"):
                    conn.ops["domain_weigh"]

    run(program())


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(NoDriverError, match="virtkit-nowhere"):
        run(aio.open("nowhere:///system"))


def test_a_function_is_bound_once(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            await conn.hostname()
            assert conn.ops["connect_get_hostname"] is conn.ops["connect_get_hostname"]
            assert ["connect_get_hostname"] == list(conn.ops)

    run(program())


def test_a_read_only_connection_refuses_what_changes_anything(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default", readonly=True) as conn:
            domain = (await conn.list_domains())[0]
            assert "<domain flags='2'/>" == await domain.xml_desc(DomainXMLFlags.INACTIVE)
            for _ in range(2):  # the second call finds it bound
                with pytest.raises(OperationDeniedError, match="domain_get_xml_desc"):
                    await domain.xml_desc(DomainXMLFlags.SECURE)
                with pytest.raises(OperationDeniedError, match=r"domain_suspend is refused.*read-only"):
                    await domain.suspend()

    run(program())
    assert "suspending" not in lab.sessions[0].events


# What is derived


def test_what_a_driver_lacks_is_derived_from_its_asynchronous_functions(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            counts = await asyncio.gather(*(conn.num_of_domains() for _ in range(THREADS + 8)))
            assert [3] * (THREADS + 8) == counts
            assert [] == await conn.list_defined_domain_names()
            with pytest.raises(NoDomainError) as caught:
                await conn.lookup_domain_by_name("gone")
            assert AsyncLab.error_domain == caught.value.domain

    run(program())


def test_a_derivation_may_rest_on_another_one(lab: AsyncLab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def info(conn: object, dom: object) -> DomainInfo:
        return DomainInfo(1, 4096, 2048, 1, 7)  # type: ignore[arg-type]

    monkeypatch.setattr(lab, "do_domain_get_info", info)

    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            [stats, *_] = await conn.domain_stats()  # from domain_get_state, which is from domain_get_info
            assert "web" == stats[0].name
            assert 1 == stats[1]["state.state"]

    run(program())


def test_a_cancelled_derivation_cancels_the_function_it_waits_for(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            call = asyncio.create_task(aio.Domain(conn, WEB).has_current_snapshot())
            await when(lambda: "suspending" in lab.sessions[0].events)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await when(lambda: "cancelled" in lab.sessions[0].events)

    run(program())


# Cancelling


def test_a_cancelled_call_ends_and_others_go_on(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(aio.Domain(conn, WEB).suspend(), 0.001)
            assert "host of lab:///default" == await conn.hostname()

    run(program())
    assert ["suspending", "cancelled", "closed"] == lab.sessions[0].events


def test_a_cancelled_call_on_a_thread_is_not_waited_for(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            call = asyncio.create_task(aio.Domain(conn, WEB).suspend())
            await when(lambda: threads.suspending)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert "suspended" not in threads.events
            threads.released.set()
            await when(lambda: "suspended" in threads.events)

    run(program())


def test_a_stream_that_nobody_waits_for_any_more_is_closed(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default") as conn:
            call = asyncio.create_task(aio.Domain(conn, WEB).open_console("late"))
            await when(lambda: threads.suspending)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            threads.released.set()
            await when(lambda: threads.console.closed)

    run(program())


def test_a_session_that_nobody_waits_for_any_more_is_closed(threads: ThreadLab) -> None:
    async def program() -> None:
        threads.opening.clear()
        opening = asyncio.create_task(aio.open("threads:///default"))
        await when(lambda: threads.events)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        threads.opening.set()
        await when(lambda: "closed" in threads.events)

    run(program())
    assert ["opening", "opened", "closed"] == threads.events


# Closing


def test_a_closed_connection_has_no_functions(lab: AsyncLab) -> None:
    async def program() -> None:
        conn = await aio.open("lab:///default")
        assert "<Connection lab:///default open>" == repr(conn)
        assert (False, True) == (conn.is_closed, conn.is_alive())
        operation = conn.ops["domain_get_xml_desc"]
        await conn.close()
        await conn.close()
        assert (True, False) == (conn.is_closed, conn.is_alive())
        assert "<Connection lab:///default closed>" == repr(conn)
        with pytest.raises(InvalidConnError, match="connect_get_hostname"):
            await conn.hostname()
        with pytest.raises(InvalidConnError, match="the connection lab:///default is closed"):
            await operation(WEB, 0)

    run(program())
    assert ["closed"] == lab.sessions[0].events


def test_closing_ends_asynchronous_calls_under_way(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as conn:
            call = asyncio.create_task(aio.Domain(conn, WEB).suspend())
            await when(lambda: lab.sessions[0].events)
        with pytest.raises(InvalidConnError, match="closed during domain_suspend"):
            await call

    run(program())


def test_closing_drops_calls_that_wait_for_a_thread(threads: ThreadLab) -> None:
    async def program() -> list[BaseException | None]:
        async with await aio.open("threads:///default") as conn:
            calls = [asyncio.create_task(aio.Domain(conn, WEB).suspend()) for _ in range(THREADS + 2)]
            await when(lambda: len(threads.suspending) == THREADS)
        threads.released.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    *done, one, two = run(program())
    assert [None] * THREADS == done
    assert ["the connection threads:///default is closed: open a new one"] * 2 == [str(one), str(two)]
    assert [InvalidConnError, InvalidConnError] == [type(one), type(two)]


def test_a_session_of_a_thread_is_closed_on_a_thread(threads: ThreadLab) -> None:
    async def program() -> None:
        async with await aio.open("threads:///default"):
            pass

    run(program())
    assert "closed" == threads.events[-1]
    assert threading.current_thread().name != threads.threads[-1]


def test_a_connection_that_is_never_closed_is_reported(lab: AsyncLab) -> None:
    async def program() -> None:
        await aio.open("lab:///default")
        gc.collect()

    with pytest.warns(ResourceWarning, match="lab:///default open> was never closed"):
        run(program())


# Drivers that join


def test_a_driver_that_joins_is_opened_once_for_all_that_need_it(threads: ThreadLab, networks: NetLab) -> None:
    async def program() -> list[aio.Network]:
        async with await aio.open("threads:///default") as conn:
            assert [] == networks.opened
            return await asyncio.gather(*(conn.lookup_network_by_name(name) for name in ("a", "b")))

    assert ["a by net", "b by net"] == [network.name for network in run(program())]
    assert ["threads:///default"] == networks.opened


def test_handles_are_compared_by_connection_and_identity(lab: AsyncLab) -> None:
    async def program() -> None:
        async with await aio.open("lab:///default") as one, await aio.open("lab:///default") as two:
            assert aio.Domain(one, MAIL) == aio.Domain(one, MAIL._replace(name="renamed"))
            assert aio.Domain(one, MAIL) != aio.Domain(one, NEWS)
            assert aio.Domain(one, MAIL) != aio.Domain(two, MAIL)
            assert "<Domain 'mail'>" == repr(aio.Domain(one, MAIL))

    run(program())
