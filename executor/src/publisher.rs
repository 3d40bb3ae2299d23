//! Publisher's terms, the reports of what arrived, and the confirmed cursor. Only where there is a bus.
//! `docs/governance.md`.

use cybermesh_proto::agree::{OutboxHeads, RunEnd, RunReport, Validator, ValidatorSet};
use cybermesh_proto::audit::{AuditEntry, Term};
use cybermesh_proto::genesis::Bus;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Code, Count, ValidatorIndex};

use crate::chain::{Chain, TOPICS};
use crate::members::{is_isolated, member, newest_set, set_of};
use crate::outbound;
use crate::rows::{Confirmed, ConfirmedEnd, Heads, Logs, Publisher, Reported, Runs, Space, keys};
use crate::run::{Ended, Run};
use crate::view::{View, ViewError};

/// Newest numbers by topic and partition.
pub(crate) type Seqs = Vec<(u16, Vec<u64>)>;

/// Counts a validator's report.
pub(crate) fn count(run: &mut Run<'_>, report: &RunReport) -> Ended {
    if run.chain.bus == Bus::None {
        return Ok(Code::ReportNoBus);
    }
    let said = &report.statement;
    let author = member(run, report.author)?;
    let Some(author) = author.filter(|_| said.epoch == run.epoch) else { return Ok(Code::ReportStale) };
    let key = keys::by_validator(Space::Reported, &author);
    let newest: Reported = run.state.get_or_default(&key)?;
    if said.report_seq.get() <= newest.seq {
        return Ok(Code::ReportStale);
    }
    for end in said.ends.iter() {
        if head(run, end)?.is_none_or(|head| end.seq.get() > head) {
            return Ok(Code::ReportAhead);
        }
    }
    run.state.put(key, Reported { seq: said.report_seq.get() })?;
    for of_topic in said.ends.chunk_by(|one, next| one.topic == next.topic) {
        note(run, &author, of_topic)?;
    }
    Ok(Code::ReportApplied)
}

/// The newest number of a partition before this block; it changes only when the block is finished.
fn head(run: &mut Run<'_>, end: &RunEnd) -> Result<Option<u64>, ViewError> {
    if end.partition >= run.chain.partitions(end.topic) {
        return Ok(None);
    }
    match end.topic {
        outbound::COMMITS => Ok(Some(run.state.need::<Logs>(&keys::single(Space::Logs))?.commits)),
        outbound::EPOCHS => Ok(Some(run.epoch.get())),
        topic if usize::from(topic) < TOPICS.len() => {
            let row = run.state.get::<Heads>(&keys::by_topic(Space::Heads, topic))?;
            let place = usize::try_from(end.partition).unwrap_or(usize::MAX);
            Ok(Some(row.and_then(|row| row.seqs.get(place).copied()).unwrap_or(0)))
        }
        _ => Ok(None),
    }
}

/// Notes the ends that a validator reports of one topic.
fn note(run: &mut Run<'_>, author: &Validator, reported: &[RunEnd]) -> Result<(), ViewError> {
    let Some(topic) = reported.first().map(|end| end.topic) else { return Ok(()) };
    let key = keys::runs(author, topic);
    let mut ends = run.state.get_or_default::<Runs>(&key)?.ends.into_vec();
    for end in reported {
        let place = grown(&mut ends, end.partition);
        if let Some(known) = ends.get_mut(place).filter(|known| **known < end.seq.get()) {
            *known = end.seq.get();
            run.reported.insert((topic, end.partition));
        }
    }
    run.state.put(key, Runs { ends: List::new(ends).unwrap_or_default() })
}

/// Forgets what a validator that leaves has reported.
pub(crate) fn forget_reports(run: &mut Run<'_>, validator: &Validator) -> Result<(), ViewError> {
    run.state.delete::<Reported>(keys::by_validator(Space::Reported, validator))?;
    (0_u16..).zip(TOPICS).try_for_each(|(topic, _)| run.state.delete::<Runs>(keys::runs(validator, topic)))
}

/// Confirms what the reports of this block amount to: once for all of them, however many there are.
fn confirm_all(run: &mut Run<'_>) -> Result<(), ViewError> {
    let moved: Vec<_> = std::mem::take(&mut run.reported).into_iter().collect();
    if moved.is_empty() {
        return Ok(());
    }
    let set = newest_set(run)?;
    for of_topic in moved.chunk_by(|(one, _), (next, _)| one == next) {
        confirm(run, &set, of_topic)?;
    }
    Ok(())
}

