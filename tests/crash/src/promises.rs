//! What a process said that it was promised, line by line.

use std::fmt;

/// The newest of each kind; 0 if there was none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Promises {
    /// The payload of every height up to this one is on disk.
    pub payload: u64,
    /// The safety record of this generation is on disk, and a statement has left upon it.
    pub record: u64,
    /// The result of every height up to this one is on disk.
    pub state: u64,
}

/// One promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// Of the payload store.
    Payload(u64),
    /// Of the safety record.
    Record(u64),
    /// Of the state store.
    State(u64),
}

impl fmt::Display for Promise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(height) => write!(formatter, "payload {height}"),
            Self::Record(generation) => write!(formatter, "record {generation}"),
            Self::State(height) => write!(formatter, "state {height}"),
        }
    }
}

impl Promise {
    /// A line, if it is a whole one.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let (kind, number) = line.split_once(' ')?;
        let number = number.parse().ok()?;
        match kind {
            "payload" => Some(Self::Payload(number)),
            "record" => Some(Self::Record(number)),
            "state" => Some(Self::State(number)),
            _ => None,
        }
    }
}

impl Promises {
    /// Takes in one more.
    pub fn hear(&mut self, promise: Promise) {
        match promise {
            Promise::Payload(height) => self.payload = self.payload.max(height),
            Promise::Record(generation) => self.record = self.record.max(generation),
            Promise::State(height) => self.state = self.state.max(height),
        }
    }

    /// All of them, counted.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.payload + self.record + self.state
    }
}
