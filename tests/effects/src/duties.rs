//! What administrators and validators say: changes, evidence, reports; and blocks with headers of one's own.

use cybermesh_executor::applied::Applied;
use cybermesh_executor::block::{Parent, Ready, ReadyBatch, apply};
use cybermesh_executor::chain::Chain;
use cybermesh_executor::genesis::FirstState;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::view::ViewError;
use cybermesh_proto::agree::VoteStatement;
use cybermesh_proto::agree::{
    Evidence, Header, Item, ItemKind, Pair, RunEnd, RunReportStatement, Signed, Validator,
};
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Genesis, Reach, TrustedGenesis};
use cybermesh_proto::keys::{KeyBundle, SignatureCheck, ValidatorSignature};
use cybermesh_proto::message::pb::control::v1 as control;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{BlockId, Count, Digest, Epoch, Height, Kid, ValidatorIndex, View};

use crate::people::{AcceptAll, Person};
use crate::world::World;

/// The chain of a genesis, at its beginning.
#[must_use]
pub fn world_of(genesis: Genesis) -> World {
    let trusted = TrustedGenesis::own(genesis, &AcceptAll).unwrap();
    let first = FirstState::new(&trusted).unwrap();
    let mut store = MemoryStore::default();
    store.apply(Height::ZERO, &first.writes, &first.tree).unwrap();
    World { chain: Chain::new(&trusted), trusted, store, parent: first.parent, epoch: Epoch::ZERO }
}

/// Decides a block under a header of one's own, by a check of signatures of one's own.
pub fn decide(
    world: &mut World,
    header: &Header,
    items: Vec<Item>,
    signatures: &dyn SignatureCheck,
) -> Result<Applied, ViewError> {
    let items = items.into_iter().map(|item| Ready::new(item).unwrap()).collect();
    let batch = ReadyBatch { author: ValidatorIndex::default(), items };
    let applied = apply(&world.store, &world.chain, signatures, &world.parent, header, &[batch])?;
    world.store.apply(applied.decision.height, &applied.writes, &applied.tree)?;
    world.parent = Parent::of(&applied.decision);
    if applied.next.is_some() {
        world.epoch = world.epoch.next();
    }
    Ok(applied)
}

/// Registers somebody.
#[must_use]
pub fn register(person: &Person) -> Action {
    let key = &person.key;
    Action::RegisterKey(control::RegisterKey {
        role: i32::from(u8::from(key.role)),
        bundle: encode_canonical(&key.bundle),
        tenant: key.tenant.as_str().into(),
        subject: key.subject.as_str().into(),
        types: key.types.iter().map(|one| one.as_str().to_owned()).collect(),
        ed25519_only: key.demand == Demand::Ed25519,
        standing_bp: key.standing_bp.into(),
        denies_alone: key.reach == Reach::Alone,
    })
}

/// Amends a key: another standing, everything else as it was.
#[must_use]
pub fn amend(person: &Person, standing_bp: u32) -> control::AmendKey {
    control::AmendKey {
        kid: bytes(person.kid()),
        types: person.key.types.iter().map(|one| one.as_str().to_owned()).collect(),
        ed25519_only: person.key.demand == Demand::Ed25519,
        standing_bp,
        denies_alone: person.key.reach == Reach::Alone,
    }
}

/// Replaces a key.
#[must_use]
pub fn renew(old: Kid, new: &KeyBundle, overlap_heights: u64) -> Action {
    Action::RenewKey(control::RenewKey { kid: bytes(old), bundle: encode_canonical(new), overlap_heights })
}

/// Ends a key.
#[must_use]
pub fn revoke(kid: Kid) -> Action {
    Action::RevokeKey(control::RevokeKey { kid: bytes(kid) })
}

/// Replaces the administrators.
#[must_use]
pub fn administrators(threshold: u32, bundles: &[KeyBundle]) -> Action {
    let mut bundles = bundles.to_vec();
    bundles.sort_by_key(KeyBundle::kid);
    let bundles = bundles.iter().map(encode_canonical).collect();
    Action::ChangeAdministrators(control::ChangeAdministrators { threshold, bundles })
}

/// Changes the validators.
#[must_use]
pub fn validators(remove: &[&str], add: &[Validator]) -> Action {
    let remove = remove.iter().map(|&name| name.into()).collect();
    Action::ChangeValidators(control::ChangeValidators {
        remove,
        add: add.iter().map(encode_canonical).collect(),
    })
}

/// Changes numbers.
#[must_use]
pub fn numbers(values: &[(&str, u64)]) -> Action {
    let parameters =
        values.iter().map(|&(name, value)| control::Parameter { name: name.into(), value }).collect();
    Action::ChangeParameters(control::ChangeParameters { parameters })
}

/// Two votes of one validator in one view.
#[must_use]
pub fn two_votes(world: &World, author: u16, epoch: u64, view: u64) -> Item {
    let vote = |byte: u8| Signed {
        statement: VoteStatement {
            chain: world.chain.id,
            epoch: Epoch::new(epoch),
            view: View::new(view),
            height: Height::new(3),
            block: BlockId(Digest::new([byte; 32])),
        },
        author: ValidatorIndex::try_from(author).unwrap(),
        signature: ValidatorSignature::new(vec![0; 64]).unwrap(),
    };
    let evidence = Evidence::Votes(Pair::new(vote(1), vote(2)));
    ItemKind::Evidence.item(encode_canonical(&evidence)).unwrap()
}

/// A report of run ends, `(topic, partition, seq)`.
#[must_use]
pub fn report(world: &World, author: u16, report_seq: u64, ends: &[(u16, u32, u64)]) -> Item {
    report_of(world, world.epoch, author, report_seq, ends)
}

/// A report in an epoch.
#[must_use]
pub fn report_of(
    world: &World,
    epoch: Epoch,
    author: u16,
    report_seq: u64,
    ends: &[(u16, u32, u64)],
) -> Item {
    let end = |&(topic, partition, seq): &(u16, u32, u64)| RunEnd { topic, partition, seq: Count::new(seq) };
    let statement = RunReportStatement {
        chain: world.chain.id,
        epoch,
        report_seq: Count::new(report_seq),
        term: Count::ZERO,
        ends: List::new(ends.iter().map(end).collect()).unwrap(),
    };
    let author = ValidatorIndex::try_from(author).unwrap();
    let signature = ValidatorSignature::new(vec![0; 64]).unwrap();
    ItemKind::Report.item(encode_canonical(&Signed { statement, author, signature })).unwrap()
}

fn bytes(kid: Kid) -> Vec<u8> {
    kid.0.as_bytes().to_vec()
}
