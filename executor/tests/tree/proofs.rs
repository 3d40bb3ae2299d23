//! Roots and proofs over random histories.

use cybermesh_executor::tree::{prove, root};
use cybermesh_proto::Code;
use cybermesh_verify::check_state_proof;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::history::{Changes, History, height, key};
use super::reference;

/// 300 keys, so that most paths share some bits; a few more are asked for than are ever written.
const KEYS: u16 = 300;

fn blocks() -> impl Strategy<Value = Vec<Changes>> {
    let value = prop_oneof![1 => Just(None), 2 => any::<u8>().prop_map(Some)];
    let some = btree_map(0..KEYS, value.clone(), 0..40);
    let many = btree_map(0..KEYS, value, 100..300);
    vec(prop_oneof![3 => some, 1 => many, 1 => Just(Changes::new())], 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_root_is_that_of_the_definition(blocks in blocks()) {
        let history = History::of(&blocks);
        for (number, (rows, found)) in history.heights.iter().enumerate() {
            prop_assert_eq!(*found, reference::root(rows));
            prop_assert_eq!(*found, root(&history.store, height(number)).unwrap());
        }
    }

    #[test]
    fn every_proof_holds_for_its_own_root_and_for_no_other(blocks in blocks(), pruned in 0_usize..8) {
        let mut history = History::of(&blocks);
        let lowest = pruned.min(history.heights.len() - 1);
        history.store.prune(height(lowest)).unwrap();
        for (number, (rows, own)) in history.heights.iter().enumerate().skip(lowest) {
            // Every third key, all of them over the cases, and some that were never written.
            for at in (u16::try_from(number).unwrap() % 3..KEYS + 6).step_by(3) {
                let proof = prove(&history.store, height(number), &key(at)).unwrap();
                let value = proof.value.as_ref().map(|value| value.as_slice().to_vec());
                prop_assert_eq!(&value, &rows.get(&key(at)).cloned());
                prop_assert!(proof.value.is_none() || proof.neighbour.is_none());
                for (_, root) in &history.heights {
                    let checked = check_state_proof(&proof, root).map_err(|refusal| refusal.code);
                    let expected = if root == own { Ok(()) } else { Err(Code::StateProofRoot) };
                    prop_assert_eq!(checked, expected);
                }
            }
        }
    }
}
