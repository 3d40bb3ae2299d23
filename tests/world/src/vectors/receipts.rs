//! Receipts that hold, with their verdicts, and every lie.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::{Handover, Item, ItemKind};
use cybermesh_proto::keys::{KeyBundle, Scheme};
use cybermesh_proto::receipt::Receipt;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{Code, ItemId};
use cybermesh_verify::{EpochEnd, EpochMemory};

use super::{Case, Suite};
use crate::chain::Chain;
use crate::cluster::{genesis, members};
use crate::lies::lies;
use crate::story::{Story, item};

const VERIFIED: &str = "verified";
const RETIRED: &str = "rests on retired keys";

pub(super) fn suite() -> Suite {
    let mut cases = good();
    for lie in lies() {
        let case = Case::new(lie.name).bytes("bytes", &lie.bytes).bytes("chain", lie.chain.0.as_bytes());
        let case = optional(case, "memory", lie.memory.as_deref());
        cases.push(optional(case, "producer", None).with("expect", lie.expect.name()));
    }
    Suite::new("receipt", cases)
}

fn optional(case: Case, key: &str, bytes: Option<&[u8]>) -> Case {
    match bytes {
        Some(bytes) => case.bytes(key, bytes),
        None => case.with(key, serde_json::Value::Null),
    }
}

struct Good<'a> {
    story: &'a Chain,
    receipt: Receipt,
    height: u64,
    certified: (u64, u64),
    ends: usize,
    memory: Option<EpochMemory>,
    producer: Option<&'a KeyBundle>,
}

impl Good<'_> {
    fn producer_check(&self) -> &'static str {
        let Item::Event(bytes) = &self.receipt.leaf.item else { return "not checked" };
        let event = cybermesh_proto::event::SignedEvent::decode(bytes.as_slice()).unwrap();
        match self.producer {
            None => "not checked",
            Some(bundle) if bundle.kid() == event.producer() => "holds",
            Some(_) => "other keys",
        }
    }

    fn case(&self, name: &str, expect: &str) -> Case {
        let chain = self.story.genesis.chain();
        let (leaf, decision) = (&self.receipt.leaf, &self.receipt.decision);
        let ends: Vec<_> = self.story.handovers[..self.ends].iter().map(end).collect();
        let after = EpochMemory { version: 1, chain, ends: cybermesh_proto::wire::List::new(ends).unwrap() };
        let remembered = self.memory.as_ref().map(EpochMemory::to_bytes);
        let case = Case::new(name)
            .bytes("bytes", &encode_canonical(&self.receipt))
            .bytes("chain", chain.0.as_bytes())
            .with("expect", expect)
            .with("kind", leaf.item.kind().name())
            .bytes("item", identity(&leaf.item).0.as_bytes())
            .with("outcome", Code::from_number(leaf.outcome).unwrap().name())
            .with("height", self.height)
            .with("index", leaf.index.get())
            .with("time_us", decision.time_us.get())
            .with("epoch", decision.epoch.get())
            .with("certified_height", self.certified.0)
            .with("certified_epoch", self.certified.1)
            .with("producer_check", self.producer_check())
            .bytes("memory_after", &after.to_bytes());
        let case = optional(case, "memory", remembered.as_deref());
        optional(case, "producer", self.producer.map(encode_canonical).as_deref())
    }
}

fn end(handover: &Handover) -> EpochEnd {
    EpochEnd::of(&handover.decision)
}

fn identity(item: &Item) -> ItemId {
    item.identity().unwrap()
}

fn good() -> Vec<Case> {
    let mut cases = Vec::new();
    for (scheme, name) in [(Scheme::Ed25519, "Ed25519"), (Scheme::Hybrid, "hybrid")] {
        cases.extend(of_one_epoch(scheme, name));
    }
    cases.extend(of_three_epochs());
    cases.push(governance());
    cases.push(last_decision());
    cases
}

/// The receipt of a transaction in an epoch's last block: the end shows even without the handover.
fn last_decision() -> Case {
    let first = members("node", 4);
    let producer = crate::cluster::producer("det-1", cybermesh_proto::keys::Algorithm::MlDsa44);
    let mut chain = Chain::new(genesis(&first, Scheme::Ed25519, &[(producer.bundle(), "det-1")]), first);
    let event = crate::events::signed(&crate::events::anomaly(&producer, 1), &producer);
    chain.hand_over_with(members("epoch-1", 4), vec![(item(ItemKind::Event, event), Code::EventApplied)]);
    let receipt = Receipt { handovers: cybermesh_proto::wire::List::default(), ..chain.receipt(1, 0) };
    let good =
        Good { story: &chain, receipt, height: 1, certified: (1, 0), ends: 1, memory: None, producer: None };
    good.case("the last decision of an epoch, handover not shown", RETIRED)
}

