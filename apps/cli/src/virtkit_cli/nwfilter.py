"""Commands on network filters and their bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import NWFilterBindingCreateFlags, NWFilterDefineFlags
from virtkit_cli.command import Arguments, Flag, argument, command
from virtkit_cli.objects import Target, looks_like_uuid
from virtkit_cli.patterns import action, editor, maker, printer

if TYPE_CHECKING:
    from virtkit import NWFilter, NWFilterBinding
    from virtkit_cli.session import Session


def _filter(session: Session, args: Arguments) -> NWFilter:
    if looks_like_uuid(args.nwfilter):
        return session.connection.lookup_nwfilter_by_uuid(args.nwfilter)
    return session.connection.lookup_nwfilter_by_name(args.nwfilter)


def _binding(session: Session, args: Arguments) -> NWFilterBinding:
    return session.connection.lookup_nwfilter_binding_by_port_dev(args.binding)


FILTER = Target(argument("nwfilter", "name or UUID of a network filter", completes="nwfilter"), _filter)
BINDING = Target(argument("binding", "port device of a binding"), _binding)


@command()
def nwfilter_list(session: Session, args: Arguments) -> None:
    """List network filters."""
    rows = [{"uuid": item.uuid_string, "name": item.name} for item in session.connection.list_nwfilters()]
    session.out.table({"uuid": "UUID", "name": "Name"}, rows)


maker(
    "nwfilter-define",
    "Define a network filter, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_nwfilter(xml, flags),
    "Network filter {name} defined from {file}",
    Flag("validate", "refuse a document with names that nobody knows", NWFilterDefineFlags.VALIDATE),
)
action("nwfilter-undefine", "Remove a network filter.", FILTER, lambda f: f.undefine(), "Network filter {} undefined")
printer("nwfilter-dumpxml", "Print the XML of a network filter.", FILTER)
editor("nwfilter-edit", "Edit a network filter.", FILTER, lambda item, xml: item.connection.define_nwfilter(xml))
printer("nwfilter-binding-dumpxml", "Print the XML of a filter binding.", BINDING)
maker(
    "nwfilter-binding-create",
    "Bind a filter to a port from an XML file.",
    lambda session, xml, flags: session.connection.create_nwfilter_binding(xml, flags),
    "Network filter binding on {port} created from {file}",
    Flag("validate", "refuse a document with names that nobody knows", NWFilterBindingCreateFlags.VALIDATE),
)


@command()
def nwfilter_binding_list(session: Session, args: Arguments) -> None:
    """List the bindings of filters to ports."""
    bindings = session.connection.list_nwfilter_bindings()
    rows = [{"port": item.port_dev, "filter": item.filter_name} for item in bindings]
    session.out.table({"port": "Port Dev", "filter": "Filter"}, rows)


@command(BINDING.word)
def nwfilter_binding_delete(session: Session, args: Arguments) -> None:
    """Remove the filter of a port."""
    item = _binding(session, args)
    item.delete()
    session.out.done(f"Network filter binding on {item.port_dev} deleted", port=item.port_dev)
