//! A proof with one change is refused, or what it says is true.

use cybermesh_executor::tree::prove;
use cybermesh_proto::agree::{Decision, LogState, Outbox};
use cybermesh_proto::state_proof::{StateKey, StateLeaf, StateProof, StateValue, key_hash};
use cybermesh_proto::wire::{List, decode_canonical, encode_canonical};
use cybermesh_proto::{BlockId, ChainId, Code, Count, DecisionHash, Digest, Epoch, Height, Refusal, TimeUs};
use cybermesh_verify::check_state;

use super::history::{Changes, History, height, key};
use super::reference::Rows;

/// Three heights: 60 rows, a third of them deleted, some written again.
fn history() -> History {
    let first: Changes = (0..60).map(|number| (number, Some(number as u8))).collect();
    let second: Changes = (0..60).step_by(3).map(|number| (number, None)).collect();
    let third: Changes = (0..30).step_by(2).map(|number| (number, Some(number as u8 ^ 0x80))).collect();
    History::of(&[first, second, third])
}

fn decision(height: Height, state_root: Digest) -> Decision {
    let log = LogState { size: Count::ZERO, root: Digest::ZERO };
    Decision {
        version: Decision::VERSION,
        chain: ChainId(Digest::ZERO),
        epoch: Epoch::ZERO,
        height,
        block: BlockId(Digest::ZERO),
        time_us: TimeUs::ZERO,
        previous: DecisionHash(Digest::ZERO),
        history_root: Digest::ZERO,
        tx: log,
        state_root,
        event_log: log,
        audit_log: log,
        outbox: Outbox { count: Count::ZERO, root: Digest::ZERO, heads_hash: Digest::ZERO },
        validator_set_hash: Digest::ZERO,
        next_validator_set_hash: Digest::ZERO,
        protocol_version: 1,
    }
}

/// A proof with the decision of its height, and what is true there.
struct Told {
    proof: StateProof,
    decision: Decision,
    rows: Rows,
}

impl Told {
    fn check(&self, proof: &StateProof) -> Result<(), Refusal> {
        check_state(proof, &self.decision)
    }

    fn is_true(&self, proof: &StateProof) -> bool {
        let value = proof.value.as_ref().map(StateValue::as_slice);
        self.rows.get(proof.key.as_slice()).map(Vec::as_slice) == value
            && proof.height == self.decision.height
    }

    #[track_caller]
    fn refused(&self, change: impl FnOnce(&mut StateProof), code: Code) {
        let mut proof = self.proof.clone();
        change(&mut proof);
        assert_eq!(self.check(&proof).map_err(|refusal| refusal.code), Err(code), "{proof:?}");
    }
}

/// Proofs of all forms: present, absent beside another leaf, absent where nothing is.
fn told() -> Vec<Told> {
    let history = history();
    let mut told = Vec::new();
    for number in 0..3 {
        let (rows, root) = &history.heights[number];
        for at in 0..90 {
            let proof = prove(&history.store, height(number), &key(at)).unwrap();
            let decision = decision(height(number), *root);
            told.push(Told { proof, decision, rows: rows.clone() });
        }
    }
    let forms = |form: &dyn Fn(&StateProof) -> bool| told.iter().filter(|one| form(&one.proof)).count();
    assert!(forms(&|proof| proof.value.is_some()) > 20);
    assert!(forms(&|proof| proof.neighbour.is_some()) > 20);
    assert!(forms(&|proof| proof.value.is_none() && proof.neighbour.is_none()) > 5);
    told
}

/// Fewer than all, with all forms among them.
fn some() -> impl Iterator<Item = Told> {
    told().into_iter().step_by(7)
}

fn digests(proof: &StateProof, change: impl FnOnce(&mut Vec<Digest>)) -> StateProof {
    let mut siblings = proof.siblings.to_vec();
    change(&mut siblings);
    StateProof { siblings: List::new(siblings).unwrap(), ..proof.clone() }
}

