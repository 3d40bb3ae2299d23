"""Blocks and batches: headers, items as they were received, proposals, and the trees over them."""

from . import cbor, hashes, trees
from .agreement import Qc, Tc, following
from .limits import BATCH_BYTES_MAX, BATCH_ITEMS_MAX, BLOCK_BATCHES_MAX, GOSSIP_BYTES_MAX, ITEM_BYTES_MAX, KIB
from .refusal import ensure
from .schema import HASH, INDEX, NUMBER, U16, Bits, Blob, ListOf, Maybe, Record, Tagged, Word
from .statements import SIGNATURE, BatchHeader, ProposalStatement, SignedBatchHeader, SignedProposal

EVENT, GOVERNANCE, EVIDENCE, REPORT, REDRIVE = 1, 2, 3, 4, 5
KINDS = {EVENT: "event", GOVERNANCE: "governance", EVIDENCE: "evidence", REPORT: "report", REDRIVE: "redrive"}


class Item(Word):
    """One item of a batch, as it was received."""

    NAME, BYTES_MAX = "batch item", ITEM_BYTES_MAX + 16
    KIND = Tagged({kind: Blob(ITEM_BYTES_MAX) for kind in KINDS})

    def kind(self) -> int:
        """What it is."""
        return self.content[0]

    def received(self) -> bytes:
        """Its bytes as received."""
        return self.content[1]


class TxLeaf(Record):
    """A leaf of a block's transaction tree: an item as received, and what became of it."""

    NAME, BYTES_MAX = "tx leaf", ITEM_BYTES_MAX + 64
    FIELDS = {"index": NUMBER, "author": INDEX, "outcome": U16, "item": Item}


class Batch(Record):
    """Items under a signed header. Every replica checks the items themselves against the key registry."""

    NAME = "batch"
    BYTES_MAX = BATCH_BYTES_MAX + 8 * BATCH_ITEMS_MAX + 8 * KIB
    FIELDS = {"header": BatchHeader, "signature": SIGNATURE, "items": ListOf(Item, BATCH_ITEMS_MAX)}

    def check_shape(self) -> None:
        header, items = self.header, self.items
        counted = len(items) == header.count and sum(len(item.received()) for item in items) == header.bytes
        ensure(counted, "batch.items", "the header counts other items or bytes")
        ensure(header.bytes <= BATCH_BYTES_MAX, "batch.items", "items above the ceiling of a batch")
        ensure(bool(items), "batch.items", "a batch without items")
        same = trees.root(item.encoded() for item in items) == header.root
        ensure(same, "batch.items", "the header has another root")

    def signed(self) -> SignedBatchHeader:
        """The signed header alone."""
        return SignedBatchHeader(statement=self.header, author=self.header.author, signature=self.signature)


class BatchRef(Record):
    """How a block names a batch."""

    FIELDS = {"id": HASH, "author": INDEX, "batch_seq": NUMBER}


class Header(Record):
    """What the name of a block commits to. Nothing in it needs execution."""

    NAME, BYTES_MAX, VERSION = "header", 512, 1
    FIELDS = {
        "version": U16,
        "chain": HASH,
        "epoch": NUMBER,
        "height": NUMBER,
        "view": NUMBER,
        "parent": HASH,
        "qc_hash": HASH,
        "proposer": INDEX,
        "time_us": NUMBER,
        "payload_root": HASH,
        "batch_count": NUMBER,
        "anchor_height": NUMBER,
        "anchor_hash": HASH,
        "left_out": Bits(),
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"header version {self.version}")

    def id(self) -> bytes:
        """The block's name."""
        return hashes.tagged(hashes.BLOCK, self.encoded())

    def check_block(self, qc: Qc, batches) -> None:
        """Refuses a QC that does not certify the parent, other batches than its own, and a batch twice."""
        ensure(self.view > 0, "wire.view", "nobody leads view 0")
        parent = (qc.epoch, qc.block, following(qc.height), qc.hash(self.chain))
        certified = parent == (self.epoch, self.parent, self.height, self.qc_hash) and qc.view < self.view
        ensure(certified, "proposal.parent", "the QC does not certify the parent")
        root = trees.root(one.encoded() for one in batches)
        same = len(batches) == self.batch_count and root == self.payload_root
        ensure(same, "proposal.payload", "the batches are not those of the header")
        once = len({one.id for one in batches}) == len(batches)
        ensure(once, "proposal.payload", "a batch stands twice in the block")


class Proposal(Record):
    """A leader's block with the certificates that justify it."""

    NAME, BYTES_MAX = "proposal", GOSSIP_BYTES_MAX
    FIELDS = {
        "header": Header,
        "qc": Qc,
        "tc": Maybe(Tc),
        "batches": ListOf(BatchRef, BLOCK_BATCHES_MAX),
        "signature": SIGNATURE,
    }

    def check_shape(self) -> None:
        self.header.check_shape()
        self.qc.check_shape()
        if self.tc is not None:
            self.tc.check_shape()
        self.header.check_block(self.qc, self.batches)
        self._check_entry()

    def _check_entry(self) -> None:
        # A TC goes with a proposal exactly when the QC is not of the view before.
        view, enters = self.header.view, following(self.qc.view) == self.header.view
        if self.tc is not None:
            last = self.tc.epoch == self.header.epoch and following(self.tc.view) == view
            enters = last and not enters
        ensure(enters, "wire.view", "the certificates do not let into this view")

    def signed(self) -> SignedProposal:
        """What its leader signed: the block's name, and a hash of all that travels beside the header."""
        _, qc, tc, batches, _ = self.give(self)
        carried = hashes.tagged(hashes.CARRIED, cbor.encode([qc, tc, batches]))
        header = self.header
        statement = ProposalStatement(
            chain=header.chain,
            epoch=header.epoch,
            view=header.view,
            height=header.height,
            block=header.id(),
            carried=carried,
        )
        return SignedProposal(statement=statement, author=header.proposer, signature=self.signature)


class Block(Record):
    """A block as it is synced, where no leader or time rule binds it any more."""

    NAME, BYTES_MAX = "block", GOSSIP_BYTES_MAX
    FIELDS = {"header": Header, "qc": Qc, "batches": ListOf(BatchRef, BLOCK_BATCHES_MAX)}

    def check_shape(self) -> None:
        self.header.check_shape()
        self.qc.check_shape()
        self.header.check_block(self.qc, self.batches)
