//! Publisher's terms, the reports of what arrived, and the confirmed cursor. Only where there is a bus.

use cybermesh_proto::agree::{OutboxHeads, RunEnd, RunReport, Validator};
use cybermesh_proto::audit::{AuditEntry, Term};
use cybermesh_proto::genesis::Bus;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Code, Count, ValidatorIndex};

use crate::chain::Chain;
use crate::members::{is_isolated, newest_set, set_of};
use crate::outbound;
use crate::rows::{Confirmed, ConfirmedEnd, Publisher, Reported, Runs, Space, keys};
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
    let set = set_of(run, run.epoch)?.map(|row| row.set);
    let author = set.as_ref().and_then(|set| set.get(report.author).ok());
    let Some(author) = author.filter(|_| said.epoch == run.epoch).cloned() else {
        return Ok(Code::ReportStale);
    };
    let key = keys::by_validator(Space::Reported, &author);
    let newest: Reported = run.state.get_or_default(&key)?;
    if said.report_seq.get() <= newest.seq {
        return Ok(Code::ReportStale);
    }
    let heads = outbound::heads(run.chain, run.state.view, run.epoch)?;
    let head = |end: &RunEnd| {
        let topic = heads.0.iter().find(|one| one.topic == end.topic)?;
        topic.seqs.get(usize::try_from(end.partition).ok()?).copied()
    };
    if !said.ends.iter().all(|end| head(end).is_some_and(|head| end.seq <= head)) {
        return Ok(Code::ReportAhead);
    }
    run.state.put(key, Reported { seq: said.report_seq.get() })?;
    for end in said.ends.iter() {
        note(run, &author, end)?;
        confirm(run, end)?;
    }
    Ok(Code::ReportApplied)
}

fn note(run: &mut Run<'_>, author: &Validator, end: &RunEnd) -> Result<(), ViewError> {
    let key = keys::runs(author, end.topic);
    let mut ends = run.state.get_or_default::<Runs>(&key)?.ends.into_vec();
    let place = grown(&mut ends, end.partition);
    if let Some(known) = ends.get_mut(place) {
        *known = end.seq.get().max(*known);
    }
    run.state.put(key, Runs { ends: List::new(ends).unwrap_or_default() })
}

/// What f+1 validators report at least is confirmed.
fn confirm(run: &mut Run<'_>, end: &RunEnd) -> Result<(), ViewError> {
    let set = newest_set(run)?;
    let place = usize::try_from(end.partition).unwrap_or(usize::MAX);
    let mut seen = Vec::with_capacity(set.n());
    for validator in set.iter() {
        let runs = run.state.get::<Runs>(&keys::runs(validator, end.topic))?;
        seen.push(runs.and_then(|runs| runs.ends.get(place).copied()).unwrap_or(0));
    }
    seen.sort_unstable_by(|a, b| b.cmp(a));
    let reached = seen.get(set.f()).copied().unwrap_or(0);
    let key = keys::by_topic(Space::Confirmed, end.topic);
    let mut ends = run.state.get_or_default::<Confirmed>(&key)?.ends.into_vec();
    let place = grown(&mut ends, end.partition);
    let Some(known) = ends.get_mut(place).filter(|known| known.seq < reached) else { return Ok(()) };
    *known = ConfirmedEnd { seq: reached, since_ms: run.now_ms };
    run.state.put(key, Confirmed { ends: List::new(ends).unwrap_or_default() })?;
    let single = keys::single(Space::Publisher);
    if let Some(term) = run.state.get::<Publisher>(&single)?.copied() {
        run.state.put(single, Publisher { fruitful: 1, stall_ms: run.numbers.stall_ms, ..term })?;
    }
    Ok(())
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

/// Notes the time for partitions whose head gets ahead of what is confirmed in this block.
pub(crate) fn note_heads(run: &mut Run<'_>, before: &Seqs, after: &Seqs) -> Result<(), ViewError> {
    if run.chain.bus == Bus::None {
        return Ok(());
    }
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
