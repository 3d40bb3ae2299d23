"""Section 4: weights, decay, the fold, the score and corroboration."""

from effects.scores import Contribution, Subject, decayed, points

from .world import DAY, HOUR, IP, T0, World, event_id, key, kid, same


def the_weight_is_severity_times_confidence_times_standing():
    world = World(keys=[key("a2", standing_bp=5_000)])
    for name, severity, confidence in (("a1", 5, 7_777), ("a2", 4, 9_999), ("a2", 99, 10_000), ("a1", 6, 1)):
        world.say(name, severity_id=severity, confidence_bp=confidence)
    # 9,000 × 7,777 × 10,000 / 10^8; 5,000 × 9,999 × 5,000 / 10^8 rounded down; …
    same(world.weights(), [6_999, 2_499, 250, 1])


def conduct_lowers_the_standing_first_and_is_rounded_there():
    world = World(keys=[key("a1", standing_bp=3_333)])
    world.state.conduct[kid("a1")] = 9_999
    world.say("a1", confidence_bp=10_000)
    # 3,333 × 9,999 / 10,000 = 3,332.
    same(world.weights(), [3_332])


def what_weighs_nothing_adds_nothing():
    world = World(keys=[key("a2", standing_bp=0)])
    same(world.say("a1", confidence_bp=0), "event.applied")
    same(world.say("a2"), "event.applied")
    same(world.say("a1", severity_id=1, confidence_bp=99), "event.applied")
    same(world.say("a1", ("producer", kid("a1").hex().upper())), "event.applied")
    same(world.say("a1", ("mailbox", "x")), "event.applied")
    same(world.state.subjects, {})
    same(world.say("a2", ("producer", kid("a1").hex())), "event.applied")
    same(world.say("a1", ("validator", "node-1")), "event.applied")
    same(list(world.state.subjects), [("validator", "node-1")])


def time_is_the_earlier_of_both():
    world = World()
    world.say("a1", created_at_ms=T0 + 1_000)
    world.say("a1", created_at_ms=T0 - 1_000)
    same([one.at_ms for one in world.subject().contributions], [T0, T0 - 1_000])


