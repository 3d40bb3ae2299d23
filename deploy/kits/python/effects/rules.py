"""Rules: those that follow from scores, those that are asked for, and their end (section 7 of the page)."""

from dataclasses import dataclass

from .scores import points

EXPIRIES_MAX = 4_096
RESTS_ON_MAX = 16
EVERYBODY = "*"
AUTOMATIC, REQUESTED = "automatic", "requested"


@dataclass
class Rule:
    """What to do about a subject, for whom, until when, and why."""

    scope: str
    action: str
    priority: int
    made_ms: int
    expires_ms: int
    rests_on: list
    reason: str | None = None


class Rules:
    """Every rule that stands, by (kind, value, origin, scope, action); the last two empty if automatic."""

    def __init__(self):
        self.standing = {}

    def expire(self, now: int) -> None:
        """Lifts what has ended, oldest first, as much as one block works off."""
        ended = [(rule.expires_ms, key) for key, rule in self.standing.items() if rule.expires_ms <= now]
        for _, key in sorted(ended)[:EXPIRIES_MAX]:
            del self.standing[key]

    def in_quarantine(self, producer: bytes) -> bool:
        """Whether a producer is under an automatic quarantine."""
        return automatic_key(("producer", producer.hex())) in self.standing

    def follow(self, name, subject, is_protected: bool, now: int, parameters: dict) -> None:
        """Makes, renews or lifts the automatic rule of a subject after it changed."""
        half_life = parameters["half_life_ms"]
        score = subject.score(now, half_life)
        counting = subject.counting(now, half_life, parameters["corroboration_floor"])
        corroborated = is_corroborated(counting, parameters["corroboration"])
        made = score >= parameters["deny_score"] and corroborated and not is_protected
        key = automatic_key(name)
        rule = self.standing.get(key)
        if made:
            scope = scope_of(counting)
            if rule is None or _wants_renewal(rule, scope, now, parameters["rule_ttl_ms"]):
                self.standing[key] = _automatic(name[0], scope, counting, now, parameters)
        elif rule is not None and (score < parameters["lift_score"] or not corroborated):
            del self.standing[key]


def automatic_key(name):
    """The key of a subject's automatic rule."""
    return (*name, AUTOMATIC, "", "")


def requested_key(name, scope: str, action: str):
    """The key of a requested rule."""
    return (*name, REQUESTED, scope, action)


def is_corroborated(counting, needed: int) -> bool:
    """Whether enough producers say so, or one whose word is enough."""
    return points(counting) >= needed or any(one.denies_alone for one in counting)


def scope_of(counting) -> str:
    """The tenant if all counting producers are of one, otherwise everybody."""
    tenants = {one.tenant for one in counting}
    return tenants.pop() if len(tenants) == 1 else EVERYBODY


def _wants_renewal(rule: Rule, scope: str, now: int, ttl: int) -> bool:
    widened = scope == EVERYBODY and rule.scope != EVERYBODY
    return rule.expires_ms - now < ttl // 2 or widened


def _automatic(kind: str, scope: str, counting, now: int, parameters: dict) -> Rule:
    action = "deny" if kind in ("ip", "cidr") else "quarantine"
    heaviest = sorted(counting, key=lambda one: (-one.weight, one.event))[:RESTS_ON_MAX]
    expires = now + parameters["rule_ttl_ms"]
    return Rule(
        scope, action, parameters["automatic_priority"], now, expires, [one.event for one in heaviest]
    )
