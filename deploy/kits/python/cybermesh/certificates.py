"""Whose signatures count, and whether they hold: everything that validators sign, against one committee.

`check` takes any signed statement or certificate of sound shape. It goes over it twice: first the form, in
all nested certificates (place, who, how many, how long), and only then arithmetic. A certificate has exactly
q signers, so that its cost is known before the first signature is checked.

Refuses with `chain.other`, `epoch.other`, `validator.unknown`, `certificate.*`, `signature.length`,
`signature.invalid`, `decision.*`, `handover.*`, `validator_set.*`, `key.*`.
"""

from . import ed25519, mldsa
from .agreement import (
    Decision,
    DecisionCertificate,
    Handover,
    Qc,
    QuorumSignatures,
    Tc,
    ValidatorSet,
    ViewChange,
    following,
    quorum,
)
from .keys import ML_DSA_65, SCHEME_BYTES, SCHEME_HYBRID
from .payload import Batch, Proposal
from .peers import AmnesiaReport, Evidence
from .refusal import ensure
from .statements import Signed


class Committee:
    """A chain, an epoch, how its validators sign, who they are, and the block that the epoch grows from."""

    def __init__(
        self,
        chain: bytes,
        epoch: int,
        scheme: int,
        validators: ValidatorSet,
        root_height: int,
        root_block: bytes,
    ):
        self.chain, self.epoch, self.scheme = chain, epoch, scheme
        self.validators = validators
        self.root_height, self.root_block = root_height, root_block

    def quorum(self) -> int:
        """The number of signatures of a certificate."""
        return quorum(len(self.validators.content))

    def validator(self, index: int):
        """The validator at an index; refuses a stranger."""
        ensure(index < len(self.validators.content), "validator.unknown", f"no validator {index}")
        return self.validators.content[index]

    def check_epoch(self, epoch: int) -> None:
        """Refuses what belongs to another epoch than the keys at hand."""
        ensure(epoch == self.epoch, "epoch.other", f"of epoch {epoch}, the keys are of {self.epoch}")

    def check_place(self, chain: bytes, epoch: int) -> None:
        """Refuses what belongs to another chain or epoch, before any key is looked up."""
        ensure(chain == self.chain, "chain.other", "of another chain")
        self.check_epoch(epoch)

    def check_signers(self, signers) -> None:
        """Refuses strangers, and any number of signers but q."""
        for signer in signers:
            self.validator(signer)
        count, expected = len(signers), self.quorum()
        ensure(count == expected, "certificate.quorum", f"{count} signers, the quorum is {expected}")

    def check_length(self, signature: bytes) -> None:
        """Refuses a signature with a half too few or too many."""
        expected = SCHEME_BYTES[self.scheme]
        ensure(len(signature) == expected, "signature.length", f"{len(signature)} bytes, not {expected}")

    def check_signature(self, index: int, signature: bytes, message: bytes) -> None:
        """Checks every half of a validator's signature over one message."""
        one = self.validator(index)
        self.check_length(signature)
        first, second = signature[:64], signature[64:]
        holds = ed25519.holds_strict(one.ed25519, message, first)
        ensure(holds, "signature.invalid", f"the Ed25519 half of {one.name}")
        if self.scheme == SCHEME_HYBRID:
            holds = mldsa.holds(ML_DSA_65, one.ml_dsa_65, message, second)
            ensure(holds, "signature.invalid", f"the ML-DSA-65 half of {one.name}")


def check(message, committee: Committee) -> None:
    """Checks who signed a message, every signature, and every binding between its parts."""
    _form(message, committee)
    _rule(SIGNATURES, message)(message, committee)


def check_decision(certificate: DecisionCertificate, decision: Decision, committee: Committee) -> None:
    """Checks that this certificate certifies this decision."""
    committee.check_place(decision.chain, decision.epoch)
    said = (certificate.epoch, certificate.height, certificate.decision)
    same = said == (decision.epoch, decision.height, decision.hash())
    ensure(same, "certificate.decision", "the certificate is of another decision")
    named = decision.validator_set_hash == committee.validators.hash()
    ensure(named, "decision.validator_set", "the decision names another validator set")
    check(certificate, committee)


def follow(handover: Handover, old: Committee) -> Committee:
    """Checks a handover with the keys of the epoch that ends, and gives the committee of the next one."""
    check(handover, old)
    last = handover.decision
    return Committee(old.chain, following(old.epoch), old.scheme, handover.next, last.height, last.block)