/// What f+1 validators report at least is confirmed.
fn confirm(run: &mut Run<'_>, set: &ValidatorSet, moved: &[(u16, u32)]) -> Result<(), ViewError> {
    let Some(topic) = moved.first().map(|(topic, _)| *topic) else { return Ok(()) };
    let key = keys::by_topic(Space::Confirmed, topic);
    let mut ends = run.state.get_or_default::<Confirmed>(&key)?.ends.into_vec();
    let mut advanced = false;
    for (_, partition) in moved {
        let reached = reached(run, set, topic, *partition)?;
        let place = grown(&mut ends, *partition);
        if let Some(known) = ends.get_mut(place).filter(|known| known.seq < reached) {
            *known = ConfirmedEnd { seq: reached, since_ms: run.now_ms };
            advanced = true;
        }
    }
    if !advanced {
        return Ok(());
    }
    run.state.put(key, Confirmed { ends: List::new(ends).unwrap_or_default() })?;
    let single = keys::single(Space::Publisher);
    if let Some(term) = run.state.get::<Publisher>(&single)?.copied() {
        run.state.put(single, Publisher { fruitful: 1, stall_ms: run.numbers.stall_ms, ..term })?;
    }
    Ok(())
}

/// The end that f+1 validators of a set reach: one of them is honest.
fn reached(run: &mut Run<'_>, set: &ValidatorSet, topic: u16, partition: u32) -> Result<u64, ViewError> {
    let place = usize::try_from(partition).unwrap_or(usize::MAX);
    let mut seen = Vec::with_capacity(set.n());
    for validator in set.iter() {
        let runs = run.state.get::<Runs>(&keys::runs(validator, topic))?;
        seen.push(runs.and_then(|runs| runs.ends.get(place).copied()).unwrap_or(0));
    }
    seen.sort_unstable_by(|a, b| b.cmp(a));
    Ok(seen.get(set.f()).copied().unwrap_or(0))
}

/// The place of a partition in a list that is long enough for it.
fn grown<T: Clone + Default>(list: &mut Vec<T>, partition: u32) -> usize {
    let place = usize::try_from(partition).unwrap_or(usize::MAX);
    if place >= list.len() && place < usize::MAX {
        list.resize(place.saturating_add(1), T::default());
    }
    place
}

/// Begins the next term when this one is over: by its length, by a partition that stands still, by another epoch.
pub(crate) fn turn(run: &mut Run<'_>) -> Result<(), ViewError> {
    if run.chain.bus == Bus::None {
        return Ok(());
    }
    let term = run.state.get::<Publisher>(&keys::single(Space::Publisher))?.copied();
    let Some(term) = term else { return begin(run, 1, run.numbers.stall_ms) };
    let over = run.now_ms >= term.began_ms.saturating_add(run.numbers.term_ms);
    let heads = seqs_of(run.chain, run.state.view, run.epoch)?;
    let stalled = stall(run, &term, &heads)?.is_some_and(|at| run.now_ms >= at);
    if !over && !stalled && term.epoch == run.epoch {
        return Ok(());
    }
    let longer = term.stall_ms.saturating_mul(2).min(run.numbers.stall_cap_ms.max(run.numbers.stall_ms));
    let stall_ms = if term.fruitful != 0 { run.numbers.stall_ms } else { longer };
    begin(run, term.term.saturating_add(1), stall_ms)
}

fn begin(run: &mut Run<'_>, term: u64, stall_ms: u64) -> Result<(), ViewError> {
    let epoch = run.epoch;
    let missing = || ViewError(format!("the state has no validators of epoch {epoch}"));
    let set = set_of(run, epoch)?.ok_or_else(missing)?.set;
    let mut free = Vec::with_capacity(set.n());
    for (place, validator) in set.iter().enumerate() {
        if !is_isolated(run, validator)? {
            free.push(place);
        }
    }
    if free.is_empty() {
        free = (0..set.n()).collect();
    }
    let count = u64::try_from(free.len()).unwrap_or(1);
    let place = term.checked_rem(count).and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    let holder = free.get(place).copied().and_then(ValidatorIndex::new).unwrap_or_default();
    let name = set.get(holder).map(|one| one.name.clone()).unwrap_or_default();
    let began_ms = run.now_ms;
    let row = Publisher { term, epoch, holder, began_ms, stall_ms, fruitful: 0 };
    run.state.put(keys::single(Space::Publisher), row)?;
    run.audit.push(AuditEntry::Term(Term { term: Count::new(term), holder: name }));
    Ok(())
}

