"""`virtkit.aio` over real daemons: libvirt's and ours."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.rpc_daemons import process_of
from plugins.remote.tests.aio.peer import run
from plugins.remote.tests.transports.authority import Authority
from tests.guests.cache import Cache, GuestBuildError
from tests.guests.tiny import tiny_guest
from tests.interop import libvirtd
from tests.interop.virtkitd import Virtkitd
from virtkit import aio
from virtkit.enums import DomainEventType, DomainState
from virtkit.errors import InvalidConnError, NoDomainError, OperationAbortedError, OperationDeniedError, VirtError
from virtkit.events import DomainLifecycleEvent
from virtkit_remote.protocol.frames import HEADER
from virtkit_remote.protocol.schema import procedure_named

POOL = "<pool type='dir'><name>images</name><target><path>{path}</path></target></pool>"
GUEST = (
    "<domain type='qemu'><name>tiny</name><memory unit='MiB'>16</memory><os><type arch='x86_64'>hvm</type></os>"
    "<features><acpi/></features>"
    "<devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/>"
    "<target dev='hda' bus='ide'/></disk><serial type='pty'/><console type='pty'/></devices></domain>"
)
VOLUME = "<volume><name>disk</name><capacity unit='MiB'>4</capacity></volume>"


@pytest.fixture(scope="module")
def uris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Name of a daemon -> a URI of its test driver."""
    if shutil.which("libvirtd") is None:
        pytest.skip("libvirtd is not installed")
    folder = tmp_path_factory.mktemp("aio")
    with libvirtd.running(folder) as path, Virtkitd(folder) as daemon:
        yield {"libvirtd": f"test+unix:///default?socket={path}", "virtkitd": daemon.uri()}


@pytest.fixture(params=[pytest.param("libvirtd", marks=pytest.mark.libvirt), "virtkitd"])
def uri(uris: dict[str, str], request: pytest.FixtureRequest) -> str:
    return uris[request.param]


def test_many_calls_run_at_once_and_each_gets_its_own_answer(uri: str) -> None:
    async def program() -> set[tuple[str, ...]]:
        async with await aio.open(uri) as conn:
            domain = await conn.lookup_domain_by_name("test")
            network = await conn.lookup_network_by_name("default")
            rounds = [asyncio.gather(domain.os_type(), network.bridge_name(), conn.hostname()) for _ in range(200)]
            found = await asyncio.gather(*rounds)
            single = (await domain.os_type(), await network.bridge_name(), await conn.hostname())
            assert single == tuple(found[0])
            return {tuple(each) for each in found}

    assert 1 == len(run(program()))


def test_an_error_of_the_daemon_is_raised_by_its_call(uri: str) -> None:
    async def program() -> list[Any]:
        async with await aio.open(uri) as conn:
            return await asyncio.gather(
                *(conn.lookup_domain_by_name(name) for name in ("test", "nowhere")), return_exceptions=True
            )

    domain, error = run(program())
    assert ("test", NoDomainError) == (domain.name, type(error))


def test_the_connection_goes_on_after_calls_are_cancelled(uri: str) -> None:
    async def program() -> list[DomainState]:
        async with await aio.open(uri) as conn:
            domain = await conn.lookup_domain_by_name("test")
            calls = [asyncio.create_task(domain.info()) for _ in range(100)]
            await asyncio.sleep(0)
            for each in calls[::2]:
                each.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [asyncio.CancelledError] * 50 == [type(result) for result in results[::2]]
            return [result.state for result in results[1::2] if not isinstance(result, BaseException)]

    assert [DomainState.RUNNING] * 50 == run(program())


def test_hooks_of_several_calls_answer_as_for_threads(uri: str) -> None:
    import virtkit

    names = ("domain_get_vcpus", "domain_get_scheduler_type", "domain_get_scheduler_parameters")

    async def program() -> list[Any]:
        async with await aio.open(uri) as conn:
            domain = await conn.lookup_domain_by_name("test")
            return [await conn.ops[name](domain.ref) for name in names] + [conn.is_encrypted(), conn.is_alive()]

    with virtkit.open(uri) as conn:
        ref = conn.lookup_domain_by_name("test").ref
        expected = [conn.ops[name](ref) for name in names] + [conn.is_encrypted(), conn.is_alive()]
    found = run(program())
    # The time that a vCPU has run goes on.
    expected[0], found[0] = ([each._replace(cpu_time=0) for each in vcpus] for vcpus in (expected[0], found[0]))
    assert expected == found


