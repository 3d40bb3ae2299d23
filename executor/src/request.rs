//! Rules that operators ask for. `docs/effects.md`, section 7.

use cybermesh_proto::Code;
use cybermesh_proto::genesis::Reach;
use cybermesh_proto::message::pb::event::v1::RuleRequest;
use cybermesh_proto::message::{RULE_REQUEST_TYPE, rule_request};
use cybermesh_proto::wire::{Blob, List, Text};

use crate::event::{Heard, Speaker};
use crate::rows::{Conduct, Origin, RuleRow, Space, Verb, keys};
use crate::rule;
use crate::run::{Ended, Run};

/// Makes a rule, or makes it anew.
pub(crate) fn make(run: &mut Run<'_>, heard: &Heard<'_>, operator: &Speaker, verb: Verb) -> Ended {
    let (request, scope) = match understood(run, heard, operator, false)? {
        Ok(understood) => understood,
        Err(code) => return Ok(code),
    };
    if verb != Verb::Allow && run.chain.protected.covers(&heard.subject) {
        return Ok(Code::RuleProtected);
    }
    let row = RuleRow {
        subject: heard.subject.clone(),
        origin: Origin::Requested,
        verb,
        scope: scope.clone(),
        priority: u16::try_from(request.priority).unwrap_or(u16::MAX),
        made_ms: run.now_ms,
        expires_ms: run.now_ms.saturating_add(request.ttl_ms),
        reason: Blob::new(request.reason.into_bytes()).unwrap_or_default(),
        rests_on: List::new(vec![heard.id]).unwrap_or_default(),
        by: Some(operator.kid),
    };
    rule::make(run, keys::rule(&heard.subject, Some((scope.as_str(), verb.into()))), row)?;
    Ok(Code::EventApplied)
}

/// Lifts a rule that was asked for.
pub(crate) fn lift(run: &mut Run<'_>, heard: &Heard<'_>, operator: &Speaker) -> Ended {
    let (request, scope) = match understood(run, heard, operator, true)? {
        Ok(understood) => understood,
        Err(code) => return Ok(code),
    };
    let verb = u8::try_from(request.action).unwrap_or_default();
    let key = keys::rule(&heard.subject, Some((scope.as_str(), verb)));
    let Some(row) = run.state.get::<RuleRow>(&key)?.cloned() else { return Ok(Code::RuleUnknown) };
    rule::lift(run, &key, &row, &request.reason)?;
    Ok(Code::EventApplied)
}

type Understood = Result<Result<(RuleRequest, Text<64>), Code>, crate::view::ViewError>;

fn understood(run: &mut Run<'_>, heard: &Heard<'_>, operator: &Speaker, lift: bool) -> Understood {
    let conduct: Conduct = run.state.get_or_default(&keys::by_kid(Space::Conduct, &operator.kid))?;
    if conduct.quarantined != 0 {
        return Ok(Err(Code::ProducerQuarantined));
    }
    let event = heard.signed.event();
    let plain = event.content_type == RULE_REQUEST_TYPE && event.encryption.is_none();
    let request = if plain { rule_request(&event.payload, lift).ok() } else { None };
    let Some(request) = request.filter(|one| one.ttl_ms <= run.numbers.requested_ttl_max_ms) else {
        return Ok(Err(Code::RuleRequest));
    };
    let scope = if request.scope.is_empty() { operator.tenant.as_str() } else { request.scope.as_str() };
    let Some(scope) = Text::<64>::new(scope) else { return Ok(Err(Code::RuleRequest)) };
    if scope != operator.tenant && operator.terms.reach != Reach::Alone {
        return Ok(Err(Code::RuleScope));
    }
    if !heard.subject.kind().takes_rules() {
        return Ok(Err(Code::RuleSubject));
    }
    Ok(Ok((request, scope)))
}