/// When the earliest of the partitions that are behind will have stood still for too long.
fn stall(run: &mut Run<'_>, term: &Publisher, heads: &Seqs) -> Result<Option<u64>, ViewError> {
    let mut earliest: Option<u64> = None;
    for (topic, seqs) in heads {
        let ends = run.state.get_or_default::<Confirmed>(&keys::by_topic(Space::Confirmed, *topic))?.ends;
        for (place, head) in seqs.iter().enumerate() {
            let end = ends.get(place).copied().unwrap_or_default();
            if *head > end.seq {
                let at = term.began_ms.max(end.since_ms).saturating_add(term.stall_ms);
                earliest = Some(earliest.map_or(at, |known| known.min(at)));
            }
        }
    }
    Ok(earliest)
}

/// Confirms what this block's reports amount to, then notes the time for partitions whose head gets ahead of it.
pub(crate) fn note_heads(run: &mut Run<'_>, before: &Seqs, after: &Seqs) -> Result<(), ViewError> {
    if run.chain.bus == Bus::None {
        return Ok(());
    }
    confirm_all(run)?;
    for ((topic, old), (_, new)) in before.iter().zip(after) {
        let key = keys::by_topic(Space::Confirmed, *topic);
        let mut ends = run.state.get_or_default::<Confirmed>(&key)?.ends.into_vec();
        let mut moved = false;
        for (place, (old, new)) in old.iter().zip(new).enumerate() {
            let place = grown(&mut ends, u32::try_from(place).unwrap_or(u32::MAX));
            if let Some(end) = ends.get_mut(place).filter(|end| *old <= end.seq && *new > end.seq) {
                end.since_ms = run.now_ms;
                moved = true;
            }
        }
        if moved {
            run.state.put(key, Confirmed { ends: List::new(ends).unwrap_or_default() })?;
        }
    }
    Ok(())
}

/// When the term falls due, in ms.
pub(crate) fn next_due(run: &mut Run<'_>, heads: &Seqs) -> Result<Option<u64>, ViewError> {
    if run.chain.bus == Bus::None {
        return Ok(None);
    }
    let Some(term) = run.state.get::<Publisher>(&keys::single(Space::Publisher))?.copied() else {
        return Ok(None);
    };
    let end = term.began_ms.saturating_add(run.numbers.term_ms);
    Ok(Some(stall(run, &term, heads)?.map_or(end, |at| at.min(end))))
}

/// How many leaves the heads are ahead of the confirmed cursor, as of a view. Without a bus nothing waits.
pub fn backlog(chain: &Chain, view: &dyn View, epoch: cybermesh_proto::Epoch) -> Result<u64, ViewError> {
    let mut waiting = 0_u64;
    if chain.bus == Bus::None {
        return Ok(waiting);
    }
    for (topic, seqs) in seqs_of(chain, view, epoch)? {
        let row = crate::rows::read::<Confirmed>(view, &keys::by_topic(Space::Confirmed, topic))?
            .unwrap_or_default();
        for (place, head) in seqs.iter().enumerate() {
            let end = row.ends.get(place).copied().unwrap_or_default();
            waiting = waiting.saturating_add(head.saturating_sub(end.seq));
        }
    }
    Ok(waiting)
}

/// The heads of all topics, as plain numbers.
pub(crate) fn seqs_of(
    chain: &Chain,
    view: &dyn View,
    epoch: cybermesh_proto::Epoch,
) -> Result<Seqs, ViewError> {
    Ok(plain(&outbound::heads(chain, view, epoch)?))
}

/// Heads as plain numbers.
pub(crate) fn plain(heads: &OutboxHeads) -> Seqs {
    let plain = |one: &cybermesh_proto::agree::TopicHeads| {
        (one.topic, one.seqs.iter().map(|seq| seq.get()).collect())
    };
    heads.0.iter().map(plain).collect()
}
