//! How large receipts are, for the table in the documents.
#![allow(clippy::unwrap_used, reason = "a measuring tool: a failure ends it")]

use cybermesh_proto::keys::Scheme;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_world::story::Story;

fn main() {
    println!("| signatures | n | handovers | receipt | of it genesis | certificate | each handover |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (scheme, name) in [(Scheme::Ed25519, "Ed25519"), (Scheme::Hybrid, "hybrid")] {
        for n in [4, 7, 31] {
            for handovers in [0, 1, 10] {
                let story = Story::new(scheme, n, handovers);
                let receipt = story.chain.receipt_under_newest(1, 0);
                let size = encode_canonical(&receipt).len();
                let genesis = receipt.genesis.as_slice().len();
                let certificate = encode_canonical(&story.chain.blocks.last().unwrap().certificate).len();
                let each = receipt.handovers.first().map_or(0, |handover| encode_canonical(handover).len());
                println!("| {name} | {n} | {handovers} | {size} | {genesis} | {certificate} | {each} |");
            }
        }
    }
}
