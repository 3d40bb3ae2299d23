//! Validators and administrators: who they are, how they change, and who of them may not lead. `docs/governance.md`.

use cybermesh_proto::agree::{Evidence, Validator, ValidatorSet};
use cybermesh_proto::audit::{AuditEntry, Isolation};
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::wire::{List, decode_canonical};
use cybermesh_proto::{Code, Epoch, Height, ValidatorIndex};

use crate::applied::Quarantined;
use crate::governance::Refused;
use crate::outbound;
use crate::publisher;
use crate::registry::{any_in_use, parts_of, parts_of_validator, take_parts};
use crate::rows::{Administrators, EpochRow, Misdeed, Recent, Space, ValidatorQuarantine, keys};
use crate::run::{Ended, Run};
use crate::view::ViewError;

/// 4,096 rows of quarantines are looked at: 128 validators with 32 each that still count, and no set has a third
/// of them lying.
const QUARANTINES_MAX: usize = 4096;

/// 512 heights: the block whose anchor decides who leads lies at most two windows of 2 × 128 views below.
pub const LEADERS_LOOK_BACK: u64 = 512;

/// 16 changes of administrators within the heights that a batch may look back.
pub const ADMINISTRATIONS_MAX: usize = 16;

/// 64 rows of the past are dropped at once.
const FORGOTTEN_MAX: usize = 64;

/// The validators of an epoch.
pub(crate) fn set_of(run: &mut Run<'_>, epoch: Epoch) -> Result<Option<EpochRow>, ViewError> {
    Ok(run.state.get::<EpochRow>(&keys::epoch(epoch))?.cloned())
}

/// The validators as they are after what this block has done so far.
pub(crate) fn newest_set(run: &mut Run<'_>) -> Result<ValidatorSet, ViewError> {
    with_newest_set(run, ValidatorSet::clone)
}

/// Asks the newest set something: cloning it for each item would cost more than the item.
fn with_newest_set<T>(run: &mut Run<'_>, ask: impl FnOnce(&ValidatorSet) -> T) -> Result<T, ViewError> {
    let epoch = run.epoch;
    let over = run.state.get::<EpochRow>(&keys::epoch(epoch.next()))?.is_some();
    let newest = if over { epoch.next() } else { epoch };
    let row = run.state.get::<EpochRow>(&keys::epoch(newest))?;
    row.map(|row| ask(&row.set))
        .ok_or_else(|| ViewError(format!("the state has no validators of epoch {epoch}")))
}

/// The validator at an index of this epoch, if it stays one.
pub(crate) fn member(run: &mut Run<'_>, index: ValidatorIndex) -> Result<Option<Validator>, ViewError> {
    member_of(run, index, run.epoch)
}

fn member_of(run: &mut Run<'_>, index: ValidatorIndex, epoch: Epoch) -> Result<Option<Validator>, ViewError> {
    let row = run.state.get::<EpochRow>(&keys::epoch(epoch))?;
    let Some(found) = row.and_then(|row| row.set.get(index).ok()).cloned() else { return Ok(None) };
    let stays = with_newest_set(run, |set| set.iter().any(|one| one.ed25519 == found.ed25519))?;
    Ok(stays.then_some(found))
}

/// Blocks of an epoch that has ended are void: whoever asks for their effect is mistaken.
pub(crate) fn check_epoch(run: &mut Run<'_>) -> Result<(), ViewError> {
    let begun = run.state.get::<EpochRow>(&keys::epoch(run.epoch))?.is_some();
    let over = run.state.get::<EpochRow>(&keys::epoch(run.epoch.next()))?.is_some();
    let not_now = || ViewError(format!("no block of epoch {} can stand on this state", run.epoch));
    (begun && !over).then_some(()).ok_or_else(not_now)
}

/// Changes the validators; the epoch ends with this block.
pub(crate) fn change_validators(run: &mut Run<'_>, change: &pb::ChangeValidators) -> Refused {
    let set = newest_set(run)?;
    let leaves = |one: &&Validator| change.remove.iter().any(|name| name == one.name.as_str());
    let (leaving, mut members): (Vec<_>, Vec<_>) = set.iter().partition(leaves);
    let all_known = leaving.len() == change.remove.len();
    let joining = change.add.iter().map(|bytes| decode_canonical::<Validator>(bytes).ok());
    let Some(joining) = joining.collect::<Option<Vec<_>>>().filter(|_| all_known) else {
        return Ok(Some(Code::GovernanceSetUnsafe));
    };
    members.extend(joining.iter());
    let members = members.into_iter().cloned().collect();
    let safe = ValidatorSet::new(members).filter(|set| set.check(run.chain.scheme, run.signatures).is_ok());
    let Some(next) = safe else { return Ok(Some(Code::GovernanceSetUnsafe)) };
    let parts: Vec<_> = joining.iter().flat_map(parts_of_validator).collect();
    if any_in_use(&mut run.state, &parts)? {
        return Ok(Some(Code::GovernanceKeyExists));
    }
    take_parts(&mut run.state, run.height, &parts)?;
    run.state.put(keys::epoch(run.epoch.next()), EpochRow { root: run.height, set: next })?;
    leaving.into_iter().try_for_each(|one| publisher::forget_reports(run, one))?;
    forget_epochs(run)?;
    Ok(None)
}

