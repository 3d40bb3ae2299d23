//! How a command fails: what happened, to what, why, what to do next.

use std::process::ExitCode;

use cybermesh_keys::{KeyError, SignError};
use cybermesh_proto::{Code, Refusal};
use serde_json::json;

use super::output::Format;

/// The exit codes of every command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Exit {
    Error = 1,
    Usage = 2,
    NotFound = 5,
    VerificationFailed = 6,
}

/// A command that could not do its work, or whose answer is no.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    what: String,
    because: Option<Refusal>,
    remedy: Option<String>,
}

impl Failure {
    /// The user asked for something that makes no sense.
    pub(super) fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, what: what.into(), because: None, remedy: Some(remedy.into()) }
    }

    /// Something was checked and does not hold.
    pub(super) fn refused(what: impl Into<String>, refusal: Refusal) -> Self {
        Self { exit: Exit::VerificationFailed, what: what.into(), because: Some(refusal), remedy: None }
    }

    /// A file could not be read or written.
    pub(super) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let remedy = match (missing, there) {
            (true, _) => "check the path",
            (_, true) => "it is never overwritten; choose another name, or move the old file away",
            _ => "check its permissions and the disk",
        };
        let exit = if missing { Exit::NotFound } else { Exit::Error };
        Self {
            exit,
            what: format!("{}: {error}", path.display()),
            because: None,
            remedy: Some(remedy.into()),
        }
    }

    /// Prints the failure and gives its exit code.
    pub(super) fn report(&self, format: Format) -> ExitCode {
        let code = self.because.as_ref().map(|refusal| refusal.code);
        let remedy = self.remedy.as_deref().or(code.map(Code::remedy)).unwrap_or_default();
        match format {
            Format::Table => {
                eprintln!("error: {}", self.what);
                if let Some(refusal) = &self.because {
                    eprintln!("  code     {} ({})", refusal.code, refusal.code.number());
                    eprintln!("  meaning  {}", refusal.code.meaning());
                    eprintln!("  because  {}", refusal.note);
                }
                if !remedy.is_empty() {
                    eprintln!("  do       {remedy}");
                }
            }
            Format::Json => {
                let note = self.because.as_ref().map(|refusal| refusal.note.as_ref());
                let code = code.map(Code::name);
                eprintln!("{}", json!({ "error": self.what, "code": code, "because": note, "do": remedy }));
            }
        }
        ExitCode::from(self.exit as u8)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Refused(refusal) => Self {
                exit: Exit::Error,
                what: "the key file was not accepted".into(),
                because: Some(refusal),
                remedy: None,
            },
            KeyError::Io { path, source } => Self::file(&path, &source),
            other => Self { exit: Exit::Error, what: other.to_string(), because: None, remedy: None },
        }
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Key(error) => error.into(),
            missing @ SignError::Missing(_) => {
                Self { exit: Exit::Error, what: missing.to_string(), because: None, remedy: None }
            }
        }
    }
}
