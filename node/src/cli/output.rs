//! How answers look: aligned lines for people, one JSON object for programs.

use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::failure::{Exit, Failure};

/// How answers are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned lines for people.
    Table,
    /// One JSON object.
    Json,
}

/// An answer: one sentence, then facts in order.
pub(super) struct Answer {
    headline: String,
    facts: Vec<(&'static str, String, Value)>,
    exit: Option<Exit>,
}

impl Answer {
    /// An answer that begins with this sentence.
    pub(super) fn new(headline: impl Into<String>) -> Self {
        Self { headline: headline.into(), facts: Vec::new(), exit: None }
    }

    /// No answer: the output itself went to standard output.
    pub(super) fn silent() -> Self {
        Self::new("")
    }

    /// Adds a fact: how it reads; programs get the same text.
    pub(super) fn fact(self, name: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = Value::String(text.clone());
        self.fact_as(name, text, value)
    }

    /// Adds a fact that programs get in another form.
    pub(super) fn fact_as(
        mut self,
        name: &'static str,
        text: impl Into<String>,
        value: impl Into<Value>,
    ) -> Self {
        self.facts.push((name, text.into(), value.into()));
        self
    }

    /// Answers, but not with success.
    pub(super) fn failing(self, exit: Exit) -> Self {
        Self { exit: Some(exit), ..self }
    }

    pub(super) fn exit(&self) -> ExitCode {
        self.exit.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit as u8))
    }

    pub(super) fn print(&self, format: Format) -> Result<(), Failure> {
        if self.headline.is_empty() {
            return Ok(());
        }
        let text = match format {
            Format::Table => self.table(),
            Format::Json => self.json(),
        };
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| Failure::file(std::path::Path::new("standard output"), &error))
    }

    fn table(&self) -> String {
        let width = self.facts.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
        let lines = self.facts.iter().map(|(name, text, _)| format!("  {name:width$}  {text}\n"));
        std::iter::once(format!("{}\n", self.headline)).chain(lines).collect()
    }

    fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("result".into(), self.headline.clone().into());
        for (name, _, value) in &self.facts {
            object.insert(name.replace(' ', "_"), value.clone());
        }
        format!("{}\n", Value::Object(object))
    }
}

/// A moment in UTC as people read it: `2026-11-21T11:54:22.629Z`.
pub(super) fn utc_from_ms(ms: u64) -> String {
    const DAY_MS: u64 = 86_400_000;
    let (days, in_day) = (ms / DAY_MS, ms % DAY_MS);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

/// Days since 1970-01-01 as a date, by eras of 400 years that begin in March, so that leap days come last.
fn civil(days: u64) -> (u64, u64, u64) {
    let from_era = days + 719_468;
    let (era, day_of_era) = (from_era / 146_097, from_era % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::utc_from_ms;

    #[test]
    fn moments_read_as_the_calendar_says() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_262_062_629, "2026-11-21T11:54:22.629Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(utc_from_ms(ms), text);
        }
    }
}