/// Drops sets of validators by whom nothing can be judged any more, not even evidence in a batch that looks back.
fn forget_epochs(run: &mut Run<'_>) -> Result<(), ViewError> {
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(4);
    let (from, below) = keys::below(Space::Epochs, Some(run.epoch.get()));
    for _ in 0..FORGOTTEN_MAX {
        let Some(key) = run.state.first::<EpochRow>((&from, &below))? else { break };
        let after = run
            .state
            .first::<EpochRow>((&[key.as_slice(), &[0]].concat(), &keys::below(Space::Epochs, None).1))?;
        let Some(after) = after else { break };
        if run.state.need::<EpochRow>(&after)?.root.get().saturating_add(lag) >= run.height.get() {
            break;
        }
        run.state.delete::<EpochRow>(key)?;
    }
    Ok(())
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
    let older = administrations(run)?;
    let (past, kept) = older.split_at(past(run, &older));
    if kept.len() >= ADMINISTRATIONS_MAX {
        return Ok(Some(Code::GovernanceTooOften));
    }
    past.iter().try_for_each(|key| run.state.delete::<Administrators>(key.clone()))?;
    take_parts(&mut run.state, run.height, &parts)?;
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

/// The keys of the administrators of all heights that are kept, ascending.
fn administrations(run: &mut Run<'_>) -> Result<Vec<Vec<u8>>, ViewError> {
    let (mut from, below) = keys::below(Space::Administrators, None);
    let mut found = Vec::new();
    for _ in 0..=ADMINISTRATIONS_MAX {
        let Some(key) = run.state.first::<Administrators>((&from, &below))? else { break };
        from.clone_from(&key);
        from.push(0);
        found.push(key);
    }
    Ok(found)
}

/// How many of them no batch can be judged by any more: all that were replaced before it could look back to.
fn past(run: &Run<'_>, older: &[Vec<u8>]) -> usize {
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(2);
    let seen = keys::administrators(Height::new(run.height.get().saturating_sub(lag)));
    older.iter().filter(|key| **key <= seen).count().saturating_sub(1)
}

/// Counts a misdeed of a validator: it does not lead for a while.
pub(crate) fn count_misdeed(run: &mut Run<'_>, evidence: &Evidence, item: &[u8]) -> Ended {
    let (index, epoch) = evidence.offender();
    let Some(offender) = offender(run, index, epoch)? else { return Ok(Code::EvidenceEpoch) };
    // Asked first: a liar can pack evidence against itself without end, and this is one look.
    if is_isolated(run, &offender)? {
        return Ok(Code::EvidenceRepeated);
    }
    let id = evidence.identity();
    let known = keys::misdeed(epoch, &id);
    if run.state.get::<Misdeed>(&known)?.is_some() {
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
    run.state.put(keys::quarantine(&offender.ed25519.0, end), row)?;
    run.state.put(known, Misdeed { height: run.height })?;
    outbound::misdeed(run, &id, item, offender.name.as_str());
    run.audit.push(AuditEntry::Isolation(Isolation { validator: offender.name, misdeed: id, until: end }));
    Ok(Code::EvidenceApplied)
}

/// The validator who did it, if its epoch is recent enough and it is still a member.
fn offender(run: &mut Run<'_>, index: ValidatorIndex, epoch: Epoch) -> Result<Option<Validator>, ViewError> {
    if epoch > run.epoch || has_lapsed(run, epoch)? {
        return Ok(None);
    }
    member_of(run, index, epoch)
}

/// Whether an epoch ended so long ago that no evidence of it counts. It ended with the root of the next one.
fn has_lapsed(run: &mut Run<'_>, epoch: Epoch) -> Result<bool, ViewError> {
    let lag = u64::from(run.chain.limits.registry_lag).saturating_mul(2);
    let ended = run.state.get::<EpochRow>(&keys::epoch(epoch.next()))?.map(|next| next.root);
    Ok(ended.is_some_and(|ended| ended.get().saturating_add(lag) < run.height.get()))
}

/// Drops misdeeds of epochs of which no evidence counts any more.
pub(crate) fn forget_misdeeds(run: &mut Run<'_>) -> Result<(), ViewError> {
    let Some(before) = run.epoch.get().checked_sub(1) else { return Ok(()) };
    if !has_lapsed(run, Epoch::new(before))? {
        return Ok(());
    }
    let (from, below) = keys::below(Space::Misdeeds, Some(run.epoch.get()));
    for _ in 0..FORGOTTEN_MAX {
        let Some(key) = run.state.first::<Misdeed>((&from, &below))? else { break };
        run.state.delete::<Misdeed>(key)?;
    }
    Ok(())
}

/// Whether a validator is in quarantine at this height: at most one of its quarantines ends later.
pub(crate) fn is_isolated(run: &mut Run<'_>, validator: &Validator) -> Result<bool, ViewError> {
    let (from, below) = keys::quarantines_after(&validator.ed25519.0, run.height);
    Ok(run.state.first::<ValidatorQuarantine>((&from, &below))?.is_some())
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
    let needed = oldest_anchor(run)?;
    let mut found = Vec::new();
    for row in quarantines(run)? {
        if row.end <= needed {
            run.state.delete::<ValidatorQuarantine>(keys::quarantine(&row.ed25519.0, row.end))?;
            continue;
        }
        let place = set.iter().position(|one| one.ed25519 == row.ed25519);
        if let Some(validator) = place.and_then(ValidatorIndex::new) {
            found.push(Quarantined { validator, begin: row.begin, end: Some(row.end) });
        }
    }
    Ok(found)
}

/// The oldest anchor that can still decide who leads. Anchors never decrease along a chain, but stand still while
/// nothing gets certified: counting heights alone would drop what is needed.
fn oldest_anchor(run: &mut Run<'_>) -> Result<Height, ViewError> {
    let Some(height) = run.height.get().checked_sub(LEADERS_LOOK_BACK).map(Height::new) else {
        return Ok(Height::ZERO);
    };
    let row = run.state.get::<Recent>(&keys::recent(height))?.filter(|row| row.height == height);
    Ok(row.map_or(Height::ZERO, |row| row.anchor))
}
