//! What leaves: the leaves of a block, their partitions and dense numbers, and their tree.
//!
//! A leaf that tells of an item holds the item's bytes; it is kept as a reference and made anew from item and
//! outcome by [`leaf_of_item`], so that an event is stored once.

use cybermesh_proto::agree::{Item, Outbox, OutboxHeads, TopicHeads};
use cybermesh_proto::event::SignedEvent;
use cybermesh_proto::hash::sha256;
use cybermesh_proto::merkle::{BlockTree, leaf_hash};
use cybermesh_proto::message::SignedRedrive;
use cybermesh_proto::message::pb::control::v1 as pb;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Code, Count, Epoch, ItemId};

use crate::applied::{OutboundBody, OutboundRow};
use crate::chain::{Chain, TOPICS};
use crate::event::Heard;
use crate::rows::{Heads, Origin, RuleRow, Space, keys};
use crate::run::Run;
use crate::state::State;
use crate::subject::Subject;
use crate::view::ViewError;

use prost::Message as _;

/// Topics that have leaves, by their place in the genesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Topic {
    /// The audit log.
    Audit = 0,
    /// Decided events that were rejected.
    Dlq = 2,
    /// Outcomes of events.
    Events = 4,
    /// Evidence, of misdeeds and for events.
    Evidence = 5,
    /// Rules.
    Policy = 6,
    /// Scores.
    Reputation = 7,
}

/// Place of `control.commits.v1`, whose records prove themselves.
pub(crate) const COMMITS: u16 = 1;
/// Place of `control.epochs.v1`, whose records prove themselves; their number is the epoch.
pub(crate) const EPOCHS: u16 = 3;

/// A leaf to be.
pub(crate) enum Sent {
    /// With its content.
    Inline { topic: Topic, key: Vec<u8>, value: Vec<u8> },
    /// About the item at this place.
    Item { topic: Topic, index: u32 },
}

/// The topic's name.
#[must_use]
pub fn name(topic: u16) -> &'static str {
    TOPICS.get(usize::from(topic)).copied().unwrap_or_default()
}

/// The partition of a key.
#[must_use]
pub fn partition(key: &[u8], partitions: u32) -> u32 {
    let hash = sha256(&[key]);
    let head = hash.as_bytes().iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    head.checked_rem(partitions.into()).and_then(|rest| u32::try_from(rest).ok()).unwrap_or_default()
}

/// Key and value of a leaf that tells of an item: an event, or a redrive of one.
#[must_use]
pub fn leaf_of_item(topic: u16, item: &Item, outcome: u16, decided_at_ms: u64) -> Option<(Vec<u8>, Vec<u8>)> {
    match item {
        Item::Event(bytes) => {
            let signed = SignedEvent::decode(bytes.as_slice()).ok()?;
            leaf_of_event(topic, &signed, outcome, decided_at_ms)
        }
        Item::Redrive(bytes) => {
            let redrive = SignedRedrive::decode(bytes.as_slice()).ok()?;
            leaf_of_event(topic, &redrive.origin().ok()?, outcome, decided_at_ms)
        }
        _ => None,
    }
}

/// Key and value of a leaf that tells of an event.
pub(crate) fn leaf_of_event(
    topic: u16,
    signed: &SignedEvent,
    outcome: u16,
    decided_at_ms: u64,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (event, id) = (signed.event(), signed.id());
    let subject = Subject::read(&event.entity_kind, &event.entity_value);
    let entity = subject.as_ref().map_or(event.entity_value.as_str(), |subject| subject.value.as_str());
    let key = key(&event.tenant, entity);
    let event_id = id.0.as_bytes().to_vec();
    let outcome_number = u32::from(outcome);
    let applied = is_applied(Code::from_number(outcome)?);
    let value = if topic == Topic::Events as u16 {
        let signed_event = if applied { signed.received().to_vec() } else { Vec::new() };
        let subject = subject.filter(|_| applied).as_ref().map(subject_message);
        pb::EventRecord { event_id, outcome: outcome_number, decided_at_ms, signed_event, subject }
            .encode_to_vec()
    } else if topic == Topic::Dlq as u16 {
        let original = signed.received().to_vec();
        pb::DeadLetter { event_id, outcome: outcome_number, decided_at_ms, original }.encode_to_vec()
    } else {
        let (item_id, item) = (event_id, signed.received().to_vec());
        let validator = String::new();
        pb::EvidenceRecord { item_id, outcome: outcome_number, item, validator }.encode_to_vec()
    };
    Some((key, value))
}

