from __future__ import annotations

import pytest

from plugins.qemu.tests.command.lines import GOLDEN, line, live, refused
from plugins.qemu.tests.define.documents import NAMES
from virtkit.errors import ConfigUnsupportedError

BUILT = sorted(path.stem for path in GOLDEN.glob("*.args"))


@pytest.mark.parametrize("name", BUILT)
def test_a_document_becomes_this_command_line(name: str) -> None:
    assert (GOLDEN / f"{name}.args").read_text().splitlines() == line(live(name))


@pytest.mark.parametrize(("name", "said"), refused().items())
def test_what_cannot_be_started_is_refused_with_the_name_of_the_domain(name: str, said: str) -> None:
    with pytest.raises(ConfigUnsupportedError) as caught:
        line(live(name))
    assert said == str(caught.value)
    assert f"'{name}'" in said


def test_every_definition_of_the_corpus_has_its_golden_file_or_its_refusal() -> None:
    assert sorted([*BUILT, *refused()]) == NAMES


def test_building_changes_nothing_in_the_document() -> None:
    document = live("q35-disk-tuning")
    before = document.format()
    line(document)
    assert before == document.format()
