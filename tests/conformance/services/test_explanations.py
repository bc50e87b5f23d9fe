"""Decisions that explain themselves and can be made again, and where an entry stands, on either database."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from schemas.vocabulary import Need, Programme, Region, Sex
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.cli.simulation.acts import COORDINATOR, HOUSEHOLD
from services.registry.domain import eligibility
from services.registry.domain.decisions import Explanation, Rule
from services.registry.domain.model import Profile
from services.registry.domain.position import Basis, ExpectedWait
from services.registry.handlers import entries as handlers
from services.registry.handlers import matching, positions
from services.registry.handlers.positions import Position
from services.registry.handlers.replay import Outcome, replay
from services.registry.store import positions as store
from services.registry.store.codec import encode_profile
from services.registry.store.decisions import decode_explanation, stored
from services.registry.tables import cases, decisions, entries, profiles, waitlists
from tests.support.world import World

FAMILY = replace(HOUSEHOLD, children=3)
ADDICTED = replace(HOUSEHOLD, needs=frozenset({Need.ADDICTION}))


async def explanations(world: World) -> list[Explanation]:
    rows = await world.rows("registry", select(decisions).order_by(decisions.c.id))
    return [decode_explanation(stored(row).explanation) for row in rows]


async def position(world: World, entry_id: UUID) -> Position:
    return await world.run(
        "registry", lambda unit: positions.position_of(unit, world.matchmaker.programmes, entry_id, COORDINATOR)
    )


async def outcomes(world: World) -> list[Outcome]:
    return [
        item.outcome
        for item in await world.run("registry", lambda unit: replay(unit, world.matchmaker.programmes, None, 1000))
    ]


async def crowd(world: World, profile: Profile, count: int, **standing: object) -> None:
    """Many who wait longer than whoever joins afterwards, put straight into the tables."""

    async def fill(unit: UnitOfWork) -> None:
        profile_id, text = unit.identifiers(), encode_profile(profile)
        await unit.execute(insert(profiles), [{"id": profile_id, "waitlist": "cosm", "profile": text}])
        counted = update(waitlists).where(waitlists.c.id == "cosm")
        await unit.execute(counted.values(profile_count=waitlists.c.profile_count + 1))
        ids = [unit.identifiers() for _ in range(count)]
        case = {"coordinator": "other", "profile": text, "created_at": unit.now}
        await unit.execute(insert(cases), [case | {"id": id_} for id_ in ids])
        same = {
            "waitlist": "cosm",
            "profile_id": profile_id,
            "coordinator": "other",
            "precedence": 9,
            "state": "waiting",
            "eligible_until": unit.now + timedelta(days=60),
        } | standing
        since = [unit.now - timedelta(days=99 + number) for number in range(count)]
        rows = [same | {"id": id_, "case_id": id_, "waiting_since": at} for id_, at in zip(ids, since, strict=True)]
        await unit.execute(insert(entries), rows)

    await world.run("registry", fill)


async def test_each_ahead_is_explained_by_the_rule_and_every_reason(world: World) -> None:
    """More urgent, waiting longer, and a tie: each has its rule."""
    await world.join(FAMILY, urgency=2)
    await world.join(ADDICTED, days=30)
    await world.join(FAMILY, days=2)
    chosen = await world.join(days=2)
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    (explanation,) = await explanations(world)
    assert explanation.chosen == chosen.id
    assert [(one.rule, one.reasons) for one in explanation.ahead] == [
        (Rule.MORE_URGENT, ("too-few-places",)),
        (Rule.WAITING_LONGER, ("need-not-served",)),
        (Rule.TIE, ("too-few-places",)),
    ]
    assert (explanation.counted, explanation.at_least) == ((), False)


async def test_beyond_the_first_hundred_they_are_counted_by_reason(world: World) -> None:
    """Nobody is left out of the count, and those named are not counted again."""
    await crowd(world, FAMILY, 130)
    await crowd(world, ADDICTED, 40)
    chosen = await world.join()
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    (explanation,) = await explanations(world)
    assert explanation.chosen == chosen.id
    assert len(explanation.ahead) == 100
    counted = dict(explanation.counted)
    named = [one.reasons for one in explanation.ahead]
    assert {reasons: counted.get(reasons, 0) + named.count(reasons) for reasons in set(named) | set(counted)} == {
        ("too-few-places",): 130,
        ("need-not-served",): 40,
    }
    assert not explanation.at_least


async def test_who_stands_aside_is_passed_over_for_that(world: World) -> None:
    """One by one and counted, with every other reason; in a list where everyone else could have had it, too."""
    await crowd(world, FAMILY, 3)
    await crowd(world, HOUSEHOLD, 120, state="paused", pause_reason="requested")
    chosen = await world.join()
    await world.post_bed(await world.add_unit(places=4))
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    *_, explanation = await explanations(world)
    assert explanation.chosen == chosen.id
    named, counted = [one.reasons for one in explanation.ahead], dict(explanation.counted)
    assert named.count(("paused",)) + counted[("paused",)] == 120
    assert await outcomes(world) == [Outcome.SAME] * 2


async def test_who_stands_aside_alone_is_passed_over_for_that(world: World) -> None:
    """Nobody else is in line, and nothing but the pause is against them."""
    paused = await world.join(waitlist="omm", days=9)
    await world.run("registry", lambda unit: handlers.pause(world.matchmaker, unit, paused.id, COORDINATOR, until=None))
    chosen = await world.join(waitlist="omm")
    await world.post_bed(await world.add_unit(programme=Programme.OMM))
    await world.settle()
    (explanation,) = await explanations(world)
    assert explanation.chosen == chosen.id
    assert [one.reasons for one in explanation.ahead] == [("paused",)]
    assert await outcomes(world) == [Outcome.SAME]


async def test_counting_ends_at_its_limit_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list costs no more than its limit."""
    monkeypatch.setattr(matching, "AHEAD_LIMIT", 120)
    await crowd(world, FAMILY, 150)
    await world.join()
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    (explanation,) = await explanations(world)
    assert explanation.at_least
    assert explanation.counted == ((("too-few-places",), 20),)


