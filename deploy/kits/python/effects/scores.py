"""Contributions, their decay, the score of a subject and who corroborates it (section 4 of the page)."""

from dataclasses import dataclass, field

from .numbers import WHOLE

CONTRIBUTIONS_MAX = 64
UNIT = 100_000_000
# 13 halvings leave at most 1 of 10,000; at 14 nothing is left.
HALVINGS = 14

NONE, CONFIRMED, REFUTED, FALSE_POSITIVE = "none", "confirmed", "refuted", "false_positive"


@dataclass
class Contribution:
    """What one finding adds to its subject, with what its key was registered for at that moment."""

    event: bytes
    producer: bytes
    tenant: str
    denies_alone: bool
    weight: int
    at_ms: int
    verdict: str = NONE

    def stands(self) -> bool:
        """Whether no analyst has taken its weight away."""
        return self.verdict not in (REFUTED, FALSE_POSITIVE)


@dataclass
class Backing:
    """A counting producer: the heaviest of its contributions, and what it says for corroboration."""

    producer: bytes
    tenant: str
    denies_alone: bool
    confirmed: bool
    event: bytes
    weight: int


@dataclass
class Subject:
    """What is held against a subject."""

    contributions: list = field(default_factory=list)
    residue: int = 0
    residue_at_ms: int = 0
    folded: bool = False

    def add(self, contribution: Contribution, now: int, half_life: int) -> None:
        """Appends a contribution, folding one first where there is no room."""
        if len(self.contributions) == CONTRIBUTIONS_MAX:
            self._fold(now, half_life)
        self.contributions.append(contribution)

    def _fold(self, now: int, half_life: int) -> None:
        by = self.by_producer()
        most = max(map(len, by.values()))
        # The list is in the order of application, so the first of such a producer is the oldest of them all.
        gone = next(one for one in self.contributions if len(by[one.producer]) == most)
        self.contributions.remove(gone)
        self.folded = True
        weight = decayed(gone.weight, gone.at_ms, now, half_life) if gone.stands() else 0
        if weight > decayed(self.residue, self.residue_at_ms, now, half_life):
            self.residue, self.residue_at_ms = weight, now

    def by_producer(self) -> dict:
        """The contributions of each producer, each in the order of application."""
        found = {}
        for one in self.contributions:
            found.setdefault(one.producer, []).append(one)
        return found

    def score(self, now: int, half_life: int) -> int:
        """How bad the subject is, in basis points."""
        rest = UNIT
        for _, own in sorted(self.by_producer().items()):
            rest = rest * (WHOLE - _heaviest(own, now, half_life)[0]) // WHOLE
        combined = (UNIT - rest) // WHOLE
        return max(combined, decayed(self.residue, self.residue_at_ms, now, half_life))

    def counting(self, now: int, half_life: int, floor: int) -> list:
        """The producers that count, ascending."""
        found = []
        for producer, own in sorted(self.by_producer().items()):
            weight, event = _heaviest(own, now, half_life)
            if weight < floor:
                continue
            confirmed = any(one.verdict == CONFIRMED for one in own)
            found.append(
                Backing(producer, own[-1].tenant, own[-1].denies_alone, confirmed, event, weight)
            )
        return found


def decayed(weight: int, at_ms: int, now: int, half_life: int) -> int:
    """What is left of a weight."""
    age = max(now - at_ms, 0)
    halvings = age // half_life
    if halvings >= HALVINGS:
        return 0
    base = weight >> halvings
    return base - base * (age % half_life) // (2 * half_life)


def points(counting) -> int:
    """The points of corroboration: 2 for the first of a tenant, 1 for each other, 1 for each confirmed."""
    tenants = {one.tenant for one in counting}
    return len(tenants) + len(counting) + sum(one.confirmed for one in counting)


def _heaviest(own, now: int, half_life: int):
    """The largest decayed weight of one producer's contributions that stand, and the oldest event of it."""
    best = 0, None
    for one in own:
        weight = decayed(one.weight, one.at_ms, now, half_life) if one.stands() else 0
        if weight > best[0]:
            best = weight, one.event
    return best
