"""Events as people write them: a JSON object with the field names of `event.proto`.

Byte fields are hex; `payload_text` may stand for `payload` when the payload is UTF-8 text; `tlp` may be a
number or a name such as `TLP_AMBER`. `producer` and `content_sha256` are filled in when they are left out.

Raises `ValueError` for unknown fields and wrong types; whether the values are allowed, the rules of events
say.
"""

import json

from . import hashes
from .messages import EVENT
from .protobuf import BOOL, BYTES, ENUM, MESSAGE, STRING

ENUMS = {
    "tlp": ("TLP_UNSPECIFIED", "TLP_CLEAR", "TLP_GREEN", "TLP_AMBER", "TLP_AMBER_STRICT", "TLP_RED"),
    "alg": (
        "ALGORITHM_UNSPECIFIED",
        "ALGORITHM_ED25519",
        "ALGORITHM_ML_DSA_44",
        "ALGORITHM_ML_DSA_65",
        "ALGORITHM_ML_DSA_87",
    ),
}
RANGES = {"uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1), ENUM: (-(2**31), 2**31 - 1)}


def event_from_json(text: str, producer: bytes):
    """The event that a JSON text describes, for this producer."""
    content = json.loads(text)
    if isinstance(content, dict) and "payload_text" in content:
        if "payload" in content:
            raise ValueError("payload and payload_text exclude each other")
        content["payload"] = _typed(content.pop("payload_text"), str, "payload_text").encode("utf-8").hex()
    event = _message(EVENT, content, "event")
    event.producer = event.producer or producer
    event.content_sha256 = event.content_sha256 or hashes.sha256(event.payload)
    return event


def _message(kind, content, place: str):
    _typed(content, dict, place)
    unknown = content.keys() - kind.names.keys()
    if unknown:
        raise ValueError(f"{place} has no field {', '.join(sorted(unknown))}")
    values = {}
    for name, value in content.items():
        field, inner = kind.names[name], f"{place}.{name}"
        if field.repeated:
            values[name] = [_value(field, element, inner) for element in _typed(value, list, inner)]
        else:
            values[name] = _value(field, value, inner)
    return kind.new(**values)


def _value(field, value, place: str):
    if field.kind == MESSAGE:
        return _message(field.message, value, place)
    if field.kind == STRING:
        return _typed(value, str, place)
    if field.kind == BYTES:
        return hashes.from_hex(_typed(value, str, place))
    if field.kind == BOOL:
        return _typed(value, bool, place)
    if field.kind == ENUM and isinstance(value, str):
        return ENUMS[field.name].index(value)
    low, high = RANGES[field.kind]
    if isinstance(value, bool) or not low <= _typed(value, int, place) <= high:
        raise ValueError(f"{place} is out of range")
    return value


def _typed(value, kind, place: str):
    if not isinstance(value, kind):
        raise ValueError(f"{place} is no {kind.__name__}")
    return value
