//! Applying one decided block: its items in order, then what follows for state, logs, outbox and decision.

use cybermesh_proto::agree::{
    Batch, Decision, Evidence, Header, Item, LogState, Outbox, RunReport, ValidatorSet,
};
use cybermesh_proto::audit::{AuditEntry, AuditLeaf, EventLeaf};
use cybermesh_proto::event::SignedEvent;
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_proto::merkle::{BlockTree, Frontier, leaf_hash};
use cybermesh_proto::message::{SignedGovernance, SignedRedrive};
use cybermesh_proto::wire::{decode_canonical, encode_canonical};
use cybermesh_proto::{
    Class, Code, Count, DecisionHash, Digest, Height, ItemId, Refusal, TimeUs, ValidatorIndex,
};

use crate::applied::{Applied, Decided, FoundBy, OutboundRow, Quarantined, Writes};
use crate::chain::Chain;
use crate::outbound::{Sent, Topic};
use crate::rows::{LogRow, Logs, Recent, Space, keys};
use crate::run::{Logged, Run};
use crate::subject::Subject;
use crate::tree::{TreeStore, grow};
use crate::view::{View, ViewError};
use crate::{event, governance, members, outbound, publisher, redrive, rule};

/// What an item says, decoded ahead: a function of its bytes alone, on whatever thread there is time.
pub struct Ready {
    item: Item,
    id: ItemId,
    content: Content,
}

enum Content {
    Event(Box<SignedEvent>),
    Governance(Box<SignedGovernance>),
    Evidence(Box<Evidence>),
    Report(Box<RunReport>),
    Redrive(Box<SignedRedrive>),
}

/// A batch, decoded ahead.
pub struct ReadyBatch {
    /// Who packed it.
    pub author: ValidatorIndex,
    /// Its items.
    pub items: Vec<Ready>,
}

/// What the block stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    /// The height before.
    pub height: Height,
    /// The hash of its decision.
    pub decision: DecisionHash,
    /// Root of the state after it.
    pub state_root: Digest,
}

impl Ready {
    /// Decodes an item.
    pub fn new(item: Item) -> Result<Self, Refusal> {
        let bytes = item.bytes();
        let content = match &item {
            Item::Event(_) => Content::Event(Box::new(SignedEvent::decode(bytes)?)),
            Item::Governance(_) => Content::Governance(Box::new(SignedGovernance::decode(bytes)?)),
            Item::Redrive(_) => Content::Redrive(Box::new(SignedRedrive::decode(bytes)?)),
            Item::Evidence(_) => Content::Evidence(Box::new(decode_canonical(bytes)?)),
            Item::Report(_) => Content::Report(Box::new(decode_canonical(bytes)?)),
        };
        let id = match &content {
            Content::Event(event) => event.id(),
            Content::Governance(transaction) => transaction.id(),
            Content::Redrive(redrive) => redrive.id(),
            Content::Evidence(_) | Content::Report(_) => item.identity()?,
        };
        Ok(Self { item, id, content })
    }
}

impl ReadyBatch {
    /// Decodes a batch that was held: every item of it decodes, or it would not have been.
    pub fn new(batch: Batch) -> Result<Self, Refusal> {
        let author = batch.header.author;
        let items = batch.items.into_vec().into_iter().map(Ready::new).collect::<Result<_, _>>()?;
        Ok(Self { author, items })
    }
}

impl Parent {
    /// What the block after this decision stands on.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        Self { height: decision.height, decision: decision.hash(), state_root: decision.state_root }
    }
}

/// Applies a block to the state that the store holds: the one after its parent.
pub fn apply<S: View + TreeStore>(
    store: &S,
    chain: &Chain,
    signatures: &dyn SignatureCheck,
    parent: &Parent,
    header: &Header,
    batches: &[ReadyBatch],
) -> Result<Applied, ViewError> {
    if header.height != parent.height.next() {
        return Err(ViewError(format!("block {} cannot stand on height {}", header.height, parent.height)));
    }
    let executed = execute(store, chain, signatures, parent, header, batches)?;
    let tree = grow(store, header.height, &parent.state_root, &executed.writes)?;
    let decision = Decision {
        version: Decision::VERSION,
        chain: chain.id,
        epoch: header.epoch,
        height: header.height,
        block: header.id(),
        time_us: header.time_us,
        previous: parent.decision,
        history_root: executed.history_root,
        tx: executed.tx,
        state_root: tree.root,
        event_log: executed.event_log,
        audit_log: executed.audit_log,
        outbox: executed.outbox,
        validator_set_hash: executed.set_hash,
        next_validator_set_hash: executed.next.as_ref().map_or(executed.set_hash, ValidatorSet::hash),
        protocol_version: chain.protocol_version,
    };
    Ok(Applied {
        decision,
        next: executed.next,
        writes: executed.writes,
        tree,
        items: executed.items,
        event_leaves: executed.event_leaves,
        audit_leaves: executed.audit_leaves,
        outbound: executed.outbound,
        quarantines: executed.quarantines,
        due: executed.due,
    })
}

