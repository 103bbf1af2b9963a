"""`virtkitd`: the daemon's command line, from its start to its end."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from virtkit.enums import ErrorDomain
from virtkit.errors import ConfSyntaxError, VirtError
from virtkit_remote.daemon import config as configuration
from virtkit_remote.daemon import logs, policy
from virtkit_remote.daemon.config import Config
from virtkit_remote.daemon.places import Places, places
from virtkit_remote.daemon.residents import Residents
from virtkit_remote.daemon.rules import Rules
from virtkit_remote.daemon.server import Server, notify
from virtkit_remote.daemon.service import SERVICES, services

SWITCH_SECONDS = 0.0005
"""How long a worker may keep the interpreter from the loop: a tenth of Python's own choice."""

GARBAGE_OBJECTS = 50_000
"""Objects made before garbage is looked for: a list of thousands of objects is no reason to."""

FIRST_INHERITED = 3
"""Number of the first descriptor that systemd hands over."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What the daemon is told by: to end, to end, to read its configuration again."""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon, or do what else the arguments say; returns the exit status."""
    options = _parser().parse_args(arguments)
    where = places(options.root, drop_in=options.drop_in)
    try:
        if options.show_config:
            sys.stdout.write(configuration.show())
            return 0
        if options.check_config is not None:
            return _check(Path(options.check_config or options.config or where.config))
        if options.add_user:
            return _add_user(options.add_user, _configured(options, where), where)
        return _serve(options, where)
    except VirtError as error:
        sys.stderr.write(f"virtkitd: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="virtkitd", description="Serve the drivers of this host to clients of libvirt's protocol."
    )
    parser.add_argument("--root", metavar="DIR", help="keep sockets, state and logs under DIR")
    parser.add_argument("--drop-in", action="store_true", help="listen where libvirt's own daemon does")
    parser.add_argument(
        "--config", metavar="FILE", help="configuration file; without it virtkitd.toml in the etc folder"
    )
    parser.add_argument(
        "--check-config", metavar="FILE", nargs="?", const="", help="say what is wrong with a configuration"
    )
    parser.add_argument("--show-config", action="store_true", help="print every setting with its default")
    parser.add_argument("--add-user", metavar="NAME", help="let somebody in by name and password (SASL)")
    return parser


def _check(path: Path) -> int:
    problems = configuration.problems_of(path)
    if not problems and (rules := configuration.load(path).access.policy):
        problems = policy.problems_of(rules)
    sys.stdout.writelines(f"{line}\n" for line in problems or [f"{path} is in order"])
    return 1 if problems else 0


def _add_user(name: str, config: Config, where: Places) -> int:
    """Ask for the password of a user, and store what verifies it."""
    from virtkit_remote import sasl

    where.folders.create()
    store = sasl.Credentials(Path(config.sasl.users or where.sasl_users))
    store.add(name, sasl.asked_password())
    sys.stdout.write(f"{name} is let in where auth is sasl; {store.path} has what verifies the password\n")
    return 0


def _serve(options: argparse.Namespace, where: Places) -> int:
    config = _configured(options, where)
    logs.configure(config.log)
    where.folders.create()
    reached = (config.unix.path or str(where.socket)) if config.unix.enabled else ""
    claim = where.folders.claim(program="virtkitd", socket=reached)
    rules = Rules(config, where)
    wakers = _, woken = _woken_by_signals()  # who sees the daemon's sockets may also end it
    server = Server(config, where, services(config, where, inherited()), rules)
    server.loop.watch(woken.fileno(), lambda events: _obey(woken.recv(64), server, residents, options, where))
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what is there now stays
    gc.set_threshold(GARBAGE_OBJECTS)
    where.pid_file.write_text(f"{os.getpid()}\n")
    _log.info("ready: %s", ", ".join(service.name for service in server.services))
    notify("READY=1")
    residents = Residents(where)
    server.residing = residents.opened
    server.run()
    residents.close()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # it ends already
    signal.set_wakeup_fd(-1)
    for waker in wakers:
        waker.close()
    where.pid_file.unlink(missing_ok=True)
    rules.close()
    claim.release()
    return 0


def _configured(options: argparse.Namespace, where: Places) -> Config:
    path = options.config or where.config
    return configuration.load(path) if options.config or where.config.exists() else Config()


def _woken_by_signals() -> tuple[socket.socket, socket.socket]:
    """Have signals written to a socket as bytes; what it is read from is the second one, and both have to be kept."""
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, lambda *ignored: None)
    return wake, woken


def _obey(signals: bytes, server: Server, residents: Residents, options: argparse.Namespace, where: Places) -> None:
    """End at SIGTERM and SIGINT; read the configuration again at SIGHUP, and have drivers restore what they can."""
    for number in signals:
        if number == signal.SIGHUP:
            _reload(server, options, where)
            residents.reload()
        else:
            notify("STOPPING=1")
            server.stop()


def _reload(server: Server, options: argparse.Namespace, where: Places) -> None:
    notify("RELOADING=1")
    try:
        new = _configured(options, where)
        kept = configuration.needing_restart(server.config, new)
        new = configuration.taken_over(server.config, new)
        server.rules.apply(new)
        server.reload(new)
        logs.configure(new.log)
    except VirtError as error:
        _log.error("the configuration stays as it was: %s", error)
    else:
        _log.info("the configuration was read again%s", f"; {', '.join(kept)} need a restart" if kept else "")
    notify("READY=1")


def inherited() -> dict[str, socket.socket]:
    """The sockets that systemd listened on for us, by their names in its unit: `unix`, `unix_readonly`, ...

    Raises:
        ConfSyntaxError: One has another name, or none.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    count = int(os.environ.get("LISTEN_FDS", "0"))
    found = {}
    for number, name in zip_longest(range(FIRST_INHERITED, FIRST_INHERITED + count), names[:count], fillvalue=""):
        if name not in SERVICES:
            raise ConfSyntaxError(
                f"systemd handed over a socket that is named {name!r}: write FileDescriptorName= in its unit, "
                f"with one of {', '.join(SERVICES)}",
                domain=ErrorDomain.CONF,
            )
        os.set_inheritable(int(number), False)
        found[name] = socket.socket(fileno=int(number))
    return found


if __name__ == "__main__":
    sys.exit(main())
