//! The plans that come with the simulator: one file each in `plans/`.

use super::Plan;

macro_rules! plans {
    ($($name:literal),+ $(,)?) => {
        /// Name and text, in the order of the table.
        const TEXTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../plans/", $name, ".toml")))),+];
    };
}

plans!(
    "calm",
    "lossy",
    "jitter",
    "one-way",
    "flapping",
    "partition",
    "partition-views",
    "crash-random",
    "crash-everywhere",
    "all-crash",
    "lost-record",
    "lost-record-all-crash",
    "lost-everything-reconfigure",
    "power-cut",
    "old-backup",
    "twin",
    "lost-payload",
    "lost-state",
    "storage-error",
    "slow-disk",
    "slow-executor",
    "drift",
    "reconfigure",
    "reconfigure-silent",
    "split-result",
    "idle-and-wake",
    "due-times",
    "due-slow-executor",
    "byz-amnesia-abuser",
    "byz-attestation-liar",
    "byz-batch-refiller",
    "byz-batch-withholder",
    "byz-claim-liar",
    "byz-clock-cheat",
    "byz-clock-stall",
    "byz-equivocating-proposer",
    "byz-equivocating-voter",
    "byz-equivocators",
    "byz-foreign-parent",
    "byz-forger",
    "byz-last-moment",
    "byz-lying-sync",
    "byz-selective",
    "byz-silent",
    "byz-silent-crash",
    "byz-spammer",
    "byz-clock-cheat-cut",
    "byz-selective-cut",
    "byz-split-brain",
    "byz-split-three",
    "byz-stale-qc",
    "byz-tail-forker",
    "byz-two-claim-liars",
    "byz-two-selective",
    "byz-two-stale",
    "byz-view-jumper",
    "twins-all",
    "twins-drawn",
    "twins-two",
    "generic",
);

/// All plans.
pub fn all() -> Result<Vec<Plan>, String> {
    TEXTS.iter().map(|(name, text)| parse(name, text)).collect()
}

/// The plan of this name, or in this file.
pub fn named(name: &str) -> Result<Plan, String> {
    if let Some((name, text)) = TEXTS.iter().find(|(known, _)| *known == name) {
        return parse(name, text);
    }
    let text = std::fs::read_to_string(name).map_err(|error| format!("plan {name}: {error}"))?;
    parse(name, &text)
}

fn parse(name: &str, text: &str) -> Result<Plan, String> {
    Plan::parse(text).map_err(|error| format!("plan {name}: {error}"))
}
