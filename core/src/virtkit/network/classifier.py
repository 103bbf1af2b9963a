"""Filters of traffic control that choose a class by the MAC address a frame is for.

pyroute2 has filters of the kind u32, but none that look at what stands before a packet, so the message is written here;
see linux/rtnetlink.h and linux/pkt_cls.h. It acts in the network namespace of the thread that calls.
"""

from __future__ import annotations

import os
import socket
import struct

RTM_NEWTFILTER, RTM_DELTFILTER = 44, 45

NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400

NLMSG_ERROR = 2

TCA_KIND, TCA_OPTIONS = 1, 2

TCA_U32_CLASSID, TCA_U32_SEL = 1, 5

TC_U32_TERMINAL = 1

ETH_P_ALL = 0x0003

HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port of a netlink message."""

ANSWER_SECONDS = 10.0
"""The kernel answers before `send` returns; this is for one that does not answer at all."""


def add(index: int, parent: int, priority: int, mac: str, target: int) -> None:
    """Send frames for an address to a class.

    Args:
        index: The link's.
        parent: The discipline's handle.
        priority: Of the filter, from 1 to 65535, unique in the discipline.
        mac: The address.
        target: The class.

    Raises:
        OSError: The kernel refuses: ENOENT where it has no u32.
    """
    address = bytes.fromhex(mac.replace(":", ""))
    # The address begins 14 bytes before the packet, and keys are words: the bytes at -14 end the word at -16.
    keys = _key(-16, 0xFFFF, address[:2]) + _key(-12, 0xFFFF_FFFF, address[2:])
    selector = struct.pack("=BBBxHHhhI", TC_U32_TERMINAL, 0, 2, 0, 0, 0, 0, 0) + keys
    options = _attribute(TCA_U32_CLASSID, struct.pack("=I", target)) + _attribute(TCA_U32_SEL, selector)
    _ask(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, index, parent, priority, _attribute(TCA_OPTIONS, options))


def remove(index: int, parent: int, priority: int) -> None:
    """Remove a filter.

    Raises:
        OSError: There is none.
    """
    _ask(RTM_DELTFILTER, 0, index, parent, priority, b"")


def _key(offset: int, mask: int, value: bytes) -> bytes:
    return struct.pack(">II", mask, int.from_bytes(value, "big")) + struct.pack("=ii", offset, 0)


def _attribute(number: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, number) + value + bytes(-length % 4)


def _ask(request: int, flags: int, index: int, parent: int, priority: int, options: bytes) -> None:
    information = priority << 16 | socket.htons(ETH_P_ALL)
    body = struct.pack("=BxxxiIII", socket.AF_UNSPEC, index, 0, parent, information)
    body += _attribute(TCA_KIND, b"u32\0") + options
    head = HEADER.pack(HEADER.size + len(body), request, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as talk:
        talk.settimeout(ANSWER_SECONDS)
        talk.send(head + body)
        answer = talk.recv(4096)
    kind = HEADER.unpack_from(answer)[1]
    number = -struct.unpack_from("=i", answer, HEADER.size)[0] if kind == NLMSG_ERROR else 0
    if number:
        raise OSError(number, os.strerror(number))
