//! `cybermesh verify`: check proofs offline. No network, no clock; one genesis hash is the only trust.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cybermesh_keys::read_public_file;
use cybermesh_proto::limits::RECEIPT_BYTES_MAX;
use cybermesh_proto::wire::Wire as _;
use cybermesh_proto::{ChainId, Digest};
use cybermesh_verify::{EpochMemory, ProducerCheck, PureRust, Standing, Trust, Verdict, verify_receipt};

use super::failure::{Exit, Failure};
use super::files;
use super::output::{Answer, utc_from_ms};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check a receipt (.cmr).
    ///
    /// Exit code 0 only if it is verified. A receipt that rests on the keys of a past epoch answers with exit code 6,
    /// unless --accept-retired-keys is given.
    Receipt(Receipt),
}

#[derive(Args)]
pub(super) struct Receipt {
    /// The receipt; `-` is standard input.
    receipt: PathBuf,
    /// The genesis hash you trust: 64 hex digits.
    #[arg(long)]
    genesis: String,
    /// Remember the ends of epochs in this file, and refuse what contradicts it.
    #[arg(long)]
    memory: Option<PathBuf>,
    /// The producer's public keys (.pub), to check its own signatures as well.
    #[arg(long)]
    producer: Option<PathBuf>,
    /// Take a certificate of a past epoch for good.
    #[arg(long)]
    accept_retired_keys: bool,
}

pub(super) fn run(command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Receipt(receipt) => check(&receipt),
    }
}

fn check(arguments: &Receipt) -> Result<Answer, Failure> {
    let malformed =
        || Failure::usage("the genesis hash is not 64 hex digits", "copy it from a source you trust");
    let chain = ChainId(Digest::from_hex(&arguments.genesis).ok_or_else(malformed)?);
    let memory = remembered(arguments, chain)?;
    let producer = arguments.producer.as_ref().map(|path| read_public_file(path)?.bundle()).transpose()?;
    let trust = Trust { chain, memory: memory.as_ref(), producer: producer.as_ref() };
    let bytes = files::read(&arguments.receipt, RECEIPT_BYTES_MAX)?;
    let what = || format!("refused: {}", arguments.receipt.display());
    let (verdict, learned) =
        verify_receipt(&bytes, trust, &PureRust).map_err(|refusal| Failure::refused(what(), refusal))?;
    let answer = answer(&verdict, arguments.accept_retired_keys);
    let Some(path) = &arguments.memory else {
        return Ok(answer);
    };
    let was_there = path.exists();
    if !was_there || memory.as_ref() != Some(&learned) {
        files::replace(path, &learned.to_bytes())?;
    }
    let word = if was_there { "kept" } else { "begun" };
    Ok(answer.fact("memory", format!("{word}, {} epochs ended", learned.ends.len())))
}

fn remembered(arguments: &Receipt, chain: ChainId) -> Result<Option<EpochMemory>, Failure> {
    let Some(path) = &arguments.memory else {
        return Ok(None);
    };
    if !path.exists() {
        return Ok(Some(EpochMemory::new(chain)));
    }
    let what = || format!("refused: {}", path.display());
    let memory = EpochMemory::from_bytes(&files::read(path, EpochMemory::BYTES_MAX)?, chain);
    memory.map(Some).map_err(|refusal| Failure::refused(what(), refusal))
}

fn answer(verdict: &Verdict, accept_retired_keys: bool) -> Answer {
    let what = format!("{} {} ended with {}", verdict.kind.name(), verdict.item, verdict.outcome);
    let answer = match verdict.standing {
        Standing::Verified => Answer::new(format!("verified: {what}")),
        Standing::RetiredKeys(epoch) => {
            let answer = Answer::new(format!("rests on retired keys of epoch {epoch}: {what}"));
            if accept_retired_keys { answer } else { answer.failing(Exit::VerificationFailed) }
        }
    };
    let proven =
        format!("the certificate of height {}, epoch {}", verdict.certified_height, verdict.certified_epoch);
    let producer = match verdict.producer {
        ProducerCheck::NotChecked => "not checked",
        ProducerCheck::OtherKeys => "not checked: the given keys are not its producer's",
        ProducerCheck::Holds => "holds",
    };
    answer
        .fact("outcome", verdict.outcome.name())
        .fact("meaning", verdict.outcome.meaning())
        .fact("item", verdict.item.to_string())
        .fact_as("height", verdict.height.to_string(), verdict.height.get())
        .fact_as("place", format!("{} in its block", verdict.index), verdict.index.get())
        .fact_as("time", utc_from_ms(verdict.time_us.get() / 1000), verdict.time_us.get())
        .fact_as("epoch", verdict.epoch.to_string(), verdict.epoch.get())
        .fact("proven by", proven)
        .fact("producer's own signature", producer)
}
