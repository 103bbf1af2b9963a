"""Commands that every kind of object has: each function here declares one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtkit_cli.command import Arguments, Flag, declare
from virtkit_cli.objects import Target
from virtkit_cli.values import document
from virtkit_cli.words import FILE, XPATH, print_document

if TYPE_CHECKING:
    from virtkit_cli.session import Session


def action(name: str, help: str, target: Target, act: Callable[[Any], object], done: str) -> None:
    """Declare a command that does one thing to one object; `done` says so, `{}` being the object's name."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        act(item)
        session.out.done(done.format(item.name), name=item.name)

    declare(name, help, [target.word], body)


def fact(name: str, help: str, target: Target, key: str, ask: Callable[[Any], object]) -> None:
    """Declare a command that prints one fact of one object."""

    def body(session: Session, args: Arguments) -> None:
        session.out.value(key, ask(target.find(session, args)))

    declare(name, help, [target.word], body)


def switch(name: str, help: str, target: Target, noun: str) -> None:
    """Declare the autostart command of a kind."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        item.set_autostart(not args.disable)
        verb = "unmarked" if args.disable else "marked"
        session.out.done(f"{noun} {verb} as autostarted".format(item.name), name=item.name, autostart=not args.disable)

    declare(name, help, [target.word, Flag("disable", "do not")], body)


def printer(name: str, help: str, target: Target, *flags: Flag) -> None:
    """Declare the command that prints the XML of a kind."""

    def body(session: Session, args: Arguments) -> None:
        item = target.find(session, args)
        print_document(session, args, item.xml_desc(args.flags) if flags else item.xml_desc())

    declare(name, help, [target.word, *flags, *XPATH], body)


def maker(name: str, help: str, make: Callable[[Session, str, int], Any], done: str, *flags: Flag) -> None:
    """Declare a command that makes an object of an XML file; `done` says so, with `{name}` and `{file}`."""

    def body(session: Session, args: Arguments) -> None:
        item = make(session, document(args.file), args.flags)
        facts = {key: getattr(item, attr) for key, attr in FACTS.items() if hasattr(item, attr)}
        session.out.done(done.format(**facts, file=args.file), **facts)

    declare(name, help, [FILE, *flags], body)


FACTS = {"name": "name", "uuid": "uuid_string", "port": "port_dev"}
"""What is told of an object that was made: key in JSON -> attribute of its handle."""


def editor(name: str, help: str, target: Target, define: Callable[[Any, str], object], flags: int = 0) -> None:
    """Declare the command that opens the XML of a kind in an editor.

    Args:
        name: The command.
        help: One line.
        target: The kind.
        define: Takes the object and the edited text.
        flags: For `xml_desc`.
    """

    def body(session: Session, args: Arguments) -> None:
        from virtkit.errors import InvalidArgError
        from virtkit_cli.editing import edit

        item = target.find(session, args)
        try:
            text = item.xml_desc(flags) if flags else item.xml_desc()
        except InvalidArgError:  # a driver whose objects have one description does not know the flag
            text = item.xml_desc()
        edit(session, item.name, text, lambda xml: define(item, xml))

    declare(name, help, [target.word], body)
