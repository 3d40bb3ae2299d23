//! Proofs of ranges of the state, made from the tree's definition alone.

use cybermesh_proto::agree::Decision;
use cybermesh_proto::state_proof::StateLeaf;
use cybermesh_proto::state_range::StateRange;
use cybermesh_proto::wire::{Blob, List, encode_canonical};
use cybermesh_proto::{Digest, Height};

use super::states::{Rows, bit, decision, halves, leaves, rows, subtree};
use super::{Case, Suite};

const FORM: &str = "state_proof.form";
const ROOT: &str = "state_proof.root";
const HIGHEST: Digest = Digest::new([0xff; 32]);

/// A range as lists, which a lie changes at will.
#[derive(Clone)]
struct Draft {
    version: u16,
    height: u64,
    from: Digest,
    to: Digest,
    shape: Vec<u8>,
    leaves: Vec<StateLeaf>,
    outside: Vec<Digest>,
}

impl Draft {
    fn of(rows: &Rows, from: Digest, to: Digest) -> Self {
        let (shape, outside) = (Vec::new(), Vec::new());
        let mut draft = Self { version: 1, height: 9, from, to, shape, leaves: Vec::new(), outside };
        draft.take(&leaves(rows), [0; 32], 0);
        draft
    }

    /// The subtree of these leaves, whose hashed keys begin with the first `depth` bits of `low`.
    fn take(&mut self, own: &[StateLeaf], low: [u8; 32], depth: usize) {
        let mut high = low;
        (depth..256).for_each(|place| high[place / 8] |= 0x80 >> (place % 8));
        if high < *self.from.as_bytes() || low > *self.to.as_bytes() {
            return self.outside.push(subtree(own, depth));
        }
        match own {
            [] => self.shape.push(0),
            [leaf] => {
                self.shape.push(1);
                self.leaves.push(*leaf);
            }
            _ => {
                self.shape.push(2);
                let (left, right) = halves(own, depth);
                let mut above = low;
                above[depth / 8] |= 0x80 >> (depth % 8);
                self.take(left, low, depth + 1);
                self.take(right, above, depth + 1);
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let shape = Blob::<70_000>::new(self.shape.clone()).unwrap();
        let fields = (self.version, self.height, self.from, self.to, shape, &self.leaves, &self.outside);
        encode_canonical(&fields)
    }
}

/// The range as the message that it is.
pub(super) fn sample() -> StateRange {
    let draft = half();
    StateRange {
        version: draft.version,
        height: Height::new(draft.height),
        from: draft.from,
        to: draft.to,
        shape: Blob::new(draft.shape).unwrap(),
        leaves: List::new(draft.leaves).unwrap(),
        outside: List::new(draft.outside).unwrap(),
    }
}

/// From the tenth key to the thirtieth.
fn half() -> Draft {
    let all = leaves(&rows());
    Draft::of(&rows(), all[10].key, all[30].key)
}

fn case(name: &str, draft: &Draft, decision: &Decision, expect: &str) -> Case {
    bytes_case(name, &draft.bytes(), decision, expect)
}

fn bytes_case(name: &str, bytes: &[u8], decision: &Decision, expect: &str) -> Case {
    Case::new(name)
        .bytes("bytes", bytes)
        .bytes("decision", &encode_canonical(decision))
        .with("expect", expect)
}

pub(super) fn suite() -> Suite {
    let mut cases = sound();
    cases.extend(false_leaves());
    cases.extend(false_shapes());
    cases.extend(misshapen());
    Suite::new("range", cases)
}

fn sound() -> Vec<Case> {
    let all = leaves(&rows());
    let ok = |name: &str, rows: &Rows, from: Digest, to: Digest| {
        let found: Vec<u8> = leaves(rows)
            .iter()
            .filter(|leaf| (from..=to).contains(&leaf.key))
            .flat_map(|leaf| [*leaf.key.as_bytes(), *leaf.value.as_bytes()].concat())
            .collect();
        let answer = case(name, &Draft::of(rows, from, to), &decision(rows, 9), "ok");
        answer.bytes("found", &found)
    };
    let one = Rows::from([(b"alone".to_vec(), b"1".to_vec())]);
    let only = leaves(&one)[0].key;
    let after = |key: Digest| {
        let mut bytes = *key.as_bytes();
        bytes[31] ^= 1;
        Digest::new(bytes)
    };
    vec![
        ok("the whole state", &rows(), Digest::ZERO, HIGHEST),
        ok("twenty-one leaves", &rows(), all[10].key, all[30].key),
        ok("one leaf", &rows(), all[7].key, all[7].key),
        ok("from the beginning", &rows(), Digest::ZERO, all[3].key),
        ok("to the end", &rows(), all[40].key, HIGHEST),
        ok("no leaf in it, one beside", &rows(), after(all[7].key), after(all[7].key)),
        ok("the only key", &one, Digest::ZERO, HIGHEST),
        ok("beside the only key", &one, after(only), after(only)),
        ok("the empty state", &Rows::new(), Digest::ZERO, HIGHEST),
    ]
}

fn lie(name: &str, change: &dyn Fn(&mut Draft), expect: &str) -> Case {
    let mut lie = half();
    change(&mut lie);
    case(name, &lie, &decision(&rows(), 9), expect)
}

/// A subtree of the honest range that is one leaf: its place in the shape, and its leaf.
fn false_leaves() -> Vec<Case> {
    let other = decision(&rows(), 10);
    let mut later = rows();
    later.insert(b"row 7".to_vec(), b"changed".to_vec());
    let mut fewer = rows();
    let middle = leaves(&rows())[20];
    let key =
        rows().keys().find(|key| cybermesh_proto::state_proof::key_hash(key) == middle.key).unwrap().clone();
    fewer.remove(&key);
    let cut = Draft::of(&fewer, half().from, half().to);
    vec![
        case("the state of a later height", &half(), &decision(&later, 9), ROOT),
        case("a decision of another height", &half(), &other, "state_proof.height"),
        lie("another height", &|lie| lie.height = 8, "state_proof.height"),
        case("a leaf kept back", &cut, &decision(&rows(), 9), ROOT),
        lie("another value", &|lie| lie.leaves[5].value = Digest::ZERO, ROOT),
        lie("another key of the same place", &|lie| lie.leaves[5].key = flipped(lie.leaves[5].key), ROOT),
        lie("a key of another place", &|lie| lie.leaves[5].key = HIGHEST, FORM),
        lie("leaves swapped", &|lie| lie.leaves.swap(4, 5), FORM),
        lie("a leaf missing", &|lie| lie.leaves.truncate(lie.leaves.len() - 1), FORM),
        lie("a leaf too many", &|lie| lie.leaves.push(lie.leaves[0]), FORM),
        lie("a range that goes on behind its proof", &|lie| lie.to = HIGHEST, FORM),
        lie("a narrower range", &|lie| lie.to = lie.leaves[3].key, FORM),
    ]
}

fn flipped(key: Digest) -> Digest {
    let mut bytes = *key.as_bytes();
    bytes[31] ^= 1;
    debug_assert_eq!(bit(&Digest::new(bytes), 0), bit(&key, 0));
    Digest::new(bytes)
}

fn false_shapes() -> Vec<Case> {
    let last_leaf = |lie: &Draft| lie.shape.iter().rposition(|byte| *byte == 1).unwrap();
    let subtree_hidden = |lie: &mut Draft| {
        // The last leaf of the range becomes an empty place.
        let place = last_leaf(lie);
        lie.shape[place] = 0;
        lie.leaves.pop();
    };
    vec![
        lie("a leaf said to be nothing", &subtree_hidden, ROOT),
        lie("a hash outside is another one", &|lie| lie.outside[0] = Digest::ZERO, ROOT),
        lie("hashes outside swapped", &|lie| lie.outside.reverse(), ROOT),
        lie("a hash outside missing", &|lie| lie.outside.truncate(lie.outside.len() - 1), FORM),
        lie("a hash outside too many", &|lie| lie.outside.push(Digest::ZERO), FORM),
        lie("the shape ends early", &|lie| lie.shape.truncate(lie.shape.len() - 1), FORM),
        lie("the shape goes on", &|lie| lie.shape.push(0), FORM),
        lie("a byte that is no shape", &|lie| lie.shape[0] = 3, FORM),
        lie("no shape", &|lie| lie.shape.clear(), FORM),
        lie("halves of a single key", &|lie| *lie = bottomless(), FORM),
    ]
}

/// 257 times two halves on the way to the lowest key.
fn bottomless() -> Draft {
    Draft {
        to: Digest::ZERO,
        from: Digest::ZERO,
        shape: vec![2; 257],
        leaves: Vec::new(),
        outside: vec![Digest::ZERO; 256],
        ..half()
    }
}

fn misshapen() -> Vec<Case> {
    let bytes = half().bytes();
    let honest = decision(&rows(), 9);
    vec![
        lie("ends before it begins", &|lie| std::mem::swap(&mut lie.from, &mut lie.to), FORM),
        lie("of a later format", &|lie| lie.version = 2, "wire.version"),
        lie("513 hashes outside", &|lie| lie.outside.resize(513, Digest::ZERO), "wire.malformed"),
        lie("65,537 bytes of shape", &|lie| lie.shape.resize(65_537, 0), "wire.malformed"),
        bytes_case("a byte too many", &[bytes.as_slice(), &[0]].concat(), &honest, "wire.malformed"),
    ]
}