async def test_who_was_offered_it_before_is_passed_over_for_that(world: World) -> None:
    """A refusal moves on to the next, and the second decision says why the first is not asked again."""
    first, second = await world.join(days=9), await world.join(days=5)
    await world.post_bed(await world.add_unit())
    await world.settle()
    await world.decline((await world.offers("made"))[0]["id"])
    _, after = await explanations(world)
    assert after.chosen == second.id != first.id
    assert [(one.rule, one.reasons) for one in after.ahead] == [(Rule.WAITING_LONGER, ("offered-before",))]
    assert set(await outcomes(world)) == {Outcome.SAME}


async def test_several_vacancies_at_once_are_explained_each(world: World) -> None:
    """Who got another vacancy in the same moment is nowhere passed over."""
    for days in (9, 8, 7):
        await world.join(days=days)
    for _ in range(3):
        await world.post_bed(await world.add_unit())
    await world.settle()
    assert [explanation.ahead for explanation in await explanations(world)] == [(), (), ()]
    assert await outcomes(world) == [Outcome.SAME] * 3


async def test_a_changed_rule_is_found_and_the_decision_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the decision that comes out otherwise is named."""
    await world.join(FAMILY, days=30)
    await world.join(days=2)
    await world.post_bed(await world.add_unit(places=2))
    await world.settle()
    await world.join(days=1)
    await world.post_bed(await world.add_unit(places=5))
    await world.settle()
    assert await outcomes(world) == [Outcome.SAME] * 2
    kept = tuple(rule for rule in eligibility._RULES if rule[0] is not eligibility.Reason.TOO_FEW_PLACES)
    monkeypatch.setattr(eligibility, "_RULES", kept)
    eligibility.reasons_against.cache_clear()
    try:
        assert await outcomes(world) == [Outcome.DIFFERS, Outcome.SAME]
    finally:
        monkeypatch.undo()
        eligibility.reasons_against.cache_clear()


async def test_what_was_altered_or_is_not_known_is_found(world: World) -> None:
    """A decision that somebody rewrote, and one by a policy that this version does not have."""
    for days in (3, 2):
        await world.join(days=days)
        await world.post_bed(await world.add_unit())
        await world.settle()
    kept = await world.rows("registry", select(decisions).order_by(decisions.c.id))
    altered = update(decisions).where(decisions.c.id == kept[0].id).values(snapshot=kept[1].snapshot)
    unknown = update(decisions).where(decisions.c.id == kept[1].id).values(policy="whoever-shouts.v1")
    await world.run("registry", lambda unit: unit.execute(altered))
    await world.run("registry", lambda unit: unit.execute(unknown))
    assert await outcomes(world) == [Outcome.ALTERED, Outcome.UNKNOWN_POLICY]
    for row in kept:
        back = update(decisions).where(decisions.c.id == row.id).values(snapshot=row.snapshot, policy=row.policy)
        await world.run("registry", lambda unit, back=back: unit.execute(back))  # type: ignore[misc] # as above


async def test_a_position_counts_those_ahead_by_rule(world: World) -> None:
    """The urgent, those who wait longer, and those who are first by the last key only."""
    await world.join(FAMILY, urgency=1)
    await world.join(FAMILY, days=5)
    await world.join(FAMILY)
    mine = await world.join(FAMILY)
    await world.join(FAMILY)
    found = await position(world, mine.id)
    assert found.ahead == {Rule.MORE_URGENT: 1, Rule.WAITING_LONGER: 1, Rule.LOWER_LOT: 0, Rule.TIE: 1}
    assert not found.at_least


async def test_a_position_ends_counting_at_its_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says that there may be more."""
    monkeypatch.setattr(store, "AHEAD_LIMIT", 20)
    monkeypatch.setattr(positions, "AHEAD_LIMIT", 20)
    await crowd(world, FAMILY, 30)
    found = await position(world, (await world.join(FAMILY)).id)
    assert found.ahead == {Rule.MORE_URGENT: 0, Rule.WAITING_LONGER: 20, Rule.LOWER_LOT: 0, Rule.TIE: 0}
    assert found.at_least


