//! Checking a proof of what the state held for one key, or that it held nothing.

use cybermesh_proto::agree::Decision;
use cybermesh_proto::state_proof::{StateLeaf, StateProof};
use cybermesh_proto::state_range::StateRange;
use cybermesh_proto::{Code, Digest, Height, Refusal};

/// Checks a proof against a root of the state that is trusted already.
pub fn check_state_proof(proof: &StateProof, state_root: &Digest) -> Result<(), Refusal> {
    check_root(&proof.root()?, state_root)
}

/// Checks a range against a root of the state that is trusted already; gives all leaves of the range. Their keys and
/// values have to be compared with these hashes by whoever has them.
pub fn check_state_range(range: &StateRange, state_root: &Digest) -> Result<Vec<StateLeaf>, Refusal> {
    let (root, leaves) = range.root()?;
    check_root(&root, state_root)?;
    Ok(leaves)
}

/// Checks a range against the decision of its height; gives all leaves of the range.
pub fn check_range(range: &StateRange, decision: &Decision) -> Result<Vec<StateLeaf>, Refusal> {
    check_height(range.height, decision)?;
    check_state_range(range, &decision.state_root)
}

fn check_height(height: Height, decision: &Decision) -> Result<(), Refusal> {
    if height == decision.height {
        return Ok(());
    }
    let note = format!("proof of height {height}, decision of {}", decision.height);
    Err(Refusal::new(Code::StateProofHeight, note))
}

fn check_root(found: &Digest, state_root: &Digest) -> Result<(), Refusal> {
    if found == state_root {
        return Ok(());
    }
    Err(Refusal::new(Code::StateProofRoot, format!("the path ends in {found}, the state is {state_root}")))
}

/// Checks a proof against the decision of its height. That the decision is certified is another check.
pub fn check_state(proof: &StateProof, decision: &Decision) -> Result<(), Refusal> {
    check_height(proof.height, decision)?;
    check_state_proof(proof, &decision.state_root)
}
