//! Why something from outside was not accepted.

use std::borrow::Cow;

use crate::Code;

/// A refusal: a stable code for machines, a note for people. It is a value about somebody else's bytes, never a
/// fault of ours.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {note}")]
pub struct Refusal {
    /// What kind of refusal; numbered, named and explained in `codes.toml`.
    pub code: Code,
    /// What was wrong with what. Not stable, not for comparison.
    pub note: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with its note.
    pub fn new(code: Code, note: impl Into<Cow<'static, str>>) -> Self {
        Self { code, note: note.into() }
    }
}

/// Refuses unless the condition holds.
pub(crate) fn ensure(
    condition: bool,
    code: Code,
    note: impl FnOnce() -> Cow<'static, str>,
) -> Result<(), Refusal> {
    if condition { Ok(()) } else { Err(Refusal::new(code, note())) }
}
