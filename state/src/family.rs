//! Column families and the options of the database: the one place that chooses them, with the reasons.
//!
//! **Shapes.** Hashes do not compress and are looked up one by one: no compression, a bloom filter of 10 bits. Bodies compress
//! and are mostly read in order: LZ4. Families in which many rows share a key's beginning (versions of a value, places
//! of an item) have the filter over that beginning.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel, Options,
    SliceTransform,
};

/// 256 MB: families that are rarely written would otherwise pin old logs for ever.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// 512 files: two stores and all sockets fit the usual limit of a process.
const OPEN_FILES_MAX: i32 = 512;
/// 4 MiB and 4 files for what RocksDB logs about itself.
const INFO_LOG_BYTES_MAX: usize = 4 * 1024 * 1024;
const INFO_LOGS_MAX: usize = 4;
/// 16 MiB: the manifest is read whole at every start.
const MANIFEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// 10 bits a key: one needless read in a hundred.
const BLOOM_BITS: f64 = 10.0;
/// 16 KiB: proofs read single rows; larger blocks only compress better.
const BLOCK_BYTES: usize = 16 * 1024;

/// 64 KiB of unwritten rows are taken at once.
const ARENA_BLOCK_BYTES: usize = 64 * 1024;

/// How the rows of a family are read, and what that asks of its files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Hashes, found one by one.
    Hashes,
    /// Bodies, found one by one.
    Bodies,
    /// Rows in order of their keys.
    Ordered,
    /// Hashes in groups that share the first bytes of their keys.
    Grouped(usize),
}

/// A column family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
}

impl Family {
    pub(crate) const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, shape }
    }
}

/// What the stores of one process may use of its memory.
#[derive(Clone)]
pub struct Memory {
    pub(crate) cache: Cache,
    pub(crate) buffer_bytes: usize,
}

impl Memory {
    /// One cache for blocks, indexes and filters of all stores; `buffer_bytes` for the unwritten rows of each store.
    #[must_use]
    pub fn new(cache_bytes: usize, buffer_bytes: usize) -> Self {
        Self { cache: Cache::new_lru_cache(cache_bytes), buffer_bytes }
    }
}

impl Default for Memory {
    /// 64 MiB and 32 MiB: a loaded node stays below 400 MB with both stores, an idle one below 150 MB.
    fn default() -> Self {
        Self::new(64 * 1024 * 1024, 32 * 1024 * 1024)
    }
}

/// The options of a database.
pub(crate) fn database(memory: &Memory) -> Options {
    let mut options = Options::default();
    options.set_paranoid_checks(true);
    // The default drops everything after a damaged record without a word: a node could forget what it acknowledged.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_recycle_log_file_num(0);
    options.set_unordered_write(false);
    options.set_enable_pipelined_write(false);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_max_manifest_file_size(MANIFEST_BYTES_MAX);
    options.set_keep_log_file_num(INFO_LOGS_MAX);
    options.set_max_log_file_size(INFO_LOG_BYTES_MAX);
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_max_background_jobs(2);
    // Table files reach the disk as they are written, not all at once when a commit waits for its own sync.
    options.set_bytes_per_sync(1024 * 1024);
    options.set_avoid_unnecessary_blocking_io(true);
    options.set_db_write_buffer_size(memory.buffer_bytes);
    options
}

/// The descriptor of a family.
pub(crate) fn descriptor(family: &Family, memory: &Memory) -> ColumnFamilyDescriptor {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&memory.cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_block_size(BLOCK_BYTES);
    let mut options = Options::default();
    options.set_compression_type(DBCompressionType::None);
    match family.shape {
        Shape::Hashes => table.set_bloom_filter(BLOOM_BITS, false),
        Shape::Bodies => {
            table.set_bloom_filter(BLOOM_BITS, false);
            options.set_compression_type(DBCompressionType::Lz4);
        }
        Shape::Ordered => options.set_compression_type(DBCompressionType::Lz4),
        Shape::Grouped(shared) => {
            table.set_bloom_filter(BLOOM_BITS, false);
            table.set_whole_key_filtering(false);
            options.set_prefix_extractor(SliceTransform::create_fixed_prefix(shared));
        }
    }
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(memory.buffer_bytes);
    // Every family takes a block at its first row: of the default size, sixteen of them would be the whole buffer.
    options.set_arena_block_size(ARENA_BLOCK_BYTES);
    options.set_level_compaction_dynamic_level_bytes(true);
    // Pruning deletes row by row; a file full of deletions is compacted before its turn, so that the disk shrinks.
    options.add_compact_on_deletion_collector_factory(4096, 2048, 0.5);
    ColumnFamilyDescriptor::new(family.name, options)
}
