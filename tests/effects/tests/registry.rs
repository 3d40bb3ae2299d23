//! The registry by height: what a later state says of an earlier one, and how often it may change so that it can.
//! `docs/governance.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;

use cybermesh_effects::duties::{administrators, amend, numbers, renew, revoke, world_of};
use cybermesh_effects::items::governance;
use cybermesh_effects::people::bundle;
use cybermesh_effects::rng::Rng;
use cybermesh_effects::world::{BEGIN_MS, genesis};
use cybermesh_effects::{Person, Setup, World};
use cybermesh_executor::administrators_at;
use cybermesh_executor::registry::{Known, known_at};
use cybermesh_executor::rows::{Administrators, KeyRow, Space, keys};
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::{Code, Height, Kid};

const NOW: u64 = BEGIN_MS + 1000;

/// A world that looks back 64 heights only.
fn world(people: &[&Person]) -> World {
    let setup = Setup { people: people.iter().map(|&one| one.clone()).collect(), ..Setup::default() };
    let mut genesis = genesis(&setup);
    (genesis.limits.anchor_lag, genesis.limits.registry_lag) = (8, 32);
    world_of(genesis)
}

/// Decides a block of transactions, each by two administrators.
fn act(world: &mut World, nonce: u64, actions: &[Action]) -> Vec<Code> {
    let until = world.parent.height.get() + 100;
    let id = world.chain.id;
    let sign = |(nonce, action): (u64, &Action)| {
        governance(id, until, nonce, action.clone(), &["admin-1", "admin-2"])
    };
    let items = (nonce..).zip(actions).map(sign).collect();
    world.block(NOW + world.parent.height.get(), items)
}

fn empty_blocks(world: &mut World, count: u64) {
    for _ in 0..count {
        world.block(NOW + world.parent.height.get(), vec![]);
    }
}

#[test]
fn a_key_is_amended_only_as_often_as_its_history_can_be_told() {
    let det = Person::producer("det-1", "acme");
    let mut world = world(&[&det]);
    let step =
        |world: &mut World, nonce| act(world, nonce, &[Action::AmendKey(amend(&det, nonce as u32))])[0];
    let codes: Vec<_> = (1..=4).map(|nonce| step(&mut world, nonce)).collect();
    let (applied, often) = (Code::GovernanceApplied, Code::GovernanceTooOften);
    assert_eq!(codes, [applied, applied, applied, often], "heights 1 to 4");
    empty_blocks(&mut world, 60);
    assert_eq!(
        step(&mut world, 65),
        applied,
        "at height 65 the terms of height 1 are the oldest one can ask for"
    );
    assert_eq!(step(&mut world, 66), applied, "at height 66 those of height 1 are out of reach");
    assert_eq!(step(&mut world, 67), applied, "and so on");
    assert_eq!(step(&mut world, 68), often);
    let twice = [Action::AmendKey(amend(&det, 1)), Action::AmendKey(amend(&det, 2))];
    empty_blocks(&mut world, 64);
    assert_eq!(act(&mut world, 80, &twice), [applied; 2], "in one block the last one counts");
    let row: KeyRow = world.row(&keys::by_kid(Space::Keys, &det.kid())).unwrap();
    assert_eq!((row.terms.len(), row.terms.last().unwrap().standing_bp), (2, 2));
}

#[test]
fn administrators_change_only_as_often_as_their_history_can_be_told() {
    let mut world = world(&[]);
    let set = |nonce: u64| {
        administrators(2, &[bundle("admin-1"), bundle("admin-2"), bundle(&format!("new-{nonce}"))])
    };
    let codes: Vec<_> = (1..=16).map(|nonce| act(&mut world, nonce, &[set(nonce)])[0]).collect();
    let (applied, often) = (Code::GovernanceApplied, Code::GovernanceTooOften);
    assert_eq!((&codes[..15], codes[15]), ([applied; 15].as_slice(), often));
    assert_eq!(
        act(&mut world, 17, &[revoke(Person::producer("x", "y").kid())]),
        [Code::GovernanceKeyUnknown]
    );
    empty_blocks(&mut world, 64);
    assert_eq!(act(&mut world, 90, &[set(90)]), [applied]);
    let kept = |height| world.row::<Administrators>(&keys::administrators(Height::new(height)));
    assert!(kept(0).is_none() && kept(14).is_none(), "those whom no batch can ask for are gone");
}

/// Random changes of six keys and of the administrators, each height's answers noted as they are given.
#[test]
fn the_registry_at_a_height_reads_the_same_from_every_later_state() {
    for seed in 0..2 {
        let mut rng = Rng::new(seed);
        let people: Vec<_> =
            (0..6).map(|number| Person::producer(&format!("det-{number}"), "acme")).collect();
        let mut world = world(&people.iter().collect::<Vec<_>>());
        let mut kids: Vec<_> = people.iter().map(Person::kid).collect();
        let mut told: BTreeMap<u64, (Vec<Option<Known>>, Option<Administrators>)> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for nonce in 1..250_u64 {
            let kid = kids[1 + rng.below(kids.len() as u64 - 1) as usize];
            let key = control_amend(kid, rng.below(10_001) as u32);
            let action = match rng.below(30) {
                0 => revoke(kid),
                1 | 2 => {
                    let new = bundle(&format!("{seed}-{nonce}"));
                    kids.push(new.kid());
                    renew(kid, &new, rng.below(80))
                }
                3..16 => Action::AmendKey(key),
                _ => numbers(&[("deny_score", 9000)]),
            };
            // One key, and the administrators, change as soon as they may again: at the very edge of what is told.
            let restless = Action::AmendKey(control_amend(people[0].kid(), rng.below(10_001) as u32));
            let admins = [bundle("admin-1"), bundle("admin-2"), bundle(&format!("a-{seed}-{nonce}"))];
            for code in act(&mut world, 3 * nonce, &[action, restless, administrators(2, &admins)]) {
                *counts.entry(code.name()).or_insert(0) += 1;
            }
            let height = world.parent.height;
            let ask =
                |at| kids.iter().map(|kid| known_at(&world.store, kid, at).unwrap()).collect::<Vec<_>>();
            told.insert(height.get(), (ask(height), administrators_at(&world.store, height).unwrap()));
            let far = 64.min(height.get() - 1);
            for back in (0..=far).filter(|back| nonce.is_multiple_of(8) || *back == far) {
                let at = Height::new(height.get() - back);
                let (known, administrators) = &told[&at.get()];
                assert_eq!(ask(at)[..known.len()], known[..], "seed {seed}: height {at} asked at {height}");
                assert!(ask(at)[known.len()..].iter().all(Option::is_none), "nobody is known before it came");
                assert_eq!(&administrators_at(&world.store, at).unwrap(), administrators);
            }
        }
        for code in ["governance.applied", "governance.too_often", "governance.key_unknown"] {
            assert!(counts.contains_key(code), "seed {seed} met no {code}: {counts:?}");
        }
    }
}

fn control_amend(kid: Kid, standing_bp: u32) -> cybermesh_proto::message::pb::control::v1::AmendKey {
    let mut key = amend(&Person::producer("anybody", "acme"), standing_bp);
    key.kid = kid.0.as_bytes().to_vec();
    key
}
