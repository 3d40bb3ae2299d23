//! Rules as they are made, renewed and lifted: the row, its due time, the record that goes out, the audit leaf.

use cybermesh_proto::audit::{AuditEntry, RuleMoved};
use cybermesh_proto::wire::Blob;

use crate::finding::producer_of;
use crate::outbound;
use crate::rows::{Conduct, Due, Key, Origin, RuleRow, Space, keys};
use crate::run::Run;
use crate::view::ViewError;

/// 4,096 expiries are worked off in one block: a flood of rules that end at once cannot hold a block up.
const EXPIRIES_MAX: usize = 4096;

/// Makes a rule, in place of the one that stood under this key.
pub(crate) fn make(run: &mut Run<'_>, key: Key, row: RuleRow) -> Result<(), ViewError> {
    if let Some(before) = run.state.get::<RuleRow>(&key)?.map(|before| before.expires_ms) {
        run.state.delete::<Due>(keys::due(before, &key))?;
    }
    let due = Due { at_ms: row.expires_ms, rule: Blob::new(key.clone()).unwrap_or_default() };
    run.state.put(keys::due(row.expires_ms, &key), due)?;
    isolate(run, &row, true)?;
    tell(run, &row, None);
    run.state.put(key, row)
}

/// Lifts a rule.
pub(crate) fn lift(run: &mut Run<'_>, key: &Key, row: &RuleRow, why: &str) -> Result<(), ViewError> {
    run.state.delete::<Due>(keys::due(row.expires_ms, key))?;
    isolate(run, row, false)?;
    tell(run, row, Some(why));
    run.state.delete::<RuleRow>(key.clone())
}

/// Lifts the rules whose time has come, oldest first.
pub(crate) fn expire(run: &mut Run<'_>) -> Result<(), ViewError> {
    let (from, below) = keys::below(Space::Due, Some(run.now_ms.saturating_add(1)));
    for _ in 0..EXPIRIES_MAX {
        let Some(key) = run.state.first::<Due>((&from, &below))? else { return Ok(()) };
        let about = run.state.need::<Due>(&key)?.rule.as_slice().to_vec();
        let row = run.state.need::<RuleRow>(&about)?.clone();
        lift(run, &about, &row, "its time is over")?;
    }
    Ok(())
}

/// The earliest moment at which a rule ends, in ms.
pub(crate) fn next_due(run: &mut Run<'_>) -> Result<Option<u64>, ViewError> {
    let (from, below) = keys::below(Space::Due, None);
    let Some(key) = run.state.first::<Due>((&from, &below))? else { return Ok(None) };
    Ok(Some(run.state.need::<Due>(&key)?.at_ms))
}

/// A producer under an automatic quarantine is in quarantine.
fn isolate(run: &mut Run<'_>, row: &RuleRow, stands: bool) -> Result<(), ViewError> {
    let Some(kid) = producer_of(&row.subject).filter(|_| row.origin == Origin::Automatic) else {
        return Ok(());
    };
    let key = keys::by_kid(Space::Conduct, &kid);
    let conduct: Conduct = run.state.get_or_default(&key)?;
    run.state.put(key, Conduct { quarantined: stands.into(), ..conduct })
}

fn tell(run: &mut Run<'_>, row: &RuleRow, lifted: Option<&str>) {
    run.audit.push(AuditEntry::Rule(RuleMoved {
        kind: row.subject.kind.clone(),
        value: row.subject.value.clone(),
        action: row.verb.into(),
        scope: row.scope.clone(),
        origin: row.origin.into(),
        change: if lifted.is_some() { 2 } else { 1 },
    }));
    outbound::rule(run, row, lifted);
}
