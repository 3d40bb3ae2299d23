"""Makes a trace from what the reference itself says, so that tests can tell it otherwise."""

from cybermesh.protobuf import encode
from effects import rows
from effects.compare import Comparison
from effects.numbers import DEFAULTS
from effects.requests import MEDIA_TYPE, RULE_REQUEST

from .world import HOUR, LISTED, PEOPLE, T0, event_id, kid, urn

OTHER_KID = bytes([99]) * 32
REQUEST = encode(RULE_REQUEST, RULE_REQUEST.new(ttl_ms=HOUR, reason="scan"))


def key_row(name: str, **changed) -> dict:
    """A key as a trace writes it."""
    tenant, alone = PEOPLE[name]
    row = {"kid": kid(name).hex(), "tenant": tenant, "types": LISTED, "algorithms": [1, 3]}
    rest = {"demand": "whole", "standing_bp": 10_000, "denies_alone": alone, "validator": False}
    return row | rest | changed


def genesis() -> dict:
    """The first line."""
    keys = [key_row(name) for name in PEOPLE]
    protected = [{"kind": "user", "value": "root"}]
    return {"genesis": {"network": "lab", "protected": protected, "keys": keys, "parameters": dict(DEFAULTS)}}


def item(number: int, name: str, outcome="event.applied", **changed) -> dict:
    """An event as a trace writes it."""
    row = {
        "id": event_id(number).hex(),
        "type": "Anomaly.Detected.v1",
        "tenant": PEOPLE[name][0],
        "producer": kid(name).hex(),
        "stream": 0,
        "seq": number,
        "created_at_ms": T0,
        "entity_kind": "ip",
        "entity_value": "203.0.113.9",
        "resource": "",
        "severity_id": 6,
        "confidence_bp": 9_000,
        "content_type": "",
        "encrypted": False,
        "payload": "",
        "algorithms": [1, 3],
        "outcome": outcome,
    }
    return row | changed


def govern(action: str, outcome="governance.applied", **rest) -> dict:
    """A governance transaction as a trace writes it."""
    return {"governance": {"action": action} | rest, "outcome": outcome}


def asked(number: int, **changed) -> dict:
    """A request for a rule."""
    values = {"type": "Rule.Deny.v1", "content_type": MEDIA_TYPE, "payload": REQUEST.hex()}
    return item(number, "ops", **values | changed)


def items() -> list:
    """The items of three blocks, with every table and every governance action in them."""
    verdict = {"type": "Verdict.Refute.v1", "resource": urn(1)}
    own = {"kid": kid("b2").hex()}
    amended = {"types": ["*"], "demand": "ed25519", "standing_bp": 2_500, "denies_alone": False}
    stranger = item(7, "a1", "authn.deny.revoked", producer=OTHER_KID.hex())
    first = [item(1, "a1"), item(2, "a2"), item(3, "b1"), asked(4), item(5, "a1"), stranger]
    second = [
        govern("register_key", **key_row("a1", kid=OTHER_KID.hex(), standing_bp=5_000)),
        item(7, "a1", producer=OTHER_KID.hex()),
        govern("amend_key", **own, **amended),
        item(8, "b2", algorithms=[1]),
        govern("revoke_key", "governance.key_unknown", **own),
        item(9, "b2", algorithms=[1]),
        govern("revoke_key", **own),
        item(10, "b2", "authn.deny.revoked"),
        govern("change_parameters", parameters={"max_age_ms": 1_000, "conduct_loss": 1_000}),
        item(11, "ana", "event.applied_late", **verdict),
        item(12, "a2", "event.applied_late"),
    ]
    return [(T0, first), (T0 + 2_000, second), (T0 + 2 * HOUR, [item(13, "a3", "event.applied_late")])]


def told() -> list:
    """A whole trace: outcomes as above, and after each block what the reference changed."""
    lines = [genesis()]
    comparison = Comparison(lines[0]["genesis"])
    for height, (now, content) in enumerate(items(), 1):
        before = rows.kept(comparison.state)
        comparison.state.begin_block(now)
        for index, one in enumerate(content):
            comparison.item(f"block {height}, item {index}", one, now)
        after = told_after(comparison.state, before, now)
        lines.append({"block": {"height": height, "now_ms": now, "items": content, "after": after}})
    return lines


def told_after(state, before, now: int) -> dict:
    """The rows that are others than before."""
    tables = {"subjects": [], "rules": [], "conduct": [], "streams": []}
    kept = rows.kept(state)
    for name, key in sorted(before.keys() | kept.keys(), key=repr):
        if before.get((name, key), rows.fresh(name)) == kept.get((name, key), rows.fresh(name)):
            continue
        if name == "subjects":
            row = dict(zip(("kind", "value"), key)) | rows.subject_row(state, key, now)
        elif name == "rules":
            row = dict(zip(("kind", "value", "origin", "scope", "action"), key)) | rows.rule_row(state, key)
        elif name == "conduct":
            row = {"kid": key.hex()} | rows.conduct_row(state, key)
        else:
            row = {"kid": key[0].hex(), "stream": key[1]} | rows.stream_row(state, key)
        tables[name].append(row)
    return tables | {"audit": [rows.audit_row(leaf) for leaf in state.audit]}
