//! Verdicts of analysts: they restore the subject and move the producer's conduct. `docs/effects.md`, section 6.

use cybermesh_proto::audit::{AuditEntry, Judgement};
use cybermesh_proto::{Code, Digest, ItemId};

use crate::event::{Heard, Speaker};
use crate::finding::settle;
use crate::rows::{Conduct, Space, keys};
use crate::run::{Ended, Run};
use crate::score::{Record, Standing};
use crate::view::ViewError;

const URN: &str = "urn:cybermesh:event:";
const WHOLE: u64 = 10_000;

/// Passes a verdict on an event.
pub(crate) fn pass(run: &mut Run<'_>, heard: &Heard<'_>, analyst: &Speaker, verdict: Standing) -> Ended {
    let conduct: Conduct = run.state.get_or_default(&keys::by_kid(Space::Conduct, &analyst.kid))?;
    if conduct.quarantined != 0 {
        return Ok(Code::ProducerQuarantined);
    }
    let Some(event) = named(&heard.signed.event().resource) else { return Ok(Code::VerdictResource) };
    let key = keys::subject(&heard.subject);
    let mut record: Record = run.state.get_or_default(&key)?;
    let Some(place) = record.find(event) else {
        return Ok(if record.folded { Code::VerdictTooOld } else { Code::VerdictUnknown });
    };
    let missing = || ViewError("a contribution without its producer".into());
    let backer = record.backer_of(place).cloned().ok_or_else(missing)?;
    if backer.kid == analyst.kid {
        return Ok(Code::VerdictOwn);
    }
    if backer.tenant != analyst.tenant {
        return Ok(Code::VerdictTenant);
    }
    if record.judge(place, verdict) == Some(verdict) {
        return Ok(Code::VerdictRepeated);
    }
    move_conduct(run, &backer.kid, verdict)?;
    run.audit.push(AuditEntry::Judgement(Judgement { event, analyst: analyst.kid, verdict: verdict.into() }));
    settle(run, &heard.subject, &record)?;
    run.state.put(key, record)?;
    Ok(Code::EventApplied)
}

fn move_conduct(
    run: &mut Run<'_>,
    producer: &cybermesh_proto::Kid,
    verdict: Standing,
) -> Result<(), ViewError> {
    let key = keys::by_kid(Space::Conduct, producer);
    let conduct: Conduct = run.state.get_or_default(&key)?;
    let bp = u64::from(conduct.bp);
    let share = |of: u64, rate: u64| of.saturating_mul(rate) / WHOLE;
    let bp = match verdict {
        Standing::Confirmed => bp.saturating_add(share(WHOLE.saturating_sub(bp), run.numbers.conduct_gain)),
        Standing::Refuted => bp.saturating_sub(share(bp, run.numbers.conduct_loss)),
        Standing::FalsePositive => bp.saturating_sub(share(bp, run.numbers.conduct_loss_false)),
        Standing::None => bp,
    };
    let bp = u16::try_from(bp).unwrap_or(u16::MAX);
    run.state.put(key, Conduct { bp, ..conduct })
}

/// The event that a resource names.
fn named(resource: &str) -> Option<ItemId> {
    let hex = resource.strip_prefix(URN)?;
    let lower = hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if lower { Digest::from_hex(hex).map(ItemId) } else { None }
}
