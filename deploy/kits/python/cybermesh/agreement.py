"""What q validators prove together: certificates, validator sets, decisions, handovers.

Here is their form; who must have signed, `certificates` checks.
"""

import re

from . import hashes
from .keys import SCHEME_HYBRID, check_sound, check_sound_ml_dsa
from .limits import (
    DECISION_BYTES_MAX,
    GOSSIP_BYTES_MAX,
    HANDOVER_BYTES_MAX,
    HYBRID_VALIDATORS_MAX,
    KIB,
    NAME_BYTES_MAX,
    NUMBER_MAX,
    QC_BYTES_MAX,
    TC_BYTES_MAX,
    VALIDATORS_MAX,
    VALIDATORS_MIN,
)
from .refusal import ensure
from .schema import HASH, INDEX, NUMBER, U16, U32, Bits, Fixed, ListOf, Maybe, Record, Text, Word, ascending
from .statements import SIGNATURE, AttestationStatement, Timeout, TimeoutStatement, VoteStatement

# Reads alike everywhere: in tables, metrics and the cosigner lines of checkpoints.
LABEL = re.compile(r"[a-z0-9._-]+\Z")


def following(number: int) -> int:
    """The next view or height; the largest number is followed by itself."""
    return min(number + 1, NUMBER_MAX)


def quorum(n: int) -> int:
    """How many of n validators decide: more than half of all and of those who may lie together."""
    faults = max(n - 1, 0) // 3
    return (n + faults) // 2 + 1


class QuorumSignatures(Record):
    """Who signed, and the signatures in ascending order of the signers."""

    FIELDS = {"signers": Bits(), "signatures": ListOf(SIGNATURE, VALIDATORS_MAX)}

    def check_shape(self) -> None:
        same = len(self.signers) == len(self.signatures)
        ensure(same, "certificate.signers", "signers and signatures differ in number")


class Qc(Record):
    """Proof that q validators voted for one block in one view; view 0 is an epoch's root, without voters."""

    NAME, BYTES_MAX = "quorum certificate", QC_BYTES_MAX
    FIELDS = {"epoch": NUMBER, "view": NUMBER, "height": NUMBER, "block": HASH, "votes": QuorumSignatures}

    def check_shape(self) -> None:
        self.votes.check_shape()
        bare = self.view > 0 or not self.votes.signers
        ensure(bare, "certificate.signers", "the root of an epoch has no voters")

    def hash(self, chain: bytes) -> bytes:
        """The hash of what it certifies: the same whoever voted, since one quorum is as good as another."""
        return hashes.tagged(hashes.QC, self.statement(chain).encoded())

    def statement(self, chain: bytes) -> VoteStatement:
        """What each of its voters signed."""
        return VoteStatement(
            chain=chain, epoch=self.epoch, view=self.view, height=self.height, block=self.block
        )


class Claim(Record):
    """One timeout inside a TC."""

    FIELDS = {"author": INDEX, "hqc_view": NUMBER, "hqc_block": HASH, "signature": SIGNATURE}


class Tc(Record):
    """Proof that q validators gave one view up, each with its claim, and a QC as new as the highest one."""

    NAME, BYTES_MAX = "timeout certificate", TC_BYTES_MAX
    FIELDS = {"epoch": NUMBER, "view": NUMBER, "claims": ListOf(Claim, VALIDATORS_MAX), "high_qc": Qc}

    def check_shape(self) -> None:
        self.high_qc.check_shape()
        authors = [claim.author for claim in self.claims]
        ensure(ascending(authors), "certificate.signers", "claims not ascending, or an author twice")
        highest = max((claim.hqc_view for claim in self.claims), default=0)
        ensure(
            highest < self.view, "certificate.claim", "a QC of the given-up view or a later one is claimed"
        )
        proven = self.high_qc.epoch == self.epoch and self.high_qc.view >= highest
        ensure(proven, "certificate.claim", "the QC is older than the highest claim")

    def statement(self, chain: bytes, claim: Claim) -> TimeoutStatement:
        """What the author of a claim signed."""
        return TimeoutStatement(
            chain=chain, epoch=self.epoch, view=self.view, hqc_view=claim.hqc_view, hqc_block=claim.hqc_block
        )


class ViewChange(Record):
    """A timeout with the certificates that bring a laggard up to it; those prove themselves."""

    NAME, BYTES_MAX = "view change", GOSSIP_BYTES_MAX
    FIELDS = {"timeout": Timeout, "high_qc": Qc, "entry": Maybe(Tc)}

    def check_shape(self) -> None:
        said = self.timeout.statement
        said.check_shape()
        self.high_qc.check_shape()
        proves = self.high_qc.epoch == said.epoch and self.high_qc.view >= said.hqc_view
        ensure(proves, "certificate.claim", "the QC beside a timeout is older than its claim")
        if self.entry is None:
            enters = following(self.high_qc.view) >= said.view
            ensure(enters, "wire.view", "neither QC nor TC lets into the view")
            return
        self.entry.check_shape()
        enters = self.entry.epoch == said.epoch and following(self.entry.view) == said.view
        ensure(enters, "wire.view", "the TC beside a timeout is not of the view before it")


