//! Messages of others, made by hand: blocks by their rightful leaders, certificates by the first q members.

use cybermesh_consensus::{Core, Effect, Execution, Input, Message, Outbound, Peer, Start};
use cybermesh_proto::agree::{
    AttestationStatement, Block, Claim, Committee, Decision, Header, IndexSet, OwnStatements, Proposal, Qc,
    QuorumSignatures, Signed, Tc, TimeoutStatement, ValidatorSet, ViewChange, Vote, VoteStatement,
};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Count, DecisionHash, Height, TimeUs, View};

use super::{BEGINNING_US, CHAIN, committee, first_start, index, result, sign, signature, verified};

/// Makes what the members of a set of n would.
pub struct Forge {
    pub committee: Committee,
}

impl Forge {
    pub fn new(n: usize) -> Self {
        Self { committee: committee(n) }
    }

    pub fn n(&self) -> usize {
        self.committee.set.n()
    }

    pub fn root_qc(&self) -> Qc {
        Qc::of_root(&self.committee)
    }

    /// A block on what a QC certifies, by the leader of a view in which nobody is left out.
    pub fn header(&self, view: u64, qc: &Qc) -> Header {
        Header {
            version: 1,
            chain: CHAIN,
            epoch: self.committee.epoch,
            height: qc.height.next(),
            view: View::new(view),
            parent: qc.block,
            qc_hash: qc.hash(CHAIN),
            proposer: index(usize::try_from(view).unwrap() % self.n()),
            time_us: TimeUs::new(BEGINNING_US + view),
            payload_root: Proposal::payload_root(&[]),
            batch_count: Count::ZERO,
            anchor_height: Height::ZERO,
            anchor_hash: DecisionHash(CHAIN.0),
            left_out: IndexSet::default(),
        }
    }

    pub fn propose(&self, header: Header, qc: &Qc, tc: Option<Tc>) -> Proposal {
        Proposal { header, qc: qc.clone(), tc, batches: List::default(), signature: signature() }
    }

    pub fn proposal(&self, view: u64, qc: &Qc, tc: Option<Tc>) -> Proposal {
        self.propose(self.header(view, qc), qc, tc)
    }

    /// Blocks of the views from 1 on, each with the QC of the one before.
    pub fn chain(&self, views: u64) -> Vec<Block> {
        let mut qc = self.root_qc();
        let mut chain = Vec::new();
        for view in 1..=views {
            let header = self.header(view, &qc);
            let above = self.qc(&header);
            chain.push(self.block(&header, &qc));
            qc = above;
        }
        chain
    }

    pub fn block(&self, header: &Header, qc: &Qc) -> Block {
        Block { header: header.clone(), qc: qc.clone(), batches: List::default() }
    }

    pub fn vote(&self, author: usize, header: &Header) -> Vote {
        let statement = VoteStatement {
            chain: CHAIN,
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            block: header.id(),
        };
        sign(statement, author)
    }

    /// The QC of a block, by the last q members.
    pub fn qc(&self, header: &Header) -> Qc {
        let vote = self.vote(0, header).statement;
        let votes = QuorumSignatures::new(self.quorum().map(|author| (index(author), signature())).collect());
        Qc {
            epoch: vote.epoch,
            view: vote.view,
            height: vote.height,
            block: vote.block,
            votes: votes.unwrap(),
        }
    }

    pub fn quorum(&self) -> impl Iterator<Item = usize> + use<> {
        self.n() - self.committee.quorum()..self.n()
    }

    pub fn timeout(&self, author: usize, view: u64, qc: &Qc) -> Signed<TimeoutStatement> {
        let statement = TimeoutStatement {
            chain: CHAIN,
            epoch: self.committee.epoch,
            view: View::new(view),
            hqc_view: qc.view,
            hqc_block: qc.block,
        };
        sign(statement, author)
    }

    pub fn view_change(&self, author: usize, view: u64, qc: &Qc, entry: Option<Tc>) -> ViewChange {
        ViewChange { timeout: self.timeout(author, view, qc), high_qc: qc.clone(), entry }
    }

    /// The TC of a view whose authors claim the views of these QCs; it carries the newest of them.
    pub fn tc(&self, view: u64, claims: &[Qc]) -> Tc {
        let newest = claims.iter().max_by_key(|qc| qc.view).unwrap().clone();
        let quorum: Vec<_> = self.quorum().collect();
        let claim = |(place, author): (usize, &usize)| {
            let qc = claims.get(place).unwrap_or(&claims[0]);
            Claim {
                author: index(*author),
                hqc_view: qc.view,
                hqc_block: qc.block,
                signature: ValidatorSignature::new(vec![1; 64]).unwrap(),
            }
        };
        let claims = List::new(quorum.iter().enumerate().map(claim).collect()).unwrap();
        Tc { epoch: self.committee.epoch, view: View::new(view), claims, high_qc: newest }
    }
}

#[derive(Clone)]
/// One core, whose disks and signer answer at once; what it sends is collected.
pub struct Solo {
    pub core: Core,
    pub me: usize,
    pub sent: Vec<Outbound>,
    pub other: Vec<Effect>,
    pub record: Option<Box<cybermesh_consensus::SafetyRecord>>,
    /// Effects that are not performed.
    pub stuck: Option<fn(&Effect) -> bool>,
    pub now: u64,
}

impl Solo {
    /// Validator `me` of n, ready to sign.
    pub fn ready(n: usize, me: usize) -> Self {
        Self::of(first_start(n, me), me)
    }

    pub fn of(start: Start, me: usize) -> Self {
        let mut solo = Self::asking(start, me);
        solo.answer_start();
        solo
    }

