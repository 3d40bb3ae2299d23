//! A packet: the bytes of one message, and what opening them came to.
//!
//! **Promise**: a packet is opened as a node does it: decode, look up the committee of its epoch, verify. What came
//! out is remembered beside the bytes for each committee, since a broadcast is opened by n nodes. The memory belongs
//! to the packet, that is, to all of its bytes: other bytes are another packet and are opened again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use cybermesh_consensus::Message;
use cybermesh_proto::agree::{
    AmnesiaAsk, AmnesiaReport, Answer, Ask, Attestation, Batch, Block, Branch, Evidence, Heartbeat, Newer,
    OwnStatements, OwnStatementsAsk, Proposal, ViewChange, Vote,
};
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_proto::wire::{Checked, Decoded, Received, Verified, Wire};
use cybermesh_proto::{BatchId, Epoch, View};

use super::counting::Counting;
use crate::world::Committees;

/// What a packet claims to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A proposal.
    Proposal,
    /// A vote.
    Vote,
    /// A timeout.
    Timeout,
    /// An attestation.
    Attestation,
    /// A heartbeat.
    Heartbeat,
    /// Evidence.
    Evidence,
    /// A question: what is newer, blocks, a batch.
    Ask,
    /// What is newer.
    Newer,
    /// Blocks.
    Blocks,
    /// A question for own statements.
    AskOwn,
    /// Own statements.
    Own,
    /// A question for a report.
    AskReport,
    /// A report.
    Report,
    /// A batch, pushed or asked for.
    Batch,
    /// A timeout has arrived.
    Acknowledgement,
}

/// What a node knows when it opens a packet.
pub struct Known<'a> {
    /// Its committees.
    pub committees: &'a Committees,
    /// The check of signatures.
    pub check: &'a dyn SignatureCheck,
}

/// What opening a packet came to.
#[derive(Clone, Debug)]
pub enum Opened {
    /// A message for the core.
    Message(Message),
    /// Blocks up to one of them are asked for.
    AskBlocks(Branch),
    /// A batch is asked for.
    AskBatch(BatchId),
    /// A batch.
    Batch(BatchId, Rc<Batch>),
    /// A timeout has arrived.
    Acknowledged(Epoch, View),
    /// Own statements; whose answer they are, the connection says.
    Own(Box<Verified<OwnStatements>>),
    /// A question for a report; who asks, the connection says.
    AskReport(AmnesiaAsk),
    /// Of a later epoch.
    Ahead,
    /// No honest node sends this.
    Refused(String),
}

/// One message on its way.
pub struct Packet {
    /// What it claims to be.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Epoch and view that it belongs to, for partitions by view.
    pub place: Option<(Epoch, View)>,
    /// A number that follows from all of its bytes: cheap, and good enough to tell two runs apart.
    pub mark: u64,
    /// How many signatures were checked when it was opened.
    checks: Cell<u64>,
    /// Committee and what came out.
    opened: RefCell<Vec<(u32, Opened)>>,
}

/// No committee was needed.
const ANY: u32 = u32::MAX;

impl Packet {
    /// A packet of these bytes.
    #[must_use]
    pub fn new(kind: Kind, bytes: Vec<u8>, place: Option<(Epoch, View)>) -> Rc<Self> {
        let mark = mark(&bytes);
        Rc::new(Self {
            kind,
            bytes: bytes.into(),
            place,
            mark,
            checks: Cell::default(),
            opened: RefCell::default(),
        })
    }

    /// Decodes its content without any trust.
    #[must_use]
    pub fn decode<T: Wire + Clone>(&self) -> Option<T> {
        let decoded = Received::<T>::new(self.bytes.to_vec()).decode().ok()?;
        Some(decoded.untrusted().clone())
    }

    /// Opens it with what a node knows.
    #[must_use]
    pub fn open(&self, known: &Known<'_>) -> Opened {
        let memory = self.opened.borrow();
        let found = memory.iter().find(|(id, _)| *id == ANY || known.committees.holds(*id));
        if let Some((_, opened)) = found {
            return opened.clone();
        }
        drop(memory);
        let counting = Counting::new(known.check);
        let (id, opened) = self.open_anew(&Known { committees: known.committees, check: &counting });
        self.checks.set(counting.asked());
        if let Some(id) = id {
            self.opened.borrow_mut().push((id, opened.clone()));
        }
        opened
    }

    /// How many signatures are checked by whoever opens it and has seen nothing of it before; 0 before anybody did.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.checks.get()
    }

    fn open_anew(&self, known: &Known<'_>) -> (Option<u32>, Opened) {
        let opening = Opening { bytes: &self.bytes, known };
        let message = Opened::Message;
        match self.kind {
            Kind::Proposal => opening
                .verified(|one: &Proposal| one.header.epoch, |one| message(Message::Proposal(Box::new(one)))),
            Kind::Vote => {
                opening.verified(|one: &Vote| one.statement.epoch, |one| message(Message::Vote(one)))
            }
            Kind::Timeout => opening.verified(
                |one: &ViewChange| one.timeout.statement.epoch,
                |one| message(Message::Timeout(Box::new(one))),
            ),
            Kind::Attestation => opening
                .verified(|one: &Attestation| one.statement.epoch, |one| message(Message::Attestation(one))),
            Kind::Heartbeat => opening
                .verified(|one: &Heartbeat| one.statement.epoch, |one| message(Message::Heartbeat(one))),
            Kind::Evidence => opening
                .verified(|one: &Evidence| one.offender().1, |one| message(Message::Evidence(Box::new(one)))),
            Kind::Newer => opening.verified(newer_epoch, |one| message(Message::Newer(Box::new(one)))),
            Kind::Own => {
                opening.verified(|one: &OwnStatements| one.high_qc.epoch, |one| Opened::Own(Box::new(one)))
            }
            Kind::Report => opening.verified(
                |one: &AmnesiaReport| one.report.statement.epoch,
                |one| message(Message::Report(Box::new(one))),
            ),
            Kind::Blocks => opening.blocks(),
            Kind::Batch => opening.batch(),
            Kind::Ask => (Some(ANY), opening.ask()),
            Kind::AskOwn => {
                (Some(ANY), opening.plain::<OwnStatementsAsk>(|ask| message(Message::AskOwn(ask))))
            }
            Kind::AskReport => (Some(ANY), opening.plain::<AmnesiaAsk>(Opened::AskReport)),
            Kind::Acknowledgement => (Some(ANY), self.place.map_or_else(refused, acknowledged)),
        }
    }
}

