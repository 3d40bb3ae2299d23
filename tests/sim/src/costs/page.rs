//! The page of figures.

use cybermesh_proto::limits::HYBRID_VALIDATORS_MAX;

use super::{DELAY_US, Measured, Situation, Times};

/// Where the page stands, from the root of the repository.
pub const PATH: &str = "docs/agreement-costs.md";

const HEAD: &str = "\
<!-- `make costs` writes this page; what is changed by hand is lost. -->
# What agreement costs

Counted in the simulator, in virtual time: every message takes one *delay* (10 ms), disks, signers and executors take
none worth mentioning, and one batch waits whenever a view begins. All figures are per decision, after a warm-up.
Messages and bytes are what all nodes together send for agreement, also to dead nodes, since a sender does not know
that they are; batches and heartbeats (one for each peer and second) are not among them. *Per node* divides by the
nodes that run. Bytes are those of Ed25519 signatures; those of hybrid ones, which at most 31 nodes may use, are
computed from the number of signatures in each message, 3,310 bytes more for each. *Checked* is what a node would
have to verify that remembers nothing: a vote that it has checked and finds again in a certificate counts twice.

Dead nodes are off from the start. Where some are, eleven windows of 2n views are looked at, the period in which a
dead node is tried again: it leads in two windows of the eleven, where each of its turns takes the 400 ms until all
others give the view up, and is left out of the other nine. So most decisions are as fast as without faults (the
median), and a few wait for timeouts (the worst). Of f dead no two are neighbours in the order of leaders. With 100
nodes eleven windows are too long to run: there the rows of the dead show a few turns while they still lead, one of
ten views lost in the first row and three of nine in the second. *Decided* and *certified* are delays from the
moment in which the leader sends its proposal until the last running node has decided the block, or has the
certificate of its decision on disk.
";

/// The whole page.
#[must_use]
pub fn page(all: &[Measured]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(
        "\n## Messages, bytes, signatures\n\n\
         | n | situation | messages | per node | KB | KB, hybrid | signed | checked per node |\n\
         |---:|---|---:|---:|---:|---:|---:|---:|\n",
    );
    all.iter().for_each(|one| amounts(&mut page, one));
    page.push_str(
        "\n## Views and delays\n\n\
         | n | situation | views looked at | views per decision | views lost | dead one led in | decided, median | \
         worst | certified, median | worst |\n\
         |---:|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    all.iter().for_each(|one| times(&mut page, one));
    page
}

fn amounts(page: &mut String, one: &Measured) {
    let (n, sums, decisions) = (one.case.n, &one.sums, one.blocks.len().max(1) as f64);
    let running = (n - one.case.dead().len()) as f64;
    let each = |sum: u64| sum as f64 / decisions;
    let hybrid = match n {
        ..=HYBRID_VALIDATORS_MAX => short(each(sums.hybrid_bytes) / 1e3),
        _ => "–".to_owned(),
    };
    let cells = [
        short(each(sums.messages)),
        short(each(sums.messages) / running),
        short(each(sums.bytes) / 1e3),
        hybrid,
        short(each(sums.made)),
        short(each(sums.checked) / running),
    ];
    page.push_str(&format!("| {n} | {} | {} |\n", situation(one), cells.join(" | ")));
}

fn times(page: &mut String, one: &Measured) {
    let led = one.led.iter().filter(|led| **led).count();
    let windows = match one.led.len() {
        0 => "–".to_owned(),
        all => format!("{led} of {all} windows"),
    };
    let cells = [
        one.views.to_string(),
        format!("{:.2}", one.views as f64 / one.blocks.len().max(1) as f64),
        format!("{:.1} %", 100.0 * one.given_up as f64 / one.views.max(1) as f64),
        windows,
        spread(&one.blocks, |times| times.decided - times.proposed),
        spread(&one.blocks, |times| times.certified - times.proposed),
    ];
    page.push_str(&format!("| {} | {} | {} |\n", one.case.n, situation(one), cells.join(" | ")));
}

fn situation(one: &Measured) -> String {
    match one.case.situation {
        Situation::Calm => "no faults".to_owned(),
        Situation::OneDead => "one dead".to_owned(),
        Situation::AllDead => format!("f = {} dead", one.case.dead().len()),
    }
}

/// Median and worst, in delays.
fn spread(blocks: &[Times], us: impl Fn(&Times) -> u64) -> String {
    let mut all: Vec<u64> = blocks.iter().map(us).collect();
    all.sort_unstable();
    let at = |place: usize| all.get(place).map_or(0.0, |us| *us as f64 / DELAY_US as f64);
    format!("{:.2} | {:.2}", at(all.len() / 2), at(all.len().saturating_sub(1)))
}

/// One decimal where it says something.
fn short(number: f64) -> String {
    let rounded = (number * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 || rounded >= 1_000.0 { grouped(rounded) } else { format!("{rounded:.1}") }
}

/// Whole, with commas between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.round());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
