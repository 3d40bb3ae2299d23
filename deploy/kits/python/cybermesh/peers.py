"""What peers say beside agreement: questions and answers, reports to a node that forgot, evidence."""

from . import cbor, hashes
from .agreement import Decision, DecisionCertificate, Handover, Qc, Tc, following
from .limits import BLOCKS_ASKED_MAX, GOSSIP_BYTES_MAX, HANDOVER_BYTES_MAX, KIB, MIB
from .payload import Block
from .refusal import ensure
from .schema import HASH, INDEX, NUMBER, ListOf, Maybe, Record, Row, Tagged, Word
from .statements import Attestation, SignedAmnesiaReport, SignedBatchHeader, SignedProposal, Timeout, Vote


def check_shapes(*parts) -> None:
    """Checks the shape of each part that is there, in order."""
    for part in parts:
        if part is not None:
            part.check_shape()


class Position(Record):
    """Where a node stands."""

    FIELDS = {"chain": HASH, "epoch": NUMBER, "view": NUMBER, "height": NUMBER}


class Branch(Record):
    """The blocks above a height, up to one of them."""

    FIELDS = {"chain": HASH, "above": NUMBER, "tip": HASH}


class Ask(Word):
    """A question: what is newer (1), blocks (2), a batch (3), a handover (4)."""

    NAME, BYTES_MAX = "ask", 128
    KIND = Tagged({1: Position, 2: Branch, 3: HASH, 4: NUMBER})


class Newer(Record):
    """The certificates that moved a peer past a position."""

    FIELDS = {
        "qc": Maybe(Qc),
        "tc": Maybe(Tc),
        "decision": Maybe(Row(Decision, DecisionCertificate)),
        "handover": Maybe(Handover),
    }

    def check_shape(self) -> None:
        check_shapes(self.qc, self.tc, *(self.decision or ()), self.handover)


class Answer(Word):
    """An answer to the question of the same tag."""

    NAME, BYTES_MAX = "answer", GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX + 4 * MIB
    KIND = Tagged({1: Newer, 2: ListOf(Block, BLOCKS_ASKED_MAX), 3: NUMBER, 4: Maybe(Handover)})

    def check_shape(self) -> None:
        tag, answer = self.content
        if tag == 2:
            check_shapes(*answer)
            # By parents and not by heights: the root of an epoch is the parent of the next one's first block.
            dense = all(a.header.id() == b.header.parent for a, b in zip(answer, answer[1:]))
            ensure(dense, "ask.range", "blocks with a gap")
        elif tag != 3:
            check_shapes(answer)


class OwnStatementsAsk(Record):
    """A starting node asks for the newest statements that carry its own key."""

    NAME, BYTES_MAX = "ask for own statements", 128
    FIELDS = {"chain": HASH, "epoch": NUMBER, "asker": INDEX}


class OwnStatements(Record):
    """The newest of each kind that a peer holds, and its newest certificates."""

    NAME, BYTES_MAX = "own statements", GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX
    FIELDS = {
        "proposal": Maybe(SignedProposal),
        "vote": Maybe(Vote),
        "timeout": Maybe(Timeout),
        "high_qc": Qc,
        "high_tc": Maybe(Tc),
        "handover": Maybe(Handover),
    }

    def check_shape(self) -> None:
        check_shapes(self.proposal, self.vote, self.timeout, self.high_qc, self.high_tc, self.handover)


class AmnesiaAsk(Record):
    """A node that forgot asks how far the views of an epoch have come."""

    NAME, BYTES_MAX = "amnesia ask", 128
    FIELDS = {"chain": HASH, "epoch": NUMBER, "asker": INDEX, "nonce": HASH}


class AmnesiaReport(Record):
    """The signed answer, with the certificates that back it. An entry is a QC (1) or a TC (2)."""

    NAME, BYTES_MAX = "amnesia report", GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX
    FIELDS = {
        "report": SignedAmnesiaReport,
        "entry": Maybe(Tagged({1: Qc, 2: Tc})),
        "high_qc": Qc,
        "handover": Maybe(Handover),
    }

    def entry_certificate(self):
        """The certificate that let its author into the reported view, or None."""
        return None if self.entry is None else self.entry[1]

    def check_shape(self) -> None:
        said, entry = self.report.statement, self.entry_certificate()
        check_shapes(said, self.high_qc, entry, self.handover)
        if entry is None:
            backed = said.entered <= 1
        else:
            backed = entry.view > 0 and following(entry.view) == said.entered
        ensure(backed, "amnesia.report", "no certificate lets into the reported view")
        newest = self.high_qc.view == said.hqc_view and self.high_qc.block == said.hqc_block
        ensure(newest, "amnesia.report", "the QC is not the reported one")


class Pair(Record):
    """Two signed statements of one author and slot, the smaller content first: one misdeed, one encoding."""

    def check_shape(self) -> None:
        check_shapes(self.first, self.second)
        places = [
            (one.author, one.statement.chain, one.statement.epoch, one.statement.slot())
            for one in (self.first, self.second)
        ]
        ensure(places[0] == places[1], "evidence.slot", "two slots are no equivocation")
        smaller = self.first.statement.said() < self.second.statement.said()
        ensure(smaller, "evidence.content", "equal content, or the larger one first")


def _pair(signed):
    fields = {"first": signed, "second": signed}
    return type(
        f"PairOf{signed.__name__}", (Pair,), {"__doc__": f"Two of one {signed.NAME}.", "FIELDS": fields}
    )


class Evidence(Word):
    """Proof that a validator said two things where it may say one."""

    NAME, BYTES_MAX = "evidence", 16 * KIB
    KIND = Tagged(
        {
            1: _pair(SignedProposal),
            2: _pair(Vote),
            3: _pair(Timeout),
            4: _pair(Attestation),
            5: _pair(SignedBatchHeader),
        }
    )

    def check_shape(self) -> None:
        self.content[1].check_shape()

    def identity(self) -> bytes:
        """The identity of the misdeed: of the slot, however often and with what it was done."""
        kind, pair = self.content
        said = pair.first.statement
        slot = [kind, said.chain, said.epoch, pair.first.author, said.slot()]
        return hashes.tagged(hashes.EVIDENCE, cbor.encode(slot))
