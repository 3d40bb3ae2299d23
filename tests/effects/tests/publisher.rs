//! Who publishes, what reports are worth, and how far the confirmed cursor has come. `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use cybermesh_effects::duties::{numbers, report, report_of, two_votes, validators};
use cybermesh_effects::items::{event, governance, signed};
use cybermesh_effects::people::validator;
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{Person, Setup, World, codes};
use cybermesh_executor::applied::Applied;
use cybermesh_executor::outbound::heads;
use cybermesh_executor::publisher::backlog;
use cybermesh_executor::rows::{Confirmed, Publisher, Reported, Runs, Space, keys};
use cybermesh_proto::agree::Item;
use cybermesh_proto::audit::{AuditEntry, AuditLeaf};
use cybermesh_proto::genesis::Bus;
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{Code, Epoch, Height};

const NOW: u64 = BEGIN_MS + 1000;
const AUDIT: u16 = 0;
const COMMITS: u16 = 1;
const EPOCHS: u16 = 3;
const EVENTS: u16 = 4;

fn kafka(people: &[&Person], n: usize) -> World {
    let people = people.iter().map(|&one| one.clone()).collect();
    World::new(&Setup { people, bus: Bus::Kafka, n, ..Setup::default() })
}

fn term(world: &World) -> Publisher {
    world.row(&keys::single(Space::Publisher)).unwrap()
}

fn confirmed(world: &World, topic: u16, partition: usize) -> u64 {
    let row: Confirmed = world.row(&keys::by_topic(Space::Confirmed, topic)).unwrap_or_default();
    row.ends.get(partition).copied().unwrap_or_default().seq
}

/// The newest numbers of all partitions that have any, as ends of a report.
fn all_heads(world: &World) -> Vec<(u16, u32, u64)> {
    let heads = heads(&world.chain, &world.store, world.epoch).unwrap();
    let of = |topic: &cybermesh_proto::agree::TopicHeads| {
        let id = topic.topic;
        (0..).zip(topic.seqs.iter()).map(move |(place, seq)| (id, place, seq.get())).collect::<Vec<_>>()
    };
    heads.0.iter().flat_map(of).filter(|(_, _, seq)| *seq > 0).collect()
}

/// A world in which one partition of events has ten records: its place, too.
fn ten_records() -> (World, u32) {
    let det = Person::producer("det-1", "acme");
    let mut world = kafka(&[&det], 4);
    let say = |seq| signed(&det, &event(&det, 0, seq, NOW, "mailbox", "x@y"));
    world.block(NOW, (1..=10).map(say).collect());
    let place = all_heads(&world).into_iter().find(|(topic, _, _)| *topic == EVENTS).unwrap();
    assert_eq!(place.2, 10);
    (world, place.1)
}

fn quiet(world: &mut World, now: u64) -> Applied {
    world.batches(now, vec![vec![]])
}

#[test]
fn the_confirmed_cursor_is_what_f_and_one_reach_and_never_falls() {
    let (mut world, at) = ten_records();
    let mut told = 0;
    let mut now = NOW;
    let mut say = |world: &mut World, author, seq, expected| {
        (told, now) = (told + 1, now + 1);
        let item = report(world, author, told, &[(EVENTS, at, seq)]);
        assert_eq!(world.block(now, vec![item]), [Code::ReportApplied]);
        assert_eq!(confirmed(world, EVENTS, at as usize), expected, "{author} says {seq}");
    };
    say(&mut world, 0, 10, 0);
    say(&mut world, 1, 3, 3);
    say(&mut world, 2, 5, 5);
    say(&mut world, 2, 1, 5);
    say(&mut world, 1, 4, 5);
    say(&mut world, 3, 10, 10);
    say(&mut world, 0, 1, 10);
}

#[test]
fn one_liar_moves_nothing_however_much_it_reports() {
    let (mut world, _) = ten_records();
    let ends = all_heads(&world);
    let items = (1..=200).map(|seq| report(&world, 3, seq, &ends)).collect();
    let applied = world.batches(NOW + 1, vec![items]);
    assert_eq!(codes(&applied), [Code::ReportApplied; 200]);
    let row = |topic| world.row::<Confirmed>(&keys::by_topic(Space::Confirmed, topic)).unwrap_or_default();
    assert!((0..8).all(|topic| row(topic).ends.iter().all(|end| end.seq == 0)));
    assert_eq!(term(&world).fruitful, 0);
}

