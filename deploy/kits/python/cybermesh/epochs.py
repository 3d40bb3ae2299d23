"""The epochs a verifier knows: how each one ended, and what it remembers of that between two receipts.

A chain of handovers is remembered by content. One that is neither prefix nor extension of what is
remembered is refused (`receipt.handover_fork`): honest validators make only one. What a shorter chain
leaves out still counts: an epoch that is known to have ended stays ended.
"""

from .agreement import Decision
from .certificates import Committee, follow
from .genesis import Genesis
from .limits import HANDOVERS_MAX, KIB
from .refusal import Refusal, ensure
from .schema import HASH, NUMBER, U16, ListOf, Record, ascending, decode_canonical


class EpochEnd(Record):
    """How an epoch ended: its last decision, which also names the next validators, and the logs by then."""

    FIELDS = {"height": NUMBER, "decision": HASH, "event_log_size": NUMBER, "audit_log_size": NUMBER}

    @classmethod
    def of(cls, decision: Decision):
        """The end that a decision makes."""
        return cls(
            height=decision.height,
            decision=decision.hash(),
            event_log_size=decision.event_log.size,
            audit_log_size=decision.audit_log.size,
        )


class EpochMemory(Record):
    """The ends of epochs 0, 1, … of one chain: what a verifier keeps."""

    NAME, BYTES_MAX, VERSION = "epoch memory", 64 * KIB, 1
    FIELDS = {"version": U16, "chain": HASH, "ends": ListOf(EpochEnd, HANDOVERS_MAX)}

    def check_shape(self) -> None:
        sound = ascending(end.height for end in self.ends) and self.version == self.VERSION
        ensure(sound, "receipt.memory", "epochs out of order, or a later format")


def read_memory(data: bytes, chain: bytes) -> EpochMemory:
    """The memory that was kept for this chain; refuses everything else as `receipt.memory`."""
    try:
        memory = decode_canonical(EpochMemory, data)
    except Refusal as refusal:
        raise Refusal("receipt.memory", refusal.note) from None
    ensure(memory.chain == chain, "receipt.memory", "of another chain")
    return memory


class KnownEpochs:
    """The committees whose keys are known, and the ends of epochs, known from either side.

    Follows the handovers from the genesis, each checked with the keys of the epoch it ends. What
    contradicts the memory is refused before the first signature is checked.
    """

    def __init__(self, genesis: Genesis, handovers, memory: EpochMemory | None):
        told = [EpochEnd.of(handover.decision) for handover in handovers]
        kept = memory.ends if memory else []
        same = all(one.encoded() == other.encoded() for one, other in zip(told, kept))
        ensure(same, "receipt.handover_fork", "an epoch ended otherwise")
        self.committees = [genesis.committee()]
        for handover in handovers:
            self.committees.append(follow(handover, self.committees[-1]))
        self.ends = list(max(told, kept, key=len))

    def committee(self, epoch: int) -> Committee:
        """The committee of an epoch, if the handovers lead to it."""
        known = epoch < len(self.committees)
        ensure(known, "receipt.epoch_unknown", f"no handover leads to epoch {epoch}")
        return self.committees[epoch]

    def check_within(self, decision: Decision) -> None:
        """Refuses a decision outside the heights of its epoch, or one that contradicts the epoch's end."""
        epoch, height = decision.epoch, decision.height
        ensure(epoch <= len(self.ends), "receipt.epoch_unknown", f"no handover leads to epoch {epoch}")
        begun = self.ends[epoch - 1].height if epoch else self.committees[0].root_height
        ensure(
            height > begun, "receipt.epoch_not_begun", f"height {height}, epoch {epoch} grows from {begun}"
        )
        if self.has_ended(epoch):
            end = self.ends[epoch]
            ensure(height <= end.height, "receipt.epoch_ended", f"height {height}, ended at {end.height}")
            # The last decision ends the epoch, and no other one does.
            inner = height < end.height and not decision.ends_epoch()
            last = inner or EpochEnd.of(decision).encoded() == end.encoded()
            ensure(last, "receipt.handover_fork", "another decision than the epoch's last")

    def learn(self, decision: Decision) -> None:
        """Takes note of a proven decision: the first one that is known to end its epoch ends it."""
        # Never more than a memory can hold: what does not fit is shown by the next receipt again.
        if decision.ends_epoch() and decision.epoch == len(self.ends) < HANDOVERS_MAX:
            self.ends.append(EpochEnd.of(decision))

    def has_ended(self, epoch: int) -> bool:
        """Whether an epoch is known to have ended."""
        return epoch < len(self.ends)

    def memory(self, chain: bytes) -> EpochMemory:
        """What to remember now."""
        return EpochMemory(version=EpochMemory.VERSION, chain=chain, ends=self.ends)
