//! Ranges of leaves: each by itself, and all of them together the whole state.

use cybermesh_executor::tree::prove_range;
use cybermesh_proto::state_proof::StateLeaf;
use cybermesh_proto::state_range::StateRange;
use cybermesh_proto::wire::{decode_canonical, encode_canonical};
use cybermesh_proto::{Code, Digest};
use cybermesh_verify::check_state_range;

use super::history::{Changes, History, height};
use super::reference::Rows;

fn leaves(rows: &Rows) -> Vec<StateLeaf> {
    let mut leaves: Vec<_> = rows.iter().map(|(key, value)| StateLeaf::of(key, value)).collect();
    leaves.sort();
    leaves
}

fn within(rows: &Rows, range: &StateRange) -> Vec<StateLeaf> {
    leaves(rows).into_iter().filter(|leaf| leaf.key >= range.from && leaf.key <= range.to).collect()
}

fn next(key: &Digest) -> Option<Digest> {
    let mut bytes = *key.as_bytes();
    for byte in bytes.iter_mut().rev() {
        let (more, over) = byte.overflowing_add(1);
        *byte = more;
        if !over {
            return Some(Digest::new(bytes));
        }
    }
    None
}

fn histories() -> [History; 4] {
    let some: Changes = (0..40).map(|number| (number, Some(number as u8))).collect();
    let fewer: Changes = (0..40).step_by(3).map(|number| (number, None)).collect();
    let none: Changes = (0..40).map(|number| (number, None)).collect();
    let one = Changes::from([(1, Some(1))]);
    [
        History::of(&[some.clone(), fewer]),
        History::of(&[(0..300).map(|number| (number, Some(7))).collect()]),
        History::of(&[some, none]),
        History::of(&[one]),
    ]
}

#[test]
fn ranges_one_after_another_are_the_whole_state() {
    for history in histories() {
        for (number, (rows, root)) in history.heights.iter().enumerate() {
            for most in [1, 2, 7, 1000] {
                let (mut from, mut all) = (Some(Digest::ZERO), Vec::new());
                while let Some(begin) = from {
                    let range = prove_range(&history.store, height(number), &begin, most).unwrap();
                    let found = check_state_range(&range, root).unwrap();
                    assert_eq!(found, within(rows, &range));
                    assert!(range.leaves.len() <= found.len() + 2, "what is outside is not cut off");
                    assert!(found.len() == most || range.to == Digest::new([0xff; 32]));
                    all.extend(found);
                    from = next(&range.to);
                }
                assert_eq!(all, leaves(rows));
            }
        }
    }
}

#[test]
fn a_range_with_one_change_is_refused_or_true() {
    let [history, ..] = histories();
    let (rows, root) = &history.heights[1];
    let all = leaves(rows);
    let mut held = 0;
    for (begin, most) in
        [(Digest::ZERO, 5), (all[8].key, 1), (next(&all[8].key).unwrap(), 4), (all[20].key, 1000)]
    {
        let honest = prove_range(&history.store, height(1), &begin, most).unwrap();
        let bytes = encode_canonical(&honest);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(range) = decode_canonical::<StateRange>(&flipped) else { continue };
            if let Ok(found) = check_state_range(&range, root) {
                assert_eq!(found, within(rows, &range), "bit {bit}");
                // Only where the range ends can be moved, and the height is told by the decision.
                let ends = StateRange { from: honest.from, to: honest.to, height: honest.height, ..range };
                assert_eq!(ends, honest);
                held += 1;
            }
        }
    }
    assert!(held > 0, "no end of a range can be moved: the exception is dead");
}

#[test]
fn parts_left_out_or_added_are_refused() {
    let [history, ..] = histories();
    let root = &history.heights[1].1;
    let honest = prove_range(&history.store, height(1), &leaves(&history.heights[1].0)[5].key, 6).unwrap();
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>, &mut Vec<StateLeaf>, &mut Vec<Digest>);
    let refused = |change: Change<'_>| {
        let (mut shape, mut leaves) = (honest.shape.as_slice().to_vec(), honest.leaves.to_vec());
        let mut outside = honest.outside.to_vec();
        change(&mut shape, &mut leaves, &mut outside);
        let range = StateRange {
            shape: cybermesh_proto::wire::Blob::new(shape).unwrap(),
            leaves: cybermesh_proto::wire::List::new(leaves).unwrap(),
            outside: cybermesh_proto::wire::List::new(outside).unwrap(),
            ..honest.clone()
        };
        check_state_range(&range, root).unwrap_err().code
    };
    assert_eq!(refused(&|shape, _, _| shape.push(0)), Code::StateProofForm);
    assert_eq!(refused(&|_, leaves, _| leaves.push(leaves[0])), Code::StateProofForm);
    assert_eq!(refused(&|_, _, outside| outside.push(Digest::ZERO)), Code::StateProofForm);
    assert_eq!(refused(&|shape, _, _| shape.truncate(1)), Code::StateProofForm);
    assert_eq!(refused(&|_, _, outside| outside.swap(0, 1)), Code::StateProofRoot);
    assert_eq!(refused(&|_, leaves, _| leaves.swap(0, 1)), Code::StateProofForm);
    assert_eq!(
        refused(&|shape, leaves, outside| {
            // A whole state of one leaf.
            *shape = vec![StateRange::LEAF];
            leaves.truncate(1);
            outside.clear();
        }),
        Code::StateProofRoot
    );
    assert_eq!(
        refused(&|shape, leaves, outside| {
            // Halves without an end.
            *shape = vec![StateRange::INNER; 1000];
            leaves.clear();
            outside.resize(512, Digest::ZERO);
        }),
        Code::StateProofForm
    );
    let backwards = StateRange { from: honest.to, to: honest.from, ..honest.clone() };
    assert_eq!(check_state_range(&backwards, root).unwrap_err().code, Code::StateProofForm);
    let [.., one] = histories();
    let whole = prove_range(&one.store, height(0), &Digest::ZERO, 9).unwrap();
    let nothing = StateRange { from: whole.to, to: whole.from, ..whole };
    assert_eq!(check_state_range(&nothing, &one.heights[0].1).unwrap_err().code, Code::StateProofForm);
    assert!(prove_range(&history.store, height(1), &Digest::ZERO, 0).is_err());
    assert!(prove_range(&history.store, height(1), &Digest::ZERO, 4097).is_err());
    assert!(prove_range(&history.store, height(9), &Digest::ZERO, 1).is_err());
}
