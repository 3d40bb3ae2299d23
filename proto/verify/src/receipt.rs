//! Checking a receipt: `event → tx leaf → decision → history → certificate → handovers → genesis`.
//!
//! The order is the one in which a lie is cheapest to find: size, encoding, genesis hash, contradiction with what
//! is remembered, places and lengths; then tree hashes; signatures last. The verifier trusts the genesis hash
//! and its own memory, nothing in the file.

use cybermesh_proto::agree::{Decision, DecisionCertificate, Item};
use cybermesh_proto::event::{Demand, SignedEvent, Signer};
use cybermesh_proto::genesis::TrustedGenesis;
use cybermesh_proto::keys::{KeyBundle, SignatureCheck};
use cybermesh_proto::merkle::{leaf_hash, verify_inclusion};
use cybermesh_proto::receipt::{Grounds, Receipt};
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{ChainId, Class, Code, Refusal};

use crate::epochs::{EpochMemory, KnownEpochs};
use crate::{ProducerCheck, Standing, Verdict};

/// What a verifier trusts, and what it happens to have.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The genesis hash: the only root of trust.
    pub chain: ChainId,
    /// What it remembers of earlier receipts, if anything.
    pub memory: Option<&'a EpochMemory>,
    /// The producer's public keys, to re-check its own signature as well.
    pub producer: Option<&'a KeyBundle>,
}

/// Checks a receipt; gives the verdict and what to remember from now on.
pub fn verify_receipt(
    bytes: &[u8],
    trust: Trust<'_>,
    signatures: &dyn SignatureCheck,
) -> Result<(Verdict, EpochMemory), Refusal> {
    if trust.memory.is_some_and(|memory| memory.chain != trust.chain) {
        return Err(Refusal::new(Code::ReceiptMemory, "the memory is of another chain"));
    }
    let receipt: Receipt = decode_canonical(bytes)?;
    let genesis = TrustedGenesis::open(receipt.genesis.as_slice(), trust.chain, signatures)?;
    let outcome = check_outcome(receipt.leaf.outcome)?;
    check_leaf(&receipt)?;
    let (top, certificate) = check_history(&receipt, trust.chain)?;
    let mut known = KnownEpochs::follow(&genesis, &receipt.handovers, trust.memory, signatures)?;
    let both = [&receipt.decision, top];
    both.iter().try_for_each(|decision| known.check_within(decision))?;
    certificate.check_decision(top, known.committee(top.epoch)?, signatures)?;
    // Both are proven now: an epoch that one of them ends has ended, whether or not its handover is shown.
    both.iter().for_each(|decision| known.learn(decision));
    both.iter().try_for_each(|decision| known.check_within(decision))?;
    let item = receipt.leaf.item.identity()?;
    let producer = check_producer(&receipt.leaf.item, trust.producer, signatures)?;
    let standing =
        if known.has_ended(top.epoch) { Standing::RetiredKeys(top.epoch) } else { Standing::Verified };
    let decision = &receipt.decision;
    let verdict = Verdict {
        standing,
        kind: receipt.leaf.item.kind(),
        item,
        outcome,
        height: decision.height,
        index: receipt.leaf.index,
        time_us: decision.time_us,
        epoch: decision.epoch,
        certified_height: top.height,
        certified_epoch: top.epoch,
        producer,
    };
    Ok((verdict, known.memory(trust.chain)))
}

fn check_outcome(number: u16) -> Result<Code, Refusal> {
    let code = Code::from_number(number).filter(|code| matches!(code.class(), Class::Final | Class::Author));
    code.ok_or_else(|| Refusal::new(Code::ReceiptOutcome, format!("outcome number {number}")))
}

fn check_leaf(receipt: &Receipt) -> Result<(), Refusal> {
    let (leaf, tx) = (&receipt.leaf, &receipt.decision.tx);
    verify_inclusion(&leaf.hash(), leaf.index.get(), tx.size.get(), &receipt.path, &tx.root)
        .map_err(|refusal| Refusal::new(Code::ReceiptTransaction, refusal.note))
}

/// The decision that has to be certified: the receipt's own, or the newer one whose history holds it.
fn check_history(receipt: &Receipt, chain: ChainId) -> Result<(&Decision, &DecisionCertificate), Refusal> {
    let same_chain = |decision: &Decision| {
        let note = || Refusal::new(Code::ChainOther, "the decision is of another chain");
        if decision.chain == chain { Ok(()) } else { Err(note()) }
    };
    same_chain(&receipt.decision)?;
    match &receipt.grounds {
        Grounds::Certificate(certificate) => Ok((&receipt.decision, certificate)),
        Grounds::History(proof) => {
            same_chain(&proof.decision)?;
            let leaf = leaf_hash(receipt.decision.hash().0.as_bytes());
            let (index, size) = (receipt.decision.height.get(), proof.decision.height.get());
            verify_inclusion(&leaf, index, size, &proof.path, &proof.decision.history_root)
                .map_err(|refusal| Refusal::new(Code::ReceiptHistory, refusal.note))?;
            Ok((&proof.decision, &proof.certificate))
        }
    }
}

fn check_producer(
    item: &Item,
    producer: Option<&KeyBundle>,
    signatures: &dyn SignatureCheck,
) -> Result<ProducerCheck, Refusal> {
    let (Item::Event(bytes), Some(bundle)) = (item, producer) else {
        return Ok(ProducerCheck::NotChecked);
    };
    // The registry may have demanded the Ed25519 half alone; every half that is there must hold.
    let signer = Signer { bundle, demand: Demand::Ed25519 };
    let event = SignedEvent::decode(bytes.as_slice())?;
    if event.producer() != bundle.kid() {
        return Ok(ProducerCheck::OtherKeys);
    }
    event.verify(signer, signatures)?;
    Ok(ProducerCheck::Holds)
}
