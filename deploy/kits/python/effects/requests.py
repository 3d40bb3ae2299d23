"""What an operator asks for: the payload of a `Rule.` event, and what becomes of it (section 7)."""

from cybermesh.messages import text_is_clean
from cybermesh.protobuf import ENUM, STRING, UINT32, UINT64, Field, Message, NotTheEncoding, decode

from .rules import Rule, requested_key
from .subjects import RULED

MEDIA_TYPE = "application/vnd.cybermesh.rule.v1+protobuf"
REQUEST_BYTES_MAX = 1_024
SCOPE_MAX, REASON_MAX, PRIORITY_MAX = 64, 256, 1_000
ACTIONS = {1: "deny", 2: "allow", 3: "quarantine"}

RULE_REQUEST = Message(
    "RuleRequest",
    Field(1, "scope", STRING),
    Field(2, "priority", UINT32),
    Field(3, "ttl_ms", UINT64),
    Field(4, "reason", STRING),
    Field(5, "action", ENUM),
)


def request(state, event, key, name, now: int):
    """Makes, replaces or lifts a requested rule; the outcome if it is refused, else None."""
    if state.rules.in_quarantine(event.producer):
        return "producer.quarantined"
    lifts = event.type == "Rule.Lift.v1"
    asked = _read(event, lifts, state.parameters["requested_ttl_max_ms"])
    if asked is None:
        return "rule.request"
    scope = asked.scope or key.tenant
    if scope != key.tenant and not key.denies_alone:
        return "rule.scope"
    if name[0] not in RULED:
        return "rule.subject"
    action = ACTIONS[asked.action] if lifts else event.type.split(".")[1].lower()
    if not lifts and action != "allow" and state.protection.covers(name):
        return "rule.protected"
    standing, rule_key = state.rules.standing, requested_key(name, scope, action)
    if lifts and rule_key not in standing:
        return "rule.unknown"
    if lifts:
        del standing[rule_key]
    else:
        ends = now + asked.ttl_ms
        standing[rule_key] = Rule(scope, action, asked.priority, now, ends, [event.id], asked.reason)
    return None


def _read(event, lifts: bool, ttl_max: int):
    """The request, or None if it is none or a field breaks its rule."""
    payload = event.payload
    if event.content_type != MEDIA_TYPE or event.encrypted or len(payload) > REQUEST_BYTES_MAX:
        return None
    try:
        asked = decode(RULE_REQUEST, payload)
    except NotTheEncoding:
        return None
    scope_fits = len(asked.scope) <= SCOPE_MAX and all(" " <= one <= "~" for one in asked.scope)
    reason_fits = text_is_clean(asked.reason, 1, REASON_MAX)
    ttl_fits = asked.ttl_ms == 0 if lifts else 1 <= asked.ttl_ms <= ttl_max
    action_fits = asked.action in ACTIONS if lifts else asked.action == 0
    fits = scope_fits and asked.priority <= PRIORITY_MAX and ttl_fits and reason_fits and action_fits
    return asked if fits else None
