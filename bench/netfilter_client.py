"""Prints as JSON what network filters cost; run in a network namespace of its own, where it leaves rules behind."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable

import virtkit

INTERFACES = 200
ROUNDS = 5

OWNER = "<owner><name>bench</name><uuid>0d6bd8f3-6f0c-4f26-8b5c-2a6c3a4d7e01</uuid></owner>"


def document(number: int) -> str:
    """A binding of clean-traffic to a device, which is not there: rules are for its name."""
    end = f"<mac address='52:54:00:00:00:{number:02x}'/>"
    address = f"<parameter name='IP' value='10.0.0.{number + 1}'/>"
    reference = f"<filterref filter='clean-traffic'>{address}</filterref>"
    return f"<filterbinding>{OWNER}<portdev name='vnet{number}'/>{end}{reference}</filterbinding>"


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest time of several."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as root, virtkit.open(f"nwfilter:///embed?root={root}") as conn:
        lone = seconds(lambda: conn.create_nwfilter_binding(document(0)).delete())
        for number in range(INTERFACES):
            conn.create_nwfilter_binding(document(number))
        text = conn.lookup_nwfilter_by_name("clean-traffic").xml_desc()
        print(json.dumps({"bind": lone, "update": seconds(lambda: conn.define_nwfilter(text))}))


if __name__ == "__main__":
    main()
