//! Validators and administrators: who they are, how they change, and who of them may not lead.

use cybermesh_proto::agree::{Evidence, Validator, ValidatorSet};
use cybermesh_proto::audit::{AuditEntry, Isolation};
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::wire::{List, decode_canonical};
use cybermesh_proto::{Code, Epoch, Height, ValidatorIndex};

use crate::applied::Quarantined;
use crate::governance::Refused;
use crate::outbound;
use crate::registry::{any_in_use, parts_of, parts_of_validator, take_parts};
use crate::rows::{Administrators, EpochRow, Misdeed, Space, ValidatorQuarantine, keys};
use crate::run::{Ended, Run};
use crate::view::ViewError;

/// 1,024 rows of quarantines are looked at: 128 validators, some of them several times within the heights that count.
const QUARANTINES_MAX: usize = 1024;

/// The validators of an epoch.
pub(crate) fn set_of(run: &mut Run<'_>, epoch: Epoch) -> Result<Option<EpochRow>, ViewError> {
    Ok(run.state.get::<EpochRow>(&keys::epoch(epoch))?.cloned())
}

/// The validators as they are after what this block has done so far.
pub(crate) fn newest_set(run: &mut Run<'_>) -> Result<ValidatorSet, ViewError> {
    let next = set_of(run, run.epoch.next())?;
    let now = set_of(run, run.epoch)?;
    let missing = || ViewError(format!("the state has no validators of epoch {}", run.epoch));
    next.or(now).map(|row| row.set).ok_or_else(missing)
}

/// Changes the validators; the epoch ends with this block.
pub(crate) fn change_validators(run: &mut Run<'_>, change: &pb::ChangeValidators) -> Refused {
    let set = newest_set(run)?;
    let leaves = |one: &Validator| change.remove.iter().any(|name| name == one.name.as_str());
    let mut members: Vec<_> = set.iter().filter(|one| !leaves(one)).cloned().collect();
    let all_known = set.n().saturating_sub(members.len()) == change.remove.len();
    let joining = change.add.iter().map(|bytes| decode_canonical::<Validator>(bytes).ok());
    let Some(joining) = joining.collect::<Option<Vec<_>>>().filter(|_| all_known) else {
        return Ok(Some(Code::GovernanceSetUnsafe));
    };
    members.extend(joining.iter().cloned());
    let safe = ValidatorSet::new(members).filter(|set| set.check(run.chain.scheme, run.signatures).is_ok());
    let Some(next) = safe else { return Ok(Some(Code::GovernanceSetUnsafe)) };
    let parts: Vec<_> = joining.iter().flat_map(parts_of_validator).collect();
    if any_in_use(&mut run.state, &parts)? {
        return Ok(Some(Code::GovernanceKeyExists));
    }
    take_parts(&mut run.state, run.height, &parts)?;
    run.state.put(keys::epoch(run.epoch.next()), EpochRow { root: run.height, set: next })?;
    Ok(None)
}

/// Replaces the administrators.
pub(crate) fn change_administrators(run: &mut Run<'_>, change: &pb::ChangeAdministrators) -> Refused {
    let bundles = change.bundles.iter().map(|bytes| decode_canonical::<KeyBundle>(bytes).ok());
    let Some(bundles) = bundles.collect::<Option<Vec<_>>>() else {
        return Ok(Some(Code::GovernanceAdministratorsUnsafe));
    };
    // Two keys each, so that the signatures of all of them fit one transaction.
    let hybrid = |one: &KeyBundle| one.keys().len() == 2 && one.key(Algorithm::Ed25519).is_some();
    let sound = |one: &KeyBundle| hybrid(one) && one.check_for_registration(run.signatures).is_ok();
    let threshold = u8::try_from(change.threshold).unwrap_or(0);
    let possible = (1..=bundles.len()).contains(&usize::from(threshold));
    if !possible || !bundles.iter().all(sound) {
        return Ok(Some(Code::GovernanceAdministratorsUnsafe));
    }
    let before = run.administrators()?;
    let new = bundles.iter().filter(|bundle| !before.keys.contains(bundle));
    let parts: Vec<_> = new.flat_map(parts_of).collect();
    if any_in_use(&mut run.state, &parts)? || !all_distinct(&bundles) {
        return Ok(Some(Code::GovernanceAdministratorsUnsafe));
    }
    take_parts(&mut run.state, run.height, &parts)?;
    forget_administrators(run)?;
    let keys = List::new(bundles).unwrap_or_default();
    run.state.put(keys::administrators(run.height), Administrators { threshold, keys })?;
    Ok(None)
}

/// No public key twice among them.
fn all_distinct(bundles: &[KeyBundle]) -> bool {
    let mut parts: Vec<_> = bundles.iter().flat_map(parts_of).collect();
    let all = parts.len();
    parts.sort();
    parts.dedup();
    parts.len() == all
}