#[test]
fn reports_of_one_block_amount_to_what_they_would_in_many() {
    let (mut one, at) = ten_records();
    let mut other = one.clone();
    let steps = [(0, 1, 4), (1, 1, 2), (0, 2, 9), (2, 1, 7), (1, 2, 8), (3, 1, 10)];
    let items: Vec<_> =
        steps.iter().map(|&(author, seq, end)| report(&one, author, seq, &[(EVENTS, at, end)])).collect();
    for item in items.iter().cloned() {
        one.block(NOW + 1, vec![item]);
    }
    other.block(NOW + 1, items);
    assert_eq!((confirmed(&one, EVENTS, at as usize), confirmed(&other, EVENTS, at as usize)), (9, 9));
    assert_eq!(term(&one).fruitful, term(&other).fruitful);
}

#[test]
fn reports_above_the_head_or_of_no_partition_leave_no_trace() {
    let (mut world, at) = ten_records();
    let most = i64::MAX as u64;
    let ends = [
        [(EVENTS, at, 11)],
        [(EVENTS, at, most)],
        [(EVENTS, 12, 0)],
        [(EVENTS, 4095, 0)],
        [(8, 0, 0)],
        [(31, 0, 0)],
        [(COMMITS, 1, 0)],
        [(COMMITS, 0, 2)],
        [(EPOCHS, 0, 1)],
        [(EPOCHS, 1, 0)],
    ];
    let plain = world.try_block(NOW + 1, vec![vec![]]);
    let (_, audit, _) = all_heads(&world)[0];
    for end in ends {
        let good_and_bad = [[(AUDIT, audit, 1)], end].concat();
        let applied = world.try_block(NOW + 1, vec![vec![report(&world, 0, 5, &good_and_bad)]]);
        assert_eq!((codes(&applied)[0], &applied.writes), (Code::ReportAhead, &plain.writes), "{end:?}");
    }
    let exact = [(AUDIT, audit, 1), (COMMITS, 0, 1), (EPOCHS, 0, 0), (EVENTS, at, 10)];
    let item = report(&world, 0, 5, &exact);
    assert_eq!(world.block(NOW + 1, vec![item]), [Code::ReportApplied], "all of what is there");
}

#[test]
fn records_of_this_very_block_cannot_have_been_seen_yet() {
    let det = Person::producer("det-1", "acme");
    let (mut world, at) = ten_records();
    let eleventh = signed(&det, &event(&det, 0, 11, NOW, "mailbox", "x@y"));
    let items = vec![eleventh, report(&world, 0, 1, &[(EVENTS, at, 11)])];
    assert_eq!(world.block(NOW + 1, items), [Code::EventApplied, Code::ReportAhead]);
    let item = report(&world, 0, 1, &[(EVENTS, at, 11)]);
    assert_eq!(world.block(NOW + 2, vec![item]), [Code::ReportApplied]);
}

#[test]
fn reports_grow_in_number_and_are_of_this_epoch_and_of_its_validators() {
    let (mut world, at) = ten_records();
    let say = |world: &World, author, seq| report(world, author, seq, &[(EVENTS, at, 1)]);
    let most = i64::MAX as u64;
    let items = vec![
        say(&world, 0, 0),
        say(&world, 0, 7),
        say(&world, 0, 7),
        say(&world, 0, 6),
        say(&world, 1, 1),
        say(&world, 4, 1),
        say(&world, 127, 1),
        report_of(&world, Epoch::new(1), 2, 1, &[]),
        report_of(&world, Epoch::new(most), 2, 1, &[]),
        say(&world, 3, most),
        say(&world, 3, most),
    ];
    let (good, stale) = (Code::ReportApplied, Code::ReportStale);
    assert_eq!(
        world.block(NOW + 1, items),
        [stale, good, stale, stale, good, stale, stale, stale, stale, good, stale]
    );
}

