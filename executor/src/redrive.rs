//! Redrives: a rejected event, or one whose place was closed unused, tried again on an operator's word.
//!
//! The operator's signature was checked before the block; what is checked here is the proof, and the event: of one
//! whose place was closed nobody has seen size or signatures yet. `docs/governance.md`.

use cybermesh_proto::agree::{Decision, Item};
use cybermesh_proto::audit::{AuditEntry, AuditLeaf, Places};
use cybermesh_proto::event::{SignedEvent, Signer};
use cybermesh_proto::genesis::Role;
use cybermesh_proto::merkle::{leaf_hash, verify_inclusion};
use cybermesh_proto::message::SignedRedrive;
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::redrive::Proof;
use cybermesh_proto::receipt::TxLeaf;
use cybermesh_proto::wire::decode_canonical;
use cybermesh_proto::{Class, Code, Digest, Height, Kid};

use crate::event;
use crate::outbound::{Sent, Topic};
use crate::registry::known_at;
use crate::rows::{CHUNK_PLACES, KeyRow, Recent, Redriven, Space, keys};
use crate::run::{Ended, Run};
use crate::view::ViewError;

/// 5 attempts; then the event is given up.
pub const ATTEMPTS_MAX: u32 = 5;

/// Tries an event again.
pub(crate) fn apply(run: &mut Run<'_>, signed: &SignedRedrive) -> Ended {
    let redrive = signed.redrive();
    let Ok(origin) = signed.origin() else { return Ok(Code::RedriveProof) };
    if let Some(code) = check_operator(run, redrive, &origin)? {
        return Ok(code);
    }
    if !redrive.transform.is_empty() {
        return Ok(Code::RedriveTransform);
    }
    let (kid, stream, seq) = (origin.producer(), origin.event().stream, origin.event().seq);
    let key = keys::redriven(&kid, stream, seq);
    let before: Redriven = run.state.get_or_default(&key)?;
    if before.applied != 0 {
        return Ok(Code::RedriveRepeated);
    }
    if redrive.attempt != before.attempts || before.attempts >= ATTEMPTS_MAX {
        return Ok(Code::RedriveAttempt);
    }
    if let Some(code) = check_proof(run, redrive, &origin)? {
        return Ok(code);
    }
    let applied = attempt(run, &origin)?;
    let attempts = before.attempts.saturating_add(1);
    run.state.put(key, Redriven { attempts, applied: applied.into() })?;
    run.sent.push(Sent::Item { topic: Topic::Events, index: run.index });
    Ok(if applied { Code::RedriveApplied } else { Code::RedriveRejected })
}

fn check_operator(
    run: &mut Run<'_>,
    redrive: &pb::Redrive,
    origin: &SignedEvent,
) -> Result<Option<Code>, ViewError> {
    let Some(kid) = Digest::from_slice(&redrive.operator).map(Kid) else {
        return Ok(Some(Code::AuthnDenyRevoked));
    };
    let height = run.height;
    let row = run.state.get::<KeyRow>(&keys::by_kid(Space::Keys, &kid))?;
    let Some(row) = row.filter(|row| row.role == Role::Service && row.at(height).is_some()) else {
        return Ok(Some(Code::AuthnDenyRevoked));
    };
    Ok((row.tenant.as_str() != origin.event().tenant).then_some(Code::AuthzDenyTenant))
}

/// Whether it had its effect this time.
fn attempt(run: &mut Run<'_>, origin: &SignedEvent) -> Result<bool, ViewError> {
    let Ok(speaker) = event::speaker(run, origin)? else { return Ok(false) };
    // A key of this very block has signed nothing that was rejected before.
    let Some(known) = known_at(run.state.view, &speaker.kid, run.height)? else { return Ok(false) };
    if origin.event_bytes().len() > usize::try_from(run.chain.limits.event_bytes).unwrap_or(usize::MAX) {
        return Ok(false);
    }
    let signer = Signer { bundle: &known.bundle, demand: speaker.terms.demand };
    if origin.clone().verify(signer, run.signatures).is_err() {
        return Ok(false);
    }
    let code = event::effect(run, origin, origin.id(), &speaker)?;
    Ok(matches!(code, Code::EventApplied | Code::EventAppliedLate))
}