fn is_applied(code: Code) -> bool {
    matches!(code, Code::EventApplied | Code::EventAppliedLate | Code::RedriveApplied)
}

fn key(tenant: &str, entity: &str) -> Vec<u8> {
    [tenant.as_bytes(), &[0], entity.as_bytes()].concat()
}

fn subject_message(subject: &Subject) -> pb::Subject {
    pb::Subject { kind: subject.kind.as_str().into(), value: subject.value.as_str().into() }
}

/// Says that evidence for other events came in.
pub(crate) fn evidence_of_event(run: &mut Run<'_>, _heard: &Heard<'_>) {
    run.sent.push(Sent::Item { topic: Topic::Evidence, index: run.index });
}

/// Says that a validator's misdeed is proven.
pub(crate) fn misdeed(run: &mut Run<'_>, id: &ItemId, item: &[u8], validator: &str) {
    let record = pb::EvidenceRecord {
        item_id: id.0.as_bytes().to_vec(),
        outcome: Code::EvidenceApplied.number().into(),
        item: item.to_vec(),
        validator: validator.into(),
    };
    let (key, value) = (key("", validator), record.encode_to_vec());
    run.sent.push(Sent::Inline { topic: Topic::Evidence, key, value });
}

/// Says that a rule was made or lifted.
pub(crate) fn rule(run: &mut Run<'_>, row: &RuleRow, lifted: Option<&str>) {
    let said = String::from_utf8_lossy(row.reason.as_slice()).into_owned();
    let record = pb::PolicyRule {
        subject: Some(subject_message(&row.subject)),
        action: u8::from(row.verb).into(),
        scope: row.scope.as_str().into(),
        automatic: row.origin == Origin::Automatic,
        lifted: lifted.is_some(),
        priority: row.priority.into(),
        made_at_ms: row.made_ms,
        expires_at_ms: row.expires_ms,
        reason: lifted.map_or(said, str::to_owned),
        rests_on: row.rests_on.iter().map(|event| event.0.as_bytes().to_vec()).collect(),
    };
    let (key, value) = (key(row.scope.as_str(), row.subject.value.as_str()), record.encode_to_vec());
    run.sent.push(Sent::Inline { topic: Topic::Policy, key, value });
}

/// Says what a subject's score is now.
pub(crate) fn reputation(
    run: &mut Run<'_>,
    subject: &Subject,
    score_bp: u16,
    points: u32,
    contributions: usize,
) {
    let record = pb::Reputation {
        subject: Some(subject_message(subject)),
        score_bp: score_bp.into(),
        at_ms: run.now_ms,
        corroboration: points,
        contributions: u32::try_from(contributions).unwrap_or(u32::MAX),
    };
    let (key, value) = (key("", subject.value.as_str()), record.encode_to_vec());
    run.sent.push(Sent::Inline { topic: Topic::Reputation, key, value });
}

/// A leaf of the audit log, as it goes out.
pub(crate) fn audit(index: u64, leaf: &[u8]) -> Sent {
    let value = pb::AuditRecord { index, leaf: leaf.to_vec() }.encode_to_vec();
    Sent::Inline { topic: Topic::Audit, key: vec![0], value }
}

/// The outbound leaves of a block, numbered.
pub(crate) struct Numbered {
    pub(crate) rows: Vec<OutboundRow>,
    pub(crate) outbox: Outbox,
    pub(crate) heads: OutboxHeads,
}

