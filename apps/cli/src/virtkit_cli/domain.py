"""Commands about domains: list, define, start and stop them, and what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
