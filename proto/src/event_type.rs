//! The grammar of event types, `Entity.Action.vN`, and of the patterns that a key may sign.

use crate::limits::EVENT_TEXT_MAX;

/// Whether a text is an event type: two words of letters and digits that begin with a capital, and a version
/// from 1 to 99,999.
#[must_use]
pub fn is_event_type(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').take(4).collect();
    match parts.as_slice() {
        [entity, action, version] => {
            text.len() <= EVENT_TEXT_MAX && is_word(entity) && is_word(action) && is_version(version)
        }
        _ => false,
    }
}

/// Whether a text is `*`, `Entity.*` or a whole event type.
#[must_use]
pub fn is_type_pattern(text: &str) -> bool {
    match text.strip_suffix(".*") {
        Some(entity) => text.len() <= EVENT_TEXT_MAX && is_word(entity),
        None => text == "*" || is_event_type(text),
    }
}

/// Words whose events bind others than the producer: verdicts of analysts, rules of operators.
pub const RESERVED: [&str; 2] = ["Verdict.", "Rule."];

/// Whether a type begins with a reserved word.
#[must_use]
pub fn is_reserved(event_type: &str) -> bool {
    RESERVED.iter().any(|word| event_type.starts_with(word))
}

/// Whether any of these patterns lets a key sign events of this type.
#[must_use]
pub fn is_covered<'a>(patterns: impl IntoIterator<Item = &'a str>, event_type: &str) -> bool {
    patterns.into_iter().any(|pattern| TypePattern(pattern).covers(event_type))
}

/// A pattern of event types.
struct TypePattern<'a>(pub &'a str);

impl TypePattern<'_> {
    /// `*` covers what anybody may say, not what binds others: those words must be named.
    fn covers(&self, event_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some("") => !is_reserved(event_type),
            Some(prefix) => event_type.starts_with(prefix),
            None => self.0 == event_type,
        }
    }
}

fn is_word(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_version(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or_default();
    (1..=5).contains(&number.len())
        && !number.starts_with('0')
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
