"""Section 3: places, the window of a stream, its move, and holes."""

from effects.places import FULL, SPAN, Stream

from .world import MINUTE, T0, World, kid, same

GAP = 10 * MINUTE
AGE = 5 * MINUTE


def taken(stream: Stream, *places, now=T0) -> list:
    """Uses places; all have to be free."""
    leaves = []
    for place in places:
        outcome, more = stream.take(place, now, GAP)
        same(outcome, None)
        leaves += more
    return leaves


def bits(*places) -> int:
    """The bitmap with these places of a chunk, counted from 1."""
    return sum(1 << place - 1 for place in places)


def low_grows_over_what_is_used():
    stream = Stream()
    taken(stream, 1, 2, 4, 5, 7)
    same((stream.low, stream.ranges()), (3, [[4, 5], [7, 7]]))
    taken(stream, 3)
    same((stream.low, stream.ranges()), (6, [[7, 7]]))
    for used in (1, 3, 5, 7):
        same(stream.take(used, T0, GAP), ("event.seq_used", []))


def a_chunk_below_low_is_forgotten():
    stream = Stream()
    taken(stream, *range(1, 1_024))
    same(list(stream.chunks), [0])
    taken(stream, 1_024)
    same((stream.low, list(stream.chunks), stream.highest()), (1_025, [], 1_024))
    taken(stream, 1_026)
    same((list(stream.chunks), stream.highest()), ([1], 1_026))


def the_span_ends_below_low_plus_span():
    stream = Stream()
    taken(stream, SPAN)
    same(stream.low, 1)
    same(stream.take(SPAN + 1, T0, GAP), ("event.beyond_span", []))
    taken(stream, 1)
    taken(stream, SPAN + 1)
    same(stream.low, 2)


def the_window_moves_when_it_has_waited():
    stream = Stream()
    taken(stream, 2)
    same(stream.take(SPAN + 1, T0, GAP)[0], "event.beyond_span")
    same(stream.take(SPAN + 9, T0 + GAP - 1, GAP)[0], "event.beyond_span")
    leaves = taken(stream, SPAN + 1, now=T0 + GAP)
    # seq - span is 1; the first boundary above it is 1,025.
    same(leaves, [("gap_closed", 1, 1_024, bits(2))])
    same((stream.low, stream.ranges(), stream.beyond_ms), (1_025, [[SPAN + 1, SPAN + 1]], None))
    same(stream.take(3, T0, GAP)[0], "event.seq_used")


def the_new_start_is_a_boundary_above_seq_less_span():
    for seq, start in ((SPAN + 1_024, 1_025), (SPAN + 1_025, 2_049), (2 * SPAN, SPAN + 1)):
        stream = Stream()
        stream.take(seq, T0, GAP)
        taken(stream, seq, now=T0 + GAP)
        same(stream.low, start)


def waiting_begins_anew_when_low_changes():
    stream = Stream()
    same(stream.take(SPAN + 5, T0, GAP)[0], "event.beyond_span")
    taken(stream, 3)
    same(stream.beyond_ms, T0)
    taken(stream, 1, now=T0 + 1)
    same(stream.take(SPAN + 5, T0 + GAP, GAP)[0], "event.beyond_span")
    same(stream.take(SPAN + 5, T0 + 2 * GAP - 1, GAP)[0], "event.beyond_span")
    taken(stream, SPAN + 5, now=T0 + 2 * GAP)


def half_of_what_is_left_is_enough():
    stream = Stream()
    taken(stream, *range(1, 512))
    same(stream.take(SPAN + 1_000, T0, GAP)[0], "event.beyond_span")
    taken(stream, 513)
    same(stream.low, 512)
    # 512 places used: 511 below `low`, and one above.
    leaves = taken(stream, SPAN + 1_000)
    same(leaves, [("gap_closed", 1, 1_024, bits(*range(1, 512), 513))])


def places_that_stay_do_not_help_to_move():
    stream = Stream()
    taken(stream, *range(1_025, 2_049))
    same(stream.take(SPAN + 1, T0, GAP), ("event.beyond_span", []))


def runs_without_bitmap_become_one_leaf_and_full_chunks_none():
    stream = Stream()
    taken(stream, *range(2 * 1_024 + 1, 3 * 1_024 + 1), 3 * 1_024 + 5)
    seq = SPAN + 6 * 1_024
    stream.take(seq, T0, GAP)
    leaves = taken(stream, seq, now=T0 + GAP)
    expected = [("gap_closed", 1, 2_048, None), ("gap_closed", 3_073, 4_096, bits(5))]
    same(leaves, [*expected, ("gap_closed", 4_097, 6_144, None)])
    same(stream.low, 6_145)


def low_grows_after_a_move():
    stream = Stream()
    taken(stream, 1_025, 1_026)
    stream.take(SPAN + 2, T0, GAP)
    taken(stream, SPAN + 2, now=T0 + GAP)
    same((stream.low, stream.ranges()), (1_027, [[SPAN + 2, SPAN + 2]]))


