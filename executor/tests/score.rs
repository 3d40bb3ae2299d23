//! The score of a subject: what findings weigh together, how that fades, what analysts change.
#![allow(clippy::unwrap_used, missing_docs)]

use cybermesh_executor::score::{
    Backer, CONTRIBUTIONS_MAX, Contribution, REASONS_MAX, Record, Standing, decayed, weight,
};
use cybermesh_proto::wire::{Text, Wire, decode_canonical, encode_canonical};
use cybermesh_proto::{Digest, ItemId, Kid};

/// An hour.
const HALF_LIFE_MS: u64 = 3_600_000;
/// The floor of corroboration.
const FLOOR: u64 = 500;

fn kid(number: u8) -> Kid {
    Kid(Digest::new([number; 32]))
}

fn event(number: u64) -> ItemId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    ItemId(Digest::new(bytes))
}

/// A producer of a tenant that is named by one letter.
fn producer(number: u8, tenant: &str) -> Backer {
    Backer { kid: kid(number), tenant: Text::new(tenant).unwrap(), denies_alone: false }
}

/// A record of fresh findings, (producer, event, weight), applied and asked at time 0.
fn fresh(findings: &[(u8, u64, u16)]) -> Record {
    let mut record = Record::default();
    for (number, id, weight) in findings {
        record.add(producer(*number, "t"), event(*id), *weight, 0, 0, HALF_LIFE_MS);
    }
    record
}

fn score(record: &Record) -> u16 {
    record.score(0, HALF_LIFE_MS)
}

/// What a record counts for each producer, by the producer's number.
fn counts(record: &Record) -> Vec<(u8, usize)> {
    let of = |seat: usize| record.contributions.iter().filter(|one| usize::from(one.backer) == seat).count();
    record.backers.iter().enumerate().map(|(seat, backer)| (backer.kid.0.as_bytes()[0], of(seat))).collect()
}

#[test]
fn weight_is_severity_by_confidence_by_standing() {
    assert_eq!(weight(10_000, 10_000, 10_000, 10_000), 10_000);
    assert_eq!(weight(9_000, 9_000, 5_000, 10_000), 4_050);
    assert_eq!(weight(500, 3_333, 5_000, 9_999), 83);
    assert_eq!(weight(10_000, 10_000, 3, 5_000), 1, "the standing itself is rounded down");
    assert_eq!(weight(100, 99, 10_000, 10_000), 0);
    for nothing in [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]] {
        let [severity, confidence, registered, conduct] = nothing.map(|one| one * 10_000);
        assert_eq!(weight(severity, confidence, registered, conduct), 0);
    }
    assert_eq!(weight(u64::MAX, u64::MAX, u64::MAX, u64::MAX), 10_000);
}

#[test]
fn half_is_left_after_each_half_life_and_nothing_after_fourteen() {
    let left = |age| decayed(10_000, age, 1_000);
    let expected = [10_000, 5_000, 2_500, 1_250, 625, 312, 156, 78, 39, 19, 9, 4, 2, 1, 0, 0];
    for (halvings, expected) in expected.into_iter().enumerate() {
        assert_eq!(left(halvings as u64 * 1_000), expected);
    }
    assert_eq!([left(1), left(500), left(999), left(1_500), left(13_999)], [9_995, 7_500, 5_005, 3_750, 1]);
    assert_eq!(left(u64::MAX), 0);
    assert_eq!(decayed(u16::MAX, 14_000, 1_000), 0, "nor of more than there can be");
    assert_eq!(decayed(10_000, 1, 31_536_000_000), 10_000);
    assert_eq!(decayed(10_000, 31_535_999_999, 31_536_000_000), 5_001);
    assert_eq!(decayed(10_000, 0, 0), 0, "a half-life of nothing leaves nothing");
    assert_eq!(decayed(u16::MAX, u64::MAX / 2, u64::MAX), 10_000, "beyond all bounds it is cut off");
}

#[test]
fn flood_of_equal_findings_saturates() {
    let mut record = Record::default();
    for id in 0..1_000 {
        record.add(producer(1, "t"), event(id), 4_000, 0, 0, HALF_LIFE_MS);
    }
    assert_eq!(score(&record), 4_000);
    assert_eq!(record.corroboration(0, HALF_LIFE_MS, FLOOR).points, 2);
}

