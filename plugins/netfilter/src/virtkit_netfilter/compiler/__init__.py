"""From network filters to rules of nftables: pure functions, from documents to the commands of one transaction.

    there = chains_by_device(listed("bridge", TABLE) or [])
    apply(install(device, filters, abilities, there.get(device.name, ())))      # in force, in place of what it had
    apply(remove("vnet0", abilities, there.get("vnet0", ())))                   # gone

Commands of several devices may be one transaction: all of them change, or none does. `install_all` makes it a shorter
one.

Modules: `tree` finds the rules behind a reference, `variables` fills them in, `comparisons`, `link` and `traffic` make
expressions of them, `layout` knows where in nftables they go, `rules` puts them there.
"""

from virtkit_netfilter.compiler.devices import Device as Device
from virtkit_netfilter.compiler.devices import Missing as Missing
from virtkit_netfilter.compiler.devices import missing as missing
from virtkit_netfilter.compiler.devices import needs_learning as needs_learning
from virtkit_netfilter.compiler.layout import TABLE as TABLE
from virtkit_netfilter.compiler.layout import chains_by_device as chains_by_device
from virtkit_netfilter.compiler.learning import learning as learning
from virtkit_netfilter.compiler.rules import install as install
from virtkit_netfilter.compiler.rules import install_all as install_all
from virtkit_netfilter.compiler.rules import remove as remove
from virtkit_netfilter.compiler.tree import reached as reached
