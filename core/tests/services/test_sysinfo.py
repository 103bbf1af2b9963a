"""What firmware says, as a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtkit.errors import ConfigUnsupportedError
from virtkit.services.guests.sysinfo import document


def test_what_the_kernel_shows_is_told(tmp_path: Path) -> None:
    for name, text in {"bios_vendor": "Acme\n", "sys_vendor": "Ro & Sons\n", "board_name": "X1\n"}.items():
        (tmp_path / name).write_text(text)
    assert (
        document(tmp_path)
        == """<sysinfo type='smbios'>
  <bios>
    <entry name='vendor'>Acme</entry>
  </bios>
  <system>
    <entry name='manufacturer'>Ro &amp; Sons</entry>
  </system>
  <baseBoard>
    <entry name='product'>X1</entry>
  </baseBoard>
</sysinfo>
"""
    )


def test_a_host_without_tables_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigUnsupportedError, match="SMBIOS"):
        document(tmp_path)
