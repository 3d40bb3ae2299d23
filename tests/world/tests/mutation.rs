//! Every single-bit flip of something signed is refused, or changes nothing that was verified.
//!
//! Exhaustive at n = 4 with `CYBERMESH_FULL=1` (`make mutate`); otherwise, and above n = 4, at a fixed stride that
//! still visits every field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Mutex;

use cybermesh_keys::{Fast, Signer as _};
use cybermesh_proto::agree::*;
use cybermesh_proto::event::{Demand, SignedEvent, Signer};
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::wire::{Checked, Received, decode_canonical, encode_canonical};
use cybermesh_verify::{Trust, verify_receipt};
use cybermesh_world::story::Story;
use cybermesh_world::vectors;

/// A prime, so that it lands on every bit of a byte and in every field of 32 bytes or more.
const STRIDE: usize = 61;
/// For what is exhaustive at full length, in the short form.
const SHORT: usize = 7;

fn full() -> bool {
    std::env::var_os("CYBERMESH_FULL").is_some()
}

/// Flips every `stride`-th bit; gives the refusals by code, and panics on an accepted forgery.
fn flip(
    name: &str,
    bytes: &[u8],
    stride: usize,
    judge: impl Fn(&[u8]) -> Result<String, &'static str> + Sync,
) {
    let honest = judge(bytes).unwrap_or_else(|code| panic!("{name}: the honest one is refused: {code}"));
    let tally: Mutex<BTreeMap<&'static str, usize>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (tally, judge, honest) = (&tally, &judge, &honest);
            scope.spawn(move || {
                let mut mine: BTreeMap<&'static str, usize> = BTreeMap::new();
                let mut altered = bytes.to_vec();
                for bit in (0..bytes.len() * 8).step_by(stride).skip(thread).step_by(threads) {
                    altered[bit / 8] ^= 1 << (bit % 8);
                    let word = match judge(&altered) {
                        Ok(content) if content == *honest => "identical content",
                        Ok(content) => panic!("{name}: bit {bit} flipped was accepted as {content}"),
                        Err(code) => code,
                    };
                    *mine.entry(word).or_default() += 1;
                    altered[bit / 8] ^= 1 << (bit % 8);
                }
                let mut all = tally.lock().unwrap();
                mine.into_iter().for_each(|(word, count)| *all.entry(word).or_default() += count);
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let flips: usize = tally.values().sum();
    println!("{name}: {} bytes, {flips} flips {tally:?}", bytes.len());
    assert!(flips > 0);
}

fn stride_at_four() -> usize {
    if full() { 1 } else { SHORT }
}

fn checked<T: Checked + std::fmt::Debug>(
    committee: &Committee,
    bytes: &[u8],
) -> Result<String, &'static str> {
    let decoded = Received::<T>::new(bytes.to_vec()).decode().map_err(|refusal| refusal.code.name())?;
    let verified = decoded.verify(committee, &Fast).map_err(|refusal| refusal.code.name())?;
    Ok(format!("{:?}", verified.get()))
}

fn receipts(story: &Story, name: &str, stride: usize) {
    let chain = story.chain.genesis.chain();
    let judge = |bytes: &[u8]| {
        let trust = Trust { chain, memory: None, producer: Some(story.producer.bundle()) };
        verify_receipt(bytes, trust, &Fast)
            .map(|all| format!("{all:?}"))
            .map_err(|refusal| refusal.code.name())
    };
    let newest = story.last();
    flip(
        &format!("{name}, own certificate"),
        &encode_canonical(&story.chain.receipt(newest, 0)),
        stride,
        judge,
    );
    let old = encode_canonical(&story.chain.receipt_under_newest(1, 0));
    flip(&format!("{name}, through the history"), &old, stride, judge);
}

#[test]
fn a_flipped_event_is_refused() {
    let story = Story::new(Scheme::Ed25519, 4, 0);
    let signer = || Signer { bundle: story.producer.bundle(), demand: Demand::WholeBundle };
    let judge = |bytes: &[u8]| {
        let event = SignedEvent::decode(bytes).map_err(|refusal| refusal.code.name())?;
        let event = event.verify(signer(), &Fast).map_err(|refusal| refusal.code.name())?;
        Ok(format!("{:?}", event.get()))
    };
    flip("event", story.chain.block(1).leaves[0].item.bytes(), 1, judge);
}

#[test]
fn a_flipped_certificate_is_refused() {
    for (scheme, n) in [(Scheme::Hybrid, 4), (Scheme::Ed25519, 7)] {
        let story = Story::new(scheme, n, 0);
        let (committee, qc) = (&story.chain.committee, &story.chain.high_qc);
        let stride = if n == 4 { stride_at_four() } else { 1 };
        flip(&format!("QC of {n}"), &encode_canonical(qc), stride, |bytes| checked::<Qc>(committee, bytes));
        let certificate = &story.chain.blocks.last().unwrap().certificate;
        let bytes = encode_canonical(certificate);
        flip(&format!("decision certificate of {n}"), &bytes, stride, |bytes| {
            checked::<DecisionCertificate>(committee, bytes)
        });
    }
}

#[test]
fn a_flipped_proposal_batch_or_timeout_is_refused() {
    // The samples are signed by the second epoch of their story.
    let story = Story::new(Scheme::Ed25519, 4, 1);
    let committee = &story.chain.committee;
    for sample in vectors::samples() {
        let judge = |bytes: &[u8]| match sample.kind {
            "proposal" => checked::<Proposal>(committee, bytes),
            "batch" => checked::<Batch>(committee, bytes),
            "timeout certificate" => checked::<Tc>(committee, bytes),
            "view change" => checked::<ViewChange>(committee, bytes),
            "vote" => checked::<Vote>(committee, bytes),
            "heartbeat" => checked::<Heartbeat>(committee, bytes),
            "evidence" => checked::<Evidence>(committee, bytes),
            "amnesia report" => checked::<AmnesiaReport>(committee, bytes),
            _ => Err("another kind"),
        };
        if judge(&sample.bytes) != Err("another kind") {
            flip(&sample.name, &sample.bytes, if full() { 1 } else { SHORT }, judge);
        }
    }
}

#[test]
fn a_flipped_decision_or_header_has_no_certificate() {
    let story = Story::new(Scheme::Hybrid, 4, 0);
    let committee = &story.chain.committee;
    let block = story.chain.blocks.last().unwrap();
    flip("decision", &encode_canonical(&block.decision), 1, |bytes| {
        let decision: Decision = decode_canonical(bytes).map_err(|refusal| refusal.code.name())?;
        let checked = block.certificate.check_decision(&decision, committee, &Fast);
        checked.map(|()| format!("{decision:?}")).map_err(|refusal| refusal.code.name())
    });
    let header = encode_canonical(&block.header);
    flip("header", &header, 1, |bytes| {
        let header: Header = decode_canonical(bytes).map_err(|refusal| refusal.code.name())?;
        let voted = header.id() == story.chain.high_qc.block && header.view == story.chain.high_qc.view;
        if voted { Ok(format!("{header:?}")) } else { Err("another block than the QC certifies") }
    });
}

#[test]
fn a_flipped_receipt_of_four_is_refused() {
    receipts(&Story::new(Scheme::Hybrid, 4, 0), "receipt of 4, hybrid", stride_at_four());
    receipts(&Story::new(Scheme::Ed25519, 4, 1), "receipt of 4, Ed25519, one handover", stride_at_four());
}

#[test]
fn a_flipped_receipt_of_more_is_refused() {
    receipts(&Story::new(Scheme::Hybrid, 7, 1), "receipt of 7, hybrid, one handover", STRIDE);
    if full() {
        receipts(&Story::new(Scheme::Hybrid, 31, 1), "receipt of 31, hybrid, one handover", STRIDE);
        receipts(&Story::new(Scheme::Ed25519, 100, 1), "receipt of 100, Ed25519, one handover", STRIDE);
    }
}
