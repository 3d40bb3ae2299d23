//! Lies about what was decided: transactions, decisions, the genesis.

use cybermesh_proto::agree::*;
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::receipt::{Grounds, Receipt, TxLeaf};
use cybermesh_proto::wire::{Blob, Fixed, encode_canonical};
use cybermesh_proto::*;
use cybermesh_verify::EpochMemory;

use super::{Liar, Lie};
use crate::chain::path;
use crate::story::item;

impl Liar {
    pub(super) fn about_transactions(&self) -> Vec<Lie> {
        let changed = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 1);
            change(&mut receipt);
            receipt
        };
        let code = Code::ReceiptTransaction;
        let other = self.truth.chain.block(1).leaves[0].item.clone();
        let certified = |leaf: &dyn Fn(&TxLeaf) -> TxLeaf| {
            // Even a whole quorum cannot make a reader believe what no transaction can be.
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            receipt.leaf = leaf(&receipt.leaf);
            receipt.decision.tx = LogState { size: Count::new(1), root: receipt.leaf.hash() };
            self.recertified(receipt, 2)
        };
        vec![
            self.lie("index shifted", code, &changed(&|receipt| receipt.leaf.index = Count::new(0))),
            self.lie("index beyond the block", code, &changed(&|receipt| receipt.leaf.index = Count::new(3))),
            self.lie("another outcome", code, &changed(&|receipt| receipt.leaf.outcome = 2)),
            self.lie(
                "another author",
                code,
                &changed(&|receipt| receipt.leaf.author = ValidatorIndex::new(3).unwrap()),
            ),
            self.lie("another event", code, &changed(&|receipt| receipt.leaf.item = other.clone())),
            self.lie(
                "an event that was never decided",
                code,
                &changed(&|receipt| receipt.leaf.item = Self::invented(7)),
            ),
            self.lie(
                "a path cut to an inner node",
                code,
                &changed(&|receipt| receipt.path = path(receipt.path[1..].to_vec())),
            ),
            self.lie(
                "a path one step longer",
                code,
                &changed(&|receipt| receipt.path = path([&receipt.path[..], &[Digest::ZERO]].concat())),
            ),
            self.lie(
                "an item of another kind",
                code,
                &changed(&|receipt| {
                    receipt.leaf.item = item(ItemKind::Redrive, receipt.leaf.item.bytes().to_vec());
                }),
            ),
            self.lie(
                "an outcome that is none, certified by stolen keys of the present",
                Code::ReceiptOutcome,
                &certified(&|leaf| TxLeaf { outcome: Code::WireMalformed.number(), ..leaf.clone() }),
            ),
            self.lie(
                "an outcome without a name, certified by stolen keys of the present",
                Code::ReceiptOutcome,
                &certified(&|leaf| TxLeaf { outcome: 65_535, ..leaf.clone() }),
            ),
            self.lie(
                "an item that is no event, certified by stolen keys of the present",
                Code::EventMalformed,
                &certified(&|leaf| TxLeaf { item: item(ItemKind::Event, vec![0xff; 9]), ..leaf.clone() }),
            ),
        ]
    }

    pub(super) fn about_decisions(&self) -> Vec<Lie> {
        let changed = |change: &dyn Fn(&mut Decision)| {
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            change(&mut receipt.decision);
            receipt
        };
        let older = |change: &dyn Fn(&mut Decision)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 0);
            change(&mut receipt.decision);
            receipt
        };
        let grounds = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 0);
            change(&mut receipt);
            receipt
        };
        let certificate = Code::CertificateDecision;
        let other_set = {
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            receipt.decision.validator_set_hash = Digest::ZERO;
            receipt.decision.next_validator_set_hash = Digest::ZERO;
            self.recertified(receipt, 2)
        };
        vec![
            self.lie("another state root", certificate, &changed(&|d| d.state_root = Digest::ZERO)),
            self.lie("another time", certificate, &changed(&|d| d.time_us = cybermesh_proto::TimeUs::new(1))),
            self.lie(
                "another previous decision",
                certificate,
                &changed(&|d| d.previous = DecisionHash(Digest::ZERO)),
            ),
            self.lie("another event log", certificate, &changed(&|d| d.event_log.root = Digest::ZERO)),
            self.lie("another audit log", certificate, &changed(&|d| d.audit_log.size = Count::new(9))),
            self.lie("another outbox", certificate, &changed(&|d| d.outbox.heads_hash = Digest::ZERO)),
            self.lie("another protocol version", certificate, &changed(&|d| d.protocol_version = 2)),
            self.lie("another height", certificate, &changed(&|d| d.height = d.height.next())),
            self.lie("another chain", Code::ChainOther, &changed(&|d| d.chain = ChainId(Digest::ZERO))),
            self.lie("a later format", Code::WireVersion, &changed(&|d| d.version = 2)),
            self.lie("another validator set, certified all the same", Code::DecisionValidatorSet, &other_set),
            self.lie(
                "an older decision changed",
                Code::ReceiptHistory,
                &older(&|d| d.state_root = Digest::ZERO),
            ),
            self.lie("an older decision moved", Code::ReceiptHistory, &older(&|d| d.height = Height::new(2))),
            self.lie(
                "an older decision above the newer one",
                Code::ReceiptHistory,
                &older(&|d| d.height = Height::new(1000)),
            ),
            self.lie(
                "a history path cut",
                Code::ReceiptHistory,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.path = path(proof.path[1..].to_vec());
                }),
            ),
            self.lie(
                "a newer decision of another chain",
                Code::ChainOther,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.decision.chain = ChainId(Digest::ZERO);
                }),
            ),
            self.lie(
                "the same history of another size",
                Code::ReceiptHistory,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.decision.height = Height::new(3);
                }),
            ),
        ]
    }

    pub(super) fn about_the_genesis(&self) -> Vec<Lie> {
        let receipt = self.truth.chain.receipt(self.truth.last(), 0);
        let mut other = self.truth.chain.genesis.genesis().clone();
        other.nonce = Fixed([1; 32]);
        let mut schemed = self.truth.chain.genesis.genesis().clone();
        schemed.scheme = Scheme::Hybrid;
        let with = |bytes: Vec<u8>| Receipt { genesis: Blob::new(bytes).unwrap(), ..receipt.clone() };
        let elsewhere = ChainId(Digest::new([0xee; 32]));
        let foreign = EpochMemory::new(elsewhere).to_bytes();
        let honest = encode_canonical(&receipt);
        let chain = self.truth.chain.genesis.chain();
        let bytes = |name, expect, bytes: Vec<u8>| Lie { name, bytes, memory: None, chain, expect };
        vec![
            self.lie("another genesis", Code::GenesisOther, &with(encode_canonical(&other))),
            self.lie(
                "the genesis with another scheme",
                Code::GenesisOther,
                &with(encode_canonical(&schemed)),
            ),
            self.lie("no genesis", Code::GenesisOther, &with(Vec::new())),
            Lie {
                chain: elsewhere,
                ..bytes("a receipt of another chain", Code::GenesisOther, honest.clone())
            },
            Lie {
                memory: Some(foreign),
                ..bytes("a memory of another chain", Code::ReceiptMemory, honest.clone())
            },
            Lie { memory: Some(vec![0]), ..bytes("a damaged memory", Code::ReceiptMemory, honest.clone()) },
            self.lie(
                "a receipt of a later format",
                Code::WireVersion,
                &Receipt { version: 2, ..receipt.clone() },
            ),
            bytes("a trailing byte", Code::WireMalformed, [honest.as_slice(), &[0]].concat()),
            bytes("the last byte missing", Code::WireMalformed, honest[..honest.len() - 1].to_vec()),
            bytes("an empty file", Code::WireMalformed, Vec::new()),
        ]
    }
}
