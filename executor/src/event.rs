//! One decided event: the order of checks, and what kind of event it is. `docs/effects.md`, sections 1 and 2.

use cybermesh_proto::event::{Demand, SignedEvent};
use cybermesh_proto::event_type::is_reserved;
use cybermesh_proto::genesis::Role;
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::wire::Text;
use cybermesh_proto::{Code, ItemId, Kid};

use crate::outbound::{self, Topic};
use crate::rows::{Bundle, KeyRow, Space, Terms, Verb, keys};
use crate::run::{Ended, Run};
use crate::score::Standing;
use crate::subject::Subject;
use crate::view::ViewError;
use crate::window::{self, Place};
use crate::{finding, request, verdict};

/// Who speaks: what the registry says of the producer at this height.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) kid: Kid,
    pub(crate) tenant: Text<64>,
    pub(crate) terms: Terms,
}

/// An event at work.
pub(crate) struct Heard<'e> {
    pub(crate) signed: &'e SignedEvent,
    pub(crate) id: ItemId,
    pub(crate) subject: Subject,
}

/// What an event's type makes of it.
enum Meaning {
    Finding,
    Evidence,
    Verdict(Standing),
    Request(Verb),
    Lift,
    Unknown,
}

/// Decides an event in its place.
pub(crate) fn decide(run: &mut Run<'_>, signed: &SignedEvent, id: ItemId) -> Ended {
    let speaker = match speaker(run, signed)? {
        Ok(speaker) => speaker,
        Err(code) => return Ok(code),
    };
    let event = signed.event();
    match window::take(run, speaker.kid, event.stream, event.seq)? {
        Place::Taken => {}
        Place::Used => return Ok(Code::EventSeqUsed),
        Place::Beyond => return Ok(Code::EventBeyondSpan),
        Place::TooManyStreams => return Ok(Code::EventTooManyStreams),
    }
    effect(run, signed, id, &speaker)
}

/// Uses the place of an event that made the executor fail, so that it does not come again.
pub(crate) fn use_place(run: &mut Run<'_>, signed: &SignedEvent) -> Result<(), ViewError> {
    if let Ok(speaker) = speaker(run, signed)? {
        window::take(run, speaker.kid, signed.event().stream, signed.event().seq)?;
    }
    Ok(())
}

/// What an event does once its place is settled; a redrive comes in here.
pub(crate) fn effect(run: &mut Run<'_>, signed: &SignedEvent, id: ItemId, speaker: &Speaker) -> Ended {
    let event = signed.event();
    if event.created_at_ms > run.now_ms.saturating_add(run.numbers.ahead_ms) {
        return Ok(Code::EventDatedAhead);
    }
    let meaning = meaning(&event.r#type);
    if matches!(meaning, Meaning::Unknown) {
        return Ok(Code::EventTypeReserved);
    }
    let Some(subject) = Subject::read(&event.entity_kind, &event.entity_value) else {
        return Ok(Code::EventSubject);
    };
    let heard = Heard { signed, id, subject };
    let code = match meaning {
        Meaning::Finding => finding::weigh(run, &heard, speaker)?,
        Meaning::Evidence => {
            outbound::evidence_of_event(run, &heard);
            Code::EventApplied
        }
        Meaning::Verdict(verdict) => verdict::pass(run, &heard, speaker, verdict)?,
        Meaning::Request(verb) => request::make(run, &heard, speaker, verb)?,
        Meaning::Lift => request::lift(run, &heard, speaker)?,
        Meaning::Unknown => Code::EventTypeReserved,
    };
    if planted(Fault::ReducerPanics) && event.r#type == "Planted.Panic.v1" {
        planted_panic();
    }
    let late = run.now_ms.saturating_sub(event.created_at_ms) > run.numbers.max_age_ms;
    Ok(if code == Code::EventApplied && late { Code::EventAppliedLate } else { code })
}

#[allow(clippy::panic, reason = "planted on purpose, never in what ships")]
fn planted_panic() {
    panic!("planted");
}

/// The producer as the registry has it now, or the author's outcome.
pub(crate) fn speaker(run: &mut Run<'_>, signed: &SignedEvent) -> Result<Result<Speaker, Code>, ViewError> {
    let (kid, event) = (signed.producer(), signed.event());
    let height = run.height;
    let Some(row) = run.state.get::<KeyRow>(&keys::by_kid(Space::Keys, &kid))? else {
        return Ok(Err(Code::AuthnDenyRevoked));
    };
    let Some(terms) = row.at(height).filter(|_| row.role == Role::Producer) else {
        return Ok(Err(Code::AuthnDenyRevoked));
    };
    let speaker = Speaker { kid, tenant: row.tenant.clone(), terms: terms.clone() };
    if speaker.terms.demand == Demand::WholeBundle && !is_whole(run, signed, &kid)? {
        return Ok(Err(Code::AuthnDenyDemandRaised));
    }
    if !speaker.terms.allows(&event.r#type) {
        return Ok(Err(Code::AuthzDenyType));
    }
    if event.tenant != speaker.tenant.as_str() || event.network != run.chain.network {
        return Ok(Err(Code::AuthzDenyTenant));
    }
    Ok(Ok(speaker))
}

/// Whether an event carries a half for each key of its bundle.
fn is_whole(run: &mut Run<'_>, signed: &SignedEvent, kid: &Kid) -> Result<bool, ViewError> {
    let bundle: &Bundle = run.state.need(&keys::by_kid(Space::Bundles, kid))?;
    let owed = bundle.0.keys().iter().map(|key| key.algorithm);
    Ok(owed.eq(signed.algorithms()) || holds_all(bundle, signed))
}

fn holds_all(bundle: &Bundle, signed: &SignedEvent) -> bool {
    let has = |algorithm: Algorithm| signed.algorithms().any(|one| one == algorithm);
    bundle.0.keys().iter().all(|key| has(key.algorithm))
}

fn meaning(event_type: &str) -> Meaning {
    match event_type {
        "Verdict.Confirm.v1" => Meaning::Verdict(Standing::Confirmed),
        "Verdict.Refute.v1" => Meaning::Verdict(Standing::Refuted),
        "Verdict.FalsePositive.v1" => Meaning::Verdict(Standing::FalsePositive),
        "Rule.Deny.v1" => Meaning::Request(Verb::Deny),
        "Rule.Allow.v1" => Meaning::Request(Verb::Allow),
        "Rule.Quarantine.v1" => Meaning::Request(Verb::Quarantine),
        "Rule.Lift.v1" => Meaning::Lift,
        other if is_reserved(other) => Meaning::Unknown,
        other if other.starts_with("Evidence.") => Meaning::Evidence,
        _ => Meaning::Finding,
    }
}

/// The topics that tell of an event's outcome: none for a copy that changed nothing.
pub(crate) fn topics(code: Code) -> &'static [Topic] {
    use cybermesh_proto::Class;
    match code {
        Code::EventSeqUsed => &[],
        Code::EventApplied | Code::EventAppliedLate => &[Topic::Events],
        code if code.class() == Class::Final => &[Topic::Events, Topic::Dlq],
        _ => &[],
    }
}
