//! Views and their timers (R5, R6, R13).
//!
//! **Promise**: the view never goes back. A view timer always runs. The length of a view depends on one thing only: how
//! many views have passed since the last decision, beyond the two that the steady state needs.

use core::time::Duration;
use std::collections::BTreeSet;

use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::{Epoch, ValidatorIndex, View};

use crate::config::Config;
use crate::effect::Effect;
use crate::input::Timer;

/// Steps of growth after which any timeout is at its cap.
const GROWTH_STEPS_MAX: u64 = 64;

/// Why a view may not take long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Waits {
    /// The leader need not know.
    Private,
    /// Everybody knows, or is being told.
    Known,
}

/// Where this node is in time.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pacemaker {
    epoch: Epoch,
    view: View,
    /// The view of the newest decided block of this epoch.
    decided: View,
    /// Work waits in this view, and its timer runs; whether the leader knows of it, too.
    work: Option<Waits>,
    /// The view timer ran out; the timeout could not be signed so far.
    expired: bool,
    acknowledged: BTreeSet<ValidatorIndex>,
}

impl Pacemaker {
    pub(crate) fn new(epoch: Epoch, view: View, decided: View) -> Self {
        Self { epoch, view, decided, work: None, expired: false, acknowledged: BTreeSet::new() }
    }

    pub(crate) fn view(&self) -> View {
        self.view
    }

    pub(crate) fn expired(&self) -> bool {
        self.expired
    }

    /// The view took too long. Each time it does, everybody is told again, acknowledged or not.
    pub(crate) fn expire(&mut self) {
        self.expired = true;
        self.acknowledged.clear();
    }

    /// R6: a later view; false if it is none.
    pub(crate) fn enter(&mut self, view: View) -> bool {
        // R6: on a QC or TC of the view before, and never backwards.
        if view <= self.view {
            return false;
        }
        reached(6);
        self.view = view;
        (self.work, self.expired) = (None, false);
        self.acknowledged.clear();
        true
    }

    /// A decision: timeouts start from their base again.
    pub(crate) fn decided(&mut self, view: View) {
        self.decided = self.decided.max(view);
    }

    /// R13: the timer that runs in every view, work or not.
    pub(crate) fn arm(&self, config: &Config) -> Option<Effect> {
        // R13
        if planted(Fault::NoIdleTimer) {
            return None;
        }
        Some(Effect::Schedule(Timer::View(self.epoch, self.view), self.length(config, config.base_idle)))
    }

    /// R13: once it is known that work waits, the view takes `base` more at most. Work that the leader cannot know of
    /// gives it the time of an idle block first: else one who asks a single node in secret could cost honest leaders
    /// their views.
    pub(crate) fn work(&mut self, config: &Config, waits: Waits) -> Option<Effect> {
        // R13
        if self.work >= Some(waits) {
            return None;
        }
        reached(13);
        self.work = Some(waits);
        let patience = if waits == Waits::Known { Duration::ZERO } else { config.idle_block };
        let length = self.length(config, config.base.saturating_add(patience));
        Some(Effect::Schedule(Timer::Work(self.epoch, self.view), length))
    }

    pub(crate) fn work_is_known(&self) -> bool {
        self.work == Some(Waits::Known)
    }

    /// The longest that this view may take: what a header's age is measured with.
    pub(crate) fn in_force(&self, config: &Config) -> Duration {
        self.length(config, if self.work_is_known() { config.base } else { config.base_idle })
    }

    fn length(&self, config: &Config, base: Duration) -> Duration {
        let since = self.view.get().saturating_sub(self.decided.get()).saturating_sub(2);
        let mut length = base;
        for _ in 0..since.min(GROWTH_STEPS_MAX) {
            if length >= config.timeout_max {
                break;
            }
            let longer = length.saturating_mul(config.growth.times);
            length = longer.checked_div(config.growth.over).unwrap_or(config.timeout_max);
        }
        length.min(config.timeout_max)
    }

    /// A validator has this node's timeout of this view.
    pub(crate) fn acknowledge(&mut self, by: ValidatorIndex, epoch: Epoch, view: View) {
        if (epoch, view) == (self.epoch, self.view) {
            self.acknowledged.insert(by);
        }
    }

    /// A validator may have forgotten what it acknowledged.
    pub(crate) fn reconnected(&mut self, who: ValidatorIndex) {
        self.acknowledged.remove(&who);
    }

    pub(crate) fn has_acknowledged(&self, who: ValidatorIndex) -> bool {
        self.acknowledged.contains(&who)
    }
}