async def test_a_position_says_what_excludes_and_what_would_change_that(world: World) -> None:
    """Each open vacancy with each reason and its remedy; what others are asked about counts as suitable."""
    await world.post_bed(await world.add_unit(places=2, sexes=[Sex.MALE]))
    await world.post_bed(await world.add_unit(places=5))
    await world.settle()
    await world.join(FAMILY, days=9)
    mine = await world.join(replace(FAMILY, needs=frozenset({Need.ADDICTION})), days=8)
    other = await world.join(FAMILY, days=1)
    [excluding, offered] = (await position(world, mine.id)).excluding
    changes = [(reason, remedy.change, remedy.values) for reason, remedy in excluding.reasons]
    assert changes == [
        ("too-few-places", "places", ("4",)),
        ("sex-not-accepted", "accepts-sex", ("female",)),
        ("need-not-served", "serves-needs", ("addiction",)),
    ]
    assert (offered.state, [reason for reason, _ in offered.reasons]) == ("offered", ["need-not-served"])
    assert excluding.reasons[2][1].english == "a place that serves addiction"
    assert excluding.reasons[2][1].dutch == "een plek die verslaving aankan"
    assert (await position(world, other.id)).suitable == 1


async def test_a_position_tells_no_place(world: World) -> None:
    """Whether the region, the municipality or the facility is excluded is one reason for those who look."""
    excluding = replace(HOUSEHOLD, excluded_regions=frozenset({Region.LIMBURG}))
    mine = await world.join(excluding)
    await world.post_bed(await world.add_unit(region=Region.LIMBURG))
    await world.settle()
    ((told,),) = [vacancy.reasons for vacancy in (await position(world, mine.id)).excluding]
    assert (told[0], told[1].change) == ("excluded-place", "elsewhere")


async def test_who_stands_aside_has_a_position_that_says_so(world: World) -> None:
    """They keep their place in line, and what they would have to do is said."""
    await world.join(days=3)
    mine = await world.join(days=1)
    await world.run("registry", lambda unit: handlers.pause(world.matchmaker, unit, mine.id, COORDINATOR, until=None))
    await world.post_bed(await world.add_unit(sexes=[Sex.MALE]))
    await world.settle()
    found = await position(world, mine.id)
    assert found.ahead is not None
    assert found.ahead[Rule.WAITING_LONGER] == 1
    (vacancy,) = found.excluding
    assert [(reason, remedy.change) for reason, remedy in vacancy.reasons] == [
        ("sex-not-accepted", "accepts-sex"),
        ("paused", "resume"),
    ]


async def test_a_position_says_when_there_are_more_vacancies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out in silence."""
    monkeypatch.setattr(store, "VACANCIES_LIMIT", 2)
    mine = await world.join()
    found = await position(world, mine.id)
    assert not found.vacancies_at_least
    for _ in range(3):
        await world.post_bed(await world.add_unit(sexes=[Sex.MALE]))
    await world.settle()
    found = await position(world, mine.id)
    assert (len(found.excluding), found.vacancies_at_least) == (2, True)


async def test_an_entry_that_does_not_wait_has_no_position(world: World) -> None:
    """Nothing is made up for it; and someone else's does not exist."""
    mine, programmes = await world.join(), world.matchmaker.programmes
    await world.leave(mine.id)
    found = await position(world, mine.id)
    assert (found.ahead, found.excluding, found.expected) == (None, [], None)
    with pytest.raises(NotFound):
        await world.run("registry", lambda unit: positions.position_of(unit, programmes, mine.id, "somebody-else"))


async def place(world: World, profile: Profile, days: int) -> None:
    unit = await world.add_unit(places=6)
    await world.join(profile, days=days)
    await world.post_bed(unit)
    await world.settle()
    await world.accept((await world.offers("made"))[0]["id"])
    await world.settle()
    await world.arrive(unit)
    await world.settle()


async def test_an_expected_wait_needs_ten_placements_and_prefers_those_who_are_alike(world: World) -> None:
    """Nine say nothing; ten of the list say something; ten of the same kind say it better; an old one says nothing."""
    for days in range(1, 10):
        await place(world, FAMILY, days)
    mine = await world.join(ADDICTED)
    assert (await position(world, mine.id)).expected is None
    await place(world, FAMILY, 10)
    assert (await position(world, mine.id)).expected == ExpectedWait(1, 9, Basis.LIST, 10)
    alike = await world.join(FAMILY)
    assert (await position(world, alike.id)).expected == ExpectedWait(1, 9, Basis.ALIKE, 10)
    world.clock.forward(days=400)
    assert (await position(world, alike.id)).expected is None