    /// The same before anybody has answered its first question.
    pub fn asking(start: Start, me: usize) -> Self {
        let now = start.clock.get();
        let (core, effects) = Core::start(start);
        let mut solo = Self { core, me, sent: Vec::new(), other: Vec::new(), record: None, stuck: None, now };
        solo.perform(effects);
        solo
    }

    /// The others hold nothing of its signatures.
    pub fn answer_start(&mut self) {
        let me = self.me;
        (0..self.core.committee().set.n())
            .filter(|other| *other != me)
            .for_each(|other| self.answered(other));
    }

    /// One other holds nothing of its signatures.
    pub fn answered(&mut self, by: usize) {
        let committee = self.core.committee().clone();
        let own = OwnStatements {
            proposal: None,
            vote: None,
            timeout: None,
            high_qc: Qc::of_root(&committee),
            high_tc: None,
            handover: None,
        };
        self.hear(by, Message::Own(index(by), Box::new(verified(&own, &committee))));
    }

    pub fn hear(&mut self, from: usize, message: Message) {
        let from = Peer(u32::try_from(from).unwrap());
        self.input(Input::Message { from, message });
    }

    pub fn hear_proposal(&mut self, proposal: &Proposal) {
        let from = proposal.header.proposer.as_usize();
        let proposal = Box::new(verified(proposal, self.core.committee()));
        self.hear(from, Message::Proposal(proposal));
    }

    /// The proposals that made these blocks.
    pub fn hear_chain(&mut self, forge: &Forge, chain: &[Block]) {
        for block in chain {
            self.hear_proposal(&forge.propose(block.header.clone(), &block.qc, None));
        }
    }

    pub fn hear_vote(&mut self, vote: &Vote) {
        self.hear(vote.author.as_usize(), Message::Vote(verified(vote, self.core.committee())));
    }

    pub fn hear_timeout(&mut self, change: &ViewChange) {
        let from = change.timeout.author.as_usize();
        self.hear(from, Message::Timeout(Box::new(verified(change, self.core.committee()))));
    }

    pub fn hear_attestation(&mut self, author: usize, decision: &Decision) {
        let attestation = sign(AttestationStatement::of(decision), author);
        self.hear(author, Message::Attestation(verified(&attestation, self.core.committee())));
    }

    pub fn hear_blocks(&mut self, from: usize, blocks: &[Block]) {
        let committee = self.core.committee().clone();
        let blocks = blocks.iter().map(|block| verified(block, &committee)).collect();
        self.hear(from, Message::Blocks(blocks));
    }

    /// The result of the next decided block, which may name the validators of the next epoch.
    pub fn execute(
        &mut self,
        header: &Header,
        previous: DecisionHash,
        next: Option<ValidatorSet>,
    ) -> Decision {
        let set = self.core.committee().set.clone();
        let decision = result(header, previous, &set, next.as_ref().unwrap_or(&set));
        let execution = Execution { decision: decision.clone(), next, quarantines: Vec::new(), due: None };
        self.input(Input::Executed(Box::new(execution)));
        decision
    }

    pub fn input(&mut self, input: Input) {
        let mut effects = self.core.step(Input::Clock(TimeUs::new(self.now)));
        effects.extend(self.core.step(input));
        self.perform(effects);
    }

    pub fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if self.stuck.is_some_and(|stuck| stuck(&effect)) {
                self.other.push(effect);
                continue;
            }
            match effect {
                Effect::Sign(what) => {
                    self.input(Input::Signed(Box::new(super::signed(*what, self.me))));
                }
                Effect::Persist(record) => {
                    let generation = record.generation;
                    self.record = Some(record);
                    self.input(Input::Persisted(generation));
                }
                Effect::Send(_, message) => self.sent.push(message),
                Effect::Store(block) => self.input(Input::Stored(block.header.id())),
                Effect::Fetch(_, batches, _) => {
                    batches.iter().for_each(|batch| self.input(Input::BatchHeld(batch.id)));
                }
                Effect::Commit(height, _) => self.input(Input::Committed(height)),
                Effect::StoreCertificate(pair, _) => self.input(Input::CertificateStored(pair.0.height)),
                Effect::Build(build) => self.input(Input::Built(build.epoch, build.view, Vec::new())),
                other => self.other.push(other),
            }
        }
    }

    pub fn expire(&mut self) {
        let (epoch, view) = (self.core.committee().epoch, self.core.view());
        self.input(Input::Timer(cybermesh_consensus::Timer::View(epoch, view)));
    }

    pub fn votes(&self) -> Vec<Vote> {
        let votes = self.sent.iter().filter_map(|sent| match sent {
            Outbound::Vote(vote) => Some(vote.clone()),
            _ => None,
        });
        votes.collect()
    }

    pub fn timeouts(&self) -> Vec<ViewChange> {
        let timeouts = self.sent.iter().filter_map(|sent| match sent {
            Outbound::Timeout(change) => Some((**change).clone()),
            _ => None,
        });
        timeouts.collect()
    }

    pub fn proposals(&self) -> Vec<Proposal> {
        let proposals = self.sent.iter().filter_map(|sent| match sent {
            Outbound::Proposal(proposal) => Some((**proposal).clone()),
            _ => None,
        });
        proposals.collect()
    }

    /// The heights decided, in order.
    pub fn decided(&self) -> Vec<u64> {
        let decided = self.other.iter().filter_map(|effect| match effect {
            Effect::Decide(block) => Some(block.header.height.get()),
            _ => None,
        });
        decided.collect()
    }

    pub fn misdeeds(&self) -> Vec<cybermesh_consensus::Misbehaviour> {
        let misdeeds = self.other.iter().filter_map(|effect| match effect {
            Effect::Misbehaved(_, what) => Some(*what),
            _ => None,
        });
        misdeeds.collect()
    }
}
