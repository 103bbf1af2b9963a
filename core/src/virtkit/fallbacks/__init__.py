"""Functions that core derives from others, so that a driver author writes the few primitives of a kind.

`FALLBACKS` maps the name of a hook to what derives it: the hooks it needs, and a function of the same parameters
whose first one is not the session but `ops`, the functions of the driver by name with the session bound and without
the checks of a read-only connection. The needs may themselves be derived; `derivation` tells whether the chain ends
in what a driver implements. A driver that overrides the hook is always asked itself.

A derivation states only what its needs say: where it cannot answer (a flag that the plain function does not know, a
parameter that has nowhere to go) it raises, and what no primitive tells is not derived at all. `bind` makes of a
derivation a function like the driver's own, whose errors have the driver's domain.
"""

from __future__ import annotations

from virtkit.fallbacks import domains as domains
from virtkit.fallbacks import objects as objects
from virtkit.fallbacks import variants as variants
from virtkit.fallbacks.table import FALLBACKS as FALLBACKS
from virtkit.fallbacks.table import Fallback as Fallback
from virtkit.fallbacks.table import Ops as Ops
from virtkit.fallbacks.table import bind as bind
from virtkit.fallbacks.table import derivation as derivation
