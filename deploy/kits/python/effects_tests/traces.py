"""The comparison itself: a trace that agrees, and the same trace with each of its values told otherwise."""

import copy
import io
import json

from effects.compare import compare
from effects.trouble import Disagreement, Unreadable

from .telling import govern, told
from .world import kid, same


def verdict_on(lines) -> str:
    """What the comparison says about a trace."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    try:
        return "agree: " + compare(io.StringIO(text))
    except Disagreement as disagreement:
        return f"disagree: {disagreement}"
    except Unreadable as error:
        return f"unreadable: {error}"


def a_trace_that_tells_the_same_agrees():
    outcomes = "2 authn.deny.revoked, 8 event.applied, 3 event.applied_late"
    rows = "1 conduct, 1 gap, 4 rules, 9 streams, 3 subjects"
    same(verdict_on(told()), f"agree: 13 events, 3 blocks; rows: {rows}; outcomes: {outcomes}")


def every_value_of_what_changed_is_compared():
    lines = told()
    columns = set()
    for block in (1, 2, 3):
        for path in paths(lines[block]["block"]["after"]):
            changed = copy.deepcopy(lines)
            parent = changed[block]["block"]["after"]
            for part in path[:-1]:
                parent = parent[part]
            parent[path[-1]] = otherwise(parent[path[-1]])
            found = verdict_on(changed)
            assert not found.startswith("agree"), f"block {block}, {path}: {found}"
            columns |= {part for part in path if isinstance(part, str)}
    wanted = {"score", "points", "weight", "verdict", "residue", "folded", "expires_ms", "rests_on", "reason"}
    same(wanted - columns, set())
    same({"bp", "quarantined", "low", "used", "bitmap", "first", "last"} - columns, set())


def paths(plain, path=()):
    """The way to each plain value of a structure that is compared."""
    if isinstance(plain, dict) and plain:
        for name, part in plain.items():
            # The key of an automatic rule is its subject alone.
            if plain.get("origin") != "automatic" or name not in ("scope", "action"):
                yield from paths(part, (*path, name))
    elif isinstance(plain, list) and plain:
        for index, part in enumerate(plain):
            yield from paths(part, (*path, index))
    elif path and plain != []:
        yield path


def otherwise(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "00"
    return "0" + value[1:] if value[:1] not in ("0", "") and len(value) in (64, 256) else value + "0"


def every_row_is_needed():
    lines = told()
    dropped = 0
    for block in (1, 2, 3):
        for table, listed in lines[block]["block"]["after"].items():
            for index in range(len(listed)):
                changed = copy.deepcopy(lines)
                del changed[block]["block"]["after"][table][index]
                found = verdict_on(changed)
                assert found.startswith(f"disagree: block {block}, after, "), f"{table} {index}: {found}"
                dropped += 1
    assert dropped >= 18, dropped


def a_row_of_something_unchanged_has_to_be_right_too():
    lines = told()
    row = {"kid": kid("ops").hex(), "bp": 10_000, "quarantined": False}
    lines[1]["block"]["after"]["conduct"].append(row)
    same(verdict_on(lines)[:5], "agree")
    row["bp"] = 9_999
    found = verdict_on(lines)
    expected = f"disagree: block 1, after, conduct {kid('ops').hex()}, bp: the reference expects 10000"
    same(found.startswith(expected), True)


def every_outcome_is_compared():
    lines = told()
    for block in (1, 2, 3):
        for index, one in enumerate(lines[block]["block"]["items"]):
            if "governance" in one:
                continue
            changed = copy.deepcopy(lines)
            changed[block]["block"]["items"][index]["outcome"] = "event.seq_used"
            found = verdict_on(changed)
            expected = f'disagree: block {block}, item {index}: the reference expects "{one["outcome"]}"'
            same(found.startswith(expected), True)


def a_row_has_every_column_and_may_have_more():
    for table, column in (("subjects", "score"), ("streams", "low"), ("rules", "rule")):
        lines = told()
        del lines[1]["block"]["after"][table][0][column]
        same((table, verdict_on(lines)[:10]), (table, "unreadable"))
    lines = told()
    for row in lines[1]["block"]["after"]["rules"]:
        row["rule"] |= {"reason": None} if row["origin"] == "automatic" else {"rests_on": []}
    same(verdict_on(lines)[:5], "agree")
    lines[1]["block"]["after"]["nonsense"] = []
    same(verdict_on(lines)[:10], "unreadable")


def a_missing_rule_is_not_a_rule():
    lines = told()
    lines[1]["block"]["after"]["rules"][0]["rule"] = None
    found = verdict_on(lines)
    same(found.startswith("disagree: block 1, after, rules ip 203.0.113.9 automatic  , rule: the ref"), True)


def numbers_that_only_look_alike_are_told_apart():
    lines = told()
    lines[1]["block"]["after"]["subjects"][0]["folded"] = 0
    same(verdict_on(lines)[:8], "disagree")
    lines = told()
    row = {"kid": kid("ops").hex(), "bp": 10_000.0, "quarantined": False}
    lines[1]["block"]["after"]["conduct"].append(row)
    same(verdict_on(lines)[:8], "disagree")


def what_is_no_trace_is_unreadable():
    good = told()
    bad = [[], good[:1], good[1:], [good[0], good[0]], [good[0], {"blocks": {}}], [{"genesis": 1}]]
    for lines in bad:
        same(verdict_on(lines)[:10], "unreadable")
    for name in good[1]["block"]["items"][0]:
        lines = copy.deepcopy(good)
        del lines[1]["block"]["items"][0][name]
        same((name, verdict_on(lines)[:10]), (name, "unreadable"))
    for name in ("network", "protected", "keys", "parameters"):
        lines = copy.deepcopy(good)
        del lines[0]["genesis"][name]
        same((name, verdict_on(lines)[:10]), (name, "agree: 13 " if name == "network" else "unreadable"))


def numbers_stay_within_their_bounds():
    for name, value in (("corroboration", 2), ("gap_ms", 59_999), ("ahead_ms", 3_600_001), ("nonsense", 1)):
        lines = told()
        lines[0]["genesis"]["parameters"][name] = value
        same((name, verdict_on(lines)[:10]), (name, "unreadable"))
        lines = told()
        lines[1]["block"]["items"].append(govern("change_parameters", parameters={name: value}))
        same((name, verdict_on(lines)[:10]), (name, "unreadable"))
    lines = told()
    del lines[0]["genesis"]["parameters"]["backlog"]
    same(verdict_on(lines)[:10], "unreadable")
