"""Access control: who may call what on which object.

A plugin answers one question: may this caller (`Identity`) have this permission on this object (`Request`)?

    class OfficeHours(AccessSpec):
        def access_check(self, identity: Identity, request: Request) -> bool | None:
            return None if 8 <= datetime.now().hour < 18 else False

    access.register(OfficeHours())

Packages announce plugins in the entry-point group `virtkit.access`; `load_installed` registers them. While no plugin is
registered nothing is checked and nothing costs anything. From the first one on everything is refused that no plugin
allows.

The permissions are libvirt's, and each function states those it takes in its metadata (`virtkit.spec.Meta`). `guarded`
makes of a function one that checks its caller. What it checks is never what the caller says of an object but what the
driver says of it: a reference in the arguments is looked up first, and the function gets the one that was checked.

- An object in the arguments is checked before the call; so is one to be defined, by the name and UUID in its XML, and
  what is there already under that UUID.
- A saved image is asked for its domain, and a migration carries the XML or the name of its own.
- What a lookup returns is checked before the caller sees it.
- Lists lose the elements that a caller may not see, and counts count what is left.
- Of a few functions nobody knows the object beforehand (a guest process to be taken over, a host device without a
  name): `Request.ref` is then None, and a plugin should allow that only to who may have all objects of the kind.

Connections within a program (`virtkit.open`) have no caller but the program and are not checked; nor are the functions
that drivers call of each other (`OpenRequest.peers`).
"""

from __future__ import annotations

from virtkit.access.events import may_see as may_see
from virtkit.access.events import require_procedure as require_procedure
from virtkit.access.guard import guarded as guarded
from virtkit.access.hook import GROUP as GROUP
from virtkit.access.hook import AccessSpec as AccessSpec
from virtkit.access.hook import Identity as Identity
from virtkit.access.hook import Request as Request
from virtkit.access.hook import active as active
from virtkit.access.hook import load_installed as load_installed
from virtkit.access.hook import may as may
from virtkit.access.hook import register as register
from virtkit.access.hook import require as require
from virtkit.access.hook import unregister as unregister
from virtkit.access.permissions import PERMISSIONS as PERMISSIONS
