"""Commands on secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import ConnectListAllSecretsFlags, SecretDefineFlags, SecretUsageType
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import Target
from virtkit_cli.patterns import maker, printer
from virtkit_cli.values import document

if TYPE_CHECKING:
    from virtkit import Secret
    from virtkit_cli.session import Session


def _secret(session: Session, args: Arguments) -> Secret:
    return session.connection.lookup_secret_by_uuid(args.secret)


SECRET = Target(argument("secret", "UUID of a secret"), _secret)
Listed = ConnectListAllSecretsFlags


@command(
    Flag("ephemeral", "only those that are not stored", Listed.EPHEMERAL),
    Flag("no-ephemeral", "only those that are", Listed.NO_EPHEMERAL),
    Flag("private", "only those whose value nobody may ask", Listed.PRIVATE),
    Flag("no-private", "only those whose value may be asked", Listed.NO_PRIVATE),
)
def secret_list(session: Session, args: Arguments) -> None:
    """List secrets."""
    rows = []
    for item in session.connection.list_secrets(args.flags):
        usage = SecretUsageType(item.usage_type).name.lower()
        shown = f"{usage} {item.usage_id}" if item.usage_type else "Unused"
        rows.append({"uuid": item.uuid_string, "used": shown, "usage": usage, "id": item.usage_id})
    session.out.table({"uuid": "UUID", "used": "Usage"}, rows)


maker(
    "secret-define",
    "Define a secret, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_secret(xml, flags),
    "Secret {uuid} created",
    Flag("validate", "refuse a document with names that nobody knows", SecretDefineFlags.VALIDATE),
)
printer("secret-dumpxml", "Print the XML of a secret.", SECRET)


@command(
    SECRET.word,
    option("file", "file with the value, as base64 unless --plain; - is standard input", completes="file"),
    Flag("plain", "the value as it is", excludes=("base64", "interactive")),
    Flag("interactive", "ask for the value, as it is", excludes=("file", "base64")),
    option("base64", "the value as base64; others on the host can see it there"),
)
def secret_set_value(session: Session, args: Arguments) -> None:
    """Set the value of a secret."""
    _secret(session, args).set_value(_value(args))
    session.out.done("Secret value set", uuid=args.secret)


def _value(args: Arguments) -> bytes:
    import base64
    import binascii
    import getpass
    import sys

    if args.interactive:
        return getpass.getpass("Enter new value for secret: ").encode()
    if args.plain and args.file and args.file != "-":
        with open(args.file, "rb") as file:
            return file.read()
    if args.file is None and args.base64 is None:
        raise UsageError("secret-set-value needs --file, --interactive or --base64")
    if args.plain:
        return sys.stdin.buffer.read()
    try:
        return base64.b64decode(args.base64 if args.base64 is not None else document(args.file), validate=False)
    except binascii.Error as cause:
        raise UsageError(f"the value is not base64: {cause}; --plain takes it as it is") from cause


@command(SECRET.word, Flag("plain", "as it is rather than as base64"))
def secret_get_value(session: Session, args: Arguments) -> None:
    """Print the value of a secret."""
    import base64

    value = _secret(session, args).value()
    session.out.value("value", value.decode(errors="replace") if args.plain else base64.b64encode(value).decode())


@command(SECRET.word)
def secret_undefine(session: Session, args: Arguments) -> None:
    """Remove a secret."""
    item = _secret(session, args)
    item.undefine()
    session.out.done(f"Secret {item.uuid_string} deleted", uuid=item.uuid_string)
