"""JSON of one form only: equal things have equal text, so that texts and their digests can be compared."""

import json

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces. Raises TypeError for what JSON does not have."""
    return _encoder.encode(value)
