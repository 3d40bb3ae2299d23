//! Getting on: a decision soon after healing, payload soon after that, and everything final in the end.

use std::collections::BTreeMap;

use cybermesh_proto::agree::Header;
use cybermesh_proto::{BatchId, Epoch, Height, View};

use super::{Judge, Verdict};
use crate::model::{Executed, TxId};

/// How far the cluster has come.
#[derive(Debug)]
pub(super) struct Progress {
    n: usize,
    newest: (Epoch, View),
    /// View and height when everything healed.
    healed: Option<((Epoch, View), Height)>,
    /// Whether a decision came since.
    decided_since: bool,
    decided: Height,
    certified: Height,
    transactions: BTreeMap<TxId, Height>,
    /// Batches packed by honest nodes since then: the newest view of anybody at that moment.
    batches: BTreeMap<BatchId, (Epoch, View)>,
}

impl Progress {
    pub(super) fn new(n: usize) -> Self {
        Self {
            n,
            newest: (Epoch::ZERO, View::ZERO),
            healed: None,
            decided_since: false,
            decided: Height::ZERO,
            certified: Height::ZERO,
            transactions: BTreeMap::new(),
            batches: BTreeMap::new(),
        }
    }
}

impl Judge {
    /// A node entered a view.
    pub fn entered_view(&mut self, node: u32, epoch: Epoch, view: View) {
        if !self.is_faulty(node) {
            self.progress.newest = self.progress.newest.max((epoch, view));
        }
    }

    /// Everything has healed.
    pub fn heal(&mut self) {
        self.progress.healed = Some((self.progress.newest, self.progress.decided));
    }

    pub(super) fn progressed(&mut self, header: &Header) {
        let progress = &mut self.progress;
        if header.height <= progress.decided {
            return;
        }
        progress.decided = header.height;
        let Some(((epoch, view), height)) = progress.healed else {
            return;
        };
        if progress.decided_since || header.height <= height {
            return;
        }
        progress.decided_since = true;
        let f = (progress.n as u64 - 1) / 3;
        let bound = 2 * f + 6 + self.bounds.progress_views_more;
        let late = header.epoch == epoch && header.view.get() > view.get() + bound;
        if late && self.bounds.live {
            let what = format!("healed in view {view}, decided view {}; bound {bound}", header.view);
            self.find(Verdict::NoProgress, "decision-after-healing", None, what);
        }
    }

    /// An honest author packed a batch.
    pub fn packed(&mut self, node: u32, id: BatchId, _place: (Epoch, View)) {
        if self.progress.decided_since && !self.is_faulty(node) {
            self.progress.batches.insert(id, self.progress.newest);
        }
    }

    pub(super) fn settled(&mut self, header: &Header, executed: &Executed) {
        let progress = &mut self.progress;
        for transaction in &executed.applied {
            progress.transactions.entry(*transaction).or_insert(header.height);
        }
        let included: Vec<_> =
            executed.state.batches.iter().filter_map(|id| progress.batches.remove(id)).collect();
        let Some(more) = self.bounds.inclusion_views_more.filter(|_| self.bounds.live) else {
            return;
        };
        let bound = 3 * self.progress.n as u64 + more;
        for (epoch, view) in included {
            if epoch == header.epoch && header.view.get() > view.get() + bound {
                let what =
                    format!("packed in view {view}, in a block of view {}; bound {bound}", header.view);
                self.find(Verdict::NoProgress, "batches-are-included", None, what);
            }
        }
    }

    /// A node executed a block.
    pub fn executed(&mut self, node: u32, executed: &Executed) {
        if !self.is_faulty(node) && !executed.evidence.is_empty() {
            self.note("evidence applied".to_owned());
        }
    }

    /// A height is certified at a node.
    pub fn certified(&mut self, node: u32, height: Height) {
        if !self.is_faulty(node) {
            self.progress.certified = self.progress.certified.max(height);
        }
    }

    /// Whether a transaction is applied and certified.
    #[must_use]
    pub fn is_final(&self, transaction: TxId) -> bool {
        let height = self.progress.transactions.get(&transaction);
        height.is_some_and(|height| *height <= self.progress.certified)
    }

    /// The newest decided height, and the newest view of anybody honest.
    #[must_use]
    pub fn reached(&self) -> (Height, (Epoch, View)) {
        (self.progress.decided, self.progress.newest)
    }

    /// Whether a decision came after healing.
    #[must_use]
    pub fn got_on(&self) -> bool {
        self.progress.decided_since
    }

    /// The properties of a whole run.
    pub fn finish(&mut self) {
        if self.bounds.fair {
            self.check_fairness();
        }
        let height = self.height().get();
        if let Some(most) = self.bounds.heights_most.filter(|most| height > *most) {
            let what = format!("{height} heights where {most} are enough");
            self.find(Verdict::NoProgress, "blocks-have-a-reason", None, what);
        }
        if self.bounds.evidence {
            self.check_evidence();
        }
    }
}
