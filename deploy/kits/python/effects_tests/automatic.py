"""Section 7: rules that follow from scores, quarantine of producers, and expiry."""

from effects import rules
from effects.numbers import DEFAULTS
from effects.rules import Rule
from effects.scores import Contribution, Subject

from .world import DAY, HOUR, IP, T0, World, event_id, kid, same, urn

HALF = HOUR // 2


def convict(world, *names, about=IP, confidence=9_000) -> None:
    """Lets each of them find something."""
    for name in names:
        world.say(name, about, confidence_bp=confidence)


def a_rule_needs_score_and_corroboration():
    world = World()
    convict(world, "a1")
    same((world.score(), world.automatic()), (9_000, None))
    convict(world, "a2", confidence=499)
    same(world.automatic(), None)
    convict(world, "a2", confidence=500)
    # Of equals by producer the heaviest comes first; a tie of two producers would go by event.
    expected = Rule("acme", "deny", 100, T0, T0 + HOUR, [event_id(1), event_id(3)])
    same(world.automatic(), expected)
    world = World()
    convict(world, "a1", "a2", confidence=5_000)
    same((world.score(), world.automatic()), (7_500, None))
    convict(world, "b1", confidence=2_000)
    same((world.score(), world.automatic().scope), (8_000, "*"))


def the_action_is_of_the_kind():
    expected = {
        ("ip", "203.0.113.9"): "deny",
        ("cidr", "203.0.113.0/24"): "deny",
        ("host", "a.b"): "quarantine",
        ("user", "jo"): "quarantine",
        ("file", "a" * 64): "quarantine",
        ("producer", "ab" * 32): "quarantine",
    }
    for about, action in expected.items():
        world = World()
        convict(world, "a1", "a2", about=about)
        same((about, world.automatic(about).action), (about, action))


def the_protected_get_no_rule():
    world = World(protected=[("user", "root")])
    for about in (("ip", "127.0.0.1"), ("user", "root"), ("validator", "node-1"), ("cidr", "0.0.0.0/0")):
        convict(world, "a1", "a2", "b1", about=about)
        same((world.score(about), world.automatic(about)), (9_990, None))


def a_rule_is_renewed_when_less_than_half_is_left():
    world = World()
    convict(world, "a1", "a2")
    world.at(HALF).say("a1", confidence_bp=9_500)
    same((world.automatic().made_ms, world.automatic().rests_on), (T0, [event_id(1), event_id(2)]))
    world.at(HALF + 1).say("a1", confidence_bp=9_600)
    renewed = world.automatic()
    same((renewed.made_ms, renewed.expires_ms), (T0 + HALF + 1, T0 + HALF + 1 + HOUR))
    same(renewed.rests_on, [event_id(4), event_id(2)])


def half_of_an_odd_time_is_rounded_down():
    world = World(rule_ttl_ms=60_001)
    convict(world, "a1", "a2")
    world.at(30_001).say("a1")
    same(world.automatic().made_ms, T0)
    world.at(30_002).say("a1")
    same(world.automatic().made_ms, T0 + 30_002)


def a_wider_scope_makes_the_rule_anew_and_a_narrower_does_not():
    world = World()
    convict(world, "a1", "a2")
    world.at(1_000)
    convict(world, "b1", confidence=500)
    same((world.automatic().scope, world.automatic().made_ms), ("*", T0 + 1_000))
    world.say("bob", type="Verdict.Refute.v1", resource=urn(3))
    same([one.tenant for one in world.counting()], ["acme", "acme"])
    same((world.automatic().scope, world.automatic().made_ms), ("*", T0 + 1_000))
    world.at(1_000 + HALF + 1).say("a1")
    same(world.automatic().scope, "acme")


def a_renewal_takes_the_priority_of_now():
    world = World()
    convict(world, "a1", "a2")
    world.state.parameters["automatic_priority"] = 7
    world.say("a1")
    same(world.automatic().priority, 100)
    world.at(HALF + 1).say("a1")
    same(world.automatic().priority, 7)


