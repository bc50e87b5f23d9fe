"""What a decision remembers is enough to make it again, whoever waits; and a rule that changed does not go unseen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import AgeBand, ListKind, Need, Region, Sex
from services.registry.domain import decisions, eligibility
from services.registry.domain.allocation import Choice, Situation, choose, passed_over
from services.registry.domain.decisions import Line, Snapshot, explain, group_of, snapshot_of
from services.registry.domain.eligibility import reasons_against
from services.registry.domain.model import Entry, Lack, Profile, Terms, Vacancy
from services.registry.domain.order import place_in_line
from services.registry.domain.programmes import Authority, Funding, Programme, RegionPreference
from services.registry.store.decisions import (
    decode_explanation,
    decode_snapshot,
    encode_explanation,
    encode_snapshot,
)
from tests.support.examples import examples

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BEGINS = NOW + timedelta(days=20)
"""When the household could move in: some rights end between this and now."""
NAMED = 3
"""So few are explained one by one here, that most examples count some."""

PROFILES = st.builds(
    Profile,
    sex=st.sampled_from([Sex.FEMALE, Sex.MALE]),
    age_band=st.sampled_from([AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS]),
    adults=st.just(1),
    children=st.integers(0, 2),
    wheelchair=st.sampled_from([False]),
    needs=st.sampled_from([frozenset(), frozenset({Need.MEDICAL})]),
    region=st.sampled_from([None, Region.LIMBURG]),
)
TERMS = st.builds(
    Terms,
    places=st.integers(1, 3),
    sexes=st.sampled_from([frozenset({Sex.FEMALE}), frozenset({Sex.FEMALE, Sex.MALE})]),
    age_bands=st.just(frozenset(AgeBand)),
    children=st.booleans(),
    wheelchair=st.sampled_from([True]),
    needs=st.sampled_from([frozenset(), frozenset({Need.MEDICAL})]),
    region=st.sampled_from([None, Region.LIMBURG]),
    kept_for_places=st.sampled_from([None, None, 2]),
)
PROGRAMMES = st.builds(
    Programme,
    st.just("cosm"),
    st.just(date(2010, 1, 1)),
    st.just(Authority.EXCLUSIVE),
    st.just(Funding.STATE),
    region_preference=st.sampled_from([None, RegionPreference(among=3, days=7)]),
    requires_reflection_period=st.booleans(),
    requires_permit=st.booleans(),
)
PEOPLE = st.lists(
    st.tuples(PROFILES, st.integers(0, 1), st.integers(0, 9), st.sampled_from([None, -1, 15, 30]), st.booleans()),
    min_size=1,
    max_size=25,
)


def line_of(people: Sequence[tuple[Profile, int, int, int | None, bool]]) -> tuple[list[Entry], set[UUID]]:
    """Everyone in their order, and who was offered the vacancy before."""
    entries, before = [], set()
    for number, (profile, urgency, days, right, repeated) in enumerate(people, start=1):
        until = None if right is None else NOW + timedelta(days=right)
        since = NOW - timedelta(days=days)
        entry = Entry(UUID(int=number), "cosm", UUID(int=number), "c", profile, urgency, since, eligible_until=until)
        entry.lacks = frozenset({Lack.PERMIT}) if number % 3 == 0 else frozenset()
        entries.append(entry)
        if repeated and number % 4 == 0:
            before.add(entry.id)
    return sorted(entries, key=place_in_line), before


def candidates_of(line: Sequence[Entry], vacancy: Vacancy, situation: Situation) -> list[Entry]:
    """As the database gives them: the first of each profile that is eligible, who have a right."""
    preference = situation.region_preference(vacancy.terms)
    count = 1 + len(situation.offered_before[vacancy.id]) + (preference.among if preference else 0)
    taken: Counter[Profile] = Counter()
    found = []
    for entry in line:
        entitled = not situation.programme.requires_reflection_period if entry.eligible_until is None else True
        runs = entry.eligible_until is None or entry.eligible_until > BEGINS
        granted = not (situation.programme.requires_permit and entry.lacks)
        if (
            entitled
            and runs
            and granted
            and not reasons_against(entry.profile, vacancy.terms)
            and taken[entry.profile] < count
        ):
            taken[entry.profile] += 1
            found.append(entry)
    return found


def snapshot_from(line: Sequence[Entry], choice: Choice, situation: Situation) -> Snapshot:
    ahead = [entry for entry in line if place_in_line(entry) < place_in_line(choice.entry)]
    groups = (
        Counter(group_of(entry, situation.offered_before[choice.vacancy.id], BEGINS) for entry in ahead)
        if len(ahead) > NAMED
        else {}
    )
    candidates = candidates_of(line, choice.vacancy, situation)
    return snapshot_of(choice, Line(ahead[: NAMED + 2], groups), candidates, situation)


def vacancy_with(terms: Terms) -> Vacancy:
    return Vacancy(UUID(int=999), "cosm", ListKind.SHELTER, UUID(int=998), terms, 1, NOW, BEGINS)


def decided(
    people: Sequence[tuple[Profile, int, int, int | None, bool]], terms: Terms, programme: Programme
) -> tuple[list[Entry], Choice | None, Situation]:
    line, before = line_of(people)
    vacancy = vacancy_with(terms)
    situation = Situation(programme, {vacancy.id: before}, NOW)
    choice = next(iter(choose([vacancy], line, situation)), None)
    return line, choice, situation


@contextmanager
def few_named() -> Iterator[None]:
    with patch.object(decisions, "PASSED_OVER_LIMIT", NAMED):
        yield


@examples(400)
@given(people=PEOPLE, terms=TERMS, programme=PROGRAMMES)
def test_what_is_remembered_gives_the_same_bytes_again(
    people: list[tuple[Profile, int, int, int | None, bool]], terms: Terms, programme: Programme
) -> None:
    """The bounded snapshot gives the choice of the whole line, and every one before it has its reasons exactly."""
    line, choice, situation = decided(people, terms, programme)
    if choice is None:
        return
    with few_named():
        snapshot = snapshot_from(line, choice, situation)
        explanation = explain(snapshot, programme)
        text = encode_snapshot(snapshot)
        assert encode_snapshot(decode_snapshot(text)) == text
        again = explain(decode_snapshot(text), programme)
    assert encode_explanation(again) == encode_explanation(explanation)
    assert decode_explanation(encode_explanation(again)) == explanation
    assert explanation.chosen == choice.entry.id
    each = [item.reasons for item in passed_over(choice, line, (), situation)]
    assert [item.reasons for item in explanation.ahead] == each[:NAMED]
    assert dict(explanation.counted) == Counter(each[NAMED:])
    assert all(each)


RULES = tuple(eligibility._RULES)


@examples(400)
@given(people=PEOPLE, terms=TERMS, programme=PROGRAMMES, dropped=st.sampled_from(RULES))
def test_a_rule_that_is_dropped_is_seen_wherever_it_decided(
    people: list[tuple[Profile, int, int, int | None, bool]],
    terms: Terms,
    programme: Programme,
    dropped: tuple[object, object],
) -> None:
    """Where the whole line would now be decided or explained otherwise, the remembered decision comes out otherwise.

    Without preferences: who stands behind the chosen one and could not have had the vacancy is not remembered, so it is
    not seen when a dropped rule would let a preference choose them.
    """
    plain = replace(programme, region_preference=None)
    line, choice, situation = decided(people, replace(terms, kept_for_places=None), plain)
    if choice is None:
        return
    with few_named():
        snapshot = snapshot_from(line, choice, situation)
        before = encode_explanation(explain(snapshot, plain))
        reasons = [item.reasons for item in passed_over(choice, line, (), situation)]
        with patch.object(eligibility, "_RULES", tuple(rule for rule in RULES if rule is not dropped)):
            reasons_against.cache_clear()
            after = encode_explanation(explain(snapshot, plain))
            now = next(iter(choose([choice.vacancy], line, situation)))
            same_reasons = [item.reasons for item in passed_over(choice, line, (), situation)] == reasons
        reasons_against.cache_clear()
    if now.entry is not choice.entry or not same_reasons:
        assert after != before


@examples(200)
@given(people=PEOPLE, terms=TERMS, programme=PROGRAMMES)
def test_a_preference_that_is_taken_away_is_seen(
    people: list[tuple[Profile, int, int, int | None, bool]], terms: Terms, programme: Programme
) -> None:
    """A choice that only the preference for the own region made is not made without it."""
    line, choice, situation = decided(people, terms, programme)
    if choice is None:
        return
    plain = replace(programme, region_preference=None)
    other = next(iter(choose([choice.vacancy], line, replace(situation, programme=plain))))
    with few_named():
        again = explain(snapshot_from(line, choice, situation), plain)
    assert (again.chosen == choice.entry.id) == (other.entry is choice.entry)
