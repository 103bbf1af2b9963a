"""The user's configuration: default URI, aliases of URIs, choice of drivers.

`/etc/virtkit/virtkit.toml`, then `$XDG_CONFIG_HOME/virtkit/virtkit.toml`, whose entries win; `VIRTKIT_CONFIG` names
one file to be read instead of both.

    uri_default = "qemu:///system"

    [uri_aliases]
    lab = "qemu+ssh://root@lab.example/system"

    [drivers]                    # where two drivers serve one kind on this host
    network = "bridge"
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from virtkit.errors import ConfSyntaxError, NoConnectError
from virtkit.uri import URI, is_alias, parse

FROM_CONF = 9
KEYS = {"uri_default": str, "uri_aliases": dict, "drivers": dict}
DEFAULT_URI_VARIABLES = ("VIRTKIT_DEFAULT_URI", "LIBVIRT_DEFAULT_URI")


class Config(NamedTuple):
    """What the files say; `drivers` maps a kind to the driver to take for it."""

    uri_default: str = ""
    uri_aliases: Mapping[str, str] = {}
    drivers: Mapping[str, str] = {}


def load(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration files that exist.

    Raises:
        ConfSyntaxError: A file is not TOML, or holds an unknown key or a value of the wrong type.
    """
    merged: dict[str, Any] = {}
    for path in _paths(environment):
        for key, value in _read(path).items():
            merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return Config(**merged)


def resolve(text: str | None, config: Config, environment: Mapping[str, str] = os.environ) -> URI | None:
    """The URI to open for what a caller gave: a URI, an alias, or nothing (then the defaults).

    Returns:
        None where nothing names a driver: the caller probes.

    Raises:
        NoConnectError: An alias that the configuration does not have.
    """
    for given in (text, *(environment.get(name) for name in DEFAULT_URI_VARIABLES), config.uri_default):
        if given:
            return parse(_expand(given, config))
    return None


def _expand(given: str, config: Config) -> str:
    if not is_alias(given):
        return given
    if given in config.uri_aliases:
        return config.uri_aliases[given]
    known = ", ".join(sorted(config.uri_aliases)) or "none are configured"
    raise NoConnectError(
        f"{given!r} is neither a URI nor an alias; aliases: {known}. Add it under [uri_aliases] in virtkit.toml",
        str2=given,
    )


def _paths(environment: Mapping[str, str]) -> Iterator[str]:
    named = environment.get("VIRTKIT_CONFIG")
    if named:
        yield named
        return
    home = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME", "/"), ".config")
    for folder in (os.path.join(each, "virtkit") for each in ("/etc", home)):
        if os.access(folder, os.X_OK):  # the system's, which holds root's definitions too, may be closed to others
            yield os.path.join(folder, "virtkit.toml")


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as cause:
        raise ConfSyntaxError(f"cannot read {path}: {cause.strerror}", domain=FROM_CONF) from cause
    import tomllib  # 5 ms that only a host with a configuration file pays

    try:
        values = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfSyntaxError(f"{path} is not TOML: {cause}", domain=FROM_CONF) from cause
    for key, value in values.items():
        if key not in KEYS:
            raise ConfSyntaxError(f"{path}: unknown key {key!r}; known are {', '.join(KEYS)}", domain=FROM_CONF)
        if not isinstance(value, KEYS[key]):
            raise ConfSyntaxError(f"{path}: {key} must be a {KEYS[key].__name__}", domain=FROM_CONF)
    return values