def test_events_arrive_in_order(uri: str) -> None:
    async def program() -> list[DomainEventType]:
        async with await aio.open(uri) as conn, conn.events(DomainLifecycleEvent) as events:
            domain = await conn.lookup_domain_by_name("test")
            await domain.suspend()
            await domain.resume()
            return [(await anext(events))[1].event for _ in range(2)]

    assert [DomainEventType.SUSPENDED, DomainEventType.RESUMED] == run(program())


def test_events_can_be_subscribed_to_again(uris: dict[str, str]) -> None:
    # Ours alone: libvirtd 9.0 loses the next event where it deregisters one while another call brings one about.
    async def program() -> list[DomainEventType]:
        seen = []
        async with await aio.open(uris["virtkitd"]) as conn:
            domain = await conn.lookup_domain_by_name("test")
            for _ in range(3):
                async with conn.events(DomainLifecycleEvent) as events:
                    await domain.suspend()
                    seen.append((await anext(events))[1].event)
                await domain.resume()
        return seen

    assert [DomainEventType.SUSPENDED] * 3 == run(program())


@pytest.mark.libvirt
def test_a_screenshot_is_downloaded_beside_calls(uris: dict[str, str]) -> None:
    async def program() -> tuple[str, bytes]:
        async with await aio.open(uris["libvirtd"]) as conn:
            domain = await conn.lookup_domain_by_name("test")
            shooting = asyncio.create_task(domain.screenshot())
            await asyncio.gather(*(domain.info() for _ in range(20)))
            shot = await shooting
            return shot.mime, b"".join([piece async for piece in shot.data if isinstance(piece, bytes)])

    mime, image = run(program())
    assert ("image/png", b"\x89PNG") == (mime, image[:4])


def test_a_closed_connection_refuses_calls(uri: str) -> None:
    async def program() -> None:
        conn = await aio.open(uri)
        domain = await conn.lookup_domain_by_name("test")
        await conn.close()
        await domain.info()

    with pytest.raises(InvalidConnError):
        run(program())


def test_opening_what_the_daemon_refuses_fails(uris: dict[str, str]) -> None:
    async def program() -> None:
        await aio.open(uris["virtkitd"].replace("/default", "/nonsense"))

    with pytest.raises(VirtError, match="nonsense"):
        run(program())


def test_an_opening_that_is_cancelled_hangs_up(uris: dict[str, str], tmp_path: Path) -> None:
    """A relay holds the daemon's first answer back until nobody waits for the connection any more."""
    relay = tmp_path / "relay"

    async def program() -> bytes:
        asked, given_up, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        last = b""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal last
            theirs, ours = await asyncio.open_unix_connection(uris["virtkitd"].partition("socket=")[2])
            while data := await reader.read(1 << 16):
                last = data
                ours.write(data)
                asked.set()
                await given_up.wait()
                writer.write(await theirs.read(1 << 16))
            for each in (ours, writer):
                each.close()
            ended.set()

        async with await asyncio.start_unix_server(serve, relay):
            opening = asyncio.create_task(aio.open(f"test+unix:///default?socket={relay}"))
            await asked.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            given_up.set()
            await ended.wait()
            return last

    assert procedure_named("connect_close").number == HEADER.unpack_from(run(program()))[3]


def test_a_daemon_that_dies_fails_calls_and_ends_events(tmp_path: Path) -> None:
    async def program(daemon: Virtkitd) -> tuple[list[object], bool]:
        async with await aio.open(daemon.uri()) as conn, conn.events(DomainLifecycleEvent) as events:
            domain = await conn.lookup_domain_by_name("test")
            os.kill(daemon.process.pid, signal.SIGSTOP)  # so that the calls are under way
            calls = [asyncio.create_task(domain.info()) for _ in range(3)]
            await asyncio.sleep(0)
            daemon.kill()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert [] == [event async for event in events]
            return list(results), conn.is_alive()

    with Virtkitd(tmp_path) as daemon:
        errors, alive = run(program(daemon))
    assert ([OperationAbortedError] * 3, False) == ([type(error) for error in errors], alive)


@pytest.mark.libvirt
def test_libvirtd_that_dies_fails_calls(tmp_path: Path) -> None:
    async def program(path: Path) -> None:
        async with await aio.open(f"test+unix:///default?socket={path}") as conn:
            domain = await conn.lookup_domain_by_name("test")
            pid = process_of(path.parents[1] / "libvirtd.conf")
            os.kill(pid, signal.SIGSTOP)
            call = asyncio.create_task(domain.info())
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
            await call

    with libvirtd.running(tmp_path) as path, pytest.raises(OperationAbortedError, match="1 calls without an answer"):
        run(program(path))


