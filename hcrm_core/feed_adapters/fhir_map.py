"""FHIR R4 resources to our words: which mapper takes which type."""

from __future__ import annotations

from collections.abc import Callable

from . import fhir_map_facts, fhir_map_money, fhir_map_people, fhir_map_places
from .canonical import Mapped, Problem, Record
from .fhir_context import MapContext
from .fhir_values import MapError

Mapper = Callable[[dict, MapContext], Mapped | None]

MAPPERS: dict[str, Mapper] = {
    **fhir_map_places.MAPPERS,
    **fhir_map_people.MAPPERS,
    **fhir_map_facts.MAPPERS,
    **fhir_map_money.MAPPERS,
}


def map_record(record: Record, context: MapContext) -> Mapped | Problem | None:
    """Map one record; None where the type or this record is of no use to us.

    Whatever the source wrote, this returns: a record that cannot be used comes
    back as the problem to show to a person.
    """
    mapper = MAPPERS.get(record.type)
    if mapper is None or record.data is None:
        return None
    try:
        return mapper(record.data, context)
    except MapError as error:
        return Problem(error.code, error.values)
    except (TypeError, AttributeError, ValueError, KeyError, IndexError) as error:
        # a shape no mapper thought of; the class name tells the maintainer more
        return Problem(
            "wrong_shape", {"error": f"{type(error).__name__}: {error}"[:200]}
        )
