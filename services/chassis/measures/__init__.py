"""Numbers for operators: counted in memory where things happen, and read from the database when somebody asks."""

from services.chassis.measures.families import FAMILIES, OWN, Measures, elapsed_seconds

__all__ = ["FAMILIES", "OWN", "Measures", "elapsed_seconds"]
