"""What validators sign: statements, and the form in which one travels with its author and signature.

Every statement names its chain and epoch and is signed in the domain of its kind, so none is taken for
another. Those of which an author may make only one per slot say what their slot is and what must not differ
within it.
"""

from . import hashes
from .keys import SCHEME_BYTES
from .limits import KIB, PARTITIONS_MAX, REPORT_ENDS_MAX, TOPICS_MAX
from .refusal import ensure
from .schema import HASH, INDEX, NUMBER, U16, U32, Blob, ListOf, Record, ascending

# A validator's signature: the Ed25519 half, then the ML-DSA-65 half where the chain is hybrid.
SIGNATURE = Blob(max(SCHEME_BYTES.values()))


class Statement(Record):
    """Signed content without its signature. `SLOT` names the field that numbers its slot, if it has slots."""

    BYTES_MAX = 256
    DOMAIN = ""
    SIGNED_NAME = ""
    SLOT = None

    def signing_bytes(self) -> bytes:
        """The bytes that are signed."""
        return hashes.pae(self.DOMAIN, self.encoded())

    def slot(self) -> int:
        """Its number within (chain, epoch, kind, author)."""
        return getattr(self, self.SLOT)

    def said(self) -> bytes:
        """What must not differ within a slot."""
        return self.encoded()


class ProposalStatement(Statement):
    """A leader's word for one block and everything that travels beside its header."""

    NAME, SIGNED_NAME = "proposal statement", "signed proposal statement"
    DOMAIN, SLOT = hashes.PROPOSAL, "view"
    FIELDS = {
        "chain": HASH,
        "epoch": NUMBER,
        "view": NUMBER,
        "height": NUMBER,
        "block": HASH,
        "carried": HASH,
    }

    def check_shape(self) -> None:
        ensure(self.view > 0, "wire.view", "nobody leads view 0")

    def said(self) -> bytes:
        # Two envelopes around one block are no equivocation.
        return self.block


class VoteStatement(Statement):
    """A vote for one block in one view."""

    NAME, SIGNED_NAME = "vote statement", "vote"
    DOMAIN, SLOT = hashes.VOTE, "view"
    FIELDS = {"chain": HASH, "epoch": NUMBER, "view": NUMBER, "height": NUMBER, "block": HASH}

    def check_shape(self) -> None:
        ensure(self.view > 0, "wire.view", "nobody votes in view 0")


class TimeoutStatement(Statement):
    """A view given up, with the newest QC its author knew."""

    NAME, SIGNED_NAME = "timeout statement", "timeout"
    DOMAIN, SLOT = hashes.TIMEOUT, "view"
    FIELDS = {"chain": HASH, "epoch": NUMBER, "view": NUMBER, "hqc_view": NUMBER, "hqc_block": HASH}

    def check_shape(self) -> None:
        ensure(self.hqc_view < self.view, "certificate.claim", "a QC of this view or a later one is claimed")


class HeartbeatStatement(Statement):
    """A sign of life; advisory."""

    NAME, SIGNED_NAME = "heartbeat statement", "heartbeat"
    DOMAIN = hashes.HEARTBEAT
    FIELDS = {
        "chain": HASH,
        "epoch": NUMBER,
        "view": NUMBER,
        "certified_height": NUMBER,
        "certified_hash": HASH,
        "time_us": NUMBER,
    }


class BatchHeader(Statement):
    """What the author of a batch signs."""

    NAME, SIGNED_NAME = "batch header", "signed batch header"
    DOMAIN, SLOT = hashes.BATCH, "batch_seq"
    FIELDS = {
        "chain": HASH,
        "author": INDEX,
        "epoch": NUMBER,
        "batch_seq": NUMBER,
        "reg": NUMBER,
        "count": NUMBER,
        "bytes": NUMBER,
        "root": HASH,
    }


class AttestationStatement(Statement):
    """The result that a validator came to at one height."""

    NAME, SIGNED_NAME = "attestation statement", "attestation"
    DOMAIN, SLOT = hashes.ATTESTATION, "height"
    FIELDS = {"chain": HASH, "epoch": NUMBER, "height": NUMBER, "decision": HASH}


class AmnesiaReportStatement(Statement):
    """How far the views of an epoch have come, for a node that forgot."""

    NAME, SIGNED_NAME = "amnesia report statement", "signed amnesia report statement"
    DOMAIN = hashes.AMNESIA_REPORT
    FIELDS = {
        "chain": HASH,
        "epoch": NUMBER,
        "asker": INDEX,
        "nonce": HASH,
        "entered": NUMBER,
        "hqc_view": NUMBER,
        "hqc_block": HASH,
    }


class RunEnd(Record):
    """The end of the proven run that was seen in one outbound partition."""

    FIELDS = {"topic": U16, "partition": U32, "seq": NUMBER}


class RunReportStatement(Statement):
    """A publisher's report, ascending by place, each place at most once."""

    NAME, SIGNED_NAME = "run report statement", "run report"
    BYTES_MAX = 32 * KIB
    DOMAIN = hashes.RUN_REPORT
    FIELDS = {
        "chain": HASH,
        "epoch": NUMBER,
        "report_seq": NUMBER,
        "term": NUMBER,
        "ends": ListOf(RunEnd, REPORT_ENDS_MAX),
    }

    def check_shape(self) -> None:
        places = [(end.topic, end.partition) for end in self.ends]
        ensure(ascending(places), "report.ends", "run ends not ascending, or a partition twice")
        known = all(topic < TOPICS_MAX and partition < PARTITIONS_MAX for topic, partition in places)
        ensure(known, "report.ends", "no such topic or partition")


class Signed(Record):
    """A statement with its author and signature; one class for each kind of statement."""

    STATEMENT = None

    def check_shape(self) -> None:
        self.statement.check_shape()
        named = getattr(self.statement, "author", self.author)
        ensure(named == self.author, "statement.author", "the statement names another author")


def _signed(statement):
    members = {
        "__doc__": f"A signed {statement.NAME}.",
        "NAME": statement.SIGNED_NAME,
        "BYTES_MAX": statement.BYTES_MAX + 4096,
        "STATEMENT": statement,
        "FIELDS": {"statement": statement, "author": INDEX, "signature": SIGNATURE},
    }
    return type(f"Signed{statement.__name__}", (Signed,), members)


SignedProposal = _signed(ProposalStatement)
Vote = _signed(VoteStatement)
Timeout = _signed(TimeoutStatement)
Heartbeat = _signed(HeartbeatStatement)
SignedBatchHeader = _signed(BatchHeader)
Attestation = _signed(AttestationStatement)
SignedAmnesiaReport = _signed(AmnesiaReportStatement)
RunReport = _signed(RunReportStatement)

STATEMENTS = (
    ProposalStatement,
    VoteStatement,
    TimeoutStatement,
    HeartbeatStatement,
    BatchHeader,
    AttestationStatement,
    AmnesiaReportStatement,
    RunReportStatement,
)
SIGNED = (
    SignedProposal,
    Vote,
    Timeout,
    Heartbeat,
    SignedBatchHeader,
    Attestation,
    SignedAmnesiaReport,
    RunReport,
)
