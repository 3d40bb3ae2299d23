//! Every ceiling of a message, with its unit and its reason. A genesis may set lower ones, never higher ones.

/// 128 validators: a bitmap of signers is one 16-byte word; agreement with votes to all is O(n²) beyond use here.
pub const VALIDATORS_MAX: usize = 128;

/// 31 validators with hybrid signatures: a certificate of 21 × 3,373 bytes still fits a gossip message.
pub const HYBRID_VALIDATORS_MAX: usize = 31;

/// 4 validators: the smallest set that survives one liar.
pub const VALIDATORS_MIN: usize = 4;

/// 80 KiB: 21 hybrid signatures (71 KB) or 86 classical ones, and the fields around them.
pub const QC_BYTES_MAX: usize = 80 * 1024;

/// 160 KiB: 21 hybrid signatures with their claims (73 KB), and one QC.
pub const TC_BYTES_MAX: usize = 160 * 1024;

/// 256 KiB: header, QC, TC and [`BLOCK_BATCHES_MAX`] references; the cap of a consensus gossip topic.
pub const GOSSIP_BYTES_MAX: usize = 256 * 1024;

/// 512 batches in a block: 4 from each of 128 authors; 24 KB of references.
pub const BLOCK_BATCHES_MAX: usize = 512;

/// 16 MiB of items in a block: thousands of hybrid-signed events, about 0.15 s on a 1 Gbit/s link.
pub const BLOCK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// 4 MiB of items in a batch: 1/n of a full block at n = 4.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// 16,384 items in a batch: 4 MiB of the smallest useful signed events.
pub const BATCH_ITEMS_MAX: usize = 16 * 1024;

/// 256 KiB for one batch item: evidence of two batch headers or proposals with hybrid signatures is 14 KB, a
/// redrive carries an event twice and two proofs; room for both.
pub const ITEM_BYTES_MAX: usize = 256 * 1024;

/// 64 KiB for the signed bytes of an event: one security finding with its raw record.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// 16 KiB around the event bytes: one signature of each algorithm takes 10,420 bytes, key ids and framing 200 more.
pub const SIGNED_EVENT_OVERHEAD_MAX: usize = 16 * 1024;

/// 256 bytes in a text field of an event, unless its field says otherwise.
pub const EVENT_TEXT_MAX: usize = 256;

/// 16 hops in a chain of custody: collector, broker, analyst, archive, and some more.
pub const CUSTODY_HOPS_MAX: usize = 16;

/// 4 signatures on one object: one for each algorithm there is.
pub const SIGNATURES_MAX: usize = 4;

/// 64 types that one key may speak of; beyond that, a wildcard says it better.
pub const KEY_TYPES_MAX: usize = 64;

/// 64 bytes for the name of a validator, tenant or network: fits a metric label and a line of a table.
pub const NAME_BYTES_MAX: usize = 64;

/// 256 bytes for a subject, resource or protected value.
pub const VALUE_BYTES_MAX: usize = 256;

/// 16 administrators: k-of-n by people who meet.
pub const ADMINISTRATORS_MAX: usize = 16;

/// 4,096 keys in the first registry; further ones are registered by governance.
pub const GENESIS_KEYS_MAX: usize = 4096;

/// 1,024 subjects protected from the first block on.
pub const PROTECTED_MAX: usize = 1024;

/// 32 topics with a partition count.
pub const TOPICS_MAX: usize = 32;

/// 4,096 partitions of one topic: above what a broker serves well.
pub const PARTITIONS_MAX: u32 = 4096;

/// 16 MiB for a genesis: [`GENESIS_KEYS_MAX`] hybrid bundles (about 1.5 KB each) and 128 validators.
pub const GENESIS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// 64 steps in a proof: a tree of 2^63 leaves has no longer one.
pub const PROOF_STEPS_MAX: usize = 64;

/// 4 KiB for a decision: all its fields together take less than 1 KiB.
pub const DECISION_BYTES_MAX: usize = 4 * 1024;

/// 1 MiB for a handover: a decision, a certificate (80 KiB) and a set of 128 validators (440 KiB).
pub const HANDOVER_BYTES_MAX: usize = 1024 * 1024;

/// 1,024 handovers in a receipt: a change of members every week for 19 years.
pub const HANDOVERS_MAX: usize = 1024;

/// 64 MiB for a receipt: 1,024 handovers of 7 hybrid validators, or 350 of 31.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// 64 heights in one request for blocks: an answer is paid for before the asker is known to be honest.
pub const BLOCKS_ASKED_MAX: usize = 64;

/// 128 KiB for a governance transaction: a bundle or validator with all its keys, and 16 hybrid signatures.
pub const GOVERNANCE_BYTES_MAX: usize = 128 * 1024;

/// 1,024 run ends in one publisher's report: a larger cluster of topics reports in turns.
pub const REPORT_ENDS_MAX: usize = 1024;

/// 600 bytes for a key of the state: two texts of [`VALUE_BYTES_MAX`] and what stands around them.
pub const STATE_KEY_BYTES_MAX: usize = 600;

/// 1 MiB for a value of the state: a set of 128 validators (440 KiB) is the largest there is.
pub const STATE_VALUE_BYTES_MAX: usize = 1024 * 1024;

/// 256 steps in a proof of the state: one for each bit of a hashed key.
pub const STATE_PROOF_STEPS_MAX: usize = 256;

/// 4,098 leaves in a proof of a range: 4,096 in it, and one beside each end.
pub const STATE_RANGE_LEAVES_MAX: usize = 4098;

/// 64 KiB for the shape of a range: 4,096 leaves of hashed keys take about 20 KB; nothing else is so deep.
pub const STATE_RANGE_SHAPE_MAX: usize = 64 * 1024;

/// 64 numbers changed in one transaction: more than there are.
pub const PARAMETERS_MAX: usize = 64;

/// 1 KiB for the payload of a rule request: a scope, a reason of 256 bytes, three numbers.
pub const RULE_REQUEST_BYTES_MAX: usize = 1024;
