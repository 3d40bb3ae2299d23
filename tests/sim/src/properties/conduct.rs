//! What nodes think of each other and of themselves: nobody honest is blamed, refused, fenced or halted without cause.

use cybermesh_consensus::{Alarm, Halt, Misbehaviour};

use super::{Judge, Standing};
use crate::net::Kind;

impl Judge {
    /// A node's storage was made to fail.
    pub fn broke(&mut self, node: u32) {
        self.broken.insert(node);
    }

    /// A node's clock jumps.
    pub fn jumps(&mut self, node: u32) {
        self.jumped.insert(node);
    }

    /// A process started.
    pub fn started(&mut self, node: u32, _life: u32) {
        self.broken.remove(&node);
    }

    /// A process stopped.
    pub fn stopped(&mut self, node: u32) {
        self.broken.remove(&node);
    }

    /// A core halted.
    pub fn halted(&mut self, node: u32, halt: &Halt, expected: bool) {
        self.note(format!("halt: {}", name(halt)));
        if !expected {
            self.fault(node, "no-halt-without-cause", &format!("{halt:?}"));
        }
    }

    /// After a storage error a node must stop at once: it never comes so far as to act again.
    pub fn check_broken(&mut self, node: u32, is_up: bool) {
        if is_up && self.broken.contains(&node) {
            self.fault(node, "storage-error-halts", "it goes on after a failed write");
        }
    }

    /// A core raised an alarm.
    pub fn alarm(&mut self, node: u32, alarm: &Alarm) {
        let text = match alarm {
            Alarm::Amnesia => "alarm: amnesia",
            Alarm::Clock(_) => "alarm: clock",
            Alarm::Uncertified(_) => "alarm: uncertified",
            Alarm::Contradicted(_) => "alarm: contradicted",
        };
        self.note(text.to_owned());
        if *alarm == Alarm::Amnesia && self.standing(node) == Standing::Honest {
            self.fault(node, "nobody-is-fenced-without-cause", "it believes that it forgot");
        }
    }

    /// A node counts something against the holder of a key.
    pub fn blamed(&mut self, node: u32, key: Option<[u8; 32]>, what: Misbehaviour) {
        self.note(format!("blame: {what:?}"));
        let Some(key) = key else {
            return;
        };
        // A clock that jumped dates blocks wrongly without a lie.
        if what != Misbehaviour::Time && self.key_is_honest(&key) {
            let who = self.keys.iter().position(|one| *one == key).unwrap_or_default();
            self.fault(node, "nobody-honest-is-blamed", &format!("{what:?} of n{who}"));
        }
    }

    /// A node refused a packet.
    pub fn refused(&mut self, node: u32, from: u32, kind: Kind, why: &str) {
        self.note(format!("refused: {kind:?}"));
        // One that starts anew may not know the keys of an epoch that is long over.
        let stranger = why.contains("keys are not known");
        if !stranger && !self.is_faulty(from) {
            self.fault(node, "nothing-honest-is-refused", &format!("{kind:?} of n{from}: {why}"));
        }
    }
}

fn name(halt: &Halt) -> String {
    match halt {
        Halt::Broken(what) => format!("{what:?}"),
        Halt::Diverged { .. } => "diverged".to_owned(),
        Halt::Invariant { rule, .. } => format!("invariant of R{rule}"),
    }
}
