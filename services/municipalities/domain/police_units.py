"""In which regional units of the police a municipality may lie, as far as its province tells.

The police have ten regional units (Politiewet 2012, article 25; its annex says which municipalities each has). Where a
province is divided among several, all of them are given: who must not be in one of them is then kept from every home
there, which may be too careful and is never too little.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.vocabulary import Province, Region

_UNITS: Mapping[str, tuple[Region, ...]] = MappingProxyType(
    {
        Province.DRENTHE: (Region.NOORD_NEDERLAND,),
        Province.FLEVOLAND: (Region.MIDDEN_NEDERLAND,),
        Province.FRYSLAN: (Region.NOORD_NEDERLAND,),
        Province.GELDERLAND: (Region.OOST_NEDERLAND,),
        Province.GRONINGEN: (Region.NOORD_NEDERLAND,),
        Province.LIMBURG: (Region.LIMBURG,),
        Province.NOORD_BRABANT: (Region.OOST_BRABANT, Region.ZEELAND_WEST_BRABANT),
        # The Gooi and the Vechtstreek belong to Midden-Nederland.
        Province.NOORD_HOLLAND: (Region.AMSTERDAM, Region.MIDDEN_NEDERLAND, Region.NOORD_HOLLAND),
        Province.OVERIJSSEL: (Region.OOST_NEDERLAND,),
        Province.UTRECHT: (Region.MIDDEN_NEDERLAND,),
        Province.ZEELAND: (Region.ZEELAND_WEST_BRABANT,),
        Province.ZUID_HOLLAND: (Region.DEN_HAAG, Region.ROTTERDAM),
    }
)


def units_of(province: str | None) -> tuple[Region, ...]:
    """The units that have municipalities of this province; none when the province is not known."""
    return _UNITS.get(province, ()) if province is not None else ()
