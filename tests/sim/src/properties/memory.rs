//! What a node keeps in mind: the newest certificates it was shown, and that it forgot, for as long as that matters.

use std::collections::BTreeMap;

use cybermesh_consensus::{Load, Memory, Message, SafetyRecord};
use cybermesh_proto::{Epoch, View};

use super::Judge;

/// 18 views of statements are kept: one behind the present one, and 16 ahead.
const VIEWS_KEPT: usize = 18;
/// 4 kinds of statements at most in a view: proposal, vote, timeout, and one to spare.
const KINDS: usize = 4;

/// Views of the newest QC that each node was shown in its present life, by epoch.
#[derive(Debug, Default)]
pub(super) struct Shown(BTreeMap<(u32, u32), (Epoch, View)>);

impl Judge {
    /// A message that shows a QC which its receiver must keep (R6), whatever else it thinks of the message.
    pub(super) fn shows(&mut self, node: u32, life: u32, present: Epoch, message: &Message) {
        let qc = match message {
            Message::Timeout(one) => Some(&one.get().high_qc),
            Message::Newer(one) => one.get().qc.as_ref(),
            _ => None,
        };
        if let Some(qc) = qc.filter(|qc| qc.epoch == present) {
            let shown = self.shown.0.entry((node, life)).or_insert((qc.epoch, qc.view));
            *shown = (*shown).max((qc.epoch, qc.view));
        }
    }

    /// How much a core holds, in an epoch of n validators: whatever is sent to it, the bounds of its memory hold.
    pub fn loaded(&mut self, node: u32, n: usize, load: Load) {
        let bounds = [
            ("statements", load.statements, VIEWS_KEPT * KINDS * n),
            ("candidates", load.candidates, n),
            ("waiting", load.waiting, 16),
        ];
        for (what, held, most) in bounds {
            if held > most {
                self.fault(node, "memory-is-bounded", &format!("{held} {what}, at most {most}"));
            }
        }
    }

    /// A node writes its safety record.
    pub fn recorded(
        &mut self,
        node: u32,
        life: u32,
        before: Option<&SafetyRecord>,
        record: &SafetyRecord,
        executed: Option<(Epoch, View)>,
    ) {
        let shown = self.shown.0.get(&(node, life)).filter(|shown| shown.0 == record.epoch);
        if let Some((_, view)) = shown.filter(|shown| shown.1 > record.high_qc.view) {
            let what = format!("was shown a QC of view {view}, records {}", record.high_qc.view);
            self.fault(node, "the-newest-certificate-is-kept", &what);
        }
        let key = self.keys[node as usize];
        if let Some((_, view)) = self.forgotten(&key).filter(|forgotten| forgotten.0 == record.epoch)
            && record.memory == Memory::Fenced
            && record.fence < view
        {
            let what = format!("fence {}, and it signed in view {view} before it forgot", record.fence);
            self.fault(node, "who-forgot-is-fenced", &what);
        }
        let Some(before) = before.filter(|before| before.memory != Memory::Whole) else {
            return;
        };
        if record.memory != Memory::Whole {
            return;
        }
        // R15: only an executed block of this epoch above the fence ends it, never another epoch.
        let ends = before.memory == Memory::Fenced
            && record.epoch == before.epoch
            && executed.is_some_and(|(epoch, view)| epoch == before.epoch && view > before.fence);
        if !ends {
            let what = format!("the mark goes: fence {}, {:?} before", before.fence, before.memory);
            self.fault(node, "who-forgot-stays-marked", &what);
        }
    }
}