/// Gives every leaf its partition and number, and hashes them.
pub(crate) fn number(
    chain: &Chain,
    state: &mut State<'_>,
    epoch: Epoch,
    sent: Vec<Sent>,
    item_leaf: impl Fn(Topic, u32) -> Option<(Vec<u8>, Vec<u8>)>,
) -> Result<Numbered, ViewError> {
    let mut heads = read_heads(chain, state)?;
    let mut rows = Vec::with_capacity(sent.len());
    for one in sent {
        let lost = || ViewError("an outbound leaf about an item that is none".into());
        let (topic, key, value, body) = match one {
            Sent::Inline { topic, key, value } => (topic, key, value, None),
            Sent::Item { topic, index } => {
                let (key, value) = item_leaf(topic, index).ok_or_else(lost)?;
                (topic, key, value, Some(OutboundBody::Item { index }))
            }
        };
        let topic = topic as u16;
        let partition = partition(&key, chain.partitions(topic));
        let seq = next_seq(&mut heads, topic, partition).ok_or_else(lost)?;
        let leaf = pb::Leaf { topic: name(topic).into(), partition, seq, key, value }.encode_to_vec();
        let leaf_hash = leaf_hash(&leaf);
        let body = body.unwrap_or(OutboundBody::Inline(leaf));
        rows.push(OutboundRow { topic, partition, seq, leaf_hash, body });
    }
    let commits = write_heads(state, &heads, !rows.is_empty())?;
    let hashes: Vec<_> = rows.iter().map(|row| row.leaf_hash).collect();
    let count = Count::new(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    let heads = all_heads(&heads, commits, epoch);
    let outbox = Outbox { count, root: BlockTree::of_hashes(&hashes).root(), heads_hash: heads.hash() };
    Ok(Numbered { rows, outbox, heads })
}

/// The newest numbers of all topics as of a view: what `heads_hash` covers.
pub fn heads(chain: &Chain, view: &dyn crate::view::View, epoch: Epoch) -> Result<OutboxHeads, ViewError> {
    let mut state = State::new(view);
    let heads = read_heads(chain, &mut state)?;
    let commits = state.need::<crate::rows::Logs>(&keys::single(Space::Logs))?.commits;
    Ok(all_heads(&heads, commits, epoch))
}

type TopicSeqs = Vec<(u16, Vec<u64>)>;

fn read_heads(chain: &Chain, state: &mut State<'_>) -> Result<TopicSeqs, ViewError> {
    let topics = [Topic::Audit, Topic::Dlq, Topic::Events, Topic::Evidence, Topic::Policy, Topic::Reputation];
    let mut heads = Vec::with_capacity(topics.len());
    for topic in topics.map(|topic| topic as u16) {
        let row: Heads = state.get_or_default(&keys::by_topic(Space::Heads, topic))?;
        let mut seqs = row.seqs.into_vec();
        seqs.resize(usize::try_from(chain.partitions(topic)).unwrap_or(1), 0);
        heads.push((topic, seqs));
    }
    Ok(heads)
}

fn next_seq(heads: &mut TopicSeqs, topic: u16, partition: u32) -> Option<u64> {
    let (_, seqs) = heads.iter_mut().find(|(one, _)| *one == topic)?;
    let seq = seqs.get_mut(usize::try_from(partition).ok()?)?;
    *seq = seq.saturating_add(1);
    Some(*seq)
}

/// Writes the numbers, and counts the height among those of `control.commits.v1` if it sends anything.
fn write_heads(state: &mut State<'_>, heads: &TopicSeqs, sends: bool) -> Result<u64, ViewError> {
    for (topic, seqs) in heads {
        let seqs = List::new(seqs.clone()).unwrap_or_default();
        state.put(keys::by_topic(Space::Heads, *topic), Heads { seqs })?;
    }
    let key = keys::single(Space::Logs);
    let mut logs: crate::rows::Logs = state.get_or_default(&key)?;
    logs.commits = logs.commits.saturating_add(sends.into());
    let commits = logs.commits;
    state.put(key, logs)?;
    Ok(commits)
}

fn all_heads(heads: &TopicSeqs, commits: u64, epoch: Epoch) -> OutboxHeads {
    let listed = |topic: u16, seqs: &[u64]| TopicHeads {
        topic,
        seqs: List::new(seqs.iter().map(|seq| Count::new(*seq)).collect()).unwrap_or_default(),
    };
    let mut all: Vec<_> = heads.iter().map(|(topic, seqs)| listed(*topic, seqs)).collect();
    all.extend([listed(COMMITS, &[commits]), listed(EPOCHS, &[epoch.get()])]);
    all.sort_by_key(|one| one.topic);
    OutboxHeads(List::new(all).unwrap_or_default())
}
