"""The standard filters, which every root has from the start.

They are not copied to a root: a new version of this package brings new ones. A user's definition of the same name takes
the place of one, and one that was undefined is noted in the root and stays away (docs/adr/0022).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from virtkit_netfilter import definition, standard

if TYPE_CHECKING:
    from virtkit.xml.nwfilter import NWFilter


@cache
def documents() -> dict[str, NWFilter]:
    """The standard filters by name. They are shared by all roots, and never changed."""
    return {name: definition.read(text) for name, text in standard.documents().items()}
