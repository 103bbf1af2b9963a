"""Tests that a driver keeps to what it says it can do, function by function."""

from __future__ import annotations

import pytest

from virtkit import Connection
from virtkit.errors import NotSupportedError, VirtError
from virtkit.hookspecs import KINDS
from virtkit.testing.calls import Call, calls, is_joined, is_served, offers
from virtkit.testing.kinds import OBJECT_KINDS, Can, ObjectKind
from virtkit.testing.profile import Profile
from virtkit.testing.suite import Conformance

MODULES = [module for modules in KINDS.values() for module in modules]
ABILITIES = [(kind, ability) for kind in OBJECT_KINDS for ability in kind.functions]


def _id(value: object) -> str:
    return value.name if isinstance(value, ObjectKind) else str(getattr(value, "name", value)).lower()


def _told(each: Call, outcome: BaseException | None) -> str:
    return f"{each.function.name}: {type(outcome).__name__}: {outcome}" if outcome else f"{each.function.name} succeeds"


class BaseSupport(Conformance):
    """The support matrix is honest: what is claimed answers, what is not claimed says so."""

    @pytest.mark.parametrize("module", MODULES)
    def test_what_is_not_offered_is_not_supported(self, conn: Connection, module: str) -> None:
        offered, wrong = offers(conn), []
        for each in calls(module):
            if each.function.name in offered:
                continue
            outcome = each.outcome(conn)
            if not isinstance(outcome, NotSupportedError) or outcome.domain != each.function.error_domain:
                wrong.append(_told(each, outcome))
        assert [] == wrong

    @pytest.mark.parametrize("module", MODULES)
    def test_what_is_offered_is_supported(self, conn: Connection, module: str) -> None:
        offered, wrong = offers(conn), []
        for each in calls(module):
            if each.function.name in offered and each.harmless:
                outcome = each.outcome(conn)
                if isinstance(outcome, NotSupportedError) or not isinstance(outcome, VirtError | None):
                    wrong.append(_told(each, outcome))
        assert [] == wrong

    @pytest.mark.parametrize("module", MODULES)
    def test_an_object_that_does_not_exist_is_the_error_of_its_kind(self, conn: Connection, module: str) -> None:
        offered, wrong = offers(conn), []
        for each in calls(module):
            if each.function.name in offered and each.missing:
                outcome = each.outcome(conn)
                if not isinstance(outcome, each.missing):
                    wrong.append(_told(each, outcome))
        assert [] == wrong

    @pytest.mark.parametrize(("kind", "ability"), ABILITIES, ids=_id)
    def test_the_profile_says_what_the_driver_offers(
        self, conn: Connection, profile: Profile, kind: ObjectKind, ability: Can
    ) -> None:
        wanted = set(kind.functions[ability])
        if profile.can(kind, ability):
            missing = wanted - offers(conn)
            assert not missing, f"{kind.noun}: the profile has Can.{ability.name}, but the driver lacks {missing}"
        elif wanted and not is_joined(conn, kind.driver):
            assert not wanted <= offers(conn), f"{kind.noun}: the driver offers {wanted}: declare Can.{ability.name}"

    @pytest.mark.parametrize("kind", [kind for kind in OBJECT_KINDS if kind.event], ids=_id)
    def test_events_come_where_they_are_declared(self, conn: Connection, profile: Profile, kind: ObjectKind) -> None:
        assert kind.event is not None
        if profile.can(kind, Can.EVENTS):
            conn.subscribe(kind.event, print).close()
        elif is_served(conn, kind.driver):
            pytest.skip(f"{profile.uri}: {profile.why_not(kind, Can.EVENTS)}")
        else:
            with pytest.raises(NotSupportedError):
                conn.subscribe(kind.event, print)
