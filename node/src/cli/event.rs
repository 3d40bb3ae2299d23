//! `cybermesh event`: sign, verify and look at events.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cybermesh_keys::{Fast, Signer as _, read_public_file};
use cybermesh_proto::event::{Demand, SignedEvent, Signer, event_signing_bytes};
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::limits::{EVENT_BYTES_MAX, SIGNED_EVENT_OVERHEAD_MAX};
use cybermesh_proto::message::pb::event::v1::{Event, Tlp};
use cybermesh_proto::message::signature_list;
use prost::Message as _;
use serde_json::Value;

use super::draft::Draft;
use super::failure::Failure;
use super::files;
use super::keys::PassphraseFile;
use super::output::{Answer, utc_from_ms};

/// A record on `ai.*` is never larger.
const RECORD_BYTES_MAX: usize = EVENT_BYTES_MAX + SIGNED_EVENT_OVERHEAD_MAX;
/// JSON escapes can make an event six times as long as its bytes.
const DRAFT_BYTES_MAX: usize = 6 * EVENT_BYTES_MAX;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Sign an event written as JSON with the field names of event.proto.
    ///
    /// Required: type, network, tenant, seq, entity_kind, entity_value. The producer, the content hash and, where it
    /// is missing, the time are filled in. `payload` is text or any JSON value.
    Sign(Sign),
    /// Check an event's encoding, fields and signatures.
    Verify(Verify),
    /// Show what an event says, without believing it.
    Show(Show),
}

#[derive(Args)]
pub(super) struct Sign {
    /// The event as JSON; `-` is standard input.
    event: PathBuf,
    /// The producer's key file.
    #[arg(long)]
    key: PathBuf,
    /// Where the signed event goes; `-` is standard output.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

#[derive(Args)]
pub(super) struct Verify {
    /// The signed event; `-` is standard input.
    event: PathBuf,
    /// The producer's public keys (.pub).
    #[arg(long)]
    key: PathBuf,
    /// Accept the Ed25519 half alone, as the registry may for a producer.
    #[arg(long)]
    ed25519_only: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// The signed event; `-` is standard input.
    event: PathBuf,
}

pub(super) fn run(command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Sign(sign) => make(&sign),
        Command::Verify(verify) => check(&verify),
        Command::Show(show) => look(&show),
    }
}

fn make(sign: &Sign) -> Result<Answer, Failure> {
    let draft = Draft::from_json(&files::read(&sign.event, DRAFT_BYTES_MAX)?)?;
    let keys = sign.passphrase.open(&sign.key)?;
    let kid = keys.bundle().kid();
    let event_bytes = draft.into_event(kid.0.as_bytes())?.encode_to_vec();
    let refused = |refusal| Failure::refused("the event breaks a rule and was not signed", refusal);
    SignedEvent::decode_unsigned(&event_bytes).map_err(refused)?;
    let halves = keys.sign(&event_signing_bytes(&event_bytes))?;
    let record = SignedEvent::assemble(event_bytes, signature_list(kid, halves));
    let signed = SignedEvent::decode(&record).map_err(refused)?;
    files::create(&sign.out, &record)?;
    if sign.out == Path::new("-") {
        return Ok(Answer::silent());
    }
    let answer = Answer::new(format!("signed: event {} of {}", signed.id(), signed.event().tenant));
    Ok(facts(answer, &signed).fact("file", format!("{} ({} bytes)", sign.out.display(), record.len())))
}

fn check(verify: &Verify) -> Result<Answer, Failure> {
    let bundle = read_public_file(&verify.key)?.bundle()?;
    let demand = if verify.ed25519_only { Demand::Ed25519 } else { Demand::WholeBundle };
    let signer = Signer { bundle: &bundle, demand };
    let record = files::read(&verify.event, RECORD_BYTES_MAX)?;
    let verified = SignedEvent::decode(&record).and_then(|event| event.verify(signer, &Fast));
    let what = || format!("refused: {}", verify.event.display());
    let verified = verified.map_err(|refusal| Failure::refused(what(), refusal))?;
    let event = verified.get();
    Ok(facts(Answer::new(format!("verified: event {} by its producer's keys", event.id())), event))
}

fn look(show: &Show) -> Result<Answer, Failure> {
    let record = files::read(&show.event, RECORD_BYTES_MAX)?;
    let what = || format!("not understood: {}", show.event.display());
    let event = SignedEvent::decode(&record).map_err(|refusal| Failure::refused(what(), refusal))?;
    Ok(facts(Answer::new(format!("not verified: event {}", event.id())), &event))
}

fn facts(answer: Answer, signed: &SignedEvent) -> Answer {
    let event = signed.event();
    let place = format!("{} / {}", event.stream, event.seq);
    let answer = answer
        .fact("type", event.r#type.clone())
        .fact("subject", format!("{} {}", event.entity_kind, event.entity_value))
        .fact_as("severity", severity(event.severity_id), event.severity_id)
        .fact_as("confidence", percent(event.confidence_bp), event.confidence_bp)
        .fact("network", event.network.clone())
        .fact("tenant", event.tenant.clone())
        .fact("producer", signed.producer().to_string())
        .fact_as("stream / seq", place, Value::from(vec![u64::from(event.stream), event.seq]))
        .fact_as("created at", utc_from_ms(event.created_at_ms), event.created_at_ms)
        .fact("marking", marking(event))
        .fact_as("payload", payload(event), event.payload.len());
    let hops = event.custody.len();
    let answer = if hops == 0 { answer } else { answer.fact("custody", format!("{hops} hops, not checked")) };
    let algorithms: Vec<_> = signed.algorithms().map(Algorithm::name).collect();
    answer.fact_as("signatures", algorithms.join(" and "), algorithms)
}

fn payload(event: &Event) -> String {
    let sealed = if event.encryption.is_some() { ", encrypted" } else { "" };
    let kind = if event.content_type.is_empty() { "" } else { &event.content_type };
    format!("{} bytes {kind}{sealed}", event.payload.len()).trim_end().to_owned()
}

fn marking(event: &Event) -> String {
    match Tlp::try_from(event.tlp) {
        Ok(Tlp::Unspecified) | Err(_) => "none".to_owned(),
        Ok(tlp) => tlp.as_str_name().replacen("TLP_", "TLP:", 1).replace('_', "+"),
    }
}

fn percent(basis_points: u32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

const fn severity(id: u32) -> &'static str {
    match id {
        0 => "unknown",
        1 => "informational",
        2 => "low",
        3 => "medium",
        4 => "high",
        5 => "critical",
        6 => "fatal",
        _ => "other",
    }
}
