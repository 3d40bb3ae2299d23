"""The genesis: the one thing that is trusted, named by its hash.

`open_genesis` looks at nothing before the hash is the trusted one. Refuses: `wire.too_large`,
`genesis.other`, `wire.*`, then every rule of the content: `genesis.field`, `validator_set.*`,
`genesis.administrators`, `genesis.registry`, `key.*`, `genesis.limits`, `genesis.topics`.
"""

from . import hashes, trees
from .agreement import Decision, ValidatorSet
from .certificates import Committee
from .event_rules import is_type_pattern, kind_is_sound
from .keys import ED25519, KeyBundle
from .limits import (
    ADMINISTRATORS_MAX,
    BATCH_BYTES_MAX,
    BLOCK_BYTES_MAX,
    EVENT_BYTES_MAX,
    EVENT_TEXT_MAX,
    GENESIS_BYTES_MAX,
    GENESIS_KEYS_MAX,
    GOVERNANCE_BYTES_MAX,
    KEY_TYPES_MAX,
    KIB,
    NAME_BYTES_MAX,
    PARTITIONS_MAX,
    PROTECTED_MAX,
    SIGNED_EVENT_OVERHEAD_MAX,
    STANDING_MAX,
    TOPICS_MAX,
    VALUE_BYTES_MAX,
)
from .payload import Header
from .refusal import ensure
from .schema import (
    HASH,
    NUMBER,
    U8,
    U16,
    U32,
    Choice,
    ListOf,
    Maybe,
    Record,
    Text,
    ascending,
    decode_canonical,
)

BUS_NONE, BUS_KAFKA = 0, 1
ROLE_PRODUCER, ROLE_SERVICE, ROLE_AGENT = 1, 2, 3
DEMAND_WHOLE_BUNDLE, DEMAND_ED25519 = 1, 2
REACH_TOGETHER, REACH_ALONE = 1, 2

# 1 KiB: an event with its required fields takes about 250 bytes; less leaves no room for a payload.
EVENT_BYTES_MIN = 1024
# The year 2255, and 8,900 years of a thousand blocks a second: times and heights have to grow from here.
TIME_US_MAX = 2**53 - 1
HEIGHT_MAX = 2**48
# In heights.
ANCHOR_LAG_MIN, ANCHOR_LAG_MAX, REGISTRY_LAG_MAX = 8, 1024, 16 * 1024
# The proofs, the decision and the signatures of a redrive.
PROOFS_BYTES = 32 * KIB

# The topics of a Kafka bus, ascending, with the most partitions each may have.
TOPICS = {
    "control.audit.v1": PARTITIONS_MAX,
    "control.commits.v1": 1,
    "control.dlq.v1": PARTITIONS_MAX,
    "control.epochs.v1": 1,
    "control.events.v1": PARTITIONS_MAX,
    "control.evidence.v1": PARTITIONS_MAX,
    "control.policy.v1": PARTITIONS_MAX,
    "control.reputation.v1": PARTITIONS_MAX,
}


class AdministratorSet(Record):
    """Those who may change registry, validators and rules, and how many of them must agree."""

    FIELDS = {"threshold": U8, "keys": ListOf(KeyBundle, ADMINISTRATORS_MAX)}

    def check(self) -> None:
        count = len(self.keys)
        ensure(
            1 <= self.threshold <= count,
            "genesis.administrators",
            f"{self.threshold} of {count} administrators",
        )
        for bundle in self.keys:
            bundle.check_shape()
            # Two keys each, so that the signatures of all of them fit one transaction.
            hybrid = len(bundle.content) == 2 and bundle.key(ED25519) is not None
            ensure(hybrid, "genesis.administrators", "an administrator without exactly one post-quantum key")
            bundle.check_for_registration()


class Limits(Record):
    """The limits of a chain, none above the ceilings of the format."""

    FIELDS = {
        "event_bytes": U32,
        "batch_bytes": U32,
        "block_bytes": U32,
        "anchor_lag": U32,
        "registry_lag": U32,
    }

    def check(self, validators: int) -> None:
        below = (
            self.event_bytes <= EVENT_BYTES_MAX
            and self.batch_bytes <= BATCH_BYTES_MAX
            and self.block_bytes <= BLOCK_BYTES_MAX
        )
        ensure(below, "genesis.limits", "a limit above its ceiling")
        # Whatever can be admitted must fit an otherwise empty batch: a governance transaction, and a redrive,
        # which carries its event twice.
        redrive = 2 * (self.event_bytes + SIGNED_EVENT_OVERHEAD_MAX) + PROOFS_BYTES
        largest = max(redrive, GOVERNANCE_BYTES_MAX)
        room = self.event_bytes >= EVENT_BYTES_MIN and self.batch_bytes >= largest
        ensure(room, "genesis.limits", f"a batch must hold {largest} bytes at least")
        fair = self.batch_bytes * validators <= self.block_bytes
        ensure(fair, "genesis.limits", "a batch above 1/n of a block")
        lags = (
            ANCHOR_LAG_MIN <= self.anchor_lag <= ANCHOR_LAG_MAX
            and self.registry_lag <= REGISTRY_LAG_MAX
            and self.registry_lag // 4 >= self.anchor_lag
        )
        ensure(lags, "genesis.limits", "8 to 1,024 heights of anchor lag, four times that of registry lag")


class TopicPartitions(Record):
    """The number of partitions of an outbound topic."""

    FIELDS = {"topic": Text(NAME_BYTES_MAX), "partitions": U32}


class Protected(Record):
    """A subject that no rule may ever deny."""

    FIELDS = {"kind": Text(32), "value": Text(VALUE_BYTES_MAX)}