def test_a_read_only_connection_refuses_changes(tmp_path: Path) -> None:
    async def program(uri: str) -> None:
        async with await aio.open(uri, readonly=True) as conn:
            domain = await conn.lookup_domain_by_name("test")
            await domain.suspend()

    with Virtkitd(tmp_path) as daemon, pytest.raises(OperationDeniedError):
        run(program(daemon.uri(readonly=True)))


@pytest.mark.libvirt
def test_a_tls_connection_answers_many_calls(tmp_path: Path) -> None:
    authority = Authority()
    server = authority.issue(authority.folder(tmp_path / "server"), "server")
    client = authority.folder(tmp_path / "client")
    authority.issue(client, "client")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = [
        *('listen_addr = "127.0.0.1"', "listen_tls = 1", f'tls_port = "{port}"', 'auth_tls = "none"'),
        *(f'ca_file = "{server.authority}"', f'cert_file = "{server.certificate}"', f'key_file = "{server.key}"'),
    ]

    async def program() -> tuple[set[str], bool, bytes]:
        async with await aio.open(f"test+tls://localhost:{port}/default?pkipath={client}") as conn:
            domain = await conn.lookup_domain_by_name("test")
            types = await asyncio.gather(*(domain.os_type() for _ in range(500)))
            shot = await domain.screenshot()
            image = b"".join([piece async for piece in shot.data if isinstance(piece, bytes)])
            return set(types), conn.is_encrypted(), image[:4]

    with libvirtd.running(tmp_path, settings=settings, arguments=["--listen"]):
        assert ({"linux"}, True, b"\x89PNG") == run(program())


def test_a_program_is_a_way_to_the_daemon_and_ends_with_the_connection(tmp_path: Path) -> None:
    if shutil.which("nc") is None:
        pytest.skip("nc is not installed (netcat-openbsd)")
    pid, script = tmp_path / "pid", tmp_path / "tunnel"

    async def program() -> int:
        async with await aio.open(f"test+ext:///default?command={script}") as conn:
            domain = await conn.lookup_domain_by_name("test")
            return len(await asyncio.gather(*(domain.info() for _ in range(100))))

    with Virtkitd(tmp_path) as daemon:
        script.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec nc -U {daemon.socket}\n")
        script.chmod(0o700)
        assert 100 == run(program())
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


@pytest.mark.libvirt
def test_a_volume_is_uploaded_and_downloaded_with_its_holes(tmp_path: Path) -> None:
    content = os.urandom(1 << 20) + bytes(2 << 20) + os.urandom(1 << 20)
    original = tmp_path / "original"
    with original.open("wb") as file:
        file.write(content[: 1 << 20])
        file.seek(3 << 20)
        file.write(content[3 << 20 :])
    images = tmp_path / "images"
    images.mkdir()

    async def program(path: Path) -> bytes:
        async with await aio.open(f"qemu+unix:///system?socket={path}") as conn:
            pool = await conn.create_storage_pool(POOL.format(path=images))
            volume = await pool.create_volume(VOLUME)
            with original.open("rb") as file:
                await volume.upload_from(file, flags=1)  # sparse
            copy = io.BytesIO()
            await asyncio.gather(volume.download_to(copy), *(pool.info() for _ in range(20)))
            return copy.getvalue()

    with libvirtd.running_system(tmp_path) as path:
        assert content == run(program(path))


@pytest.mark.libvirt
@pytest.mark.qemu
def test_the_console_of_a_guest_is_read_and_written_beside_calls(tmp_path: Path) -> None:
    try:
        tiny = tiny_guest(Cache())
    except GuestBuildError as error:
        pytest.skip(str(error))
    image = tmp_path / "tiny.img"
    shutil.copy(tiny.image, image)

    async def expect(console: aio.streams.Duplex, text: bytes) -> bytes:
        seen = b""
        while text not in seen:
            piece = await console.read(timeout=30)
            assert piece, f"the console ended after {seen!r}"
            seen += piece
        return text

    async def program(path: Path) -> list[bytes]:
        async with await aio.open(f"qemu+unix:///system?socket={path}") as conn:
            domain = await conn.define_domain(GUEST.format(image=image))
            await domain.create(1)  # paused, so that nothing is printed before somebody reads
            console = await domain.open_console()
            await domain.resume()
            seen = [await expect(console, tiny.up)]
            writing = asyncio.create_task(console.write(b"hello"))
            infos = await asyncio.gather(*(domain.info() for _ in range(20)))
            assert {DomainState.RUNNING} == {info.state for info in infos}
            await writing
            seen.append(await expect(console, b"hello"))
            await console.close()
            await domain.destroy()
            return seen

    with libvirtd.running_system(tmp_path) as path:
        assert [tiny.up, b"hello"] == run(program(path))
