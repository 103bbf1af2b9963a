"""Changes of a container's documents: of the one it runs with, its stored definition, or both, in one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtkit.services.guests import impact
from virtkit.services.guests.configuration import redefine

if TYPE_CHECKING:
    from virtkit.refs import DomainRef
    from virtkit.xml.domain import Domain
    from virtkit_lxc.container import Container, Run
    from virtkit_lxc.state import LxcState, Session


def change(
    conn: Session,
    dom: DomainRef,
    call: str,
    flags: int,
    edit: Callable[[Domain], None],
    apply: Callable[[LxcState, Container, Run], None],
) -> tuple[LxcState, Container, bool]:
    """Change the documents that some flags mean, and the container itself where it runs.

    Args:
        conn: The session.
        dom: The guest.
        call: Name of the calling function.
        flags: `virtkit.enums.DomainModificationImpact`.
        edit: Changes a document; raises what is wrong with the request before anything is done.
        apply: Changes the container that runs; may raise, and then nothing is changed.

    Returns:
        The state, the guest, and whether what runs was changed.

    Raises:
        OperationInvalidError: LIVE for one that is off, CONFIG for one that is transient.
        VirtError: As `edit` and `apply`.
    """
    with conn.hold(dom, call) as (state, guest):
        concerned = impact.of(guest, flags)
        config = guest.definition() if concerned.config else None
        if config is not None:
            edit(config)
        if concerned.live:
            run = guest.running()
            live = run.live.copy()
            edit(live)
            apply(state, guest, run)
            run.live, run.altered = live, True
            state.note(guest)
        if config is not None:
            redefine(state, guest, config)
        return state, guest, concerned.live
