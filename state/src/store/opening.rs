//! The checks of the start: whatever must be equal is compared, and what differs ends the start with its name.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};

use cybermesh_executor::tree;
use cybermesh_proto::agree::{Decision, LogState};
use cybermesh_proto::{Count, Digest, Height};

use super::head::{Head, Newest};
use super::{DECISIONS, Floors, ITEMS, Log, MARKS, RUNS, STALE, StateReader, TILES, keys, outbox};
use crate::db::Db;
use crate::edge::Edge;
use crate::error::{StateError, same};
use crate::family::Family;
use crate::instance::Owner;

/// Opens and checks: owner, head, decision, tree, logs, outbox.
pub(super) fn open(db: Arc<Db>, owner: &Owner) -> Result<StateReader, StateError> {
    owner.check("the owner of the state store", &db.must(&MARKS, keys::OWNER)?)?;
    let row = db.must(&MARKS, keys::HEAD)?;
    let newest = Newest::from_bytes(&row)
        .ok_or_else(|| StateError::damaged(MARKS.name, keys::HEAD, "no height and hashes"))?;
    let floors = Floors {
        state: AtomicU64::new(mark(&db, keys::FLOOR_STATE)?),
        journal: AtomicU64::new(mark(&db, keys::FLOOR_JOURNAL)?),
    };
    let head = Head {
        height: newest.height,
        decision: newest.decision,
        block: newest.block,
        state_root: newest.state_root,
        events: Edge::default(),
        audit: Edge::default(),
        history: Edge::new(newest.height.next().get(), Vec::new()),
        seqs: BTreeMap::new(),
        mirror: mark(&db, keys::MIRROR)?,
    };
    let reader = StateReader {
        db,
        chain: owner.chain,
        head: Arc::new(RwLock::new(Arc::new(head.clone()))),
        floors: Arc::new(floors),
        nodes: Arc::default(),
    };
    reader.after()?;
    let decision = reader.check_decision(&newest)?;
    reader.check_tree(&newest)?;
    reader.check_nothing_above(newest.height)?;
    let head = reader.with_logs(head, decision.as_ref())?;
    reader.set_head(Head { seqs: reader.read_seqs()?, ..head });
    Ok(reader)
}

fn mark(db: &Db, key: &[u8]) -> Result<u64, StateError> {
    let row = db.must(&MARKS, key)?;
    let number = row.try_into().map_err(|_| StateError::damaged(MARKS.name, key, "no number"))?;
    Ok(u64::from_be_bytes(number))
}

impl StateReader {
    fn check_decision(&self, newest: &Newest) -> Result<Option<Decision>, StateError> {
        let decision = self.decision(newest.height)?;
        match &decision {
            None => same("decision of the first height", &self.chain.0, &newest.decision.0)?,
            Some(decision) => {
                same("chain of the newest decision", &self.chain, &decision.chain)?;
                same("the newest decision", &newest.decision, &decision.hash())?;
                same("block of the newest decision", &newest.block, &decision.block)?;
                same("state of the newest decision", &newest.state_root, &decision.state_root)?;
            }
        }
        Ok(decision)
    }

    fn check_tree(&self, newest: &Newest) -> Result<(), StateError> {
        let root = tree::root(self, newest.height)?;
        same("root of the tree", &newest.state_root, &root)?;
        // Whatever the horizon, its root must be there to be read.
        tree::root(self, self.oldest())?;
        Ok(())
    }

    /// No family that is keyed by height holds anything above the newest one.
    fn check_nothing_above(&self, newest: Height) -> Result<(), StateError> {
        let from = keys::at(newest.next());
        for family in [&DECISIONS, &ITEMS, &STALE, &super::NODES, &super::OUTBOX, &super::ATTESTATIONS] {
            let above = self.db.first(family, &from, keys::END)?.map(|(key, _)| key);
            if let Some(key) = above {
                return Err(StateError::damaged(family.name, &key, "it is above the newest height"));
            }
        }
        Ok(())
    }

    /// The edges of the logs, from their tiles, at the sizes that the newest decision names.
    fn with_logs(&self, mut head: Head, decision: Option<&Decision>) -> Result<Head, StateError> {
        let empty = LogState { size: Count::ZERO, root: cybermesh_proto::merkle::empty_root() };
        let (events, audit) = decision.map_or((empty, empty), |one| (one.event_log, one.audit_log));
        head.events = self.log_at(Log::Events, "event log", events)?;
        head.audit = self.log_at(Log::Audit, "audit log", audit)?;
        if let Some(decision) = decision {
            let below = self.edge(Log::History, decision.height.get())?;
            same("root of the history", &decision.history_root, &below.root())?;
        }
        let size = head.height.next().get();
        let newest = self.hashes(Log::History, 0, size - 1, size)?;
        let leaf = cybermesh_proto::merkle::leaf_hash(head.decision.0.as_bytes());
        same("newest leaf of the history", &Some(&leaf), &newest.first())?;
        head.history = self.edge(Log::History, size)?;
        self.check_no_leaf_above(Log::History, size)?;
        Ok(head)
    }

    fn log_at(&self, log: Log, what: &'static str, decided: LogState) -> Result<Edge, StateError> {
        let edge = self.edge(log, decided.size.get())?;
        same(what, &decided.root, &edge.root())?;
        self.check_no_leaf_above(log, decided.size.get())?;
        Ok(edge)
    }

    /// The last row of leaves ends where the log does.
    fn check_no_leaf_above(&self, log: Log, size: u64) -> Result<(), StateError> {
        let (from, below) = (keys::tile(log as u8, 0, 0), keys::tile(log as u8, 1, 0));
        let Some((key, hashes)) = self.db.last(&TILES, &from, &below)? else {
            return same("leaves of a log", &size, &0);
        };
        let first = key.get(3..).and_then(|first| first.try_into().ok()).map(u64::from_be_bytes);
        let end = first.map(|first| first + (hashes.len() / size_of::<Digest>()) as u64);
        same("leaves of a log", &Some(size), &end)
    }

    /// The newest seq of every partition, from the last row of each and the block that it names.
    fn read_seqs(&self) -> Result<BTreeMap<(u16, u32), u64>, StateError> {
        let mut seqs = BTreeMap::new();
        let mut from = keys::START.to_vec();
        while let Some((key, _)) = self.db.first(&RUNS, &from, keys::END)? {
            let (topic, partition) = partition_of(&RUNS, &key)?;
            let start = keys::partition(topic, partition);
            let end = keys::behind(&start);
            if let Some((last, row)) = self.db.last(&RUNS, &start, &end)? {
                let run = outbox::run(&last, &row)?;
                seqs.insert((topic, partition), run.last);
            }
            from = end;
        }
        Ok(seqs)
    }
}

fn partition_of(family: &Family, key: &[u8]) -> Result<(u16, u32), StateError> {
    let parts = || {
        let (topic, rest) = key.get(1..)?.split_first_chunk::<2>()?;
        let (partition, _) = rest.split_first_chunk::<4>()?;
        Some((u16::from_be_bytes(*topic), u32::from_be_bytes(*partition)))
    };
    parts().ok_or_else(|| StateError::damaged(family.name, key, "no partition"))
}