def _rule(rules: dict, message):
    return next(rule for kind, rule in rules.items() if isinstance(message, kind))


def _form(message, committee: Committee) -> None:
    _rule(FORMS, message)(message, committee)


def _signed_form(signed: Signed, committee: Committee) -> None:
    committee.check_place(signed.statement.chain, signed.statement.epoch)
    committee.validator(signed.author)
    committee.check_length(signed.signature)


def _quorum_form(votes: QuorumSignatures, committee: Committee) -> None:
    votes.check_shape()
    committee.check_signers(votes.signers)
    for signature in votes.signatures:
        committee.check_length(signature)


def _qc_form(qc: Qc, committee: Committee) -> None:
    committee.check_epoch(qc.epoch)
    if qc.view > 0:
        _quorum_form(qc.votes, committee)
    else:
        root = (committee.root_height, committee.root_block)
        ensure((qc.height, qc.block) == root, "certificate.root", "view 0, but another block than the root")


def _tc_form(tc: Tc, committee: Committee) -> None:
    committee.check_epoch(tc.epoch)
    committee.check_signers(sorted({claim.author for claim in tc.claims}))
    for claim in tc.claims:
        committee.check_length(claim.signature)
    _form(tc.high_qc, committee)


def _decision_certificate_form(certificate: DecisionCertificate, committee: Committee) -> None:
    committee.check_epoch(certificate.epoch)
    _quorum_form(certificate.attestations, committee)


def _handover_form(handover: Handover, committee: Committee) -> None:
    committee.check_place(handover.decision.chain, handover.decision.epoch)
    above = handover.decision.height > committee.root_height
    ensure(above, "handover.decision", "an epoch that ends before it begins")
    _form(handover.certificate, committee)


def _signature(signed: Signed, committee: Committee) -> None:
    committee.check_signature(signed.author, signed.signature, signed.statement.signing_bytes())


def _quorum_signatures(votes: QuorumSignatures, message: bytes, committee: Committee) -> None:
    for signer, signature in zip(votes.signers, votes.signatures):
        committee.check_signature(signer, signature, message)


def _qc_signatures(qc: Qc, committee: Committee) -> None:
    if qc.view > 0:
        _quorum_signatures(qc.votes, qc.statement(committee.chain).signing_bytes(), committee)


def _tc_signatures(tc: Tc, committee: Committee) -> None:
    for claim in tc.claims:
        message = tc.statement(committee.chain, claim).signing_bytes()
        committee.check_signature(claim.author, claim.signature, message)
    check(tc.high_qc, committee)


def _attestations(certificate: DecisionCertificate, committee: Committee) -> None:
    message = certificate.statement(committee.chain).signing_bytes()
    _quorum_signatures(certificate.attestations, message, committee)


def _handover_signatures(handover: Handover, committee: Committee) -> None:
    check_decision(handover.certificate, handover.decision, committee)
    # A quorum may be trusted to name a safe set; a verifier still never works with an unsafe one.
    handover.next.check(committee.scheme)


def _parts(message):
    """The parts of a message that carry signatures of their own, in the order of checks."""
    match message:
        case ViewChange():
            parts = (message.timeout, message.high_qc, message.entry)
        case Proposal():
            parts = (message.signed(), message.qc, message.tc)
        case AmnesiaReport():
            parts = (message.report, message.entry_certificate(), message.high_qc, message.handover)
        case Evidence():
            parts = (message.content[1].first, message.content[1].second)
        case Batch():
            parts = (message.signed(),)
    return [part for part in parts if part is not None]


def _each(rule):
    def apply(message, committee: Committee) -> None:
        for part in _parts(message):
            rule(part, committee)

    return apply


COMPOUND = (ViewChange, Proposal, AmnesiaReport, Evidence, Batch)
FORMS = {
    Signed: _signed_form,
    Qc: _qc_form,
    Tc: _tc_form,
    DecisionCertificate: _decision_certificate_form,
    Handover: _handover_form,
    COMPOUND: _each(_form),
}
SIGNATURES = {
    Signed: _signature,
    Qc: _qc_signatures,
    Tc: _tc_signatures,
    DecisionCertificate: _attestations,
    Handover: _handover_signatures,
    COMPOUND: _each(check),
}
