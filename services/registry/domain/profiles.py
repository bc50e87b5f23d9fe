"""All profiles of a list, kept so that whom a vacancy suits is found without looking at each of them.

Most rules look at what many households have in common; what is personal is where somebody must not be. So a rule is
asked once of all who differ in nothing else, and who must not be in a place is found by the place.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from services.registry.domain.eligibility import reasons_against, reasons_of_programme
from services.registry.domain.model import Profile, Terms
from services.registry.domain.programmes import Programme


class Profiles(Mapping[UUID, Profile]):
    """Profiles by their ids. It never changes: one with a profile more is another one."""

    def __init__(self, known: Iterable[tuple[UUID, Profile]] = ()) -> None:
        self._by_id: dict[UUID, Profile] = {}
        self._ids: dict[Profile, UUID] = {}
        self._alike: dict[Profile, list[UUID]] = {}
        self._kept_from: dict[Hashable, list[UUID]] = {}
        for id_, profile in known:
            self._by_id[id_], self._ids[profile] = profile, id_
            self._alike.setdefault(_in_common(profile), []).append(id_)
            for place in _must_not_be_in(profile):
                self._kept_from.setdefault(place, []).append(id_)

    def with_one(self, id_: UUID, profile: Profile) -> "Profiles":
        """These and one more."""
        more, in_common = Profiles(), _in_common(profile)
        more._by_id = {**self._by_id, id_: profile}
        more._ids = {**self._ids, profile: id_}
        more._alike = {**self._alike, in_common: [*self._alike.get(in_common, ()), id_]}
        kept = {place: [*self._kept_from.get(place, ()), id_] for place in _must_not_be_in(profile)}
        more._kept_from = {**self._kept_from, **kept}
        return more

    def id_of(self, profile: Profile) -> UUID | None:
        """The id of this profile, if it is among them."""
        return self._ids.get(profile)

    def that_suit(self, terms: Terms, programme: Programme) -> list[UUID]:
        """The ids of those whom this list is for, and whom a vacancy on these terms suits."""
        kept_from = {id_ for place in _may_be_in(terms) for id_ in self._kept_from.get(place, ())}
        suited = (
            ids
            for in_common, ids in self._alike.items()
            if not reasons_against(in_common, terms) and not reasons_of_programme(in_common, programme)
        )
        return [id_ for ids in suited for id_ in ids if id_ not in kept_from]

    def __getitem__(self, id_: UUID) -> Profile:
        return self._by_id[id_]

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)


def _in_common(profile: Profile) -> Profile:
    """The same household without what is its own: where it must not be, and where shelter is looked for first."""
    return replace(
        profile,
        region=None,
        excluded_regions=frozenset(),
        excluded_municipalities=frozenset(),
        excluded_facilities=frozenset(),
    )


def _must_not_be_in(profile: Profile) -> Iterator[Hashable]:
    yield from profile.excluded_regions
    yield from profile.excluded_municipalities
    yield from profile.excluded_facilities


def _may_be_in(terms: Terms) -> Iterator[Hashable]:
    yield from terms.possible_regions
    yield from terms.former_codes
    yield terms.municipality_code
    yield terms.facility_id