class RegisteredKey(Record):
    """A key of the first registry: who holds it, for whom it speaks, and of what."""

    FIELDS = {
        "role": Choice(ROLE_PRODUCER, ROLE_SERVICE, ROLE_AGENT),
        "bundle": KeyBundle,
        "tenant": Text(NAME_BYTES_MAX),
        "subject": Text(NAME_BYTES_MAX),
        "types": ListOf(Text(EVENT_TEXT_MAX), KEY_TYPES_MAX),
        "demand": Choice(DEMAND_WHOLE_BUNDLE, DEMAND_ED25519),
        "standing_bp": U16,
        "reach": Choice(REACH_TOGETHER, REACH_ALONE),
    }

    def check(self) -> None:
        code, producer = "genesis.registry", self.role == ROLE_PRODUCER
        self.bundle.check_shape()
        ensure(bool(self.tenant and self.subject), code, "a key without tenant or subject")
        ensure(all(map(is_type_pattern, self.types)), code, "an event type that is no type")
        ensure(ascending(self.types), code, "event types not ascending, or one twice")
        ensure(not producer or bool(self.types), code, "a producer that may sign nothing")
        ensure(self.standing_bp <= STANDING_MAX, code, "a standing above 10,000 basis points")
        spared = producer and self.demand == DEMAND_ED25519
        hybrid = spared or self.bundle.has_post_quantum()
        ensure(hybrid, code, "a key that is neither hybrid nor spared it")
        self.bundle.check_for_registration()


class Genesis(Record):
    """The genesis of a chain."""

    NAME, BYTES_MAX, VERSION = "genesis", GENESIS_BYTES_MAX, 1
    FIELDS = {
        "version": U16,
        "network": Text(NAME_BYTES_MAX),
        "nonce": HASH,
        "time_us": NUMBER,
        "scheme": Choice(1, 2),
        "bus": Choice(BUS_NONE, BUS_KAFKA),
        "validators": ValidatorSet,
        "administrators": AdministratorSet,
        "limits": Limits,
        "topics": ListOf(TopicPartitions, TOPICS_MAX),
        "registry": ListOf(RegisteredKey, GENESIS_KEYS_MAX),
        "protected": ListOf(Protected, PROTECTED_MAX),
        "protocol_version": U32,
        "continues": Maybe(Decision),
    }

    def check_shape(self) -> None:
        ensure(self.version == self.VERSION, "wire.version", f"genesis version {self.version}")

    def chain(self) -> bytes:
        """The name of the chain."""
        return hashes.tagged(hashes.GENESIS, self.encoded())

    def first_header(self) -> Header:
        """The block that the chain grows from; it names this chain, so no other chain's block fits on it."""
        old = self.continues
        return Header(
            version=Header.VERSION,
            chain=self.chain(),
            epoch=0,
            height=old.height if old else 0,
            view=0,
            parent=old.block if old else hashes.ZERO,
            qc_hash=hashes.ZERO,
            proposer=0,
            time_us=self.time_us,
            payload_root=trees.EMPTY_ROOT,
            batch_count=0,
            anchor_height=old.height if old else 0,
            anchor_hash=old.hash() if old else hashes.ZERO,
            left_out=(),
        )

    def committee(self) -> Committee:
        """The committee of epoch 0."""
        first = self.first_header()
        return Committee(first.chain, 0, self.scheme, self.validators, first.height, first.id())

    def check(self) -> None:
        """Checks every rule."""
        ensure(bool(self.network), "genesis.field", "a network without a name")
        ensure(self.time_us <= TIME_US_MAX, "genesis.field", "made after the year 2255")
        ensure(self.protocol_version > 0, "genesis.field", "protocol version 0")
        self.validators.check(self.scheme)
        self.administrators.check()
        kids = [key.bundle.kid() for key in self.registry]
        ensure(ascending(kids), "genesis.registry", "keys not ascending by kid, or one twice")
        for key in self.registry:
            key.check()
        self._check_keys_distinct()
        self.limits.check(len(self.validators.content))
        self._check_topics()
        subjects = [(one.kind, one.value) for one in self.protected]
        ensure(ascending(subjects), "genesis.field", "protected subjects not ascending, or one twice")
        possible = all(kind_is_sound(kind) and value for kind, value in subjects)
        ensure(possible, "genesis.field", "a protected subject that no event can name")
        if self.continues is not None:
            self.continues.check_shape()
            later = self.continues.time_us < self.time_us
            ensure(later, "genesis.field", "a recovery older than what it goes on from")
            possible = self.continues.height <= HEIGHT_MAX
            ensure(possible, "genesis.field", "a recovery from a height that no chain reaches")

    def _check_keys_distinct(self) -> None:
        # One key in two places would let one role speak for another.
        bundles = [*self.administrators.keys, *(key.bundle for key in self.registry)]
        keys = self.validators.all_keys() + [one.key for bundle in bundles for one in bundle.content]
        ensure(len(set(keys)) == len(keys), "key.duplicate", "one key stands twice in the genesis")

    def _check_topics(self) -> None:
        found = [one.topic for one in self.topics]
        wanted = list(TOPICS) if self.bus == BUS_KAFKA else []
        ensure(found == wanted, "genesis.topics", "not exactly the topics of this bus")
        sound = all(1 <= one.partitions <= TOPICS[one.topic] for one in self.topics)
        ensure(sound, "genesis.topics", "partitions out of range")


def open_genesis(data: bytes, trusted: bytes) -> Genesis:
    """The genesis with this hash, if these are its bytes and it is sound."""
    ensure(len(data) <= GENESIS_BYTES_MAX, "wire.too_large", f"a genesis of {len(data)} bytes")
    ensure(hashes.tagged(hashes.GENESIS, data) == trusted, "genesis.other", "its hash is not the trusted one")
    genesis = decode_canonical(Genesis, data)
    genesis.check()
    return genesis
