"""What an analyst says about an event: its contribution, and its producer's conduct (section 6)."""

import re

from .numbers import WHOLE, bp_of
from .scores import CONFIRMED, FALSE_POSITIVE, REFUTED

EVENT_URN = re.compile(r"urn:cybermesh:event:([0-9a-f]{64})\Z")
VERDICTS = {
    "Verdict.Confirm.v1": CONFIRMED,
    "Verdict.Refute.v1": REFUTED,
    "Verdict.FalsePositive.v1": FALSE_POSITIVE,
}


def judge(state, event, key, name, now: int):
    """Applies a verdict; the outcome if it is refused, else None."""
    if state.rules.in_quarantine(event.producer):
        return "producer.quarantined"
    urn = EVENT_URN.match(event.resource)
    if urn is None:
        return "verdict.resource"
    subject = state.subjects.get(name)
    about = bytes.fromhex(urn[1])
    found = next((one for one in subject.contributions if one.event == about), None) if subject else None
    if found is None:
        return "verdict.too_old" if subject and subject.folded else "verdict.unknown"
    if found.producer == event.producer:
        return "verdict.own"
    if found.tenant != key.tenant:
        return "verdict.tenant"
    verdict = VERDICTS[event.type]
    if found.verdict == verdict:
        return "verdict.repeated"
    found.verdict = verdict
    conduct = state.conduct_of(found.producer)
    state.conduct[found.producer] = moved(conduct, verdict, state.parameters)
    state.follow(name, now)
    return None


def moved(conduct: int, verdict: str, parameters: dict) -> int:
    """Conduct after a verdict."""
    if verdict == CONFIRMED:
        return conduct + bp_of(WHOLE - conduct, parameters["conduct_gain"])
    loss = parameters["conduct_loss" if verdict == REFUTED else "conduct_loss_false"]
    return conduct - bp_of(conduct, loss)