fn mark(bytes: &[u8]) -> u64 {
    let mix = |mark: u64, word: u64| (mark ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    bytes.chunks(8).fold(bytes.len() as u64, |mark, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(mark, u64::from_le_bytes(word))
    })
}

fn refused() -> Opened {
    Opened::Refused("an empty acknowledgement".into())
}

fn acknowledged((epoch, view): (Epoch, View)) -> Opened {
    Opened::Acknowledged(epoch, view)
}

/// All its parts are of one epoch; nothing at all is of any.
fn newer_epoch(newer: &Newer) -> Epoch {
    let qc = newer.qc.as_ref().map(|qc| qc.epoch);
    let tc = newer.tc.as_ref().map(|tc| tc.epoch);
    let decision = newer.decision.as_ref().map(|(decision, _)| decision.epoch);
    let handover = newer.handover.as_ref().map(|handover| handover.decision.epoch);
    qc.or(tc).or(decision).or(handover).unwrap_or_default()
}

struct Opening<'a> {
    bytes: &'a [u8],
    known: &'a Known<'a>,
}

impl Opening<'_> {
    fn decoded<T: Wire>(&self) -> Result<Decoded<T>, String> {
        Received::new(self.bytes.to_vec()).decode().map_err(|refusal| refusal.to_string())
    }

    fn verified<T: Checked>(
        &self,
        epoch: impl Fn(&T) -> Epoch,
        opened: impl Fn(Verified<T>) -> Opened,
    ) -> (Option<u32>, Opened) {
        let decoded = match self.decoded::<T>() {
            Ok(decoded) => decoded,
            Err(why) => return (Some(ANY), Opened::Refused(why)),
        };
        let epoch = epoch(decoded.untrusted());
        let Some(committee) = self.known.committees.get(epoch) else {
            return (None, self.unknown(epoch));
        };
        let opened = match decoded.verify(&committee.committee, self.known.check) {
            Ok(verified) => opened(verified),
            Err(refusal) => Opened::Refused(refusal.to_string()),
        };
        (Some(committee.id), opened)
    }

    fn unknown(&self, epoch: Epoch) -> Opened {
        if epoch > self.known.committees.newest() {
            Opened::Ahead
        } else {
            Opened::Refused(format!("of epoch {epoch}, whose keys are not known"))
        }
    }

    fn batch(&self) -> (Option<u32>, Opened) {
        let decoded = match self.decoded::<Batch>() {
            Ok(decoded) => decoded,
            Err(why) => return (Some(ANY), Opened::Refused(why)),
        };
        let epoch = decoded.untrusted().header.epoch;
        let Some(committee) = self.known.committees.get(epoch) else {
            return (None, self.unknown(epoch));
        };
        let opened = match decoded.verify(&committee.committee, self.known.check) {
            Ok(verified) => {
                let batch = verified.into_inner();
                Opened::Batch(batch.header.id(), Rc::new(batch))
            }
            Err(refusal) => Opened::Refused(refusal.to_string()),
        };
        (Some(committee.id), opened)
    }

    fn blocks(&self) -> (Option<u32>, Opened) {
        let decoded = match self.decoded::<Answer>() {
            Ok(decoded) => decoded,
            Err(why) => return (Some(ANY), Opened::Refused(why)),
        };
        let Answer::Blocks(blocks) = decoded.untrusted() else {
            return (Some(ANY), Opened::Refused("no blocks".into()));
        };
        let Some(first) = blocks.first() else {
            return (Some(ANY), Opened::Message(Message::Blocks(Vec::new())));
        };
        let Some(committee) = self.known.committees.get(first.header.epoch) else {
            return (None, self.unknown(first.header.epoch));
        };
        let verify = |block: &Block| Decoded::own(block)?.verify(&committee.committee, self.known.check);
        let opened = match blocks.iter().map(verify).collect::<Result<Vec<_>, _>>() {
            Ok(blocks) => Opened::Message(Message::Blocks(blocks)),
            Err(refusal) => Opened::Refused(refusal.to_string()),
        };
        (Some(committee.id), opened)
    }

    fn ask(&self) -> Opened {
        match self.decoded::<Ask>() {
            Ok(decoded) => match decoded.untrusted() {
                Ask::Newer(position) => Opened::Message(Message::AskNewer(*position)),
                Ask::Blocks(branch) => Opened::AskBlocks(*branch),
                Ask::Batch(id) => Opened::AskBatch(*id),
                Ask::Handover(_) => Opened::Refused("handovers go with what is newer".into()),
            },
            Err(why) => Opened::Refused(why),
        }
    }

    fn plain<T: Wire + Clone>(&self, opened: impl Fn(T) -> Opened) -> Opened {
        match self.decoded::<T>() {
            Ok(decoded) => opened(decoded.untrusted().clone()),
            Err(why) => Opened::Refused(why),
        }
    }
}
