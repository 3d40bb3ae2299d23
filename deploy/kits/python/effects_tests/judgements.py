"""Section 6: verdicts, their rejections in order, and conduct."""

from effects.verdicts import moved

from .world import DAY, IP, T0, World, kid, same, urn

CONFIRM, REFUTE, FALSE = "Verdict.Confirm.v1", "Verdict.Refute.v1", "Verdict.FalsePositive.v1"


def judge(world, name, verdict, about, **changed) -> str:
    """A verdict about the event with this number."""
    return world.say(name, type=verdict, resource=urn(about), **changed)


def the_resource_names_an_event():
    world = World()
    world.say("a1")
    good = urn(1)
    bad = ("", good.upper(), good[:-1], good + "0", good + "\n", good.replace("event", "item"))
    for resource in (*bad, good[:-1] + "A"):
        same(world.say("ana", type=CONFIRM, resource=resource), "verdict.resource")
    same(world.say("ana", type=CONFIRM, resource=good), "event.applied")


def only_a_contribution_of_this_subject_can_be_judged():
    world = World()
    world.say("a1")
    world.say("a1", ("ip", "203.0.113.10"), confidence_bp=0)
    same(judge(world, "ana", CONFIRM, 77), "verdict.unknown")
    same(world.say("ana", ("ip", "203.0.113.10"), type=CONFIRM, resource=urn(1)), "verdict.unknown")
    same(world.say("ana", ("ip", "203.0.113.10"), type=CONFIRM, resource=urn(2)), "verdict.unknown")
    same(world.say("ana", ("host", "203.0.113.9."), type=CONFIRM, resource=urn(1)), "event.applied")


def what_was_folded_is_too_old():
    world = World()
    for _ in range(65):
        world.say("a1")
    same(judge(world, "ana", REFUTE, 1), "verdict.too_old")
    same(judge(world, "ana", REFUTE, 999), "verdict.too_old")
    same(judge(world, "ana", REFUTE, 2), "event.applied")


def nobody_judges_their_own_or_another_tenants():
    world = World()
    world.say("ana")
    world.say("b1")
    same(judge(world, "ana", CONFIRM, 1), "verdict.own")
    same(judge(world, "ana", CONFIRM, 2), "verdict.tenant")
    same(judge(world, "bob", CONFIRM, 2), "event.applied")
    same(judge(world, "bob", CONFIRM, 2), "verdict.repeated")
    same(judge(world, "bob", REFUTE, 1), "verdict.tenant")


def a_verdict_is_repeated_only_while_it_stands():
    world = World()
    world.say("a1")
    for verdict in (REFUTE, FALSE, REFUTE, CONFIRM, FALSE):
        same(judge(world, "ana", verdict, 1), "event.applied")
        same(judge(world, "ops", verdict, 1), "verdict.repeated")


def conduct_moves_by_a_share_of_what_is_left():
    numbers = {"conduct_gain": 500, "conduct_loss": 333, "conduct_loss_false": 2_000}
    # 10,000 × 333 / 10,000; 6,667 × 500 / 10,000 = 333.35; 9,001 × 2,000 / 10,000 = 1,800.2.
    same(moved(10_000, "refuted", numbers), 9_667)
    same(moved(3_333, "confirmed", numbers), 3_666)
    same(moved(9_001, "false_positive", numbers), 7_201)
    same(moved(10_000, "confirmed", numbers), 10_000)


def verdicts_move_conduct_each_time_and_weigh_nothing_anew():
    world = World()
    world.say("a1")
    judge(world, "ana", REFUTE, 1)
    same((world.state.conduct[kid("a1")], world.score()), (9_500, 0))
    judge(world, "ana", CONFIRM, 1)
    same((world.state.conduct[kid("a1")], world.score(), world.weights()), (9_525, 5_000, [5_000]))
    judge(world, "ana", FALSE, 1)
    same((world.state.conduct[kid("a1")], world.score()), (7_620, 0))
    world.say("a1")
    same(world.weights(), [5_000, 3_810])


def a_verdict_can_make_a_rule_and_lift_it():
    world = World()
    world.say("a1", confidence_bp=9_000)
    same(world.automatic(), None)
    judge(world, "ana", CONFIRM, 1)
    same((world.automatic().action, world.automatic().scope), ("deny", "acme"))
    judge(world, "ana", REFUTE, 1)
    same(world.automatic(), None)


def a_late_verdict_is_applied():
    world = World()
    world.say("a1")
    same(world.at(DAY).say("ana", type=CONFIRM, resource=urn(1), created_at_ms=T0), "event.applied_late")
    same(world.subject(IP).contributions[0].verdict, "confirmed")