/// Everything about a block but the tree.
pub(crate) struct Executed {
    pub(crate) items: Vec<Decided>,
    pub(crate) writes: Writes,
    next: Option<ValidatorSet>,
    set_hash: Digest,
    history_root: Digest,
    tx: LogState,
    event_log: LogState,
    audit_log: LogState,
    outbox: Outbox,
    event_leaves: Vec<Digest>,
    audit_leaves: Vec<Vec<u8>>,
    outbound: Vec<OutboundRow>,
    quarantines: Vec<Quarantined>,
    due: Option<TimeUs>,
}

pub(crate) fn execute(
    view: &dyn View,
    chain: &Chain,
    signatures: &dyn SignatureCheck,
    parent: &Parent,
    header: &Header,
    batches: &[ReadyBatch],
) -> Result<Executed, ViewError> {
    let mut run = Run::new(chain, signatures, view, header)?;
    members::check_epoch(&mut run)?;
    rule::expire(&mut run)?;
    publisher::turn(&mut run)?;
    governance::forget(&mut run)?;
    let (items, tx) = run_items(&mut run, batches)?;
    publish_scores(&mut run)?;
    finish(run, parent, batches, items, tx)
}

fn run_items(run: &mut Run<'_>, batches: &[ReadyBatch]) -> Result<(Vec<Decided>, LogState), ViewError> {
    let mut decided = Vec::new();
    let mut leaves = Vec::new();
    for (batch, number) in batches.iter().zip(0..) {
        for (ready, place) in batch.items.iter().zip(0..) {
            let code = run_item(run, ready)?;
            let index = Count::new(run.index.into());
            leaves.push(leaf_hash(&encode_canonical(&(index, batch.author, code.number(), &ready.item))));
            let (id, outcome, found_by) = (ready.id, code.number(), found_by(ready, code));
            decided.push(Decided { id, outcome, batch: number, place, found_by });
            run.index = run.index.saturating_add(1);
        }
    }
    let size = Count::new(run.index.into());
    Ok((decided, LogState { size, root: BlockTree::of_hashes(&leaves).root() }))
}

fn run_item(run: &mut Run<'_>, ready: &Ready) -> Result<Code, ViewError> {
    let done = run.guarded(|run| {
        let code = match &ready.content {
            Content::Event(event) => event::decide(run, event, ready.id)?,
            Content::Governance(transaction) => governance::apply(run, transaction)?,
            Content::Evidence(evidence) => members::count_misdeed(run, evidence, ready.item.bytes())?,
            Content::Report(report) => publisher::count(run, report)?,
            Content::Redrive(redrive) => redrive::apply(run, redrive)?,
        };
        tell(run, ready, code);
        Ok(code)
    })?;
    match done {
        Some(code) => Ok(code),
        None => fault(run, ready),
    }
}

/// Executing the item failed: its place is used all the same, or it would come again and fail again.
fn fault(run: &mut Run<'_>, ready: &Ready) -> Result<Code, ViewError> {
    run.guarded(|run| {
        if let Content::Event(event) = &ready.content {
            event::use_place(run, event)?;
        }
        Ok(())
    })?;
    run.audit.push(AuditEntry::Fault(ready.id));
    tell(run, ready, Code::ExecutorFault);
    Ok(Code::ExecutorFault)
}

/// The entry of the event log, and the leaves about the outcome.
fn tell(run: &mut Run<'_>, ready: &Ready, code: Code) {
    let index = Count::new(run.index.into());
    match &ready.content {
        Content::Event(_) => {
            let topics = event::topics(code);
            if !topics.is_empty() {
                run.logged.push(Logged { id: ready.id, code, index });
            }
            run.sent.extend(topics.iter().map(|topic| Sent::Item { topic: *topic, index: run.index }));
        }
        Content::Redrive(redrive) if code == Code::RedriveApplied => {
            let origin = redrive.origin().map_or(ready.id, |origin| origin.id());
            run.logged.push(Logged { id: origin, code, index });
        }
        _ => {}
    }
}

fn found_by(ready: &Ready, code: Code) -> Option<FoundBy> {
    let Content::Event(signed) = &ready.content else { return None };
    if code.class() != Class::Final || code == Code::EventSeqUsed {
        return None;
    }
    let event = signed.event();
    let correlation = event.trace.as_ref().map(|trace| trace.correlation_id.clone()).unwrap_or_default();
    let (kind, value) = match Subject::read(&event.entity_kind, &event.entity_value) {
        Some(subject) => (subject.kind.as_str().to_owned(), subject.value.as_str().to_owned()),
        None => (event.entity_kind.clone(), event.entity_value.clone()),
    };
    Some(FoundBy { correlation, kind, value })
}

/// Sends out the scores that came to another band.
fn publish_scores(run: &mut Run<'_>) -> Result<(), ViewError> {
    for subject in std::mem::take(&mut run.touched) {
        crate::finding::publish(run, &subject)?;
    }
    Ok(())
}

