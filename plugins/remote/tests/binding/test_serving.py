"""What the server makes of what only clients in C say: counts, buffers, and flags of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from virtkit.enums import DomainDiskErrorCode, StorageVolType, VcpuState
from virtkit.errors import InternalError
from virtkit.params import INT, STRING, ULLONG, TypedParams
from virtkit.records import DiskError, NodeCpuMap, StorageVolInfo, VcpuInfo
from virtkit.refs import DomainRef, NetworkPortRef, NetworkRef
from virtkit_remote.binding.serving import file_handler, handler, parts, stream_handler
from virtkit_remote.protocol.codec import decoder, encoder
from virtkit_remote.protocol.frames import CALL, CALL_WITH_FDS, OK, pack
from virtkit_remote.protocol.schema import procedure_named
from virtkit_remote.protocol.tables import PROGRAMS

WEB = DomainRef("web", bytes(16), 1)
STRING_OKAY = 4


def request(name: str, arguments: Sequence[Any], before: bytes = b"") -> bytes:
    """The call of a client, as it arrives."""
    procedure = procedure_named(name)
    payload = encoder(procedure.args)(arguments) if procedure.args else b""
    kind = CALL_WITH_FDS if before else CALL
    return pack(PROGRAMS[procedure.program], procedure.number, kind, 0, OK, before + payload)


def served(name: str, operation: Callable[..., Any], *arguments: Any) -> Any:
    """The wire results for wire arguments."""
    procedure = procedure_named(name)
    payload = handler(name, operation)(request(name, arguments))
    return decoder(procedure.ret)(payload, 0)[0] if procedure.ret else payload


def returning(result: Any) -> Callable[..., Any]:
    return lambda *_: result


DOMAINS = [DomainRef(f"d{number}", bytes([number] * 16), -1) for number in range(3)]


@pytest.mark.parametrize(("need", "shown"), [(1, DOMAINS), (0, [])])
def test_a_list_that_is_not_needed_is_only_counted(need: int, shown: list[DomainRef]) -> None:
    assert (shown, 3) == served("connect_list_all_domains", returning(DOMAINS), need, 0)


@pytest.mark.parametrize(("room", "shown"), [(0, []), (2, ["a", "b"]), (9, ["a", "b", "c"]), (-1, [])])
def test_names_are_cut_to_the_room_that_the_caller_has(room: int, shown: list[str]) -> None:
    assert (shown,) == served("connect_list_networks", returning(["a", "b", "c"]), room)


MIXED = TypedParams({"weight": 7, "device": "/dev/sda"}, {"weight": INT, "device": STRING})


@pytest.mark.parametrize(
    ("number", "flags", "found", "count"),
    [
        (0, 0, [], 1),
        (0, STRING_OKAY, [], 2),
        (9, 0, [("weight", INT, 7)], 0),
        (9, STRING_OKAY, [("weight", INT, 7), ("device", STRING, "/dev/sda")], 0),
    ],
    ids=["how many numbers", "how many", "an old client", "a client that takes texts"],
)
def test_parameters_are_counted_first_and_texts_go_to_who_takes_them(
    number: int, flags: int, found: list[Any], count: int
) -> None:
    params, counted = served("domain_get_blkio_parameters", returning(MIXED), WEB, number, flags)
    assert (found, count) == ([*params.entries()], counted)


def test_more_parameters_than_there_may_be_are_refused() -> None:
    with pytest.raises(InternalError, match="was asked for 99999 parameters: ask for"):
        served("domain_get_blkio_parameters", returning(MIXED), WEB, 99999, STRING_OKAY)


def test_a_parameter_that_repeats_counts_as_often_as_it_comes() -> None:
    several = TypedParams().put("disk", STRING, "a").put("disk", STRING, "b")
    _, count = served("domain_get_blkio_parameters", returning(several), WEB, 0, STRING_OKAY)
    assert 2 == count


VCPUS = [VcpuInfo(number, VcpuState.RUNNING, 1000 * number, number, bytes([1 << number])) for number in range(3)]


@pytest.mark.parametrize("length", [0, 1, 2])
def test_cpu_maps_are_cut_or_filled_to_what_the_caller_has_room_for(length: int) -> None:
    shown, maps = served("domain_get_vcpus", returning(VCPUS), WEB, 2, length)
    assert ([(0, 1, 0, 0), (1, 1, 1000, 1)], b"".join(bytes([1 << n]).ljust(2, b"\0")[:length] for n in range(2))) == (
        shown,
        maps,
    )


def test_pins_are_cut_to_the_number_that_the_caller_has_room_for() -> None:
    maps = [b"\1\2", b"\3\4", b"\5\6"]
    assert (b"\1\2\0\3\4\0", 2) == served("domain_get_vcpu_pin_info", returning(maps), WEB, 2, 3, 0)


@pytest.mark.parametrize(("pin", "wire"), [(None, (b"", 0)), (b"\1", (b"\1\0", 1))])
def test_an_emulator_that_is_not_pinned_has_no_map(pin: bytes | None, wire: tuple[bytes, int]) -> None:
    assert wire == served("domain_get_emulator_pin_info", returning(pin), WEB, 2, 0)


ERRORS = [DiskError("vda", DomainDiskErrorCode.NO_SPACE), DiskError("vdb", DomainDiskErrorCode.UNSPEC)]


@pytest.mark.parametrize(("room", "wire"), [(0, ([], 2)), (1, ([("vda", 2)], 1)), (5, ([("vda", 2), ("vdb", 1)], 2))])
def test_disk_errors_are_counted_first(room: int, wire: Any) -> None:
    assert wire == served("domain_get_disk_errors", returning(ERRORS), WEB, room, 0)


@pytest.mark.parametrize(
    ("need", "wire"), [((1, 1), (b"\3", 2, 4)), ((0, 1), (b"", 2, 4)), ((1, 0), (b"\3", 0, 4)), ((0, 0), (b"", 0, 4))]
)
def test_of_the_host_s_cpus_the_caller_gets_what_it_needs(need: tuple[int, int], wire: Any) -> None:
    assert wire == served("node_get_cpu_map", returning(NodeCpuMap(b"\3", 2, 4)), *need, 0)


FIGURES = TypedParams.all_of(ULLONG, {"user": 5, "idle": 6, "kernel": 7})


@pytest.mark.parametrize(("number", "shown", "count"), [(0, [], 3), (2, [("user", 5), ("idle", 6)], 2)])
def test_figures_of_the_host_are_counted_first(number: int, shown: Any, count: int) -> None:
    assert (shown, count) == served("node_get_cpu_stats", returning(FIGURES), 0, number, 0)
    assert (shown, count) == served("node_get_memory_stats", returning(FIGURES), number, 0, 0)


def test_statistics_of_memory_are_cut_to_the_room_that_the_caller_has() -> None:
    assert ([(5, 70)],) == served("domain_memory_stats", returning({5: 70, 6: 80}), WEB, 1, 0)


PER_CPU = [TypedParams.all_of(ULLONG, {"cpu_time": 10 + n, "vcpu_time": n}) for n in range(2)]


@pytest.mark.parametrize(
    ("number", "cpus", "wire"),
    [
        (0, 0, ([], 2)),
        (0, 1, ([], 2)),
        (1, 2, ([("cpu_time", (ULLONG, 10)), ("cpu_time", (ULLONG, 11))], 1)),
    ],
    ids=["how many CPUs", "how many parameters", "values"],
)
def test_statistics_of_cpus_are_asked_for_in_three_calls(number: int, cpus: int, wire: Any) -> None:
    assert wire == served("domain_get_cpu_stats", returning(PER_CPU), WEB, number, 0, cpus, STRING_OKAY)


def test_a_driver_that_returns_what_does_not_fit_is_told_of() -> None:
    with pytest.raises(InternalError, match="domain_get_max_memory: the driver returned 'much', which does not fit"):
        served("domain_get_max_memory", returning("much"), WEB)
    with pytest.raises(InternalError, match=r"storage_vol_get_info: the driver returned None.*report it to the driver"):
        served("storage_vol_get_info", returning(None), ("pool", "vol", "key"))


def test_the_halves_of_a_handler_are_the_handler() -> None:
    decode, call = parts("domain_set_vcpus", lambda dom, number: None)
    arguments = decode(request("domain_set_vcpus", (WEB, 2)))
    assert ((WEB, 2), b"") == (tuple(arguments), call(arguments))


def test_a_record_travels_as_its_fields() -> None:
    assert (0, 10, 5) == served(
        "storage_vol_get_info", returning(StorageVolInfo(StorageVolType.FILE, 10, 5)), ("pool", "vol", "key")
    )


def test_descriptors_that_come_with_a_call_are_the_last_argument() -> None:
    taken: list[Any] = []

    def create(*given: Any) -> DomainRef:
        taken.append(given)
        return WEB

    call = file_handler("domain_create_with_files", create)
    payload, files = call(request("domain_create_with_files", (WEB, 0), b"\0\0\0\2"), [7, 8])
    returned = decoder("remote_domain_create_with_files_ret")(payload, 0)[0][0]
    assert ([(WEB, 0, [7, 8])], [], WEB) == (taken, files, returned)


def test_one_descriptor_is_itself_the_argument() -> None:
    taken: list[Any] = []
    call = file_handler("domain_open_graphics", lambda *given: taken.append(given))
    assert (b"", []) == call(request("domain_open_graphics", (WEB, 0, 0), b"\0\0\0\1"), [7])
    assert [(WEB, 0, 0, 7)] == taken


def test_descriptors_that_a_hook_returns_go_with_the_reply() -> None:
    assert (b"", [7]) == file_handler("domain_open_graphics_fd", returning(7))(
        request("domain_open_graphics_fd", (WEB, 0, 0)), []
    )
    assert (b"", [7, 8]) == file_handler("lxc_domain_open_namespace", returning([7, 8]))(
        request("lxc_domain_open_namespace", (WEB, 0)), []
    )


def test_a_stream_is_what_a_hook_returns_last() -> None:
    stream = object()
    assert (b"", stream) == stream_handler("domain_open_console", returning(stream))(
        request("domain_open_console", (WEB, None, 0))
    )
    payload, given = stream_handler("domain_screenshot", returning(("image/png", stream)))(
        request("domain_screenshot", (WEB, 0, 0))
    )
    assert ("image/png", stream) == (decoder("remote_domain_screenshot_ret")(payload, 0)[0][0], given)


def test_numbers_of_a_port_are_all_shown() -> None:
    port = NetworkPortRef(NetworkRef("net", bytes(16)), bytes(16))
    params, count = served("network_port_get_parameters", returning(FIGURES), port, 9, 0)
    assert (dict(FIGURES), 0) == (dict(params), count)
