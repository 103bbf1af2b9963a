"""From network filters to rules of nftables: pure functions, from documents to the commands of one transaction.

    apply(install(device, filters, abilities))      # in force, in place of what the device had
    apply(remove("vnet0", abilities, chains))       # gone

Modules: `tree` finds the rules behind a reference, `variables` fills them in, `comparisons`, `link` and `traffic` make
expressions of them, `layout` knows where in nftables they go, `rules` puts them there.
"""

from virtkit_netfilter.compiler.devices import Device as Device
from virtkit_netfilter.compiler.devices import Missing as Missing
from virtkit_netfilter.compiler.devices import missing as missing
from virtkit_netfilter.compiler.devices import needs_learning as needs_learning
from virtkit_netfilter.compiler.learning import learning as learning
from virtkit_netfilter.compiler.rules import install as install
from virtkit_netfilter.compiler.rules import remove as remove