fn check_proof(
    run: &mut Run<'_>,
    redrive: &pb::Redrive,
    origin: &SignedEvent,
) -> Result<Option<Code>, ViewError> {
    match &redrive.proof {
        Some(Proof::Rejection(proof)) => {
            let Some(recent) = recent(run, proof.history_size)? else {
                return Ok(Some(Code::RedriveRootUnknown));
            };
            Ok((!shows_rejection(proof, origin, &recent)).then_some(Code::RedriveProof))
        }
        Some(Proof::Gap(proof)) => {
            // What stands before the next height is the log after this one.
            let Some(recent) = recent(run, proof.height.saturating_add(1))? else {
                return Ok(Some(Code::RedriveRootUnknown));
            };
            Ok((!shows_gap(proof, origin, &recent)).then_some(Code::RedriveProof))
        }
        None => Ok(Some(Code::RedriveProof)),
    }
}

/// The roots of a height, if it is one of the newest.
fn recent(run: &mut Run<'_>, height: u64) -> Result<Option<Recent>, ViewError> {
    let height = Height::new(height);
    let row = run.state.get::<Recent>(&keys::recent(height))?;
    Ok(row.filter(|row| row.height == height).copied())
}

fn shows_rejection(proof: &pb::RejectionProof, origin: &SignedEvent, recent: &Recent) -> bool {
    let parts = (decode_canonical::<TxLeaf>(&proof.leaf), decode_canonical::<Decision>(&proof.decision));
    let (Ok(leaf), Ok(decision)) = parts else { return false };
    let (Some(tx_path), Some(history_path)) = (path(&proof.tx_path), path(&proof.history_path)) else {
        return false;
    };
    let same = matches!(&leaf.item, Item::Event(bytes)
        if SignedEvent::decode(bytes.as_slice()).is_ok_and(|event| event.id() == origin.id()));
    let (index, tx) = (leaf.index.get(), &decision.tx);
    let in_block = verify_inclusion(&leaf.hash(), index, tx.size.get(), &tx_path, &tx.root).is_ok();
    let (hash, at) = (leaf_hash(decision.hash().0.as_bytes()), decision.height.get());
    let in_history =
        verify_inclusion(&hash, at, recent.height.get(), &history_path, &recent.history_root).is_ok();
    same && is_rejection(leaf.outcome) && in_block && in_history
}

/// A final outcome that used the place and had no effect.
fn is_rejection(outcome: u16) -> bool {
    Code::from_number(outcome).is_some_and(|code| {
        let effective = matches!(code, Code::EventApplied | Code::EventAppliedLate | Code::EventSeqUsed);
        code.class() == Class::Final && !effective
    })
}

fn shows_gap(proof: &pb::GapProof, origin: &SignedEvent, recent: &Recent) -> bool {
    let Ok(leaf) = decode_canonical::<AuditLeaf>(&proof.leaf) else { return false };
    let Some(path) = path(&proof.path) else { return false };
    let AuditEntry::GapClosed(places) = &leaf.entry else { return false };
    let hash = leaf_hash(&proof.leaf);
    let in_log = verify_inclusion(&hash, proof.index, recent.audit_size, &path, &recent.audit_root).is_ok();
    in_log && was_unused(places, origin)
}

fn was_unused(places: &Places, origin: &SignedEvent) -> bool {
    let event = origin.event();
    let within = (places.first.get()..=places.last.get()).contains(&event.seq);
    let here = places.kid == origin.producer() && places.stream == event.stream && within;
    let place = event.seq.saturating_sub(1) % CHUNK_PLACES;
    let used = |bits: &[u8; 128]| {
        let byte = usize::try_from(place >> 3).ok().and_then(|at| bits.get(at)).copied().unwrap_or(u8::MAX);
        byte & (1 << (place & 7)) != 0
    };
    here && !places.bitmap.as_ref().is_some_and(|bitmap| used(&bitmap.0))
}

fn path(steps: &[Vec<u8>]) -> Option<Vec<Digest>> {
    steps.iter().map(|step| Digest::from_slice(step)).collect()
}