fn finish(
    mut run: Run<'_>,
    parent: &Parent,
    batches: &[ReadyBatch],
    items: Vec<Decided>,
    tx: LogState,
) -> Result<Executed, ViewError> {
    let mut logs: Logs = run.state.need::<Logs>(&keys::single(Space::Logs))?.clone();
    let (mut history, mut events, mut audit) =
        (frontier(&logs.history)?, frontier(&logs.events)?, frontier(&logs.audit)?);
    history.append(parent.decision.0.as_bytes());
    let before = log_state(&audit);
    let event_leaves = log_events(&run, &mut events, &mut logs.events.last);
    let audit_leaves = log_audit(&mut run, &mut audit, &mut logs.audit.last);
    let recent = Recent {
        height: run.height,
        history_root: history.root(),
        audit_size: before.size.get(),
        audit_root: before.root,
        anchor: run.anchor,
    };
    run.state.put(keys::recent(run.height), recent)?;
    logs.history = LogRow::of(&history, parent.decision.0);
    logs.events = LogRow::of(&events, logs.events.last);
    logs.audit = LogRow::of(&audit, logs.audit.last);
    run.state.put(keys::single(Space::Logs), logs)?;

    let sent = std::mem::take(&mut run.sent);
    let (now_ms, epoch) = (run.now_ms, run.epoch);
    let item_leaf = |topic, index| item_leaf(batches, &items, topic, index, now_ms);
    let numbered = outbound::number(run.chain, &mut run.state, epoch, sent, item_leaf)?;
    let heads = publisher::plain(&numbered.heads);
    let heads_before = publisher::seqs_of(run.chain, run.state.view, epoch)?;
    publisher::note_heads(&mut run, &heads_before, &heads)?;

    let set = members::set_of(&mut run, epoch)?.map(|row| row.set);
    let set = set.ok_or_else(|| ViewError(format!("the state has no validators of epoch {epoch}")))?;
    let next = members::set_of(&mut run, epoch.next())?.map(|row| row.set);
    let quarantines = members::isolated(&mut run, next.as_ref().unwrap_or(&set))?;
    let due = earliest(rule::next_due(&mut run)?, publisher::next_due(&mut run, &heads)?);
    Ok(Executed {
        items,
        next,
        set_hash: set.hash(),
        history_root: history.root(),
        tx,
        event_log: log_state(&events),
        audit_log: log_state(&audit),
        outbox: numbered.outbox,
        event_leaves,
        audit_leaves,
        outbound: numbered.rows,
        quarantines,
        due,
        writes: run.state.writes(),
    })
}

fn item_leaf(
    batches: &[ReadyBatch],
    items: &[Decided],
    topic: Topic,
    index: u32,
    now_ms: u64,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let decided = items.get(usize::try_from(index).ok()?)?;
    let batch = batches.get(usize::try_from(decided.batch).ok()?)?;
    match &batch.items.get(usize::try_from(decided.place).ok()?)?.content {
        Content::Event(event) => outbound::leaf_of_event(topic as u16, event, decided.outcome, now_ms),
        Content::Redrive(redrive) => {
            outbound::leaf_of_event(topic as u16, &redrive.origin().ok()?, decided.outcome, now_ms)
        }
        _ => None,
    }
}

fn log_events(run: &Run<'_>, log: &mut Frontier, last: &mut Digest) -> Vec<Digest> {
    let mut hashes = Vec::with_capacity(run.logged.len());
    for one in &run.logged {
        let (id, outcome, height, index) = (one.id, one.code.number(), run.height, one.index);
        let leaf = encode_canonical(&EventLeaf { previous: *last, id, outcome, height, index });
        log.append(&leaf);
        *last = leaf_hash(&leaf);
        hashes.push(*last);
    }
    hashes
}

/// Chains the audit leaves, and sends them out.
fn log_audit(run: &mut Run<'_>, log: &mut Frontier, last: &mut Digest) -> Vec<Vec<u8>> {
    let mut leaves = Vec::with_capacity(run.audit.len());
    for entry in std::mem::take(&mut run.audit) {
        let (height, time_us) = (run.height, run.time_us);
        let leaf = AuditLeaf { version: AuditLeaf::VERSION, previous: *last, height, time_us, entry };
        let leaf = encode_canonical(&leaf);
        run.sent.push(outbound::audit(log.size(), &leaf));
        log.append(&leaf);
        *last = leaf_hash(&leaf);
        leaves.push(leaf);
    }
    leaves
}

fn frontier(row: &LogRow) -> Result<Frontier, ViewError> {
    row.frontier().ok_or_else(|| ViewError("the frontier of a log is damaged".into()))
}

fn log_state(log: &Frontier) -> LogState {
    LogState { size: Count::new(log.size()), root: log.root() }
}

fn earliest(one: Option<u64>, other: Option<u64>) -> Option<TimeUs> {
    one.into_iter().chain(other).min().map(|ms| TimeUs::new(ms.saturating_mul(1000)))
}