class Validator(Record):
    """One validator: its name for people and its four public keys."""

    NAME, BYTES_MAX = "validator", 4 * KIB
    FIELDS = {
        "name": Text(NAME_BYTES_MAX),
        "ed25519": HASH,
        "ml_dsa_65": Fixed(1952),
        "ml_dsa_44": Fixed(1312),
        "libp2p": HASH,
    }

    def keys(self):
        """All its keys."""
        return [self.ed25519, self.libp2p, self.ml_dsa_65, self.ml_dsa_44]


class ValidatorSet(Word):
    """The validators of one epoch; an index is a place here."""

    NAME, BYTES_MAX = "validator set", 512 * KIB
    KIND = ListOf(Validator, VALIDATORS_MAX)

    def hash(self) -> bytes:
        """What decisions commit to: all names and keys."""
        return hashes.tagged(hashes.VALIDATOR_SET, self.encoded())

    def all_keys(self):
        """All keys of all members."""
        return [key for one in self.content for key in one.keys()]

    def check(self, scheme: int) -> None:
        """Refuses an unsafe set: its size, a name or key that stands twice, a key that is not sound."""
        most = HYBRID_VALIDATORS_MAX if scheme == SCHEME_HYBRID else VALIDATORS_MAX
        fits = VALIDATORS_MIN <= len(self.content) <= most
        ensure(fits, "validator_set.size", f"{len(self.content)} validators, not {VALIDATORS_MIN} to {most}")
        names = [one.name for one in self.content]
        named = all(map(LABEL.match, names)) and len(set(names)) == len(names)
        ensure(
            named, "validator_set.name", "a name that is no label of a-z, 0-9, `.`, `_`, `-`, or a name twice"
        )
        keys = self.all_keys()
        ensure(len(set(keys)) == len(keys), "key.duplicate", "one key stands twice in the validator set")
        for one in self.content:
            check_sound(one.ed25519)
            check_sound(one.libp2p)
            check_sound_ml_dsa(one.ml_dsa_65)
            check_sound_ml_dsa(one.ml_dsa_44)


class LogState(Record):
    """Size and root of a log or of a list."""

    FIELDS = {"size": NUMBER, "root": HASH}


class Outbox(Record):
    """The outbound leaves of one block, and where every outbound partition stands after it."""

    FIELDS = {"count": NUMBER, "root": HASH, "heads_hash": HASH}


class Decision(Record):
    """What executing one decided block came to."""

    NAME, BYTES_MAX, VERSION = "decision", DECISION_BYTES_MAX, 1
    FIELDS = {
        "version": U16,
        "chain": HASH,
        "epoch": NUMBER,
        "height": NUMBER,
        "block": HASH,
        "time_us": NUMBER,
        "previous": HASH,
        "history_root": HASH,
        "tx": LogState,
        "state_root": HASH,
        "event_log": LogState,
        "audit_log": LogState,
        "outbox": Outbox,
        "validator_set_hash": HASH,
        "next_validator_set_hash": HASH,
        "protocol_version": U32,
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"decision version {self.version}")

    def ends_epoch(self) -> bool:
        """Whether it is the last decision of its epoch: the validators after it are others."""
        return self.validator_set_hash != self.next_validator_set_hash

    def hash(self) -> bytes:
        """What is attested, and the leaf in the history."""
        return hashes.tagged(hashes.DECISION, self.encoded())


class DecisionCertificate(Record):
    """Proof that q validators came to one result."""

    NAME, BYTES_MAX = "decision certificate", QC_BYTES_MAX
    FIELDS = {"epoch": NUMBER, "height": NUMBER, "decision": HASH, "attestations": QuorumSignatures}

    def check_shape(self) -> None:
        self.attestations.check_shape()

    def statement(self, chain: bytes) -> AttestationStatement:
        """What each of its signers signed."""
        return AttestationStatement(chain=chain, epoch=self.epoch, height=self.height, decision=self.decision)


class Handover(Record):
    """The last decision of an epoch, certified by the old set, and the validators it names."""

    NAME, BYTES_MAX = "handover", HANDOVER_BYTES_MAX
    FIELDS = {"decision": Decision, "certificate": DecisionCertificate, "next": ValidatorSet}

    def check_shape(self) -> None:
        self.decision.check_shape()
        self.certificate.check_shape()
        ensure(self.decision.ends_epoch(), "handover.decision", "this decision ends no epoch")
        named = self.decision.next_validator_set_hash == self.next.hash()
        ensure(named, "handover.set", "the next set is not the one the decision names")
