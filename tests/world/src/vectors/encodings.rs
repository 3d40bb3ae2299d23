//! The one encoding of every message, and the spellings of it that must be refused.

use cybermesh_proto::Count;
use cybermesh_proto::Digest;
use cybermesh_proto::agree::{Header, Item};
use cybermesh_proto::wire::encode_canonical;

use super::samples::{KINDS, Sample, samples};
use super::{Case, Suite};

const MALFORMED: &str = "wire.malformed";

pub(super) fn suite() -> Suite {
    let mut seen = Vec::new();
    let mut cases = Vec::new();
    for sample in samples() {
        cases.push(case(&sample.name, sample.kind, &sample.bytes, "ok"));
        if !seen.contains(&sample.kind) {
            seen.push(sample.kind);
            cases.extend(respelled(&sample));
        }
    }
    KINDS.iter().for_each(|(kind, _)| assert!(seen.contains(kind), "no sample of a {kind}"));
    cases.extend(misshapen());
    Suite::new("encoding", cases)
}

fn case(name: &str, kind: &str, bytes: &[u8], expect: &str) -> Case {
    Case::new(name).with("type", kind).bytes("bytes", bytes).with("expect", expect)
}

/// Other CBOR of the same value, and what no CBOR of it is.
fn respelled(sample: &Sample) -> Vec<Case> {
    let Sample { kind, bytes, .. } = sample;
    let wrong = |name: &str, bytes: Vec<u8>| case(&format!("{kind}, {name}"), kind, &bytes, MALFORMED);
    let (first, rest) = (bytes[0], bytes[1..].to_vec());
    let count = first & 0x1f;
    let longer = |mut head: Vec<u8>, tail: &[u8]| {
        head.extend_from_slice(&rest);
        head.extend_from_slice(tail);
        head
    };
    let mut cases = vec![
        wrong("empty", Vec::new()),
        wrong("last byte missing", bytes[..bytes.len() - 1].to_vec()),
        wrong("cut in half", bytes[..bytes.len() / 2].to_vec()),
        wrong("trailing byte", [bytes.as_slice(), &[0]].concat()),
        wrong("tagged", [&[0xc1], bytes.as_slice()].concat()),
        wrong("a number instead", vec![0x01]),
        wrong("a map instead", vec![0xa0]),
        wrong("null instead", vec![0xf6]),
        wrong("a float instead", vec![0xf9, 0x7e, 0x00]),
        wrong("arrays to depth 40", vec![0x81; 40]),
    ];
    if first & 0xe0 == 0x80 && count < 24 {
        cases.push(wrong("longer count", longer(vec![0x98, count], &[])));
        cases.push(wrong("indefinite length", longer(vec![0x9f], &[0xff])));
        cases.push(wrong("one element more", longer(vec![first + 1], &[0])));
        cases.push(wrong("one element fewer than counted", longer(vec![first + 1], &[])));
    }
    let most = KINDS.iter().find(|(name, _)| name == kind).unwrap().1;
    if most <= 4096 {
        cases.push(case(&format!("{kind}, too large"), kind, &vec![0x81; most + 1], "wire.too_large"));
    }
    cases
}

/// Canonical bytes whose content breaks a rule that the bytes alone can tell.
fn misshapen() -> Vec<Case> {
    let story = super::samples::story();
    let header = &story.chain.block(1).header;
    let old = Header { version: 2, ..header.clone() };
    let mut decision = story.chain.block(1).decision.clone();
    decision.version = 0;
    let mut batch =
        super::samples::batch(&story.chain, 0, 1, vec![story.chain.block(1).leaves[0].item.clone()]);
    batch.header.count = Count::new(2);
    let mut other =
        super::samples::batch(&story.chain, 0, 1, vec![story.chain.block(1).leaves[0].item.clone()]);
    other.header.root = Digest::ZERO;
    let empty = super::samples::batch(&story.chain, 0, 1, Vec::<Item>::new());
    let mut tree = story.chain.high_qc.clone();
    tree.votes.signatures = cybermesh_proto::wire::List::new(tree.votes.signatures[1..].to_vec()).unwrap();
    vec![
        case("header of a later format", "header", &encode_canonical(&old), "wire.version"),
        case("decision of no format", "decision", &encode_canonical(&decision), "wire.version"),
        case("batch that counts two", "batch", &encode_canonical(&batch), "batch.items"),
        case("batch of another root", "batch", &encode_canonical(&other), "batch.items"),
        case("batch of nothing", "batch", &encode_canonical(&empty), "batch.items"),
        case(
            "fewer signatures than signers",
            "quorum certificate",
            &encode_canonical(&tree),
            "certificate.signers",
        ),
        case("number above 2^63 - 1", "ask", &[0x82, 4, 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0], MALFORMED),
        case("number spelled longer", "ask", &[0x82, 4, 0x18, 5], MALFORMED),
        case("negative number", "ask", &[0x82, 4, 0x20], MALFORMED),
        case("unknown tag of a union", "ask", &[0x82, 5, 0], MALFORMED),
        case("bignum", "ask", &[0x82, 4, 0xc2, 0x41, 5], MALFORMED),
    ]
}
