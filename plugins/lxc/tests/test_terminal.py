"""Terminals of containers whose folders have long names: liblxc's sockets are called otherwise then."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from plugins.lxc.tests.lab import Lab
from virtkit_lxc import terminal


@pytest.mark.parametrize("length", [*range(95, 101), 180])
def test_a_console_is_taken_however_long_the_name_of_the_folder_is(lab: Lab, length: int) -> None:
    """`length` is that of the folder's path, to which the name of the socket adds 8."""
    rest = length - len(str(lab.folder)) - len("//run/c0")
    folder = lab.folder / ("f" * rest)
    folder.mkdir()
    with closing(Lab(folder)) as deep:
        made = deep.started("/bin/sh", root=lab.root())
        assert length == len(str(made.plan.folder))
        with made.take() as taken:
            os.write(taken.fileno(), b"echo $((6 * 7)) is it\n")
            told = b""
            while b"42 is it" not in told:
                told += os.read(taken.fileno(), 4096)


def test_a_hash_is_that_of_its_authors() -> None:
    # From the test suite of FNV.
    assert [0xCBF29CE484222325, 0xAF63DC4C8601EC8C, 0x85944171F73967E8] == [
        terminal._fnv1a(each) for each in (b"", b"a", b"foobar")
    ]
