//! Inputs and effects in a few words each, for the readable trace.

use cybermesh_consensus::{Effect, Input, Message, Outbound, SignedStatement, ToSign};
use cybermesh_proto::BlockId;

pub(super) fn input(input: &Input) -> String {
    match input {
        Input::Message { from, message } => format!("<- n{} {}", from.0, message_words(message)),
        Input::Signed(statement) => format!("<- signed {}", signed(statement)),
        Input::Executed(execution) => format!(
            "<- executed h{} of {}{}",
            execution.decision.height,
            short(&execution.decision.block),
            if execution.next.is_some() { ", ends the epoch" } else { "" }
        ),
        Input::Stored(id) => format!("<- stored {}", short(id)),
        Input::BatchHeld(id) => format!("<- held {}", &id.to_string()[..6]),
        Input::Built(epoch, view, batches) => format!("<- built e{epoch} v{view}: {} batches", batches.len()),
        Input::Clock(_)
        | Input::Timer(_)
        | Input::Ahead(_)
        | Input::Acknowledged(..)
        | Input::Reconnected(_)
        | Input::Persisted(_)
        | Input::Work(_)
        | Input::Committed(_)
        | Input::CertificateStored(_)
        | Input::Broken(_) => format!("<- {input:?}"),
    }
}

fn message_words(message: &Message) -> String {
    match message {
        Message::Proposal(one) => {
            let (header, proposal) = (&one.get().header, one.get());
            format!(
                "proposal e{} v{} h{} {} on {} qc v{} tc {:?} batches {}",
                header.epoch,
                header.view,
                header.height,
                short(&header.id()),
                short(&header.parent),
                proposal.qc.view,
                proposal.tc.as_ref().map(|tc| tc.view.get()),
                proposal.batches.len(),
            )
        }
        Message::Vote(one) => {
            let said = &one.get().statement;
            format!("vote of {} e{} v{} {}", one.get().author, said.epoch, said.view, short(&said.block))
        }
        Message::Timeout(one) => {
            let said = &one.get().timeout.statement;
            let author = one.get().timeout.author;
            format!("timeout of {author} e{} v{} claim v{}", said.epoch, said.view, said.hqc_view)
        }
        Message::Attestation(one) => {
            format!("attestation of {} h{}", one.get().author, one.get().statement.height)
        }
        Message::Heartbeat(one) => {
            let said = &one.get().statement;
            let author = one.get().author;
            format!("heartbeat of {author} e{} v{} h{}", said.epoch, said.view, said.certified_height)
        }
        Message::Evidence(one) => format!("evidence against {:?}", one.get().offender()),
        Message::AskNewer(one) => format!("what is newer than e{} v{} h{}?", one.epoch, one.view, one.height),
        Message::Newer(one) => {
            let newer = one.get();
            format!(
                "newer: qc {:?} tc {:?} decision {:?} handover {}",
                newer.qc.as_ref().map(|qc| qc.view.get()),
                newer.tc.as_ref().map(|tc| tc.view.get()),
                newer.decision.as_ref().map(|(decision, _)| decision.height.get()),
                newer.handover.is_some()
            )
        }
        Message::Blocks(blocks) => {
            let heights = blocks.iter().map(|block| block.get().header.height.get());
            format!("blocks {:?}", heights.collect::<Vec<_>>())
        }
        Message::AskOwn(one) => format!("own statements of {}?", one.asker),
        Message::Own(by, one) => {
            let own = one.get();
            format!(
                "own from {by}: proposal {:?} vote {:?} timeout {:?} qc v{}",
                own.proposal.as_ref().map(|said| said.statement.view.get()),
                own.vote.as_ref().map(|said| said.statement.view.get()),
                own.timeout.as_ref().map(|said| said.statement.view.get()),
                own.high_qc.view
            )
        }
        Message::AskReport(_, one) => format!("report to {}?", one.asker),
        Message::Report(one) => {
            let said = &one.get().report.statement;
            format!("report of {}: e{} v{}", one.get().report.author, said.epoch, said.entered)
        }
    }
}