#[test]
fn no_flipped_bit_makes_a_lie_hold() {
    let mut held = 0;
    for one in some() {
        let bytes = encode_canonical(&one.proof);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(proof) = decode_canonical::<StateProof>(&flipped) else { continue };
            if one.check(&proof).is_ok() {
                // Another key may be absent for the same reason; nothing else can change and hold.
                assert!(one.is_true(&proof) && proof.value.is_none(), "{proof:?}");
                assert_eq!(StateProof { key: one.proof.key.clone(), ..proof }, one.proof);
                held += 1;
            }
        }
    }
    assert!(held > 0, "no other key is absent for the same reason: the exception is dead");
}

#[test]
fn siblings_that_are_left_out_doubled_or_swapped_are_refused() {
    for one in some() {
        for at in 0..one.proof.siblings.len() {
            let without = digests(&one.proof, |siblings| {
                siblings.remove(at);
            });
            let twice = digests(&one.proof, |siblings| siblings.insert(at, siblings[at]));
            for proof in [without, twice] {
                assert!(one.check(&proof).is_err(), "{proof:?}");
            }
            for other in at + 1..one.proof.siblings.len() {
                let swapped = digests(&one.proof, |siblings| siblings.swap(at, other));
                assert!(swapped == one.proof || one.check(&swapped).is_err(), "{swapped:?}");
            }
        }
    }
}

#[test]
fn a_proof_speaks_for_its_own_key_height_and_value_alone() {
    let all = told();
    for (one, next) in all.iter().zip(all.iter().skip(1)) {
        for change in [
            |proof: &mut StateProof, next: &StateProof| proof.key = next.key.clone(),
            |proof: &mut StateProof, next: &StateProof| proof.value.clone_from(&next.value),
            |proof: &mut StateProof, next: &StateProof| proof.siblings = next.siblings.clone(),
            |proof: &mut StateProof, next: &StateProof| proof.neighbour = next.neighbour,
        ] {
            let mut proof = one.proof.clone();
            change(&mut proof, &next.proof);
            assert!(one.check(&proof).is_err() || one.is_true(&proof), "{proof:?}");
        }
        one.refused(|proof| proof.height = proof.height.next(), Code::StateProofHeight);
    }
}

#[test]
fn a_leaf_that_stands_elsewhere_is_no_evidence_of_absence() {
    let all = told();
    let at = |number: usize| all.iter().filter(move |one| one.proof.height == height(number));
    let mut tried = 0;
    for lie in at(0).filter(|one| one.proof.value.is_some()) {
        // The whole path of another leaf, and the key's own leaf: both end in the right root.
        for honest in at(0).filter(|one| one.proof.value.is_some()) {
            let value = honest.proof.value.as_ref().unwrap();
            let leaf = StateLeaf::of(honest.proof.key.as_slice(), value.as_slice());
            lie.refused(
                |proof| {
                    proof.value = None;
                    proof.neighbour = Some(leaf);
                    proof.siblings = honest.proof.siblings.clone();
                },
                Code::StateProofNeighbour,
            );
            tried += 1;
        }
    }
    assert_eq!(tried, 60 * 60);
}

#[test]
fn forms_that_no_honest_proof_has_are_refused() {
    let all = told();
    let present = all.iter().find(|one| one.proof.value.is_some()).unwrap();
    let leaf = StateLeaf { key: key_hash(b"x"), value: Digest::ZERO };
    present.refused(|proof| proof.neighbour = Some(leaf), Code::StateProofForm);
    present.refused(|proof| proof.key = StateKey::default(), Code::StateProofForm);
    present.refused(|proof| proof.version = 2, Code::WireVersion);
    present.refused(|proof| proof.value = None, Code::StateProofRoot);
    present.refused(|proof| proof.siblings = List::default(), Code::StateProofRoot);
    let long = digests(&present.proof, |siblings| siblings.resize(256, Digest::ZERO));
    assert_eq!(present.check(&long).unwrap_err().code, Code::StateProofRoot);
    assert!(List::<Digest, 256>::new(vec![Digest::ZERO; 257]).is_none());
    assert!(StateKey::new(vec![1; 601]).is_none());
    assert!(StateValue::new(vec![1; 1024 * 1024 + 1]).is_none());
}
