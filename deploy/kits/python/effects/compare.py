"""Replays a trace and stops at the first thing that it tells otherwise.

After each block every row that the trace lists has to be the reference's, and every row that the reference
changed has to be listed. Audit leaves are compared as a whole.
"""

import json
from collections import Counter

from . import rows, trace
from .state import State
from .trouble import Disagreement, Unreadable

GOVERNED = "governance.applied"
ROWS = {
    "subjects": rows.subject_row,
    "rules": lambda state, key, _: rows.rule_row(state, key),
    "conduct": lambda state, kid, _: rows.conduct_row(state, kid),
    "streams": lambda state, key, _: rows.stream_row(state, key),
}


class Comparison:
    """The reference beside a trace."""

    def __init__(self, genesis):
        self.state = State(*trace.read_genesis(genesis))
        self.kept = rows.kept(self.state)
        self.blocks = self.events = 0
        self.rows, self.outcomes = Counter(), Counter()

    def block(self, plain) -> None:
        """Applies a block; raises the first disagreement."""
        height, now = trace.take(plain, "height", int), trace.take(plain, "now_ms", int)
        self.state.begin_block(now)
        for index, item in enumerate(trace.take_list(plain, "items", dict)):
            self.item(f"block {height}, item {index}", item, now)
        self._after(f"block {height}, after", trace.take(plain, "after", dict), now)
        self.blocks += 1

    def item(self, where: str, item, now: int) -> None:
        found = trace.take(item, "outcome", str)
        if "governance" in item:
            if found == GOVERNED:
                trace.govern(self.state, trace.take(item, "governance", dict))
            return
        expected = self.state.apply(trace.read_event(item), now)
        _agree(where, expected, found)
        self.events += 1
        self.outcomes[found] += 1

    def _after(self, where: str, after, now: int) -> None:
        unknown = sorted(after.keys() - set(trace.TABLES))
        if unknown:
            raise Unreadable(f"{where}: no table is called {', '.join(unknown)}")
        listed = set()
        for name, row_of in ROWS.items():
            for row in trace.table(after, name):
                key = trace.row_key(name, row)
                listed.add((name, key))
                _agree_on_row(f"{where}, {name} {shown(key)}", row_of(self.state, key, now), row)
                self.rows[name] += 1
        self._unlisted(where, listed, now)
        expected = sorted(map(rows.audit_row, self.state.audit), key=_audit_order)
        _agree(f"{where}, audit", expected, sorted(trace.table(after, "audit"), key=_audit_order))
        self.rows.update(leaf["kind"] for leaf in expected)

    def _unlisted(self, where: str, listed: set, now: int) -> None:
        before, self.kept = self.kept, rows.kept(self.state)
        for name, key in sorted((before.keys() | self.kept.keys()) - listed, key=repr):
            if before.get((name, key), rows.fresh(name)) != self.kept.get((name, key), rows.fresh(name)):
                _agree(f"{where}, {name} {shown(key)}", ROWS[name](self.state, key, now), "no row")

    def summary(self) -> str:
        """What was compared."""
        rows_seen, outcomes = (
            ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
            for counted in (self.rows, self.outcomes)
        )
        return f"{self.events} events, {self.blocks} blocks; rows: {rows_seen}; outcomes: {outcomes}"


def shown(key) -> str:
    """A row's key for people."""
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in parts)


def _audit_order(row):
    return repr([row.get(name) for name in ("kid", "stream", "first", "last", "kind", "bitmap")])


def _agree_on_row(where: str, expected: dict, found: dict) -> None:
    """Compares what the reference knows of a row, and of the rule in it."""
    for column, value in expected.items():
        if column not in found:
            raise Unreadable(f"{where}: without {column}")
        if isinstance(value, dict) and isinstance(found[column], dict):
            _agree_on_row(where, value, found[column])
        else:
            _agree(f"{where}, {column}", value, found[column])


def _agree(where: str, expected, found) -> None:
    # As text, because in Python True is 1 and 1.0 is 1.
    expected, found = (json.dumps(one, sort_keys=True) for one in (expected, found))
    if expected != found:
        raise Disagreement(f"{where}: the reference expects {expected}, the trace has {found}")


def compare(file) -> str:
    """Compares a whole trace; what was compared, if it agrees."""
    comparison = None
    for kind, content in trace.lines(file):
        if kind == "genesis":
            comparison = Comparison(content)
        else:
            comparison.block(content)
    if comparison is None or comparison.events == 0:
        raise Unreadable("a trace without events")
    return comparison.summary()