#[test]
fn findings_of_different_producers_strengthen_each_other() {
    assert_eq!(score(&fresh(&[])), 0);
    assert_eq!(score(&fresh(&[(1, 1, 5_000), (2, 2, 5_000)])), 7_500);
    assert_eq!(score(&fresh(&[(1, 1, 5_000), (2, 2, 5_000), (3, 3, 5_000)])), 8_750);
    assert_eq!(score(&fresh(&[(1, 1, 3_000), (1, 2, 4_000), (2, 3, 1)])), 4_000, "rounded down");
    assert_eq!(score(&fresh(&[(1, 1, 10_000), (2, 2, 10_000)])), 10_000);
}

#[test]
fn producers_are_multiplied_in_the_order_of_their_keys() {
    let rising = [(1, 1, 6_079), (2, 2, 2_065), (3, 3, 552), (4, 4, 3_414)];
    assert_eq!(score(&fresh(&rising)), 8_064);
    let arriving_otherwise: Vec<_> = rising.into_iter().rev().collect();
    assert_eq!(score(&fresh(&arriving_otherwise)), 8_064);
    let turned_round = rising.map(|(number, id, weight)| (5 - number, id, weight));
    assert_eq!(score(&fresh(&turned_round)), 8_063, "rounding makes the order matter");
}

#[test]
fn finding_dated_after_the_block_decays_from_the_block_on() {
    let mut record = Record::default();
    record.add(producer(1, "t"), event(1), 8_000, u64::MAX, 1_000, HALF_LIFE_MS);
    assert_eq!(record.score(1_000, HALF_LIFE_MS), 8_000);
    assert_eq!(record.score(1_000 + HALF_LIFE_MS, HALF_LIFE_MS), 4_000);
    assert_eq!(record.score(0, HALF_LIFE_MS), 8_000, "before its time it is whole");
}

#[test]
fn old_finding_arrives_decayed() {
    let mut record = Record::default();
    record.add(producer(1, "t"), event(1), 8_000, 1_000, 1_000 + HALF_LIFE_MS, HALF_LIFE_MS);
    record.add(producer(1, "t"), event(2), 5_000, 1_000 + HALF_LIFE_MS, 1_000 + HALF_LIFE_MS, HALF_LIFE_MS);
    assert_eq!(record.score(1_000 + HALF_LIFE_MS, HALF_LIFE_MS), 5_000, "the younger is the stronger now");
}

#[test]
fn refutation_leaves_the_score_as_if_the_event_had_weighed_nothing() {
    for verdict in [Standing::Refuted, Standing::FalsePositive] {
        let mut record = fresh(&[(1, 1, 6_000), (1, 2, 3_000), (2, 3, 5_000)]);
        assert_eq!(score(&record), 8_000);
        assert_eq!(record.judge(record.find(event(1)).unwrap(), verdict), Some(Standing::None));
        assert_eq!(score(&record), 6_500);
        assert_eq!(record.judge(record.find(event(3)).unwrap(), verdict), Some(Standing::None));
        assert_eq!(score(&record), 3_000);
        assert_eq!(record.judge(record.find(event(1)).unwrap(), Standing::Confirmed), Some(verdict));
        assert_eq!(score(&record), 6_000, "it weighs again");
    }
}

#[test]
fn event_is_found_only_while_its_contribution_stands() {
    let mut record = fresh(&[(2, 7, 1_000), (1, 8, 0)]);
    assert_eq!(
        (record.find(event(7)), record.find(event(8)), record.find(event(9))),
        (Some(0), Some(1), None)
    );
    assert_eq!(record.backer_of(0).unwrap().kid, kid(2));
    assert_eq!(record.backer_of(1).unwrap().kid, kid(1));
    assert_eq!(record.backer_of(2), None);
    assert_eq!(record.judge(2, Standing::Refuted), None);
    (10..10 + 64).for_each(|id| record.add(producer(1, "t"), event(id), 1, 0, 0, HALF_LIFE_MS));
    assert_eq!((record.find(event(7)), record.find(event(8)), record.folded), (Some(0), None, true));
}

