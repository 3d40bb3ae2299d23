"""Proofs of every leaf of the state between two hashed keys: that these are there, and no other.

The proof is the tree from the root on, with everything outside the range cut off and replaced by its hash. Its
shape is one byte for each subtree that reaches into the range: nothing in it, one leaf, or two halves.

`check_range` promises: the leaves that it gives are all that the state of the decision holds in the range.

Refuses with `state_proof.*`.
"""

from .agreement import Decision
from .limits import STATE_PROOF_STEPS_MAX, STATE_RANGE_LEAVES_MAX, STATE_RANGE_SHAPE_MAX
from .refusal import Refusal, ensure
from .schema import HASH, NUMBER, U16, Blob, ListOf, Record
from .state import EMPTY, KEY_BITS, StateLeaf, inner_hash, leaf_hash

NOTHING, LEAF, HALVES = 0, 1, 2


class StateRange(Record):
    """All leaves with `from <= key <= to` (both hashed), and what else it takes to come to the root."""

    NAME, VERSION = "state range", 1
    BYTES_MAX = STATE_RANGE_SHAPE_MAX + STATE_RANGE_LEAVES_MAX * 69 + 2 * STATE_PROOF_STEPS_MAX * 34 + 256
    FIELDS = {
        "version": U16,
        "height": NUMBER,
        "first": HASH,
        "last": HASH,
        "shape": Blob(STATE_RANGE_SHAPE_MAX),
        "leaves": ListOf(StateLeaf, STATE_RANGE_LEAVES_MAX),
        "outside": ListOf(HASH, 2 * STATE_PROOF_STEPS_MAX),
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"state range version {self.version}")
        ensure(self.first <= self.last, "state_proof.form", "the range ends before it begins")

    def root(self) -> tuple[bytes, list[StateLeaf]]:
        """The root of the state that has these leaves and no other ones in the range, and the leaves."""
        self.check_shape()
        walk = _Walk(self)
        root = walk.subtree(0, 0)
        left = [list(parts) for parts in (walk.shape, walk.leaves, walk.outside)]
        ensure(not any(left), "state_proof.form", "parts too many")
        return root, walk.found


class _Walk:
    def __init__(self, proof: StateRange):
        self.first = int.from_bytes(proof.first, "big")
        self.last = int.from_bytes(proof.last, "big")
        self.shape, self.leaves, self.outside = iter(proof.shape), iter(proof.leaves), iter(proof.outside)
        self.found: list[StateLeaf] = []

    def subtree(self, prefix: int, depth: int) -> bytes:
        """The hash of the subtree of the keys whose first `depth` bits are `prefix`."""
        low = prefix << (KEY_BITS - depth)
        high = low + (1 << (KEY_BITS - depth)) - 1
        if high < self.first or low > self.last:
            return _next(self.outside)
        kind = _next(self.shape)
        if kind == NOTHING:
            return EMPTY
        if kind == LEAF:
            return self.leaf(low, high)
        ensure(kind == HALVES and depth < KEY_BITS, "state_proof.form", "no such subtree")
        left = self.subtree(2 * prefix, depth + 1)
        return inner_hash(left, self.subtree(2 * prefix + 1, depth + 1))

    def leaf(self, low: int, high: int) -> bytes:
        leaf = _next(self.leaves)
        place = int.from_bytes(leaf.key, "big")
        ensure(low <= place <= high, "state_proof.form", "a leaf of another place")
        if self.first <= place <= self.last:
            self.found.append(leaf)
        return leaf_hash(leaf.key, leaf.value)


def _next(parts):
    for part in parts:
        return part
    raise Refusal("state_proof.form", "a part is missing")


def check_range(proof: StateRange, decision: Decision) -> list[StateLeaf]:
    """Checks a range against the decision of its height; gives its leaves."""
    note = f"proof of height {proof.height}, decision of {decision.height}"
    ensure(proof.height == decision.height, "state_proof.height", note)
    root, found = proof.root()
    ensure(root == decision.state_root, "state_proof.root", "the shape ends in another root")
    return found
