//! Laws over all inputs: of trees, of bytes, of sets.
#![allow(clippy::unwrap_used, missing_docs)]

use cybermesh_proto::agree::{Decision, IndexSet, LogState, Outbox};
use cybermesh_proto::merkle::{BlockTree, Frontier, Log, leaf_hash, verify_consistency, verify_inclusion};
use cybermesh_proto::wire::{decode_canonical, encode_canonical};
use cybermesh_proto::*;
use proptest::prelude::*;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::new)
}

prop_compose! {
    fn log_state()(size in any::<u64>(), root in digest()) -> LogState {
        LogState { size: Count::new(size), root }
    }
}

prop_compose! {
    fn decision()(
        (chain, block, previous, history_root) in (digest(), digest(), digest(), digest()),
        (epoch, height, time_us, count) in any::<(u64, u64, u64, u64)>(),
        (tx, event_log, audit_log) in (log_state(), log_state(), log_state()),
        (state_root, heads_hash, set, next) in (digest(), digest(), digest(), digest()),
        protocol_version in any::<u32>(),
    ) -> Decision {
        Decision {
            version: Decision::VERSION,
            chain: ChainId(chain),
            epoch: Epoch::new(epoch),
            height: Height::new(height),
            block: BlockId(block),
            time_us: TimeUs::new(time_us),
            previous: DecisionHash(previous),
            history_root,
            tx,
            state_root,
            event_log,
            audit_log,
            outbox: Outbox { count: Count::new(count), root: tx.root, heads_hash },
            validator_set_hash: set,
            next_validator_set_hash: next,
            protocol_version,
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else(decision in decision(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let bytes = encode_canonical(&decision);
        prop_assert_eq!(&decode_canonical::<Decision>(&bytes).unwrap(), &decision);
        let mut altered = bytes.clone();
        altered[at.index(bytes.len())] ^= 1 << bit;
        if let Ok(other) = decode_canonical::<Decision>(&altered) {
            prop_assert_ne!(other.hash(), decision.hash());
            prop_assert_eq!(encode_canonical(&other), altered);
        }
    }

    #[test]
    fn a_set_of_validators_keeps_its_members(indexes in prop::collection::btree_set(0_usize..128, 0..128)) {
        let set: IndexSet = indexes.iter().filter_map(|index| ValidatorIndex::new(*index)).collect();
        prop_assert_eq!(set.len(), indexes.len());
        let members: Vec<_> = set.iter().map(ValidatorIndex::as_usize).collect();
        prop_assert_eq!(members, indexes.into_iter().collect::<Vec<_>>());
        let bytes = encode_canonical(&set);
        prop_assert!(bytes.len() <= 17 && (set.is_empty() || bytes.last() != Some(&0)));
    }

    #[test]
    fn frontier_log_and_block_tree_have_one_root(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..80)) {
        let (mut log, mut frontier) = (Log::default(), Frontier::default());
        for leaf in &leaves {
            log.append(leaf);
            frontier.append(leaf);
        }
        let root = log.root(leaves.len()).unwrap();
        prop_assert_eq!(frontier.root(), root);
        prop_assert_eq!(BlockTree::new(leaves.iter().map(Vec::as_slice)).root(), root);
        let again = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec());
        prop_assert_eq!(again, Some(frontier));
    }

    #[test]
    fn a_proof_holds_for_its_place_alone(size in 1_usize..200, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let mut log = Log::default();
        (0..size).for_each(|index| log.append(&index.to_le_bytes()));
        let (index, other) = (a.index(size), b.index(size));
        let (path, root) = (log.inclusion(index, size).unwrap(), log.root(size).unwrap());
        let leaf = leaf_hash(&index.to_le_bytes());
        let at = |index: usize| verify_inclusion(&leaf, index as u64, size as u64, &path, &root).is_ok();
        prop_assert!(at(index));
        prop_assert!(index == other || !at(other));
        let old = b.index(size + 1);
        let proof = log.consistency(old, size).unwrap();
        let before = log.root(old).unwrap();
        prop_assert!(verify_consistency((old as u64, &before), (size as u64, &root), &proof).is_ok());
        prop_assert!(old == 0 || verify_consistency((old as u64, &leaf_hash(b"x")), (size as u64, &root), &proof).is_err());
    }

    #[test]
    fn sizes_of_any_magnitude_are_answered(index in any::<u64>(), size in any::<u64>(), steps in 0_usize..70) {
        let path = vec![Digest::ZERO; steps];
        prop_assert!(verify_inclusion(&Digest::ZERO, index, size, &path, &Digest::ZERO).is_err());
        let state = (index, &Digest::ZERO);
        prop_assert!(verify_consistency(state, (size, &leaf_hash(b"")), &path).is_err());
    }
}
