"""Commands on network filters, their bindings, and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import SecretUsageType
from virtkit_cli.command import Argument, Arguments, Flag, command
from virtkit_cli.words import FILE, action, document, looks_like_uuid, printer

if TYPE_CHECKING:
    from virtkit import NWFilter, NWFilterBinding, Secret
    from virtkit_cli.session import Session

FILTER = Argument("nwfilter", "name or UUID of a network filter", completes="nwfilter")
PORT = Argument("binding", "port device of a binding")
SECRET = Argument("secret", "UUID of a secret")


def _filter(session: Session, args: Arguments) -> NWFilter:
    if looks_like_uuid(args.nwfilter):
        return session.connection.lookup_nwfilter_by_uuid(args.nwfilter)
    return session.connection.lookup_nwfilter_by_name(args.nwfilter)


def _binding(session: Session, args: Arguments) -> NWFilterBinding:
    return session.connection.lookup_nwfilter_binding_by_port_dev(args.binding)


def _secret(session: Session, args: Arguments) -> Secret:
    return session.connection.lookup_secret_by_uuid(args.secret)


@command("nwfilter-list", "List network filters.")
def nwfilter_list(session: Session, args: Arguments) -> None:
    """One row per filter."""
    rows = [{"uuid": item.uuid_string, "name": item.name} for item in session.connection.list_nwfilters()]
    session.out.table({"uuid": "UUID", "name": "Name"}, rows)


@command("nwfilter-define", "Define a network filter, or change its definition, from an XML file.", FILE)
def nwfilter_define(session: Session, args: Arguments) -> None:
    """Define a filter."""
    item = session.connection.define_nwfilter(document(args.file))
    session.out.done(f"Network filter {item.name} defined from {args.file}", name=item.name)


action(
    __name__,
    "nwfilter-undefine",
    "Remove a network filter.",
    FILTER,
    _filter,
    lambda f: f.undefine(),
    "Network filter {} undefined",
)
printer(__name__, "nwfilter-dumpxml", "Print the XML of a network filter.", FILTER, _filter)
printer(__name__, "nwfilter-binding-dumpxml", "Print the XML of a filter binding.", PORT, _binding)


@command("nwfilter-binding-list", "List the bindings of filters to ports.")
def nwfilter_binding_list(session: Session, args: Arguments) -> None:
    """One row per binding."""
    bindings = session.connection.list_nwfilter_bindings()
    rows = [{"port": item.port_dev, "filter": item.filter_name} for item in bindings]
    session.out.table({"port": "Port Dev", "filter": "Filter"}, rows)


@command("nwfilter-binding-create", "Bind a filter to a port from an XML file.", FILE)
def nwfilter_binding_create(session: Session, args: Arguments) -> None:
    """Create a binding."""
    item = session.connection.create_nwfilter_binding(document(args.file))
    session.out.done(f"Network filter binding on {item.port_dev} created", port=item.port_dev)


@command("nwfilter-binding-delete", "Remove the filter of a port.", PORT)
def nwfilter_binding_delete(session: Session, args: Arguments) -> None:
    """Delete a binding."""
    item = _binding(session, args)
    item.delete()
    session.out.done(f"Network filter binding on {item.port_dev} deleted", port=item.port_dev)


@command("secret-list", "List secrets.")
def secret_list(session: Session, args: Arguments) -> None:
    """One row per secret."""
    rows = [
        {"uuid": item.uuid_string, "usage": SecretUsageType(item.usage_type).name.lower(), "id": item.usage_id}
        for item in session.connection.list_secrets()
    ]
    session.out.table({"uuid": "UUID", "usage": "Usage", "id": "Used by"}, rows)


@command("secret-define", "Define a secret, or change its definition, from an XML file.", FILE)
def secret_define(session: Session, args: Arguments) -> None:
    """Define a secret."""
    item = session.connection.define_secret(document(args.file))
    session.out.done(f"Secret {item.uuid_string} created", uuid=item.uuid_string)


@command("secret-dumpxml", "Print the XML of a secret.", SECRET)
def secret_dumpxml(session: Session, args: Arguments) -> None:
    """The XML."""
    session.out.document(_secret(session, args).xml_desc())


@command(
    "secret-set-value",
    "Set the value of a secret from a file; - is standard input.",
    SECRET,
    Argument("file", "what holds the value, as base64 unless --plain", completes="file"),
    Flag("plain", "the value as it is"),
)
def secret_set_value(session: Session, args: Arguments) -> None:
    """Set the value. It is never taken from the command line, which others on the host can read."""
    import base64

    text = document(args.file)
    _secret(session, args).set_value(text.encode() if args.plain else base64.b64decode(text))
    session.out.done("Secret value set")


@command("secret-get-value", "Print the value of a secret.", SECRET, Flag("plain", "as it is rather than base64"))
def secret_get_value(session: Session, args: Arguments) -> None:
    """The value."""
    import base64

    value = _secret(session, args).value()
    session.out.value("value", value.decode(errors="replace") if args.plain else base64.b64encode(value).decode())


@command("secret-undefine", "Remove a secret.", SECRET)
def secret_undefine(session: Session, args: Arguments) -> None:
    """Remove a secret."""
    item = _secret(session, args)
    item.undefine()
    session.out.done(f"Secret {item.uuid_string} deleted", uuid=item.uuid_string)