def a_place_far_away_is_reached_by_waiting():
    stream = Stream()
    far = 2**63 - 1
    stream.take(far, T0, GAP)
    leaves = taken(stream, far, now=T0 + GAP)
    same(leaves, [("gap_closed", 1, stream.low - 1, None)])
    same(far - SPAN < stream.low <= far - SPAN + 1_024, True)


def a_hole_is_reported_once_when_its_chunk_is_old():
    stream = Stream()
    taken(stream, 1, 3)
    same(stream.report_holes(T0 + AGE - 1, AGE), [])
    same(stream.report_holes(T0 + AGE, AGE), [("gap", 1, 1_024, bits(1, 3))])
    same(stream.report_holes(T0 + AGE, AGE), [])
    taken(stream, 9)
    same(stream.report_holes(T0 + 2 * AGE, AGE), [])


def looking_never_gets_beyond_the_highest_place():
    stream = Stream()
    taken(stream, 1, 3)
    same(len(stream.report_holes(T0 + AGE, AGE)), 1)
    for _ in range(9):
        same(stream.report_holes(T0 + AGE, AGE), [])
    taken(stream, 1_026)
    same(stream.report_holes(T0 + AGE, AGE), [("gap", 1_025, 2_048, bits(2))])


def places_above_the_highest_are_no_holes():
    stream = Stream()
    taken(stream, 1, 2)
    same(stream.report_holes(T0 + AGE, AGE), [])
    taken(stream, 4, now=T0 + AGE)
    same(stream.report_holes(T0 + 2 * AGE - 1, AGE), [])
    same(stream.report_holes(T0 + 2 * AGE, AGE), [("gap", 1, 1_024, bits(1, 2, 4))])


def a_hole_that_was_filled_leaves_no_age_behind():
    stream = Stream()
    taken(stream, 2, now=T0)
    taken(stream, 1, now=T0 + 1)
    taken(stream, 4, now=T0 + AGE)
    same(stream.report_holes(T0 + AGE, AGE), [])
    same(stream.report_holes(T0 + 2 * AGE, AGE), [("gap", 1, 1_024, bits(1, 2, 4))])


def looking_stops_at_the_first_chunk_that_is_too_young():
    stream = Stream()
    taken(stream, 1_030, now=T0)
    taken(stream, 5, 3_000, now=T0 + 1)
    same(stream.report_holes(T0 + AGE, AGE), [])
    leaves = stream.report_holes(T0 + AGE + 1, AGE)
    same([first for _, first, _, _ in leaves], [1, 1_025, 2_049])


def four_chunks_are_looked_at_full_and_empty_ones_among_them():
    stream = Stream()
    taken(stream, 2, *range(1_025, 2_049), *(1_024 * chunk + 2 for chunk in (3, 4, 5, 6)))
    old = T0 + AGE
    for chunks in ([0, 3], [4, 5, 6], []):
        same([(first - 1) // 1_024 for _, first, _, _ in stream.report_holes(old, AGE)], chunks)


def a_chunk_that_was_reported_and_then_left_is_told_as_closed_too():
    stream = Stream()
    taken(stream, 2)
    same(len(stream.report_holes(T0 + AGE, AGE)), 1)
    stream.take(SPAN + 1, T0, GAP)
    same(taken(stream, SPAN + 1, now=T0 + GAP), [("gap_closed", 1, 1_024, bits(2))])


def chunks_that_were_left_are_not_looked_at():
    stream = Stream()
    seq = SPAN + 40 * 1_024
    stream.take(seq, T0, GAP)
    taken(stream, seq, now=T0 + GAP)
    same(stream.report_holes(T0 + GAP, AGE), [])
    same(stream.unreported, 44)


def a_producer_has_64_streams():
    world = World()
    for number in range(64):
        same(world.say("a1", stream=number), "event.applied")
    same(world.say("a1", stream=64), "event.too_many_streams")
    same(world.say("a1", stream=64, seq=2 * SPAN), "event.too_many_streams")
    same(world.say("a1", stream=63), "event.applied")
    same(world.say("a2", stream=64), "event.applied")


def the_block_tells_the_audit_leaves_of_its_events():
    world = World()
    world.say("a1", stream=7, seq=2)
    same(world.at(AGE).say("a1", stream=7, seq=5), "event.applied")
    same(world.state.audit, [("gap", kid("a1"), 7, 1, 1_024, bits(2, 5))])
    same(world.at(AGE).state.audit, [])


def a_copy_beyond_the_span_looks_for_no_holes():
    world = World()
    world.say("a1", seq=2)
    same(world.at(AGE).say("a1", seq=2 * SPAN), "event.beyond_span")
    same(world.say("a1", seq=2), "event.seq_used")
    same(world.state.audit, [])


def a_full_bitmap_has_1024_bits():
    same(FULL.bit_count(), 1_024)
