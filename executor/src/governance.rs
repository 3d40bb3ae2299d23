//! Transactions of administrators. `docs/governance.md`.

use cybermesh_proto::audit::{AuditEntry, Change};
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{Reach, Role};
use cybermesh_proto::keys::KeyBundle;
use cybermesh_proto::message::SignedGovernance;
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::wire::{Blob, List, Text, decode_canonical};
use cybermesh_proto::{Code, Digest, Height, Kid};

use crate::members;
use crate::registry::{self, Candidate};
use crate::rows::{Bundle, KeyRow, Seen, Space, Terms, keys};
use crate::run::{Ended, Run};
use crate::view::ViewError;

/// 1,000,000 heights: a transaction may wait so long for its signatures; its identity is remembered as long.
pub const VALID_MAX: u64 = 1_000_000;

/// 10,000,000 heights: the longest overlap of a key with its successor.
const OVERLAP_MAX: u64 = 10_000_000;

/// 64 remembered identities are dropped in one block.
const FORGOTTEN_MAX: usize = 64;

/// `Ok(None)`: done; `Ok(Some)`: why not.
pub(crate) type Refused = Result<Option<Code>, ViewError>;

/// Applies a transaction.
pub(crate) fn apply(run: &mut Run<'_>, signed: &SignedGovernance) -> Ended {
    let transaction = signed.transaction();
    let (height, until) = (run.height.get(), transaction.valid_until_height);
    if until < height {
        return Ok(Code::GovernanceExpired);
    }
    let seen = keys::seen(until, &signed.id());
    if run.state.get::<Seen>(&seen)?.is_some() {
        return Ok(Code::GovernanceRepeated);
    }
    if !is_agreed(run, signed)? {
        return Ok(Code::GovernanceQuorumLost);
    }
    // From here on the end is final: refused today, it must not take effect when somebody packs it again tomorrow.
    run.state.put(seen, Seen { height: run.height })?;
    if until > height.saturating_add(VALID_MAX) {
        return Ok(Code::GovernanceExpired);
    }
    let (action, refused) = act(run, transaction)?;
    if let Some(code) = refused {
        return Ok(code);
    }
    run.audit.push(AuditEntry::Change(Change {
        id: signed.id(),
        action: Text::new(action).unwrap_or_default(),
        reason: Blob::new(transaction.reason.clone().into_bytes()).unwrap_or_default(),
    }));
    Ok(Code::GovernanceApplied)
}

/// Who signed was checked with the administrators of the batch's registry height; they may have changed.
fn is_agreed(run: &mut Run<'_>, signed: &SignedGovernance) -> Result<bool, ViewError> {
    let administrators = run.administrators()?;
    let signers = signed.signers();
    let known = signers.iter().all(|kid| administrators.keys.iter().any(|bundle| bundle.kid() == *kid));
    Ok(known && signers.len() >= usize::from(administrators.threshold))
}

/// Drops what can make no difference any more: transactions past their last height, misdeeds of epochs long over.
pub(crate) fn forget(run: &mut Run<'_>) -> Result<(), ViewError> {
    let (from, below) = keys::below(Space::Seen, Some(run.height.get()));
    for _ in 0..FORGOTTEN_MAX {
        let Some(key) = run.state.first::<Seen>((&from, &below))? else { break };
        run.state.delete::<Seen>(key)?;
    }
    members::forget_misdeeds(run)
}

fn act(
    run: &mut Run<'_>,
    transaction: &pb::GovernanceTransaction,
) -> Result<(&'static str, Option<Code>), ViewError> {
    Ok(match &transaction.action {
        Some(Action::RegisterKey(key)) => ("register_key", register(run, key)?),
        Some(Action::RenewKey(key)) => ("renew_key", renew(run, key)?),
        Some(Action::RevokeKey(key)) => ("revoke_key", end(run, &key.kid, 0)?),
        Some(Action::AmendKey(key)) => ("amend_key", amend(run, key)?),
        Some(Action::ChangeValidators(change)) => {
            ("change_validators", members::change_validators(run, change)?)
        }
        Some(Action::ChangeAdministrators(change)) => {
            ("change_administrators", members::change_administrators(run, change)?)
        }
        Some(Action::ChangeParameters(change)) => ("change_parameters", change_parameters(run, change)?),
        // Decoding demands an action.
        None => ("none", Some(Code::ExecutorFault)),
    })
}