#[test]
fn flood_displaces_only_its_own_findings() {
    let mut record = Record::default();
    (0..20).for_each(|id| record.add(producer(id as u8 / 2 + 10, "t"), event(id), 2_000, 0, 0, HALF_LIFE_MS));
    (100..1_100).for_each(|id| record.add(producer(1, "t"), event(id), 100, 0, 0, HALF_LIFE_MS));
    assert_eq!(record.contributions.len(), CONTRIBUTIONS_MAX);
    (0..20).for_each(|id| assert!(record.find(event(id)).is_some(), "finding {id} was lost"));
    (1_056..1_100).for_each(|id| assert!(record.find(event(id)).is_some(), "the flood keeps its newest"));
    assert_eq!(counts(&record)[0], (1, 44));
}

#[test]
fn of_those_with_the_most_the_one_with_the_oldest_loses_it() {
    let mut record = Record::default();
    record.add(producer(9, "t"), event(0), 1_000, 0, 0, HALF_LIFE_MS);
    let of = |id: u64| if id % 2 == 1 { 5 } else { 3 };
    (1..=62).for_each(|id| record.add(producer(of(id), "t"), event(id), 1_000, 0, 0, HALF_LIFE_MS));
    record.add(producer(8, "t"), event(63), 1_000, 0, 0, HALF_LIFE_MS);
    assert_eq!((counts(&record), record.folded), (vec![(3, 31), (5, 31), (8, 1), (9, 1)], false));
    record.add(producer(9, "t"), event(64), 1_000, 0, 0, HALF_LIFE_MS);
    assert_eq!((counts(&record), record.folded), (vec![(3, 31), (5, 30), (8, 1), (9, 2)], true));
    assert_eq!(
        (record.find(event(0)), record.find(event(1))),
        (Some(0), None),
        "the oldest of all is spared"
    );
    record.add(producer(9, "t"), event(65), 1_000, 0, 0, HALF_LIFE_MS);
    assert_eq!((counts(&record), record.find(event(2))), (vec![(3, 30), (5, 30), (8, 1), (9, 3)], None));
}

#[test]
fn producer_without_findings_is_forgotten() {
    let mut record = Record::default();
    (0..64).for_each(|id| record.add(producer(200 - id, "t"), event(id.into()), 1, 0, 0, HALF_LIFE_MS));
    record.add(producer(1, "t"), event(64), 1_000, 0, 0, HALF_LIFE_MS);
    assert_eq!((record.backers.len(), record.find(event(0))), (64, None));
    assert!(record.backers.iter().all(|backer| backer.kid != kid(200)));
    for (place, id) in (1..64).enumerate() {
        assert_eq!(
            (record.find(event(id)), record.backer_of(place).unwrap().kid),
            (Some(place), kid(200 - id as u8))
        );
    }
    assert_eq!(record.backer_of(63).unwrap().kid, kid(1));
}

#[test]
fn strongest_of_what_was_folded_remains_as_residue() {
    let mut record = fresh(&[(1, 0, 9_000), (1, 1, 5_000)]);
    (2..64).for_each(|id| record.add(producer(1, "t"), event(id), 100, 0, 0, HALF_LIFE_MS));
    record.add(producer(1, "t"), event(64), 100, 0, HALF_LIFE_MS, HALF_LIFE_MS);
    assert_eq!((record.residue, record.residue_at_ms), (4_500, HALF_LIFE_MS));
    record.add(producer(1, "t"), event(65), 100, 0, HALF_LIFE_MS, HALF_LIFE_MS);
    assert_eq!((record.residue, record.residue_at_ms), (4_500, HALF_LIFE_MS), "2,500 is less");
    assert_eq!(record.score(HALF_LIFE_MS, HALF_LIFE_MS), 4_500);
    assert_eq!(record.score(2 * HALF_LIFE_MS, HALF_LIFE_MS), 2_250, "it decays");
    assert_eq!(record.corroboration(HALF_LIFE_MS, HALF_LIFE_MS, FLOOR).points, 0, "and corroborates nothing");
}

