"""Sections 1 and 2: kinds of events, and the order of the checks."""

from effects.state import Key

from .world import HOUR, MINUTE, T0, World, key, kid, same


def a_type_of_a_reserved_word_is_rejected_unless_the_page_knows_it():
    world = World()
    for name in ("Verdict.Doubt.v1", "Verdict.Confirm.v2", "Rule.Allow.v2", "Rule.Delay.v1"):
        same(world.say("ops", type=name), "event.type_reserved")
    same(world.say("ops", type="Verdicts.Confirm.v2"), "event.applied")
    same(world.say("ops", type="Ruler.Deny.v1"), "event.applied")


def a_reserved_type_is_rejected_before_its_subject_is_looked_at():
    same(World().say("ops", ("ip", "nonsense"), type="Rule.Delay.v1"), "event.type_reserved")


def evidence_is_recorded_without_other_effect():
    world = World()
    same(world.say("a1", type="Evidence.Collected.v1"), "event.applied")
    same(world.state.subjects, {})
    same(world.say("a1", ("ip", "nonsense"), type="Evidence.Collected.v1"), "event.subject")


def the_star_does_not_cover_verdicts_and_rules():
    for types in (["*"], ["Anomaly.*"], ["Rules.*", "Verdict.Confirm.v10"]):
        world = World(keys=[key("ops", types=types)])
        same(world.say("ops", type="Rule.Deny.v1"), "authz.deny.type")
        same(world.say("ops", type="Verdict.Confirm.v1"), "authz.deny.type")
    world = World(keys=[key("ops", types=["Rule.Deny.v1", "Verdict.*"])])
    same(world.say("ops", type="Rule.Deny.v1"), "rule.request")
    same(world.say("ops", type="Rule.Allow.v1"), "authz.deny.type")
    same(world.say("ops", type="Verdict.Refute.v1"), "verdict.resource")
    same(world.say("ops"), "authz.deny.type")


def a_key_signs_the_types_that_its_list_names():
    world = World(keys=[key("a1", types=["Anomaly.*", "Flow.Seen.v2"])])
    same(world.say("a1", type="Anomaly.Other.v7"), "event.applied")
    same(world.say("a1", type="Flow.Seen.v2"), "event.applied")
    same(world.say("a1", type="Flow.Seen.v1"), "authz.deny.type")
    same(world.say("a1", type="AnomalyX.Other.v7"), "authz.deny.type")


def the_key_comes_first_and_leaves_the_place():
    world = World()
    same(world.say("a1", producer=bytes(32), seq=1), "authn.deny.revoked")
    world.state.keys[kid("a1")].ended = True
    same(world.say("a1", algorithms=[], tenant="bolt"), "authn.deny.revoked")
    world.state.keys[kid("a1")].ended = False
    same(world.say("a1", algorithms=[1], type="Rule.X.v1", tenant="bolt"), "authn.deny.demand_raised")
    world.state.keys[kid("a1")].types = ["*"]
    same(world.say("a1", type="Rule.X.v1", tenant="bolt"), "authz.deny.type")
    same(world.say("a1", tenant="bolt"), "authz.deny.tenant")
    same(world.state.places.streams, {})
    same(world.say("a1", seq=1), "event.applied")


def a_key_of_lower_demand_needs_its_ed25519_half_alone():
    world = World(keys=[key("a1", demand="ed25519")])
    same(world.say("a1", algorithms=[1]), "event.applied")
    same(world.say("a1", algorithms=[3]), "authn.deny.demand_raised")
    alone = Key(kid("a2"), "acme", ["*"], [1], "whole", 5_000, False)
    same(World(keys=[alone]).say("a2", algorithms=[1]), "event.applied")


def a_used_place_comes_before_the_date_and_the_date_before_the_type():
    world = World()
    ahead = T0 + 5 * MINUTE + 1
    same(world.say("a1", created_at_ms=ahead, type="Rule.X.v1"), "event.dated_ahead")
    same(world.say("a1", seq=1, created_at_ms=ahead), "event.seq_used")
    same(world.say("a1", created_at_ms=ahead - 1), "event.applied")


def whatever_is_rejected_after_the_place_has_used_it():
    world = World()
    same(world.say("a1", ("ip", "x"), seq=4), "event.subject")
    same(world.say("a1", seq=4), "event.seq_used")


def an_old_event_is_applied_and_says_so():
    world = World()
    same(world.say("a1", created_at_ms=T0 - 5 * MINUTE), "event.applied")
    same(world.say("a1", created_at_ms=T0 - 5 * MINUTE - 1), "event.applied_late")
    same(world.say("a1", ("ip", "x"), created_at_ms=T0 - HOUR), "event.subject")
    same(world.say("ops", type="Verdict.Confirm.v1", created_at_ms=0), "verdict.resource")