def decay_halves_and_falls_in_a_straight_line_between():
    cases = ((0, 8_001), (HOUR, 7_835), (DAY // 2, 6_001), (DAY - 1, 4_001), (DAY, 4_000), (2 * DAY, 2_000))
    for age, left in cases:
        same(decayed(8_001, T0, T0 + age, DAY), left)
    same(decayed(10_000, T0, T0 + 13 * DAY, DAY), 1)
    same(decayed(2**20, T0, T0 + 14 * DAY, DAY), 0)
    same(decayed(2**20, T0, T0 + 14 * DAY - 1, DAY), 65)
    same(decayed(700, T0 + 5, T0, DAY), 700)


def one_producer_saturates_and_several_strengthen_each_other():
    world = World()
    for _ in range(9):
        world.say("a1")
    same(world.score(), 5_000)
    world.say("a2", confidence_bp=3_333)
    # 10^8 × 5,000 / 10^4 = 5×10^7; × 6,667 / 10^4 = 33,335,000; 66,665,000 / 10^4 = 6,666.
    same(world.score(), 6_666)
    world.say("b1", confidence_bp=1)
    same(world.score(), 6_666)
    # 2,500 and 1,666: 7,500 × 8,334 = 62,505,000; the 1 is gone.
    same(world.at(DAY).score(), 3_749)


def the_product_is_rounded_at_each_producer():
    subject = Subject()
    for number, weight in enumerate((9_999, 9_999, 9_999), 1):
        subject.add(Contribution(event_id(number), bytes([number]) * 32, "t", False, weight, T0), T0, DAY)
    # 10^8 → 10^4 → 1 → 0.
    same(subject.score(T0, DAY), 10_000)
    subject.contributions.pop()
    same(subject.score(T0, DAY), 9_999)


def a_refuted_contribution_weighs_nothing():
    world = World()
    world.say("a1", confidence_bp=9_000)
    world.say("a1", confidence_bp=2_000)
    for verdict in ("refuted", "false_positive"):
        world.subject().contributions[0].verdict = verdict
        same(world.score(), 2_000)
    world.subject().contributions[0].verdict = "confirmed"
    same(world.score(), 9_000)


def fill(subject: Subject, producers, weight=100) -> None:
    """Adds one contribution for each letter; producers are numbered by it."""
    for letter in producers:
        number = len(subject.contributions)
        made = Contribution(event_id(number), bytes([ord(letter)]) * 32, "t", False, weight + number, T0)
        subject.add(made, T0, DAY)


def the_fold_takes_from_who_has_most_the_oldest():
    subject = Subject()
    fill(subject, "x" + "a" * 20 + "b" * 21 + "c" * 21 + "d")
    same(len(subject.contributions), 64)
    subject.add(Contribution(b"n" * 32, b"n" * 32, "t", False, 1, T0), T0, DAY)
    same([one.weight for one in subject.contributions if one.producer[0] == ord("b")], list(range(122, 142)))
    same((subject.folded, subject.residue, subject.residue_at_ms), (True, 121, T0))
    subject.add(Contribution(b"n" * 32, b"n" * 32, "t", False, 1, T0), T0, DAY)
    same([one.weight for one in subject.contributions if one.producer[0] == ord("c")], list(range(143, 163)))
    same(len(subject.contributions), 64)


def with_one_each_the_oldest_of_all_is_folded():
    subject = Subject()
    fill(subject, [chr(33 + number) for number in range(65)])
    same((subject.contributions[0].weight, len(subject.contributions)), (101, 64))


def the_residue_is_replaced_by_what_is_larger_then():
    subject = Subject(residue=200, residue_at_ms=T0)
    fill(subject, "a" * 64)

    def add(at):
        subject.add(Contribution(b"n" * 32, b"a" * 32, "t", False, 1, at), at, DAY)

    add(T0)
    same((subject.residue, subject.residue_at_ms), (200, T0))
    # A day later 200 is worth 100: as much changes nothing, more does.
    subject.contributions[0].weight, subject.contributions[0].at_ms = 200, T0
    add(T0 + DAY)
    same((subject.residue, subject.residue_at_ms), (200, T0))
    subject.contributions[0].weight, subject.contributions[0].at_ms = 202, T0
    add(T0 + DAY)
    same((subject.residue, subject.residue_at_ms), (101, T0 + DAY))


def a_refuted_one_folds_as_nothing_but_it_is_folded():
    subject = Subject()
    fill(subject, "a" * 64)
    subject.contributions[0].verdict = "refuted"
    fill(subject, "b")
    same((subject.folded, subject.residue, subject.residue_at_ms), (True, 0, 0))


def the_residue_is_a_floor_of_the_score():
    world = World()
    world.say("a1", confidence_bp=1_000)
    world.subject().residue, world.subject().residue_at_ms = 3_000, T0
    same(world.score(), 3_000)
    same(world.at(DAY).score(), 1_500)


def the_first_of_a_tenant_gives_two_points_and_others_one():
    world = World()
    expected = {"a1": 2, "a2": 3, "b1": 5, "b2": 6, "a3": 7}
    for name, total in expected.items():
        world.say(name)
        same(points(world.counting()), total)
    world.say("a1")
    same(points(world.counting()), 7)


def who_is_below_the_floor_does_not_count():
    world = World()
    world.say("a1", confidence_bp=499)
    same(world.counting(), [])
    world.say("a1", confidence_bp=500)
    same(len(world.counting()), 1)
    same(len(world.at(60_000).counting()), 1)
    same(world.at(DAY // 10).counting(), [])


def a_confirmed_contribution_gives_a_point_once():
    world = World()
    for _ in range(3):
        world.say("a1")
    for one in world.subject().contributions[:2]:
        one.verdict = "confirmed"
    same(points(world.counting()), 3)
    world.subject().contributions[2].verdict = "refuted"
    same(points(world.counting()), 3)


def denying_alone_is_as_it_was_at_the_last_contribution():
    world = World()
    world.say("solo", confidence_bp=9_000)
    same(world.automatic().rests_on, [event_id(1)])
    world.state.keys[kid("solo")].denies_alone = False
    same([one.denies_alone for one in world.counting()], [True])
    world.say("solo")
    same([one.denies_alone for one in world.counting()], [False])
    same(world.automatic(IP), None)
