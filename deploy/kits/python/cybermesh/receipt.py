"""The receipt (`.cmr`): one file that proves what a transaction ended with, to whoever trusts one genesis
hash.

    item, outcome -> tx leaf -> tx root of a decision -> (history root of a newer one) -> certificate
                                                        genesis -> handovers -------------'

`verify_receipt` promises: what it accepts was decided by a quorum of that chain, or the verdict says on
what weaker ground it rests. It checks in the order in which a lie is cheapest to find: size, encoding,
genesis hash, outcome, tree hashes, contradiction with what is remembered, heights of epochs; signatures
come with the handovers and last.

Refuses with `receipt.*`, or with the code of the part that does not hold.
"""

from dataclasses import dataclass

from . import trees
from .agreement import Decision, DecisionCertificate, Handover
from .certificates import check_decision
from .epochs import EpochMemory, KnownEpochs
from .event import ED25519_ALONE, SignedEvent
from .genesis import open_genesis
from .items import identity
from .keys import KeyBundle
from .limits import GENESIS_BYTES_MAX, HANDOVERS_MAX, PROOF_STEPS_MAX, RECEIPT_BYTES_MAX
from .outcomes import OUTCOMES
from .payload import EVENT, KINDS, Item, TxLeaf
from .refusal import ensure
from .schema import HASH, U16, Blob, ListOf, Record, Tagged, decode_canonical
from .trees import as_code

PATH = ListOf(HASH, PROOF_STEPS_MAX)
CERTIFICATE, HISTORY = 1, 2


class HistoryProof(Record):
    """A decision proven by a newer, certified one."""

    FIELDS = {"decision": Decision, "certificate": DecisionCertificate, "path": PATH}


class Receipt(Record):
    """The file. Its grounds are a certificate of its own decision (1) or a proof under a newer one (2)."""

    NAME, BYTES_MAX, VERSION = "receipt", RECEIPT_BYTES_MAX, 1
    FIELDS = {
        "version": U16,
        "genesis": Blob(GENESIS_BYTES_MAX),
        "handovers": ListOf(Handover, HANDOVERS_MAX),
        "leaf": TxLeaf,
        "path": PATH,
        "decision": Decision,
        "grounds": Tagged({CERTIFICATE: DecisionCertificate, HISTORY: HistoryProof}),
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"receipt version {self.version}")
        for handover in self.handovers:
            handover.check_shape()
        self.decision.check_shape()
        kind, grounds = self.grounds
        if kind == HISTORY:
            grounds.decision.check_shape()
            grounds = grounds.certificate
        grounds.check_shape()


@dataclass(frozen=True)
class Verdict:
    """What is said of a receipt that holds.

    `producer` is what was found about the producer's own signature; the verdict does not rest on it. "other
    keys" means that the given ones are not those of the event's producer.
    """

    retired: bool
    kind: str
    item: bytes
    outcome: str
    height: int
    index: int
    time_us: int
    epoch: int
    certified_height: int
    certified_epoch: int
    producer: str
    memory: EpochMemory

    def standing(self) -> str:
        """How strong the ground is."""
        return "rests on retired keys" if self.retired else "verified"


def verify_receipt(
    data: bytes, chain: bytes, memory: EpochMemory | None = None, producer: KeyBundle | None = None
) -> Verdict:
    """The verdict on a receipt. `memory` and `producer` are what the verifier happens to have."""
    ensure(memory is None or memory.chain == chain, "receipt.memory", "the memory is of another chain")
    receipt = decode_canonical(Receipt, data)
    genesis = open_genesis(receipt.genesis, chain)
    leaf, decision = receipt.leaf, receipt.decision
    ensure(leaf.outcome in OUTCOMES, "receipt.outcome", f"outcome number {leaf.outcome}")
    as_code(
        "receipt.transaction",
        trees.verify_inclusion,
        trees.leaf_hash(leaf.encoded()),
        leaf.index,
        decision.tx.size,
        receipt.path,
        decision.tx.root,
    )
    top, certificate = _certified(receipt, chain)
    known = KnownEpochs(genesis, receipt.handovers, memory)
    for one in (decision, top):
        known.check_within(one)
    check_decision(certificate, top, known.committee(top.epoch))
    # Both are proven now: an epoch that one of them ends has ended, whether or not its handover is shown.
    for one in (decision, top):
        known.learn(one)
    for one in (decision, top):
        known.check_within(one)
    return Verdict(
        item=identity(leaf.item),
        producer=_check_producer(leaf.item, producer),
        retired=known.has_ended(top.epoch),
        kind=KINDS[leaf.item.kind()],
        outcome=OUTCOMES[leaf.outcome],
        height=decision.height,
        index=leaf.index,
        time_us=decision.time_us,
        epoch=decision.epoch,
        certified_height=top.height,
        certified_epoch=top.epoch,
        memory=known.memory(chain),
    )


def _certified(receipt: Receipt, chain: bytes):
    """The decision that has to be certified, and its certificate."""
    decision, (kind, grounds) = receipt.decision, receipt.grounds
    ensure(decision.chain == chain, "chain.other", "the decision is of another chain")
    if kind == CERTIFICATE:
        return decision, grounds
    top = grounds.decision
    ensure(top.chain == chain, "chain.other", "the newer decision is of another chain")
    # The history holds all decisions below its own height; the index of a decision is its height.
    as_code(
        "receipt.history",
        trees.verify_inclusion,
        trees.leaf_hash(decision.hash()),
        decision.height,
        top.height,
        grounds.path,
        top.history_root,
    )
    return top, grounds.certificate


def _check_producer(item: Item, producer: KeyBundle | None) -> str:
    """Checks the producer's own signatures where that is possible; says what was found."""
    if producer is None or item.kind() != EVENT:
        return "not checked"
    event = SignedEvent.decode(item.received())
    if event.event.producer != producer.kid():
        return "other keys"
    # The registry may have demanded the Ed25519 half alone; every half that is there must hold.
    event.verify(producer, ED25519_ALONE)
    return "holds"
