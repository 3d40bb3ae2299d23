//! What a core is told once: its limits and its times. None of them can make it unsafe.

use core::time::Duration;

/// Growth of timeouts as a fraction: no float decides anything here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Growth {
    /// Numerator.
    pub times: u32,
    /// Denominator.
    pub over: u32,
}

/// The settings of a core.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// 400 ms: the most a view takes from the moment this node knows that work waits.
    pub base: Duration,
    /// 3 s: the most a view takes when nothing waits.
    pub base_idle: Duration,
    /// 3/2: how much longer every view without a decision gets.
    pub growth: Growth,
    /// 20 s: above the worst fetch and verification of a full block.
    pub timeout_max: Duration,
    /// 1 s: when a leader without work proposes an empty block.
    pub idle_block: Duration,
    /// 100 ms: the same while work waits that may not enter a block.
    pub busy_block: Duration,
    /// 250 ms: pause between sending one timeout or attestation again.
    pub resend: Duration,
    /// 1 s: pause between heartbeats.
    pub heartbeat: Duration,
    /// 500 ms: first pause before a question is asked again; it doubles up to 16 of these.
    pub ask: Duration,
    /// 2 s: how far ahead of the clock a header may be dated, and how far behind at the least.
    pub drift: Duration,
    /// 1 s: how old a due time gets before it counts as waiting work.
    pub due_grace: Duration,
    /// K, from the genesis: how far leaders put payload above the newest certified decision, in heights.
    pub anchor_lag: u64,
    /// 16 views: how far above the present one statements are kept, and below it blocks that nobody has certified.
    pub views_ahead: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(400),
            base_idle: Duration::from_secs(3),
            growth: Growth { times: 3, over: 2 },
            timeout_max: Duration::from_secs(20),
            idle_block: Duration::from_secs(1),
            busy_block: Duration::from_millis(100),
            resend: Duration::from_millis(250),
            heartbeat: Duration::from_secs(1),
            ask: Duration::from_millis(500),
            drift: Duration::from_secs(2),
            due_grace: Duration::from_secs(1),
            anchor_lag: 32,
            views_ahead: 16,
        }
    }
}