#[test]
fn residue_gives_way_only_to_what_is_stronger_now() {
    let mut record = fresh(&[(1, 0, 4_000), (1, 1, 2_000), (1, 2, 2_001)]);
    (3..64).for_each(|id| record.add(producer(1, "t"), event(id), 0, 0, 0, HALF_LIFE_MS));
    record.add(producer(1, "t"), event(64), 0, 0, 0, HALF_LIFE_MS);
    record.contributions[..2].iter_mut().for_each(|one| one.at_ms = HALF_LIFE_MS);
    record.add(producer(1, "t"), event(65), 0, 0, HALF_LIFE_MS, HALF_LIFE_MS);
    assert_eq!((record.residue, record.residue_at_ms), (4_000, 0), "equals change nothing");
    record.add(producer(1, "t"), event(66), 0, 0, HALF_LIFE_MS, HALF_LIFE_MS);
    assert_eq!((record.residue, record.residue_at_ms), (2_001, HALF_LIFE_MS));
}

#[test]
fn refuted_finding_folds_as_nothing() {
    for verdict in [Standing::Refuted, Standing::FalsePositive] {
        let mut record = fresh(&[(1, 0, 9_000)]);
        record.judge(0, verdict);
        (1..65).for_each(|id| record.add(producer(1, "t"), event(id), 100, 0, 0, HALF_LIFE_MS));
        assert_eq!((record.residue, record.folded, score(&record)), (0, true, 100));
    }
}

