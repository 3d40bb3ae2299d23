"""A small world to test in: a few keys, events with sensible fields, and a way to ask what came out."""

from effects.numbers import DEFAULTS
from effects.state import Event, Key, State

# A round time, far from zero; block times are given relative to it.
T0 = 1_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
IP = ("ip", "203.0.113.9")

# Who is who: (tenant, denies alone). `ops` and `ana` may ask for rules and judge.
PEOPLE = {
    "a1": ("acme", False),
    "a2": ("acme", False),
    "a3": ("acme", False),
    "b1": ("bolt", False),
    "b2": ("bolt", False),
    "solo": ("acme", True),
    "ops": ("acme", False),
    "root": ("acme", True),
    "ana": ("acme", False),
    "bob": ("bolt", False),
}
LISTED = ["*", "Rule.*", "Verdict.*"]


def same(found, expected) -> None:
    """Fails unless both are equal."""
    assert found == expected, f"expected {expected!r}, found {found!r}"


def kid(name: str) -> bytes:
    """The kid of a person; ascending as in `PEOPLE`."""
    return bytes([1 + list(PEOPLE).index(name)]) * 32


def key(name: str, **changed) -> Key:
    """The key of a person."""
    tenant, alone = PEOPLE[name]
    values = {"types": list(LISTED), "algorithms": [1, 3], "demand": "whole", "standing_bp": 10_000}
    return Key(kid(name), **values | {"tenant": tenant, "denies_alone": alone} | changed)


def event_id(number: int) -> bytes:
    """The identity of the event with this number."""
    return number.to_bytes(32, "big")


def urn(number: int) -> str:
    """How a verdict names it."""
    return f"urn:cybermesh:event:{event_id(number).hex()}"


class World:
    """A state with everybody registered; `say` applies one event as the next of its producer's stream 0."""

    def __init__(self, protected=(), keys=(), **numbers):
        own = {one.kid: one for one in map(key, PEOPLE)} | {one.kid: one for one in keys}
        self.state = State(DEFAULTS | numbers, protected, own.values())
        self.now = T0
        self.said = 0
        self.next = {}

    def at(self, later: int):
        """Begins a block so many ms after the start."""
        self.now = T0 + later
        self.state.begin_block(self.now)
        return self

    def say(self, name: str, about=IP, type="Anomaly.Detected.v1", **changed) -> str:
        """Applies an event and gives its outcome; events are numbered from 1 in the order they are said."""
        self.said += 1
        stream = changed.get("stream", 0)
        seq = changed.get("seq", self.next.get((name, stream), 1))
        self.next[name, stream] = seq + 1
        values = {
            "id": event_id(self.said),
            "type": type,
            "tenant": PEOPLE[name][0],
            "producer": kid(name),
            "stream": stream,
            "seq": seq,
            "created_at_ms": self.now,
            "entity_kind": about[0],
            "entity_value": about[1],
            "resource": "",
            "severity_id": 6,
            "confidence_bp": 5_000,
            "content_type": "",
            "encrypted": False,
            "payload": b"",
            "algorithms": [1, 3],
        }
        return self.state.apply(Event(**values | changed), self.now)

    def subject(self, name=IP):
        """What is held against a subject."""
        return self.state.subjects[name]

    def weights(self, name=IP) -> list:
        """The weights of its contributions, as they were given."""
        return [one.weight for one in self.subject(name).contributions]

    def score(self, name=IP) -> int:
        """Its score now."""
        return self.subject(name).score(self.now, self.state.parameters["half_life_ms"])

    def counting(self, name=IP) -> list:
        """Who counts for it now."""
        numbers = self.state.parameters
        return self.subject(name).counting(self.now, numbers["half_life_ms"], numbers["corroboration_floor"])

    def automatic(self, name=IP):
        """Its automatic rule, or None."""
        return self.state.rules.standing.get((*name, "automatic", "", ""))

    def requested(self, scope="acme", action="deny", name=IP):
        """A requested rule about it, or None."""
        return self.state.rules.standing.get((*name, "requested", scope, action))
