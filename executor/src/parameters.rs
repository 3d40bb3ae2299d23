//! The numbers of the effects: state, with a default and bounds each. `docs/effects.md` explains them.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::rows::row;

macro_rules! parameters {
    ($($(#[$doc:meta])+ $name:ident: $default:literal in $least:literal..=$most:literal,)+) => {
        /// The numbers in force.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
        pub struct Parameters { $($(#[$doc])+ pub $name: u64,)+ }

        impl Default for Parameters {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Parameters {
            /// Name, default, least and most of each.
            pub const TABLE: &'static [(&'static str, u64, u64, u64)] =
                &[$((stringify!($name), $default, $least, $most),)+];

            /// Changes one; `false` if there is none of this name or the value is out of its bounds.
            #[must_use]
            pub fn set(&mut self, name: &str, value: u64) -> bool {
                match name {
                    $(stringify!($name) if ($least..=$most).contains(&value) => { self.$name = value; true })+
                    _ => false,
                }
            }

            /// Names and values, in the order of the table.
            #[must_use]
            pub fn list(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

parameters! {
    /// Weight of severity 0, unknown.
    severity_0: 500 in 0..=10_000,
    /// Weight of severity 1, informational.
    severity_1: 100 in 0..=10_000,
    /// Weight of severity 2, low.
    severity_2: 500 in 0..=10_000,
    /// Weight of severity 3, medium.
    severity_3: 2_000 in 0..=10_000,
    /// Weight of severity 4, high.
    severity_4: 5_000 in 0..=10_000,
    /// Weight of severity 5, critical.
    severity_5: 9_000 in 0..=10_000,
    /// Weight of severity 6, fatal.
    severity_6: 10_000 in 0..=10_000,
    /// Weight of severity 99, other.
    severity_99: 500 in 0..=10_000,
    /// After this long a contribution weighs half.
    half_life_ms: 86_400_000 in 60_000..=31_536_000_000,
    /// From this score on a rule is made.
    deny_score: 8_000 in 1_000..=10_000,
    /// Below this score it is lifted.
    lift_score: 6_000 in 0..=10_000,
    /// Points that make a subject corroborated.
    corroboration: 3 in 3..=16,
    /// What a producer's findings must weigh to count.
    corroboration_floor: 500 in 1..=10_000,
    /// How long an automatic rule stands.
    rule_ttl_ms: 3_600_000 in 60_000..=2_592_000_000,
    /// How long a requested rule may stand.
    requested_ttl_max_ms: 2_592_000_000 in 60_000..=31_536_000_000,
    /// Priority of automatic rules.
    automatic_priority: 100 in 0..=1_000,
    /// What a confirmation gives back of what is missing in a producer's conduct.
    conduct_gain: 500 in 0..=10_000,
    /// What a refutation takes of it.
    conduct_loss: 500 in 0..=10_000,
    /// What a false positive takes of it.
    conduct_loss_false: 2_000 in 0..=10_000,
    /// How old an event may be before it counts as late, and a hole before it is reported.
    max_age_ms: 300_000 in 1_000..=31_536_000_000,
    /// How far ahead of its block an event may be dated.
    ahead_ms: 300_000 in 60_000..=3_600_000,
    /// How long a stream's window waits before it leaves unused places behind.
    gap_ms: 600_000 in 60_000..=86_400_000,
    /// For how many heights a validator does not lead after a misdeed.
    quarantine_heights: 10_000 in 100..=10_000_000,
    /// How long a publisher's term lasts.
    term_ms: 60_000 in 1_000..=86_400_000,
    /// How long a partition may stand still before the term ends.
    stall_ms: 10_000 in 1_000..=86_400_000,
    /// The most that this may grow to.
    stall_cap_ms: 300_000 in 1_000..=86_400_000,
    /// Leaves that the heads may be ahead of the confirmed cursor before leaders hold payload back.
    backlog: 100_000 in 1_000..=100_000_000,
}

impl Parameters {
    /// The weight of an event's severity.
    #[must_use]
    pub const fn severity(&self, severity_id: u32) -> u64 {
        match severity_id {
            0 => self.severity_0,
            1 => self.severity_1,
            2 => self.severity_2,
            3 => self.severity_3,
            4 => self.severity_4,
            5 => self.severity_5,
            6 => self.severity_6,
            _ => self.severity_99,
        }
    }
}

row!(Parameters, Parameters, "parameters row", 512);