#[test]
fn a_term_ends_by_its_length_and_the_next_in_turn_publishes() {
    let mut world = kafka(&[], 4);
    let mut holders = Vec::new();
    let mut now = NOW;
    for number in 1..=6 {
        let applied = quiet(&mut world, now);
        let (row, set) = (term(&world), world.trusted.genesis().validators.clone());
        assert_eq!((row.term, row.began_ms, row.epoch), (number, now, Epoch::ZERO));
        let leaf: AuditLeaf = decode_canonical(&applied.audit_leaves[0]).unwrap();
        let AuditEntry::Term(told) = leaf.entry else { panic!("{leaf:?}") };
        assert_eq!((told.term.get(), &told.holder), (number, &set.get(row.holder).unwrap().name));
        holders.push(row.holder.as_usize());
        // Everything of it is seen at once, so that nothing stands still.
        let ends = all_heads(&world);
        let reports = [0, 1].map(|author| report(&world, author, number, &ends));
        world.block(now + 1, reports.to_vec());
        assert_eq!(backlog(&world.chain, &world.store, world.epoch).unwrap(), 0);
        let end = now + 60_000;
        assert_eq!(quiet(&mut world, end - 1).due.unwrap().get(), end * 1000, "the state says when");
        assert_eq!(term(&world).term, number, "not a moment earlier");
        now = end;
    }
    assert_eq!(holders, [1, 2, 3, 0, 1, 2]);
}

#[test]
fn a_standstill_ends_the_term_and_each_fruitless_one_has_twice_the_patience() {
    let mut world = kafka(&[], 4);
    let longer = numbers(&[("stall_cap_ms", 45_000), ("term_ms", 86_400_000)]);
    let item = governance(world.chain.id, 50, 1, longer, &["admin-1", "admin-2"]);
    world.block(NOW, vec![item]);
    let mut began = NOW;
    for (number, patience) in [(1, 10_000), (2, 20_000), (3, 40_000), (4, 45_000), (5, 45_000)] {
        let row = term(&world);
        assert_eq!((row.term, row.began_ms, row.stall_ms), (number, began, patience));
        let applied = quiet(&mut world, began + patience - 1);
        assert_eq!((term(&world).term, applied.due.unwrap().get()), (number, (began + patience) * 1000));
        began += patience;
        quiet(&mut world, began);
    }
    assert_eq!(term(&world).term, 6);
    // An advance anywhere gives the base back, to this term and the next.
    let ends = [(COMMITS, 0, 1)];
    let reports = [0, 1].map(|author| report(&world, author, 1, &ends));
    world.block(began + 5000, reports.to_vec());
    assert_eq!((term(&world).fruitful, term(&world).stall_ms), (1, 10_000));
    quiet(&mut world, began + 9_999);
    assert_eq!(term(&world).term, 6);
    quiet(&mut world, began + 10_000);
    let row = term(&world);
    assert_eq!(
        (row.term, row.stall_ms, row.fruitful),
        (7, 10_000, 0),
        "another partition stood still all along"
    );
}

#[test]
fn patience_counts_from_the_moment_at_which_a_head_gets_ahead() {
    let det = Person::producer("det-1", "acme");
    let mut world = kafka(&[&det], 4);
    quiet(&mut world, NOW);
    let reports = |world: &World, seq| {
        let ends = all_heads(world);
        [0, 1].map(|author| report(world, author, seq, &ends)).to_vec()
    };
    let items = reports(&world, 1);
    world.block(NOW + 1, items);
    quiet(&mut world, NOW + 30_000);
    assert_eq!(term(&world).term, 1, "nothing waits");
    let say = |seq| signed(&det, &event(&det, 0, seq, NOW, "mailbox", "x@y"));
    let applied = world.batches(NOW + 31_000, vec![vec![say(1)]]);
    assert_eq!(applied.due.unwrap().get(), (NOW + 41_000) * 1000);
    // A second record does not renew it; an advance that leaves records behind does.
    world.block(NOW + 35_000, vec![say(2)]);
    let items = reports(&world, 2);
    let applied = world.batches(NOW + 36_000, vec![[items, vec![say(3)]].concat()]);
    assert_eq!(applied.due.unwrap().get(), (NOW + 46_000) * 1000);
    quiet(&mut world, NOW + 45_999);
    assert_eq!(term(&world).term, 1);
    quiet(&mut world, NOW + 46_000);
    assert_eq!(term(&world).term, 2);
}

#[test]
fn validators_in_quarantine_do_not_publish() {
    let mut world = kafka(&[], 4);
    let misdeeds = [1, 3].map(|author| two_votes(&world, author, 0, 3));
    world.block(NOW, misdeeds.to_vec());
    let mut holders = Vec::new();
    for number in 1..=6 {
        quiet(&mut world, NOW + number * 60_000);
        holders.push(term(&world).holder.as_usize());
    }
    assert_eq!(holders, [0, 2, 0, 2, 0, 2]);
    let rest = [0, 2].map(|author| two_votes(&world, author, 0, 3));
    world.block(NOW + 400_000, rest.to_vec());
    for number in 7..=10 {
        quiet(&mut world, NOW + number * 60_000);
        holders.push(term(&world).holder.as_usize());
    }
    assert_eq!(
        holders[6..].iter().collect::<std::collections::BTreeSet<_>>().len(),
        4,
        "all of them: somebody must"
    );
}

