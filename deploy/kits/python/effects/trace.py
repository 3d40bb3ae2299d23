"""Reads the lines of a trace: a genesis, then blocks with their items, outcomes and what they changed.

Raises `Unreadable` for whatever is missing, of another type, or unknown.
"""

import json

from .numbers import check, check_all
from .rules import AUTOMATIC, REQUESTED, automatic_key, requested_key
from .state import Event, Key
from .subjects import spelled
from .trouble import Unreadable

# A line holds a block and what it changed; a block has at most 16 MiB of items.
LINE_MAX = 256 * 1024 * 1024
TABLES = ("subjects", "rules", "conduct", "streams", "audit")


def lines(file):
    """Each line as (kind, content); the first is the genesis and no other is."""
    number = 0
    while line := file.readline(LINE_MAX):
        number += 1
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"line {number}: {error}") from None
        wanted = "genesis" if number == 1 else "block"
        if not isinstance(plain, dict) or plain.keys() != {wanted}:
            raise Unreadable(f"line {number}: no {wanted}")
        yield wanted, take(plain, wanted, dict)


def take(plain, name: str, kind):
    """A field of exactly this type."""
    if not isinstance(plain, dict) or type(plain.get(name)) is not kind:
        raise Unreadable(f"{name} is no {kind.__name__}")
    return plain[name]


def take_bytes(plain, name: str, length=None) -> bytes:
    """A field of hex digits."""
    try:
        found = bytes.fromhex(take(plain, name, str))
    except ValueError:
        raise Unreadable(f"{name} is no hex") from None
    if length is not None and len(found) != length:
        raise Unreadable(f"{name} has not {length} bytes")
    return found


def take_list(plain, name: str, kind) -> list:
    """A field that is a list of values of one type."""
    found = take(plain, name, list)
    if any(type(one) is not kind for one in found):
        raise Unreadable(f"{name} holds something else than {kind.__name__}")
    return found


def read_genesis(plain):
    """Numbers, protected subjects and keys of a genesis."""
    numbers = take(plain, "parameters", dict)
    check_all(numbers)
    protected = [
        (take(one, "kind", str), take(one, "value", str)) for one in take_list(plain, "protected", dict)
    ]
    return numbers, protected, [read_key(one) for one in take_list(plain, "keys", dict)]


def read_key(plain) -> Key:
    """A key as it is registered."""
    key = Key(
        kid=take_bytes(plain, "kid", 32),
        tenant=take(plain, "tenant", str),
        types=take_list(plain, "types", str),
        algorithms=take_list(plain, "algorithms", int),
        demand=take(plain, "demand", str),
        standing_bp=take(plain, "standing_bp", int),
        denies_alone=take(plain, "denies_alone", bool),
    )
    _check_key(key)
    return key


def _check_key(key: Key) -> None:
    if key.demand not in ("whole", "ed25519") or not 0 <= key.standing_bp <= 10_000:
        raise Unreadable(f"demand {key.demand} or standing {key.standing_bp} of a key")


def read_event(plain) -> Event:
    """An event of a block."""
    kinds = {"id": 32, "producer": 32, "payload": None}
    values = {name: take_bytes(plain, name, length) for name, length in kinds.items()}
    values["algorithms"] = take_list(plain, "algorithms", int)
    for name, kind in Event.__annotations__.items():
        if name not in values:
            values[name] = take(plain, name, kind)
    event = Event(**values)
    if not (event.severity_id in range(7) or event.severity_id == 99) or event.seq < 1:
        raise Unreadable(f"severity {event.severity_id} or seq {event.seq} of an event")
    return event


def govern(state, plain) -> None:
    """Applies a governance action as it is given."""
    action = take(plain, "action", str)
    if action == "register_key":
        key = read_key(plain)
        state.keys[key.kid] = key
    elif action == "change_parameters":
        changed = take(plain, "parameters", dict)
        check(changed)
        state.parameters |= changed
    elif action in ("revoke_key", "amend_key"):
        kid = take_bytes(plain, "kid", 32)
        if kid not in state.keys:
            raise Unreadable(f"{action} of a key that is not registered")
        _amend(state.keys[kid], plain) if action == "amend_key" else _revoke(state.keys[kid])
    else:
        raise Unreadable(f"governance action {action}")


def _amend(key: Key, plain) -> None:
    key.types, key.demand = take_list(plain, "types", str), take(plain, "demand", str)
    key.standing_bp, key.denies_alone = take(plain, "standing_bp", int), take(plain, "denies_alone", bool)
    _check_key(key)


def _revoke(key: Key) -> None:
    key.ended = True


def table(after, name: str) -> list:
    """The rows of one table that a block says it changed."""
    return take_list(after, name, dict) if name in after else []


def row_key(name: str, row):
    """What a row is about."""
    if name == "subjects":
        return _subject(row)
    if name == "rules":
        return _rule_key(row)
    kid = take_bytes(row, "kid", 32)
    return kid if name == "conduct" else (kid, take(row, "stream", int))


def _rule_key(row):
    name, origin = _subject(row), take(row, "origin", str)
    if origin == AUTOMATIC:
        return automatic_key(name)
    if origin != REQUESTED:
        raise Unreadable(f"origin {origin} of a rule")
    return requested_key(name, take(row, "scope", str), take(row, "action", str))


def _subject(row):
    name = take(row, "kind", str), take(row, "value", str)
    if spelled(*name) != name:
        raise Unreadable(f"{name} is not in its one spelling")
    return name