pub(super) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Sign(statement) => format!("-> sign {}", to_sign(statement)),
        Effect::Persist(record) => format!(
            "-> persist g{} e{} voted v{} lock v{} qc v{} tc {:?} timeout v{} proposal v{} {:?}",
            record.generation.0,
            record.epoch,
            record.last_voted_view,
            record.lock_view,
            record.high_qc.view,
            record.high_tc.as_ref().map(|tc| tc.view.get()),
            record.highest_timeout_view,
            record.last_proposal_view,
            record.memory
        ),
        Effect::Send(to, outbound) => format!("-> {to:?} {}", outbound_words(outbound)),
        Effect::Store(block) => format!("-> store h{} {}", block.header.height, short(&block.header.id())),
        Effect::Fetch(id, batches, peer) => {
            format!("-> fetch {} batches of {} from {peer:?}", batches.len(), short(id))
        }
        Effect::Forget(blocks) => format!("-> forget {} blocks", blocks.len()),
        Effect::Build(build) => format!("-> build e{} v{}", build.epoch, build.view),
        Effect::Decide(block) => {
            let header = &block.header;
            format!("-> decide e{} v{} h{} {}", header.epoch, header.view, header.height, short(&header.id()))
        }
        Effect::Void(blocks) => format!("-> void {} blocks", blocks.len()),
        Effect::Commit(height, attestation) => {
            format!("-> commit h{height}{}", if attestation.is_some() { ", attested" } else { "" })
        }
        Effect::StoreCertificate(certified, handover) => {
            format!("-> store certificate h{} handover {}", certified.0.height, handover.is_some())
        }
        Effect::Entered(committee) => {
            format!("-> entered e{} with {} validators", committee.epoch, committee.set.n())
        }
        Effect::Evidence(evidence) => format!("-> evidence against {:?}", evidence.offender()),
        Effect::Schedule(..)
        | Effect::Certified(_)
        | Effect::Whole
        | Effect::ServeHandover(..)
        | Effect::Misbehaved(..)
        | Effect::Alarm(_)
        | Effect::Halt(_) => format!("-> {effect:?}"),
    }
}

fn outbound_words(outbound: &Outbound) -> String {
    match outbound {
        Outbound::Proposal(one) => {
            format!("proposal v{} h{} {}", one.header.view, one.header.height, short(&one.header.id()))
        }
        Outbound::Vote(one) => format!("vote v{} {}", one.statement.view, short(&one.statement.block)),
        Outbound::Timeout(one) => {
            let said = &one.timeout.statement;
            let entry = one.entry.as_ref().map(|tc| tc.view.get());
            format!(
                "timeout v{} claim v{} qc v{} entry {entry:?}",
                said.view, said.hqc_view, one.high_qc.view
            )
        }
        Outbound::Acknowledged(epoch, view) => format!("acknowledged e{epoch} v{view}"),
        Outbound::Attestation(one) => format!("attestation h{}", one.statement.height),
        Outbound::Heartbeat(one) => format!("heartbeat v{}", one.statement.view),
        Outbound::Evidence(one) => format!("evidence against {:?}", one.offender()),
        Outbound::AskNewer(one) => format!("ask newer than e{} v{} h{}", one.epoch, one.view, one.height),
        Outbound::Newer(one) => format!(
            "newer: qc {:?} tc {:?} decision {:?} handover {}",
            one.qc.as_ref().map(|qc| qc.view.get()),
            one.tc.as_ref().map(|tc| tc.view.get()),
            one.decision.as_ref().map(|(decision, _)| decision.height.get()),
            one.handover.is_some()
        ),
        Outbound::AskBlocks(one) => format!("ask blocks above h{} to {}", one.above, short(&one.tip)),
        Outbound::AskOwn(_) => "ask own".to_owned(),
        Outbound::Own(_) => "own".to_owned(),
        Outbound::AskReport(_) => "ask report".to_owned(),
        Outbound::Report(one) => format!("report v{}", one.report.statement.entered),
    }
}

fn to_sign(statement: &ToSign) -> String {
    match statement {
        ToSign::Proposal(one) => format!("proposal v{} {}", one.view, short(&one.block)),
        ToSign::Vote(one) => format!("vote v{} {}", one.view, short(&one.block)),
        ToSign::Timeout(one) => format!("timeout v{} claim v{}", one.view, one.hqc_view),
        ToSign::Attestation(one) => format!("attestation h{}", one.height),
        ToSign::Heartbeat(one) => format!("heartbeat v{}", one.view),
        ToSign::Report(one) => format!("report v{}", one.entered),
    }
}

fn signed(statement: &SignedStatement) -> String {
    match statement {
        SignedStatement::Proposal(one) => format!("proposal v{}", one.statement.view),
        SignedStatement::Vote(one) => format!("vote v{}", one.statement.view),
        SignedStatement::Timeout(one) => format!("timeout v{}", one.statement.view),
        SignedStatement::Attestation(one) => format!("attestation h{}", one.statement.height),
        SignedStatement::Heartbeat(one) => format!("heartbeat v{}", one.statement.view),
        SignedStatement::Report(one) => format!("report v{}", one.statement.entered),
    }
}

fn short(id: &BlockId) -> String {
    id.to_string()[..6].to_owned()
}
