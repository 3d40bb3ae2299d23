"""Section 7: rules that are asked for."""

from cybermesh.protobuf import encode
from effects.requests import MEDIA_TYPE, RULE_REQUEST
from effects.rules import Rule

from .world import HOUR, IP, T0, World, event_id, same

TTL_MAX = 2_592_000_000


def payload(**changed) -> bytes:
    """A request that fits, with some fields otherwise."""
    return encode(RULE_REQUEST, RULE_REQUEST.new(**{"ttl_ms": HOUR, "reason": "scan"} | changed))


def ask(world, name, verb="Deny", about=IP, **changed) -> str:
    """Asks for a rule; `data`, `content_type` and `encrypted` are of the event, the rest of the request."""
    event = {field: changed.pop(field) for field in ("content_type", "encrypted", "data") if field in changed}
    data = event.pop("data", None)
    event = {"content_type": MEDIA_TYPE, "payload": payload(**changed) if data is None else data} | event
    return world.say(name, about, type=f"Rule.{verb}.v1", **event)


def lift(world, name, action, **changed) -> str:
    """Asks for the end of a rule."""
    return ask(world, name, "Lift", **{"ttl_ms": 0, "action": action} | changed)


def a_request_makes_a_rule_of_its_verb():
    world = World()
    for verb, action in (("Deny", "deny"), ("Allow", "allow"), ("Quarantine", "quarantine")):
        same(ask(world, "ops", verb, priority=1_000), "event.applied")
        expected = Rule("acme", action, 1_000, T0, T0 + HOUR, [event_id(world.said)], "scan")
        same(world.requested(action=action), expected)


def a_new_request_replaces_the_rule():
    world = World()
    ask(world, "ops")
    ask(world.at(5), "ana", scope="acme", reason="more", ttl_ms=9)
    rule = world.requested()
    same((rule.reason, rule.made_ms, rule.expires_ms), ("more", T0 + 5, T0 + 14))
    same(len(world.state.rules.standing), 1)
    same(world.at(14).requested(), None)


def the_payload_is_of_one_type_and_encoding():
    good = payload()
    world = World()
    bad = (b"", good + b"\x30\x01", good + b"\x00", b"\x10\x00" + good, good[:-1], b"\x18\x80\x00" + good[5:])
    for data in (*bad, payload(priority=1)[::-1]):
        same((data, ask(world, "ops", data=data)), (data, "rule.request"))
    same(ask(world, "ops", content_type="application/octet-stream"), "rule.request")
    same(ask(world, "ops", content_type=MEDIA_TYPE.upper()), "rule.request")
    same(ask(world, "ops", encrypted=True), "rule.request")
    same(world.state.rules.standing, {})
    same(ask(world, "ops", data=good), "event.applied")


def the_fields_have_their_numbers():
    world = World()
    ask(world, "root")
    data = bytes.fromhex("0a046163 6d651007 18e807 2201 78".replace(" ", ""))
    same(ask(world, "ops", data=data), "event.applied")
    rule = world.requested()
    same((rule.scope, rule.priority, rule.expires_ms, rule.reason), ("acme", 7, T0 + 1_000, "x"))
    same(ask(world, "ops", "Lift", data=bytes.fromhex("2201782801")), "event.applied")
    same(world.requested(), None)


def each_field_has_its_bounds():
    world = World()
    bad = (
        {"scope": "a" * 65},
        {"scope": "acmé"},
        {"scope": "a\n"},
        {"priority": 1_001},
        {"ttl_ms": 0},
        {"ttl_ms": TTL_MAX + 1},
        {"reason": ""},
        {"reason": "x" * 257},
        {"reason": "é" * 129},
        {"reason": "a\u202eb"},
        {"reason": "a\nb"},
        {"action": 1},
    )
    for fields in bad:
        same((fields, ask(world, "root", **fields)), (fields, "rule.request"))
    good = ({"scope": "a" * 64}, {"priority": 1_000}, {"ttl_ms": 1}, {"ttl_ms": TTL_MAX})
    for fields in (*good, {"reason": "é" * 128}, {"reason": "x"}):
        same((fields, ask(world, "root", **fields)), (fields, "event.applied"))
    world.state.parameters["requested_ttl_max_ms"] = HOUR - 1
    same(ask(world, "ops"), "rule.request")


def a_lift_names_an_action_and_no_time():
    world = World()
    ask(world, "ops")
    bad = ({"action": 0}, {"action": 4}, {"action": -1}, {"action": 1, "ttl_ms": 1})
    for fields in (*bad, {"action": 1, "reason": ""}):
        same((fields, ask(world, "ops", "Lift", **{"ttl_ms": 0} | fields)), (fields, "rule.request"))
    same(lift(world, "ops", 2), "rule.unknown")
    same(lift(world, "ops", 3), "rule.unknown")
    same(lift(world, "ops", 1), "event.applied")
    same(lift(world, "ops", 1), "rule.unknown")


def another_scope_is_for_those_who_deny_alone():
    world = World()
    for scope in ("*", "bolt", "acm"):
        same(ask(world, "ops", scope=scope), "rule.scope")
        same(ask(world, "root", scope=scope), "event.applied")
        same(lift(world, "ops", 1, scope=scope), "rule.scope")
        same(lift(world, "root", 1, scope=scope), "event.applied")
    same(ask(world, "bob"), "event.applied")
    same(world.requested("bolt").scope, "bolt")
    same(lift(world, "ops", 1), "rule.unknown")


def some_kinds_have_no_rules():
    world = World()
    for about in (("producer", "a" * 64), ("validator", "node-1"), ("mailbox", "x"), ("url", "x")):
        same((about, ask(world, "ops", "Allow", about)), (about, "rule.subject"))
    fine = (("cidr", "10.0.0.0/8"), ("host", "a.b"), ("user", "x"), ("service", "x"), ("process", "x"))
    for about in (*fine, ("file", "a" * 32), ("device", "x"), ("ip", "1.1.1.1")):
        same((about, ask(world, "ops", "Deny", about)), (about, "event.applied"))


def the_protected_are_allowed_but_never_denied():
    world = World(protected=[("user", "jo")])
    for about in (("user", "jo"), ("ip", "127.0.0.1"), ("cidr", "127.0.0.1/32")):
        same(ask(world, "root", "Deny", about), "rule.protected")
        same(ask(world, "root", "Quarantine", about), "rule.protected")
        same(ask(world, "root", "Allow", about), "event.applied")
        same(lift(world, "root", 1, about=about), "rule.unknown")
        same(lift(world, "root", 2, about=about), "event.applied")


def rejections_come_in_order():
    world = World()
    same(ask(world, "ops", "Deny", ("mailbox", "x"), scope="*", ttl_ms=0), "rule.request")
    same(ask(world, "ops", "Deny", ("mailbox", "x"), scope="*"), "rule.scope")
    same(ask(world, "ops", "Deny", ("validator", "x")), "rule.subject")
    same(ask(world, "ops", "Deny", ("ip", "::1")), "rule.protected")
    same(lift(world, "ops", 1, about=("validator", "x")), "rule.subject")


def a_lift_leaves_the_automatic_rule():
    world = World()
    world.say("a1", confidence_bp=9_000)
    world.say("a2", confidence_bp=9_000)
    same(world.automatic() is None, False)
    same(lift(world, "ops", 1), "rule.unknown")
    same(world.automatic() is None, False)