def between_both_scores_nothing_changes():
    world = World(deny_score=9_990)
    convict(world, "a1", "a2", "a3")
    same(world.score(), 9_990)
    world.at(HALF + 1).say("a1", confidence_bp=1)
    same((world.score() < 9_990, world.automatic().made_ms), (True, T0))


def a_rule_is_lifted_below_the_lift_score_or_without_corroboration():
    world = World()
    convict(world, "a1", "a2", confidence=7_000)
    same(world.automatic() is None, False)
    world.say("ana", type="Verdict.Refute.v1", resource=urn(1))
    same((world.score(), world.automatic()), (7_000, None))
    world = World(rule_ttl_ms=9 * DAY)
    convict(world, "a1", "a2", "a3", confidence=5_000)
    world.at(DAY // 2)
    world.say("a1", confidence_bp=1)
    # 5,000 is 3,750: 1 − 0.625³ = 0.7558, and without the third 1 − 0.625² = 0.6093.
    same((world.score(), world.automatic() is None), (7_558, False))
    world.say("ana", type="Verdict.Refute.v1", resource=urn(3))
    same((world.score(), world.automatic() is None), (6_093, False))
    world.state.parameters["lift_score"] = 6_093
    world.say("a1", confidence_bp=1)
    same(world.automatic() is None, False)
    world.state.parameters["lift_score"] = 6_094
    world.say("a1", confidence_bp=1)
    same((len(world.counting()), world.automatic()), (2, None))


def a_rule_rests_on_16_events_heaviest_first_then_by_identity():
    subject_rules, subject = rules.Rules(), Subject()
    for number in range(20):
        producer, weight = bytes([number]) * 32, 5_000 + 100 * (number // 2)
        # Identities descend, so that the order of equals is not that of application.
        for event in (event_id(900 - number), event_id(number)):
            subject.add(Contribution(event, producer, "acme", False, weight, T0), T0, DAY)
    subject_rules.follow(IP, subject, False, T0, DEFAULTS)
    found = subject_rules.standing[*IP, "automatic", "", ""].rests_on
    expected = [event_id(900 - number) for pair in range(9, 1, -1) for number in (2 * pair + 1, 2 * pair)]
    same(found, expected)


def a_producer_in_quarantine_is_not_heard():
    world = World()
    accused = ("producer", kid("a3").hex())
    convict(world, "a1", "a2", about=accused)
    same(world.automatic(accused).action, "quarantine")
    same(world.state.rules.in_quarantine(kid("a3")), True)
    same(world.say("a3"), "event.applied")
    same(world.state.subjects.keys(), {accused})
    same(world.say("a3", type="Verdict.Confirm.v1"), "producer.quarantined")
    same(world.say("a3", type="Rule.Deny.v1"), "producer.quarantined")
    same(world.say("a3", ("ip", "x"), type="Rule.Deny.v1"), "event.subject")
    world.at(HOUR).say("a3")
    same(world.weights(), [5_000])


def a_rule_ends_before_the_items_of_its_block():
    world = World()
    convict(world, "a1", "a2")
    same(world.at(HOUR - 1).automatic() is None, False)
    same(world.at(HOUR).automatic(), None)
    world.say("a1", confidence_bp=1)
    same(world.automatic().made_ms, T0 + HOUR)


def expiries_are_worked_off_oldest_first():
    made = rules.Rules()
    for number in range(5_000):
        ends = T0 - number
        made.standing["ip", str(number), "requested", "t", "deny"] = Rule("t", "deny", 1, 0, ends, [])
    made.expire(T0 - 5_000)
    same(len(made.standing), 5_000)
    made.expire(T0)
    same(sorted(int(key[1]) for key in made.standing), list(range(904)))
    made.expire(T0)
    same(made.standing, {})
