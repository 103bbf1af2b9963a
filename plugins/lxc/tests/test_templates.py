"""Templates: roots that several containers start from, each with its own changes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import virtkit
from plugins.lxc.tests.lab import Lab, eventually
from tests.containers import make_root, remains
from virtkit import Connection
from virtkit.enums import DomainState
from virtkit.errors import ConfigUnsupportedError, SystemCallError, XMLError

DOCUMENT = """
<domain type='lxc'><name>{name}</name><memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/bin/sh</init><initarg>-c</initarg><initarg>{script}; sleep 1000</initarg></os>
  <features><privnet/></features>{more}
  <devices>
    <filesystem type='template'><source name='{template}'/><target dir='{target}'/></filesystem>{devices}
    <console type='pty'/>
  </devices>
</domain>"""

IDMAP = (
    """<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap>"""
)


def document(
    script: str = "true", name: str = "web", template: str = "lab", target: str = "/", more: str = "", devices: str = ""
) -> str:
    return DOCUMENT.format(name=name, script=script, template=template, target=target, more=more, devices=devices)


@pytest.fixture
def connection(lab: Lab) -> Iterator[Connection]:
    with virtkit.open(f"lxc:///embed?root={lab.folder}") as opened:
        yield opened
        for domain in opened.list_domains():
            if domain.is_active():
                domain.destroy()
    assert {} == remains(lab.folder)


@pytest.fixture
def template(lab: Lab) -> Path:
    """A template with the name `lab`."""
    return make_root(lab.folder / "lib" / "lxc" / "templates" / "lab")


def layers(lab: Lab) -> list[Path]:
    """The upper folders of all containers."""
    return sorted((lab.folder / "lib" / "lxc" / "layers").glob("*/*/upper"))


def wait_for(lab: Lab, name: str) -> Path:
    """The upper folder that a file is in, as soon as it is in one."""
    found = eventually(lambda: [each for each in layers(lab) if (each / name).exists()], name)
    return Path(found[0])


def test_changes_are_those_of_one_container_and_last_as_long_as_its_definition(
    connection: Connection, lab: Lab, template: Path
) -> None:
    before = sorted(os.listdir(template))
    first = connection.define_domain(
        document("test -e /old &amp;&amp; touch /again; rm /etc/passwd; touch /old", "first")
    )
    second = connection.create_domain(document("test -e /etc/passwd &amp;&amp; touch /whole", "second"))
    first.create()
    upper = wait_for(lab, "old")
    other = wait_for(lab, "whole")
    first.destroy()
    first.create()
    assert upper == wait_for(lab, "again")
    assert before == sorted(os.listdir(template))
    assert (template / "etc" / "passwd").exists()
    second.destroy()
    assert not other.parents[1].exists()
    first.undefine()
    assert DomainState.RUNNING == first.state().state
    assert upper.exists()
    first.destroy()
    assert [] == os.listdir(lab.folder / "lib" / "lxc" / "layers")


def test_a_definition_takes_its_changes_with_it(connection: Connection, lab: Lab, template: Path) -> None:
    domain = connection.define_domain(document("touch /made"))
    domain.create()
    wait_for(lab, "made")
    domain.destroy()
    (layer,) = layers(lab)
    assert 0o700 == stat.S_IMODE(layer.parents[2].stat().st_mode)  # what a container leaves there is run by nobody
    domain.undefine()
    assert [] == layers(lab)


def test_a_root_is_read_only_and_has_the_mode_of_the_template(connection: Connection, lab: Lab, template: Path) -> None:
    template.chmod(0o711)
    (lab.folder / "data").mkdir()
    script = "stat -c %a / &gt; /data/mode; touch /x || echo refused &gt; /data/told"
    devices = f"<filesystem><source dir='{lab.folder}/data'/><target dir='/data'/></filesystem>"
    xml = document(script, devices=devices).replace("<target dir='/'/>", "<target dir='/'/><readonly/>")
    connection.create_domain(xml)
    told = lab.folder / "data" / "told"
    eventually(lambda: told.exists() and told.read_text(), "what it tells")
    assert "711\n" == (lab.folder / "data" / "mode").read_text()
    assert not (template / "data").exists()


def test_a_template_of_an_id_map_is_that_of_its_root(connection: Connection, lab: Lab) -> None:
    make_root(lab.folder / "lib" / "lxc" / "templates" / "lab", owner=100_000)
    connection.create_domain(document("rm /etc/passwd; touch /made", more=IDMAP))
    upper = wait_for(lab, "made")
    assert 100_000 == (upper / "made").stat().st_uid


def test_users_of_a_template_are_looked_up_in_it(connection: Connection, lab: Lab, template: Path) -> None:
    xml = document("touch /tmp/mine").replace("</os>", "<inituser>guest</inituser><initgroup>guest</initgroup></os>")
    connection.create_domain(xml)
    assert 1000 == (wait_for(lab, "tmp/mine") / "tmp" / "mine").stat().st_uid


def test_a_template_that_is_missing_is_named(connection: Connection, lab: Lab) -> None:
    domain = connection.define_domain(document())
    with pytest.raises(SystemCallError, match=r"its template 'lab', .*templates/lab: No such file.*root-create"):
        domain.create()
    assert [] == layers(lab)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a:b"])
def test_a_name_that_is_none_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(XMLError, match=f"has template '{name}': a name has letters"):
        connection.define_domain(document(template=name))


@pytest.mark.parametrize(
    ("before", "after"), [("dir='/'", "dir='/data'"), ("'template'", "'template' accessmode='mapped'")]
)
def test_what_a_template_cannot_be_is_refused(connection: Connection, before: str, after: str) -> None:
    with pytest.raises(ConfigUnsupportedError, match="domain 'web' has"):
        connection.define_domain(document(more=IDMAP).replace(before, after))


def test_a_layer_that_cannot_be_mounted_leaves_the_container_off(
    connection: Connection, lab: Lab, template: Path
) -> None:
    domain = connection.define_domain(document("touch /made"))
    domain.create()
    upper = wait_for(lab, "made")
    domain.destroy()
    shutil.rmtree(upper.with_name("work"))
    upper.with_name("work").touch()
    with pytest.raises(SystemCallError, match=r"'web' cannot start: the layer .*: File exists"):
        domain.create()
    assert DomainState.SHUTOFF == domain.state().state
    assert (upper / "made").exists()