#[test]
fn a_new_epoch_begins_a_new_term_and_forgets_who_left() {
    let (mut world, at) = ten_records();
    let all = |world: &World, author, seq| report(world, author, seq, &[(EVENTS, at, 10)]);
    let items = vec![all(&world, 3, 1)];
    world.block(NOW + 1, items);
    let action = validators(&["node-4"], &[validator("node-5"), validator("node-6")]);
    let change = governance(world.chain.id, 50, 1, action, &["admin-1", "admin-2"]);
    let gone = validator("node-4");
    let items = vec![change, all(&world, 3, 2), report(&world, 0, 1, &[(EVENTS, at, 6)])];
    let codes = world.block(NOW + 2, items);
    assert_eq!(codes, [Code::GovernanceApplied, Code::ReportStale, Code::ReportApplied]);
    assert_eq!(confirmed(&world, EVENTS, at as usize), 0, "who has left confirms nothing");
    assert_eq!(world.row::<Reported>(&keys::by_validator(Space::Reported, &gone)), None);
    assert_eq!(world.row::<Runs>(&keys::runs(&gone, EVENTS)), None);
    assert_eq!(term(&world).term, 1);
    quiet(&mut world, NOW + 3);
    let row = term(&world);
    assert_eq!((row.term, row.epoch, row.began_ms, row.holder.as_usize()), (2, Epoch::new(1), NOW + 3, 2));
    // Index 3 is another now, and its numbers begin anew; those of who stayed go on.
    let items = vec![all(&world, 3, 1), report(&world, 0, 1, &[(EVENTS, at, 10)])];
    assert_eq!(world.block(NOW + 4, items), [Code::ReportApplied, Code::ReportStale]);
    assert_eq!(confirmed(&world, EVENTS, at as usize), 6);
}

#[test]
fn an_end_counts_for_the_validators_of_the_next_set_only() {
    let (mut world, at) = ten_records();
    let say = |world: &World, author, seq, end| report(world, author, seq, &[(EVENTS, at, end)]);
    let action = validators(&["node-1", "node-2"], &[validator("node-5"), validator("node-6")]);
    let change = governance(world.chain.id, 50, 1, action, &["admin-1", "admin-2"]);
    let items = vec![say(&world, 0, 1, 10), say(&world, 1, 1, 10), change, say(&world, 2, 1, 3)];
    world.block(NOW + 1, items);
    assert_eq!(confirmed(&world, EVENTS, at as usize), 0, "two who leave are not f+1 of those who stay");
}

#[test]
fn without_a_bus_there_are_no_terms_and_no_reports() {
    let mut world = World::new(&Setup::default());
    let item = report(&world, 0, 1, &[]);
    let applied = world.batches(NOW, vec![vec![item]]);
    assert_eq!((codes(&applied)[0], applied.due, applied.audit_leaves.len()), (Code::ReportNoBus, None, 0));
    assert_eq!(world.row::<Publisher>(&keys::single(Space::Publisher)), None);
    assert_eq!(backlog(&world.chain, &world.store, world.epoch).unwrap(), 0);
}

#[test]
fn the_backlog_is_what_the_heads_are_ahead() {
    let (mut world, at) = ten_records();
    let ahead = |world: &World| backlog(&world.chain, &world.store, world.epoch).unwrap();
    let all: u64 = all_heads(&world).iter().map(|(_, _, seq)| seq).sum();
    assert_eq!((ahead(&world), all), (12, 12), "ten events, the term's audit leaf, one height with leaves");
    let reports: Vec<Item> = [1, 2].map(|author| report(&world, author, 1, &[(EVENTS, at, 7)])).to_vec();
    world.block(NOW + 1, reports);
    assert_eq!(ahead(&world), 5);
}

#[test]
fn times_at_their_limits_begin_and_end_terms() {
    let mut world = kafka(&[], 4);
    let far = ((1_u64 << 63) - 1) / 1000;
    for (now, number) in [(0, 1), (1, 1), (NOW, 2), (1 << 53, 3), (far - 1, 4), (far, 4)] {
        let applied = quiet(&mut world, now);
        assert_eq!(term(&world).term, number, "at {now}");
        assert!(applied.due.is_some() && applied.decision.height > Height::ZERO);
    }
}