/// Drops administrators whom no batch can be judged by any more.
fn forget_administrators(run: &mut Run<'_>) -> Result<(), ViewError> {
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(2);
    let (mut from, below) =
        keys::below(Space::Administrators, Some(run.height.get().saturating_sub(lag).saturating_add(1)));
    let mut older: Option<Vec<u8>> = None;
    while let Some(key) = run.state.first::<Administrators>((&from, &below))? {
        if let Some(older) = older.replace(key.clone()) {
            run.state.delete::<Administrators>(older)?;
        }
        from = key;
        from.push(0);
    }
    Ok(())
}

/// Counts a misdeed of a validator: it does not lead for a while.
pub(crate) fn count_misdeed(run: &mut Run<'_>, evidence: &Evidence, item: &[u8]) -> Ended {
    let (index, epoch) = evidence.offender();
    let id = evidence.identity();
    if run.state.get::<Misdeed>(&keys::misdeed(&id))?.is_some() {
        return Ok(Code::EvidenceRepeated);
    }
    let Some(offender) = offender(run, index, epoch)? else { return Ok(Code::EvidenceEpoch) };
    if quarantine_at(run, &offender)?.is_some_and(|row| run.height < row.end) {
        return Ok(Code::EvidenceRepeated);
    }
    let end = Height::new(run.height.get().saturating_add(run.numbers.quarantine_heights));
    let row = ValidatorQuarantine {
        ed25519: offender.ed25519,
        name: offender.name.clone(),
        begin: run.height,
        end,
        misdeed: id,
    };
    run.state.put(keys::quarantine(&offender.ed25519.0, run.height), row)?;
    run.state.put(keys::misdeed(&id), Misdeed { height: run.height })?;
    outbound::misdeed(run, &id, item, offender.name.as_str());
    run.audit.push(AuditEntry::Isolation(Isolation { validator: offender.name, misdeed: id, until: end }));
    Ok(Code::EvidenceApplied)
}

/// The validator who did it, if its epoch is recent enough and it is still a member.
fn offender(run: &mut Run<'_>, index: ValidatorIndex, epoch: Epoch) -> Result<Option<Validator>, ViewError> {
    if epoch > run.epoch {
        return Ok(None);
    }
    let Some(row) = set_of(run, epoch)? else { return Ok(None) };
    // The epoch ended with the root of the next one.
    let ended = set_of(run, epoch.next())?.map(|next| next.root);
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(2);
    if ended.is_some_and(|ended| ended.get().saturating_add(lag) < run.height.get()) {
        return Ok(None);
    }
    let Ok(offender) = row.set.get(index).cloned() else { return Ok(None) };
    let stays = newest_set(run)?.iter().any(|one| one.ed25519 == offender.ed25519);
    Ok(stays.then_some(offender))
}

/// The newest quarantine of a validator.
fn quarantine_at(run: &mut Run<'_>, validator: &Validator) -> Result<Option<ValidatorQuarantine>, ViewError> {
    let rows = quarantines(run)?;
    Ok(rows.into_iter().filter(|row| row.ed25519 == validator.ed25519).max_by_key(|row| row.begin))
}

/// Whether a validator is in quarantine at this height.
pub(crate) fn is_isolated(run: &mut Run<'_>, validator: &Validator) -> Result<bool, ViewError> {
    Ok(quarantine_at(run, validator)?.is_some_and(|row| run.height < row.end))
}

fn quarantines(run: &mut Run<'_>) -> Result<Vec<ValidatorQuarantine>, ViewError> {
    let (mut from, below) = keys::below(Space::Quarantines, None);
    let mut rows = Vec::new();
    for _ in 0..QUARANTINES_MAX {
        let Some(key) = run.state.first::<ValidatorQuarantine>((&from, &below))? else { break };
        rows.push(run.state.need::<ValidatorQuarantine>(&key)?.clone());
        from = key;
        from.push(0);
    }
    Ok(rows)
}

/// Who is, or lately was, in quarantine, by the indices of a set. Rows that no set of leaders depends on go.
pub(crate) fn isolated(run: &mut Run<'_>, set: &ValidatorSet) -> Result<Vec<Quarantined>, ViewError> {
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(4);
    let mut found = Vec::new();
    for row in quarantines(run)? {
        if row.end.get().saturating_add(lag) < run.height.get() {
            run.state.delete::<ValidatorQuarantine>(keys::quarantine(&row.ed25519.0, row.begin))?;
            continue;
        }
        let place = set.iter().position(|one| one.ed25519 == row.ed25519);
        if let Some(validator) = place.and_then(ValidatorIndex::new) {
            found.push(Quarantined { validator, begin: row.begin, end: Some(row.end) });
        }
    }
    Ok(found)
}
