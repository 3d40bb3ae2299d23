//! A publisher's report: how far a validator has seen each outbound partition carry proven records.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Signed, Statement};
use crate::domain::Domain;
use crate::limits::{PARTITIONS_MAX, REPORT_ENDS_MAX, TOPICS_MAX};
use crate::refusal::ensure;
use crate::wire::{List, Wire};
use crate::{ChainId, Code, Count, Epoch, Refusal};

/// The end of the run seen in one partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct RunEnd {
    /// The topic, by its place in the genesis.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// The seq of the last record of the run.
    pub seq: Count,
}

/// What a validator reports.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct RunReportStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// The author's number for it: strictly growing.
    pub report_seq: Count,
    /// The publisher's term it was made in.
    pub term: Count,
    /// Run ends, ascending by (topic, partition), each place at most once.
    pub ends: List<RunEnd, REPORT_ENDS_MAX>,
}

/// A signed publisher's report.
pub type RunReport = Signed<RunReportStatement>;

impl Statement for RunReportStatement {
    const DOMAIN: Domain = Domain::RUN_REPORT;
    const SIGNED_NAME: &'static str = "run report";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Wire for RunReportStatement {
    const NAME: &'static str = "run report statement";
    /// 32 KiB: 1,024 ends of at most 18 bytes.
    const BYTES_MAX: usize = 32 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let place = |end: &RunEnd| (end.topic, end.partition);
        let ascending = self.ends.windows(2).all(|pair| matches!(pair, [a, b] if place(a) < place(b)));
        ensure(ascending, Code::ReportEnds, || "run ends not ascending, or a partition twice".into())?;
        let known = |end: &RunEnd| usize::from(end.topic) < TOPICS_MAX && end.partition < PARTITIONS_MAX;
        ensure(self.ends.iter().all(known), Code::ReportEnds, || "no such topic or partition".into())
    }
}