fn register(run: &mut Run<'_>, key: &pb::RegisterKey) -> Refused {
    let role = u8::try_from(key.role).ok().and_then(|role| Role::try_from(role).ok());
    let parts = (role, decode_canonical::<KeyBundle>(&key.bundle).ok(), types(&key.types));
    let (Some(role), Some(bundle), Some(types)) = parts else { return Ok(Some(Code::GovernanceKeyUnsound)) };
    let (Some(tenant), Some(subject)) = (Text::new(&key.tenant), Text::new(&key.subject)) else {
        return Ok(Some(Code::GovernanceKeyUnsound));
    };
    let (demand, reach) = (demand(key.ed25519_only), reach(key.denies_alone));
    let standing_bp = u16::try_from(key.standing_bp).unwrap_or(u16::MAX);
    registry::register(run, Candidate { role, tenant, subject, bundle, types, demand, standing_bp, reach })
}

fn renew(run: &mut Run<'_>, key: &pb::RenewKey) -> Refused {
    let bundle = decode_canonical::<KeyBundle>(&key.bundle).ok();
    let (Some(kid), Some(bundle)) = (kid(&key.kid), bundle) else {
        return Ok(Some(Code::GovernanceKeyUnknown));
    };
    let Some(old) = registry::live(run, &kid)? else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let Some(terms) = old.terms.last().cloned() else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let new = bundle.kid();
    let candidate = Candidate {
        role: old.role,
        tenant: old.tenant,
        subject: old.subject,
        bundle,
        types: terms.types,
        demand: terms.demand,
        standing_bp: terms.standing_bp,
        reach: terms.reach,
    };
    if let Some(code) = registry::register(run, candidate)? {
        return Ok(Some(code));
    }
    registry::inherit_conduct(run, &kid, &new)?;
    end(run, &key.kid, key.overlap_heights.min(OVERLAP_MAX))
}

/// Ends a key after so many heights; never later than it would have ended.
fn end(run: &mut Run<'_>, key: &[u8], after: u64) -> Refused {
    let Some(kid) = kid(key) else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let Some(row) = registry::live(run, &kid)? else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let end = Height::new(run.height.get().saturating_add(after));
    let end = row.end.map_or(end, |before| before.min(end));
    run.state.put(keys::by_kid(Space::Keys, &kid), KeyRow { end: Some(end), ..row })?;
    Ok(None)
}

fn amend(run: &mut Run<'_>, key: &pb::AmendKey) -> Refused {
    let Some(kid) = kid(&key.kid) else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let Some(mut row) = registry::live(run, &kid)? else { return Ok(Some(Code::GovernanceKeyUnknown)) };
    let speaks = row.role != Role::Producer || !key.types.is_empty();
    // Whoever owes the whole bundle has a whole one; only producers may be spared.
    let sound = if key.ed25519_only {
        row.role == Role::Producer
    } else {
        registry::is_hybrid(&run.state.need::<Bundle>(&keys::by_kid(Space::Bundles, &kid))?.0)
    };
    let Some(types) = types(&key.types).filter(|_| speaks && sound) else {
        return Ok(Some(Code::GovernanceKeyUnsound));
    };
    let new = Terms {
        from: run.height,
        types,
        demand: demand(key.ed25519_only),
        standing_bp: u16::try_from(key.standing_bp).unwrap_or(u16::MAX),
        reach: reach(key.denies_alone),
    };
    // A batch may be judged by the terms of an older height: those stay as long as one can ask for them.
    let kept = run.height.get().saturating_sub(u64::from(run.chain.limits.registry_lag).saturating_mul(2));
    let mut terms = row.terms.into_vec();
    terms.retain(|one| one.from != run.height);
    let newest_old = terms.iter().rposition(|one| one.from.get() <= kept).unwrap_or(0);
    terms.drain(..newest_old);
    terms.push(new);
    let Some(terms) = List::new(terms) else { return Ok(Some(Code::GovernanceTooOften)) };
    row.terms = terms;
    run.state.put(keys::by_kid(Space::Keys, &kid), row)?;
    Ok(None)
}

fn change_parameters(run: &mut Run<'_>, change: &pb::ChangeParameters) -> Refused {
    let mut numbers = run.state.numbers()?;
    if !change.parameters.iter().all(|one| numbers.set(&one.name, one.value)) {
        return Ok(Some(Code::GovernanceParameter));
    }
    run.numbers = numbers;
    run.state.put(keys::single(Space::Parameters), numbers)?;
    Ok(None)
}

fn kid(bytes: &[u8]) -> Option<Kid> {
    Digest::from_slice(bytes).map(Kid)
}

fn types(patterns: &[String]) -> Option<List<Text<256>, 64>> {
    patterns.iter().map(|pattern| Text::new(pattern)).collect::<Option<Vec<_>>>().and_then(List::new)
}

const fn demand(ed25519_only: bool) -> Demand {
    if ed25519_only { Demand::Ed25519 } else { Demand::WholeBundle }
}

const fn reach(alone: bool) -> Reach {
    if alone { Reach::Alone } else { Reach::Together }
}