#[test]
fn first_of_a_tenant_has_two_points_and_each_further_one() {
    let mut record = Record::default();
    let mut points = Vec::new();
    for (number, tenant) in [(5, "b"), (4, "b"), (3, "a"), (2, "b"), (1, "a")] {
        record.add(producer(number, tenant), event(number.into()), 500, 0, 0, HALF_LIFE_MS);
        points.push(record.corroboration(0, HALF_LIFE_MS, FLOOR).points);
    }
    assert_eq!(points, [2, 3, 5, 6, 7]);
    let tenants = record.corroboration(0, HALF_LIFE_MS, FLOOR).tenants;
    assert_eq!(tenants.iter().map(Text::as_str).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn producer_below_the_floor_does_not_count() {
    let record = fresh(&[(1, 1, 500), (2, 2, 499)]);
    let found = record.corroboration(0, HALF_LIFE_MS, FLOOR);
    assert_eq!((found.points, found.counting), (2, vec![(500, event(1), kid(1))]));
    let later = record.corroboration(HALF_LIFE_MS, HALF_LIFE_MS, FLOOR);
    assert_eq!((later.points, later.tenants, later.counting), (0, vec![], vec![]));
}

#[test]
fn confirmation_is_one_point_for_each_producer_that_counts() {
    let mut record = fresh(&[(1, 1, 600), (1, 2, 10), (1, 3, 20), (2, 4, 400)]);
    let points = |record: &Record| record.corroboration(0, HALF_LIFE_MS, FLOOR).points;
    record.judge(1, Standing::Confirmed);
    assert_eq!(points(&record), 3, "the confirmed one need not be the strongest");
    record.judge(2, Standing::Confirmed);
    assert_eq!(points(&record), 3);
    record.judge(3, Standing::Confirmed);
    assert_eq!(points(&record), 3, "a producer below the floor has no points");
    record.judge(0, Standing::Refuted);
    assert_eq!(points(&record), 0, "the rest of it is below the floor");
}

#[test]
fn who_denies_alone_is_as_registered_at_the_last_contribution() {
    let mut record = fresh(&[(1, 1, 600)]);
    let alone = |record: &Record, floor| record.corroboration(0, HALF_LIFE_MS, floor).alone;
    assert!(!alone(&record, FLOOR));
    let named = Backer { denies_alone: true, ..producer(1, "t") };
    record.add(named, event(2), 1, 0, 0, HALF_LIFE_MS);
    assert!(alone(&record, FLOOR));
    assert!(!alone(&record, 601), "it has to count");
    record.add(producer(1, "t"), event(3), 1, 0, 0, HALF_LIFE_MS);
    assert!(!alone(&record, FLOOR));
}

#[test]
fn reasons_are_the_strongest_of_each_heaviest_first_then_by_event() {
    let record =
        fresh(&[(1, 9, 700), (1, 5, 700), (2, 8, 600), (2, 7, 900), (3, 3, 700), (4, 1, 700), (5, 2, 499)]);
    let found = record.corroboration(0, HALF_LIFE_MS, FLOOR);
    let reasons: Vec<_> = found.reasons().collect();
    assert_eq!(reasons, [7, 1, 3, 9].map(event), "of equals of one producer the older, 9 before 5");
    let many = fresh(&(0..40).map(|number| (number, 100 - u64::from(number), 1_000)).collect::<Vec<_>>());
    let found = many.corroboration(0, HALF_LIFE_MS, FLOOR);
    assert_eq!(found.counting.len(), 40);
    assert_eq!(found.reasons().collect::<Vec<_>>(), (61..77).map(event).collect::<Vec<_>>());
    assert_eq!(REASONS_MAX, 16);
}

#[test]
fn among_equals_the_older_is_the_one_applied_first() {
    let mut record = Record::default();
    record.add(producer(1, "t"), event(2), 600, HALF_LIFE_MS, HALF_LIFE_MS, HALF_LIFE_MS);
    record.add(producer(1, "t"), event(1), 1_200, 0, HALF_LIFE_MS, HALF_LIFE_MS);
    let found = record.corroboration(HALF_LIFE_MS, HALF_LIFE_MS, FLOOR);
    assert_eq!(found.counting, [(600, event(2), kid(1))], "whatever its author dates it");
}

#[test]
fn reason_is_the_strongest_that_stands() {
    let mut record = fresh(&[(1, 1, 900), (1, 2, 700)]);
    record.judge(0, Standing::Refuted);
    assert_eq!(record.corroboration(0, HALF_LIFE_MS, FLOOR).counting, [(700, event(2), kid(1))]);
}

#[test]
fn row_is_read_as_it_was_written() {
    let mut record = fresh(&[(2, 1, 900), (1, 2, 700)]);
    record.judge(0, Standing::Confirmed);
    record.judge(1, Standing::FalsePositive);
    (record.residue, record.residue_at_ms, record.folded, record.published_bp) = (1, 2, true, 3);
    assert_eq!(decode_canonical::<Record>(&encode_canonical(&record)).unwrap(), record);
    let largest = Record {
        backers: (0..64).map(|number| producer(number, &"t".repeat(64))).collect(),
        contributions: (0..64).map(|seat| contribution(seat, u64::MAX)).collect(),
        residue: u16::MAX,
        residue_at_ms: u64::MAX,
        folded: true,
        published_bp: u16::MAX,
    };
    assert_eq!(decode_canonical::<Record>(&encode_canonical(&largest)).unwrap(), largest);
}

fn contribution(backer: u8, at_ms: u64) -> Contribution {
    Contribution { backer, event: event(1), weight: u16::MAX, at_ms, verdict: Standing::FalsePositive }
}

#[test]
fn row_that_no_executor_wrote_is_refused() {
    let refused = |record: &Record| decode_canonical::<Record>(&encode_canonical(record)).is_err();
    let sound = fresh(&[(2, 1, 900), (1, 2, 700)]);
    assert!(!refused(&sound));
    let mut unseated = sound.clone();
    unseated.contributions[0].backer = 2;
    assert!(refused(&unseated), "a contribution of nobody");
    let mut disordered = sound.clone();
    disordered.backers.reverse();
    assert!(refused(&disordered));
    let mut crowded = sound.clone();
    crowded.contributions = vec![contribution(0, 0); CONTRIBUTIONS_MAX + 1];
    assert!(refused(&crowded));
    crowded.contributions.pop();
    assert!(!refused(&crowded));
    let mut backed = sound;
    backed.backers = (0..65).map(|number| producer(number, "t")).collect();
    assert!(refused(&backed));
    assert_eq!(Standing::try_from(4), Err("unknown standing of a finding"));
    assert!(encode_canonical(&Record::default()).len() < Record::BYTES_MAX);
}