fn of_one_epoch(scheme: Scheme, name: &str) -> Vec<Case> {
    let Story { chain, producer } = Story::new(scheme, 4, 0);
    let newest = chain.height().get();
    let base = |receipt, height, certified| Good {
        story: &chain,
        receipt,
        height,
        certified: (certified, 0),
        ends: 0,
        memory: None,
        producer: None,
    };
    let own = |index| base(chain.receipt(1, index), 1, 1);
    let known = |index| Good { producer: Some(producer.bundle()), ..own(index) };
    let stranger = crate::cluster::producer("det-2", cybermesh_proto::keys::Algorithm::MlDsa44);
    let other = Good { producer: Some(stranger.bundle()), ..own(1) };
    vec![
        own(0).case(&format!("{name}: applied"), VERIFIED),
        own(2).case(&format!("{name}: a used seq"), VERIFIED),
        known(1).case(&format!("{name}: with the producer's keys"), VERIFIED),
        other.case(&format!("{name}: with another producer's keys"), VERIFIED),
        base(chain.receipt_under_newest(1, 1), 1, newest)
            .case(&format!("{name}: through the history"), VERIFIED),
        base(chain.receipt(newest, 0), newest, newest).case(&format!("{name}: a rejection"), VERIFIED),
    ]
}

fn of_three_epochs() -> Vec<Case> {
    let Story { chain, .. } = Story::new(Scheme::Ed25519, 4, 2);
    let newest = chain.height().get();
    let memory = |ends: usize| {
        let ends: Vec<_> = chain.handovers[..ends].iter().map(end).collect();
        Some(EpochMemory {
            version: 1,
            chain: chain.genesis.chain(),
            ends: cybermesh_proto::wire::List::new(ends).unwrap(),
        })
    };
    let base = |receipt, height, certified, ends| Good {
        story: &chain,
        receipt,
        height,
        certified,
        ends,
        memory: None,
        producer: None,
    };
    let whole = |height| base(chain.receipt_under_newest(height, 0), height, (newest, 2), 2);
    let bare = || base(chain.receipt(1, 0), 1, (1, 0), 0);
    let forged = {
        // The same height and epoch, another content: no one who knows only the genesis can tell the thief.
        let mut past = Chain::new(chain.genesis.genesis().clone(), members("node", 4));
        let event = chain.block(newest).leaves[0].item.clone();
        past.decide(vec![(event, Code::EventApplied)]);
        let handovers = cybermesh_proto::wire::List::new(chain.handovers.clone()).unwrap();
        (Receipt { handovers, ..past.receipt(1, 0) }, past.receipt(1, 0))
    };
    vec![
        whole(1).case("three epochs: of epoch 0 under the newest", VERIFIED),
        whole(3).case("three epochs: of epoch 1 under the newest", VERIFIED),
        base(chain.receipt(newest, 0), newest, (newest, 2), 2).case("three epochs: of the newest", VERIFIED),
        Good { memory: memory(1), ..whole(1) }.case("three epochs: one remembered", VERIFIED),
        Good { memory: memory(2), ..whole(1) }.case("three epochs: both remembered", VERIFIED),
        bare().case("three epochs: of epoch 0, made before the first handover, nothing remembered", VERIFIED),
        Good { memory: memory(2), ends: 2, ..bare() }
            .case("three epochs: of epoch 0, made before the first handover, both remembered", RETIRED),
        base(chain.receipt(3, 0), 3, (3, 1), 1)
            .case("three epochs: of epoch 1 when it was the newest", VERIFIED),
        base(
            Receipt { handovers: chain.receipt_under_newest(1, 0).handovers, ..chain.receipt(3, 0) },
            3,
            (3, 1),
            2,
        )
        .case("three epochs: of epoch 1 on its own certificate, handovers shown", RETIRED),
        // What no verifier can refuse that knows the genesis alone: the threat model says so.
        base(forged.1.clone(), 1, (1, 0), 0).case(
            "three epochs: another past made with stolen keys, handovers hidden, nothing remembered",
            VERIFIED,
        ),
        Good { memory: memory(2), ends: 2, ..base(forged.1, 1, (1, 0), 0) }.case(
            "three epochs: another past made with stolen keys, handovers hidden from one who knows",
            RETIRED,
        ),
        base(forged.0, 1, (1, 0), 2)
            .case("three epochs: another past made with stolen keys of epoch 0", RETIRED),
    ]
}

/// A receipt of a transaction that is no event.
fn governance() -> Case {
    let first = members("node", 4);
    let producer = crate::cluster::producer("det-1", cybermesh_proto::keys::Algorithm::MlDsa44);
    let mut chain = Chain::new(genesis(&first, Scheme::Ed25519, &[(producer.bundle(), "det-1")]), first);
    let transaction = super::messages::revocation(&chain, &["admin-1", "admin-2"]);
    chain.decide(vec![(item(ItemKind::Governance, transaction), Code::EventApplied)]);
    let receipt = chain.receipt(1, 0);
    let good =
        Good { story: &chain, receipt, height: 1, certified: (1, 0), ends: 0, memory: None, producer: None };
    good.case("a governance transaction", VERIFIED)
}
