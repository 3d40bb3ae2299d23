"""Everything that the effects read and write, and the order of the checks (sections 1, 2, 4)."""

from dataclasses import dataclass

from .numbers import UNIT_OF_WEIGHT, WHOLE
from .places import Places
from .protection import Protection
from .requests import request
from .rules import Rules
from .scores import Contribution, Subject
from .subjects import SCORED, spelled
from .verdicts import VERDICTS, judge

RULES = ("Rule.Deny.v1", "Rule.Allow.v1", "Rule.Quarantine.v1", "Rule.Lift.v1")
# First words that the pattern `*` does not cover.
RESERVED = ("Verdict", "Rule")
ED25519 = 1
APPLIED, LATE = "event.applied", "event.applied_late"


@dataclass
class Key:
    """A registered key."""

    kid: bytes
    tenant: str
    types: list
    algorithms: list
    demand: str
    standing_bp: int
    denies_alone: bool
    ended: bool = False

    def demands(self) -> set:
        """The algorithms that an event has to be signed with."""
        return {ED25519} if self.demand == "ed25519" else set(self.algorithms)

    def lists(self, name: str) -> bool:
        """Whether the key may sign events of a type."""
        word = name.split(".")[0]
        return name in self.types or f"{word}.*" in self.types or word not in RESERVED and "*" in self.types


@dataclass
class Event:
    """An event as it stands in a block."""

    id: bytes
    type: str
    tenant: str
    producer: bytes
    stream: int
    seq: int
    created_at_ms: int
    entity_kind: str
    entity_value: str
    resource: str
    severity_id: int
    confidence_bp: int
    content_type: str
    encrypted: bool
    payload: bytes
    algorithms: list


class State:
    """The state of the effects."""

    def __init__(self, parameters: dict, protected, keys):
        self.parameters = dict(parameters)
        self.protection = Protection(protected)
        self.keys = {key.kid: key for key in keys}
        self.places = Places()
        self.rules = Rules()
        self.subjects = {}
        self.conduct = {}
        # Audit leaves of the block at hand: (kind, kid, stream, first, last, bitmap).
        self.audit = []

    def begin_block(self, now: int) -> None:
        """What a block does before any of its items."""
        self.audit = []
        self.rules.expire(now)

    def apply(self, event: Event, now: int) -> str:
        """Applies an event and gives its outcome."""
        key = self.keys.get(event.producer)
        refused = author_outcome(key, event)
        if refused is not None:
            return refused
        place = event.producer, event.stream, event.seq
        refused, leaves = self.places.take(*place, now, self.parameters)
        self.audit += [(kind, event.producer, event.stream, *rest) for kind, *rest in leaves]
        if refused is not None:
            return refused
        if event.created_at_ms > now + self.parameters["ahead_ms"]:
            return "event.dated_ahead"
        refused = self._effect(event, key, now)
        if refused is not None:
            return refused
        return LATE if now - event.created_at_ms > self.parameters["max_age_ms"] else APPLIED

    def _effect(self, event: Event, key: Key, now: int):
        word = event.type.split(".")[0]
        if word in RESERVED and event.type not in VERDICTS and event.type not in RULES:
            return "event.type_reserved"
        name = spelled(event.entity_kind, event.entity_value)
        if name is None:
            return "event.subject"
        if word == "Verdict":
            return judge(self, event, key, name, now)
        if word == "Rule":
            return request(self, event, key, name, now)
        if word != "Evidence":
            self._find(event, key, name, now)
        return None

    def _find(self, event: Event, key: Key, name, now: int) -> None:
        standing = key.standing_bp * self.conduct_of(key.kid) // WHOLE
        severity = self.parameters[f"severity_{event.severity_id}"]
        weight = severity * event.confidence_bp * standing // UNIT_OF_WEIGHT
        about_itself = name == ("producer", key.kid.hex())
        if weight == 0 or name[0] not in SCORED or about_itself or self.rules.in_quarantine(key.kid):
            return
        at_ms = min(event.created_at_ms, now)
        added = Contribution(event.id, key.kid, key.tenant, key.denies_alone, weight, at_ms)
        subject = self.subjects.setdefault(name, Subject())
        subject.add(added, now, self.parameters["half_life_ms"])
        self.follow(name, now)

    def follow(self, name, now: int) -> None:
        """Lets the automatic rule of a subject follow its score."""
        is_protected = self.protection.covers(name)
        self.rules.follow(name, self.subjects[name], is_protected, now, self.parameters)

    def conduct_of(self, kid: bytes) -> int:
        """A producer's conduct."""
        return self.conduct.get(kid, WHOLE)


def author_outcome(key, event: Event):
    """Why the author of a batch should not have put the event in, or None."""
    if key is None or key.ended:
        return "authn.deny.revoked"
    if not key.demands() <= set(event.algorithms):
        return "authn.deny.demand_raised"
    if not key.lists(event.type):
        return "authz.deny.type"
    if key.tenant != event.tenant:
        return "authz.deny.tenant"
    return None
