from __future__ import annotations

import pytest

from plugins.qemu.tests.define.cases import REFUSALS, Case
from plugins.qemu.tests.define.documents import completed
from virtkit.errors import NoTargetError


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_a_refusal_names_its_subject_and_what_to_do(case: Case) -> None:
    with pytest.raises(case.error) as caught:
        completed(case.document)
    for word in (case.subject, *case.words):
        assert word in str(caught.value)


def test_what_a_disk_lacks_is_told_with_its_source() -> None:
    with pytest.raises(NoTargetError, match=r"/images/root.*vda"):
        completed(Case("", devices="<disk type='file'><source file='/images/root'/></disk>").document)
