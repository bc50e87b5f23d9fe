"""Reports of presumed victims: who must make them, and from where they come."""

from schemas.vocabulary import Referrer, Region

MUST_REPORT = frozenset({Referrer.POLICE, Referrer.KMAR, Referrer.LABOUR_INSPECTORATE})
"""Police, Koninklijke Marechaussee and the Labour Inspectorate must report; everyone else may."""


def problem_with_region(referrer: Referrer, police_unit: Region | None, kmar_district: int | None) -> str | None:
    """What is wrong with where a report comes from, if anything is. Every report may have no region."""
    if referrer is Referrer.LABOUR_INSPECTORATE and (police_unit or kmar_district):
        return "The Labour Inspectorate reports centrally; leave the region out."
    if referrer is Referrer.KMAR and police_unit:
        return "The Koninklijke Marechaussee has districts; give one, or leave the region out."
    if referrer is not Referrer.KMAR and kmar_district:
        return "Only the Koninklijke Marechaussee has districts; give a police unit, or leave the region out."
    return None
