//! The payload of an event that asks for a rule.

use super::pb::event::v1::{RuleAction, RuleRequest};
use super::{StrictCodes, decode_strict, name_is_sound, number_is_sound, text_is_clean};
use crate::limits::{RULE_REQUEST_BYTES_MAX, VALUE_BYTES_MAX};
use crate::refusal::ensure;
use crate::{Code, Refusal};

/// Media type of the payload.
pub const RULE_REQUEST_TYPE: &str = "application/vnd.cybermesh.rule.v1+protobuf";

/// 1,000: the largest priority.
pub const PRIORITY_MAX: u32 = 1000;

const CODES: StrictCodes =
    StrictCodes { name: "a rule request", too_large: Code::RuleRequest, malformed: Code::RuleRequest };

/// Decodes a request and checks its fields. `lift` says that it takes a rule back instead of making one.
pub fn rule_request(bytes: &[u8], lift: bool) -> Result<RuleRequest, Refusal> {
    let request: RuleRequest = decode_strict(bytes, RULE_REQUEST_BYTES_MAX, &CODES)?;
    let field = |sound: bool, name: &'static str| ensure(sound, Code::RuleRequest, || name.into());
    field(request.scope.is_empty() || name_is_sound(&request.scope), "scope")?;
    field(request.priority <= PRIORITY_MAX, "priority")?;
    field((request.ttl_ms == 0) == lift && number_is_sound(request.ttl_ms), "ttl_ms")?;
    field(text_is_clean(&request.reason, 1, VALUE_BYTES_MAX), "reason")?;
    let action = RuleAction::try_from(request.action);
    field(action.is_ok_and(|action| (action == RuleAction::Unspecified) != lift), "action")?;
    Ok(request)
}
