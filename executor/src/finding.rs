//! Findings: what they add to a subject's score, and the automatic rule that follows from it. `docs/effects.md`,
//! sections 4 and 7.

use cybermesh_proto::genesis::Reach;
use cybermesh_proto::wire::{Blob, List, Text};
use cybermesh_proto::{Code, Digest, Kid};

use crate::event::{Heard, Speaker};
use crate::rows::{Conduct, Origin, RuleRow, Space, Verb, keys};
use crate::run::{Ended, Run};
use crate::score::{Backer, Corroboration, Record, weight};
use crate::subject::{Kind, Subject};
use crate::view::ViewError;
use crate::{outbound, rule};

/// Adds a finding to its subject.
pub(crate) fn weigh(run: &mut Run<'_>, heard: &Heard<'_>, speaker: &Speaker) -> Ended {
    let event = heard.signed.event();
    let conduct: Conduct = run.state.get_or_default(&keys::by_kid(Space::Conduct, &speaker.kid))?;
    let about_itself = producer_of(&heard.subject) == Some(speaker.kid);
    let severity = run.numbers.severity(event.severity_id);
    let standing = u64::from(speaker.terms.standing_bp);
    let weight = weight(severity, event.confidence_bp.into(), standing, conduct.bp.into());
    let mute = weight == 0 || conduct.quarantined != 0 || about_itself || !heard.subject.kind().has_score();
    if mute {
        return Ok(Code::EventApplied);
    }
    let key = keys::subject(&heard.subject);
    let mut record: Record = run.state.get_or_default(&key)?;
    let backer = Backer {
        kid: speaker.kid,
        tenant: speaker.tenant.clone(),
        denies_alone: speaker.terms.reach == Reach::Alone,
    };
    let at = event.created_at_ms.min(run.now_ms);
    record.add(backer, heard.id, weight, at, run.now_ms, run.numbers.half_life_ms);
    settle(run, &heard.subject, &record)?;
    run.state.put(key, record)?;
    Ok(Code::EventApplied)
}

/// Makes, renews or lifts the automatic rule of a subject whose record has just changed.
pub(crate) fn settle(run: &mut Run<'_>, subject: &Subject, record: &Record) -> Result<(), ViewError> {
    run.touched.insert(subject.clone());
    let (now, numbers) = (run.now_ms, run.numbers);
    let score = u64::from(record.score(now, numbers.half_life_ms));
    let key = keys::rule(subject, None);
    let standing = run.state.get::<RuleRow>(&key)?.cloned();
    if standing.is_none() && score < numbers.deny_score {
        return Ok(());
    }
    let found = record.corroboration(now, numbers.half_life_ms, numbers.corroboration_floor);
    let corroborated = found.alone || u64::from(found.points) >= numbers.corroboration;
    let would_be = score >= numbers.deny_score && corroborated && !run.chain.protected.covers(subject);
    match standing {
        Some(row) if would_be => {
            let scope = scope(&found);
            let aging = row.expires_ms.saturating_sub(now) < numbers.rule_ttl_ms / 2;
            let wider = scope.as_str() == "*" && row.scope.as_str() != "*";
            if aging || wider {
                rule::make(run, key, automatic(run, subject, &found, score, scope))
            } else {
                Ok(())
            }
        }
        Some(row) if score < numbers.lift_score || !corroborated => {
            let why = if corroborated { "the score fell" } else { "too few agree any more" };
            rule::lift(run, &key, &row, why)
        }
        None if would_be => {
            let scope = scope(&found);
            rule::make(run, key, automatic(run, subject, &found, score, scope))
        }
        _ => Ok(()),
    }
}

fn automatic(
    run: &Run<'_>,
    subject: &Subject,
    found: &Corroboration,
    score: u64,
    scope: Text<64>,
) -> RuleRow {
    let denies = matches!(subject.kind(), Kind::Ip | Kind::Cidr);
    let (producers, tenants) = (found.counting.len(), found.tenants.len());
    let reason = format!("score {score} of 10000, by {producers} producers of {tenants} tenants");
    RuleRow {
        subject: subject.clone(),
        origin: Origin::Automatic,
        verb: if denies { Verb::Deny } else { Verb::Quarantine },
        scope,
        priority: u16::try_from(run.numbers.automatic_priority).unwrap_or(u16::MAX),
        made_ms: run.now_ms,
        expires_ms: run.now_ms.saturating_add(run.numbers.rule_ttl_ms),
        reason: Blob::new(reason.into_bytes()).unwrap_or_default(),
        rests_on: List::new(found.reasons().collect()).unwrap_or_default(),
        by: None,
    }
}

/// The tenant that all who count speak for, or everybody.
fn scope(found: &Corroboration) -> Text<64> {
    match found.tenants.as_slice() {
        [one] => one.clone(),
        _ => Text::new("*").unwrap_or_default(),
    }
}

/// The key that a subject of kind `producer` names.
pub(crate) fn producer_of(subject: &Subject) -> Option<Kid> {
    (subject.kind() == Kind::Producer).then(|| Digest::from_hex(subject.value.as_str())).flatten().map(Kid)
}

/// 500 basis points: a score is sent out when it comes to another band of this width.
const BAND: u16 = 500;

/// Sends out a subject's score if it came to another band since it was last sent.
pub(crate) fn publish(run: &mut Run<'_>, subject: &Subject) -> Result<(), ViewError> {
    let key = keys::subject(subject);
    let mut record: Record = run.state.get_or_default(&key)?;
    let (now, half_life) = (run.now_ms, run.numbers.half_life_ms);
    let score = record.score(now, half_life);
    if score / BAND == record.published_bp / BAND {
        return Ok(());
    }
    record.published_bp = score;
    let points = record.corroboration(now, half_life, run.numbers.corroboration_floor).points;
    outbound::reputation(run, subject, score, points, record.contributions.len());
    run.state.put(key, record)
}
