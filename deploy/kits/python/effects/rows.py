"""The state as rows of a trace: what a subject, a rule, a producer's conduct and a stream look like."""

from . import scores
from .numbers import WHOLE
from .rules import AUTOMATIC
from .scores import Subject

def subject_row(state, name, now: int) -> dict:
    """A subject with its score and points of now."""
    subject = state.subjects.get(name) or Subject()
    half_life, floor = state.parameters["half_life_ms"], state.parameters["corroboration_floor"]
    return {
        "score": subject.score(now, half_life),
        "points": scores.points(subject.counting(now, half_life, floor)),
    } | _kept(subject)


def _kept(subject: Subject) -> dict:
    """The part of a subject that does not change with time."""
    contributions = [
        {
            "event": one.event.hex(),
            "producer": one.producer.hex(),
            "weight": one.weight,
            "at_ms": one.at_ms,
            "verdict": one.verdict,
        }
        for one in subject.contributions
    ]
    return {
        "contributions": contributions,
        "residue": subject.residue,
        "residue_at_ms": subject.residue_at_ms,
        "folded": subject.folded,
    }


def rule_row(state, key) -> dict:
    """A rule, or that there is none."""
    rule = state.rules.standing.get(key)
    if rule is None:
        return {"rule": None}
    row = {name: getattr(rule, name) for name in ("scope", "action", "priority", "made_ms", "expires_ms")}
    if key[2] == AUTOMATIC:
        return {"rule": row | {"rests_on": [event.hex() for event in rule.rests_on]}}
    # The page names events under automatic rules only.
    return {"rule": row | {"reason": rule.reason}}


def conduct_row(state, kid: bytes) -> dict:
    """A producer's conduct."""
    return {"bp": state.conduct_of(kid), "quarantined": state.rules.in_quarantine(kid)}


def stream_row(state, key) -> dict:
    """The window of a stream; one that was never used begins at 1."""
    stream = state.places.streams.get(key)
    return {"low": stream.low, "used": stream.ranges()} if stream else {"low": 1, "used": []}


def audit_row(leaf) -> dict:
    """An audit leaf."""
    kind, kid, stream, first, last, bits = leaf
    bitmap = None if bits is None else bits.to_bytes(128, "little").hex()
    return {"kind": kind, "kid": kid.hex(), "stream": stream, "first": first, "last": last, "bitmap": bitmap}


def kept(state) -> dict:
    """Everything by table and key, as far as time alone does not change it: what to compare two blocks by."""
    found = {("subjects", name): _kept(subject) for name, subject in state.subjects.items()}
    found |= {("rules", key): rule_row(state, key) for key in state.rules.standing}
    found |= {("conduct", kid): conduct_row(state, kid) for kid in state.keys}
    for key, stream in state.places.streams.items():
        bits = tuple((number, chunk.bits) for number, chunk in sorted(stream.chunks.items()))
        found["streams", key] = stream.low, bits
    return found


def fresh(table: str):
    """The same of something that nothing has happened to yet."""
    return {"streams": (1, ()), "conduct": {"bp": WHOLE, "quarantined": False}}.get(table)
