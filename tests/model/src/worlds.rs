//! The worlds that are explored, in short and in long form.

use cybermesh_proto::planted::Fault;

use crate::setting::{Expected, Setting};

/// Worlds in which nothing may break, explored to their end; in each another validator lies, and so leads another view.
fn safe(views: u8) -> Vec<Setting> {
    (0..4).map(|liar| Setting::new(4, &[liar], views)).collect()
}

/// Worlds that must fork: or the check would prove nothing.
#[must_use]
pub fn forks() -> Vec<Setting> {
    let too_many = Setting::new(4, &[1, 2], 2).named("n=4, two liars");
    let too_few = Setting::new(5, &[2], 3).planted(Fault::QuorumTooSmall, Expected::Fork);
    vec![Setting { expected: Expected::Fork, ..too_many }, too_few.named("n=5, liars [2], a quorum of three")]
}

/// Mistakes in single rules that must be found.
#[must_use]
pub fn mistakes() -> Vec<Setting> {
    let three = Setting::new(4, &[1], 3);
    vec![
        three.clone().planted(Fault::ForgetLastVoted, Expected::Broken),
        three.clone().planted(Fault::TimeoutSkipsLock, Expected::Broken),
        three.clone().planted(Fault::IgnoreTcQc, Expected::Broken),
        three.planted(Fault::QcIsDecision, Expected::Fork),
        Setting::new(4, &[1], 4).planted(Fault::DecideOnHeight, Expected::Fork),
        Setting::new(4, &[2], 4).planted(Fault::AncestorsOutOfOrder, Expected::Broken),
    ]
}

/// The short form.
#[must_use]
pub fn short() -> Vec<Setting> {
    let mut worlds = safe(4);
    worlds.push(Setting::new(5, &[2], 3));
    worlds.push(Setting::new(4, &[1], 2).in_any_order(6));
    worlds.push(Setting::new(4, &[2], 3).in_any_order(5));
    worlds.extend(forks());
    worlds.extend(mistakes());
    worlds
}

/// The long form: about five minutes.
#[must_use]
pub fn deep() -> Vec<Setting> {
    let mut worlds = short();
    worlds.extend(safe(5));
    worlds.extend((0..5).map(|liar| Setting::new(5, &[liar], 4)));
    worlds.push(Setting::new(7, &[2, 3], 3));
    worlds.extend((1..4).map(|liar| Setting::new(4, &[liar], 3).in_any_order(6)));
    worlds
}
