"""Every consensus message by its name: the names that vectors, logs and documents use."""

from .agreement import Decision, DecisionCertificate, Handover, Qc, Tc, Validator, ValidatorSet, ViewChange
from .epochs import EpochMemory
from .genesis import Genesis
from .keys import KeyBundle
from .payload import Batch, Block, Header, Item, Proposal, TxLeaf
from .peers import AmnesiaAsk, AmnesiaReport, Answer, Ask, Evidence, OwnStatements, OwnStatementsAsk
from .receipt import Receipt
from .state import StateProof
from .state_range import StateRange
from .statements import SIGNED, STATEMENTS

WORDS = {
    kind.NAME: kind
    for kind in (
        *STATEMENTS,
        *SIGNED,
        Qc,
        Tc,
        ViewChange,
        Validator,
        ValidatorSet,
        Decision,
        DecisionCertificate,
        Handover,
        Item,
        Batch,
        Header,
        Proposal,
        Block,
        Ask,
        Answer,
        OwnStatementsAsk,
        OwnStatements,
        AmnesiaAsk,
        AmnesiaReport,
        Evidence,
        KeyBundle,
        Genesis,
        TxLeaf,
        Receipt,
        EpochMemory,
        StateProof,
        StateRange,
    )
}
