"""A client by virtkit's remote driver, told what to do as rpc_client.py is.

rpc_virtkit_client.py URI sequential|pipelined
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator

import virtkit
import virtkit.aio

CALLS = 500


def sequential(uri: str) -> Iterator[float]:
    """One call after the other."""
    with virtkit.open(uri) as conn:
        domain = conn.lookup_domain_by_name("test")
        print("ready", flush=True)
        for _ in sys.stdin:
            start = time.perf_counter()
            for _ in range(CALLS):
                domain.info()
            yield (time.perf_counter() - start) / CALLS


async def pipelined(uri: str) -> AsyncIterator[float]:
    """All calls at once on one connection."""
    async with await virtkit.aio.open(uri) as conn:
        domain = await conn.lookup_domain_by_name("test")
        print("ready", flush=True)
        for _ in sys.stdin:
            start = time.perf_counter()
            await asyncio.gather(*(domain.info() for _ in range(CALLS)))
            yield (time.perf_counter() - start) / CALLS


async def answer(uri: str) -> None:
    async for seconds in pipelined(uri):
        print(seconds, flush=True)


def main(uri: str, name: str) -> None:
    if name == "pipelined":
        asyncio.run(answer(uri))
    else:
        for seconds in sequential(uri):
            print(seconds, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
