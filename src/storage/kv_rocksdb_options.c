#include "storage/kv_rocksdb_options.h"

enum {
    CACHE_BYTES = 256 * 1024 * 1024,
    BUFFER_BYTES = 128 * 1024 * 1024,
    BLOOM_BITS = 10,
    LEVELS = 7,
    BLOCK_BYTES = 4 * 1024,
    INFO_LOG_HEADERS = 5,
};

static const double MEMTABLE_BLOOM_RATIO = 0.05;

static void options_set_table(rocksdb_options_t *options, rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_block_based_options_set_block_size(table, BLOCK_BYTES);
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
    rocksdb_block_based_options_set_whole_key_filtering(table, 1);
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
}

static void options_set_compression(rocksdb_options_t *options)
{
    int levels[LEVELS] = {rocksdb_no_compression,  rocksdb_no_compression,  rocksdb_lz4_compression,
                          rocksdb_lz4_compression, rocksdb_lz4_compression, rocksdb_lz4_compression,
                          rocksdb_lz4_compression};
    rocksdb_options_set_num_levels(options, LEVELS);
    rocksdb_options_set_compression_per_level(options, levels, LEVELS);
}

static rocksdb_options_t *options_of_space(size_t buffer_bytes, rocksdb_cache_t *cache)
{
    rocksdb_options_t *options = rocksdb_options_create();
    options_set_table(options, cache);
    options_set_compression(options);
    rocksdb_options_set_write_buffer_size(options, buffer_bytes);
    rocksdb_options_set_max_write_buffer_number(options, 3);
    /* Most look-ups of ids and requests find nothing, and most recalled events are no longer in
     * memory: the filter spares the search. */
    rocksdb_options_set_memtable_whole_key_filtering(options, 1);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, MEMTABLE_BLOOM_RATIO);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_set_max_bytes_for_level_base(options, 4 * buffer_bytes);
    rocksdb_options_set_target_file_size_base(options, 64 << 20);
    return options;
}

/* Marks come in any order and stay for half an erasure horizon: runs are merged with those of their
 * own size, where levels would rewrite all that is there for every few buffers. */
static void options_set_for_marks(rocksdb_options_t *options)
{
    rocksdb_options_set_compaction_style(options, rocksdb_universal_compaction);
    rocksdb_options_set_compression_per_level(options, NULL, 0);
    rocksdb_options_set_compression(options, rocksdb_no_compression);
}

static rocksdb_options_t *options_of_database(size_t buffer_bytes)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_db_write_buffer_size(options, buffer_bytes);
    rocksdb_options_set_max_total_wal_size(options, 2 * (uint64_t)buffer_bytes);
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_bytes_per_sync(options, 1 << 20);
    rocksdb_options_set_max_open_files(options, 1000);
    /* Headers only: where assertions are compiled into RocksDB, as in Debian, a line in its own log
     * after one that could not be written aborts the process. */
    rocksdb_options_set_info_log_level(options, INFO_LOG_HEADERS);
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    return options;
}

static enum status options_lay_over(rocksdb_options_t **options, const char *tuning,
                                    struct failure *failure)
{
    char *error = NULL;
    rocksdb_options_t *tuned = rocksdb_options_create();
    rocksdb_get_options_from_string(*options, tuning, tuned, &error);
    if (error != NULL) {
        failure_set(failure, STATUS_MALFORMED, "RocksDB does not take the options %s: %s", tuning,
                    error);
        rocksdb_free(error);
        rocksdb_options_destroy(tuned);
        return STATUS_MALFORMED;
    }
    rocksdb_options_destroy(*options);
    *options = tuned;
    return STATUS_OK;
}

enum status kv_rocksdb_options_init(struct kv_rocksdb_options *options,
                                    const struct store_options *store, const char *tuning,
                                    struct failure *failure)
{
    size_t buffer_bytes = store->buffer_bytes == 0 ? BUFFER_BYTES : store->buffer_bytes;
    rocksdb_cache_t *cache =
        rocksdb_cache_create_lru(store->cache_bytes == 0 ? CACHE_BYTES : store->cache_bytes);

    options->database = options_of_database(buffer_bytes);
    options->spaces[KV_REST] = options_of_space(buffer_bytes / 4, cache);
    options->spaces[KV_EVENTS] = options_of_space(buffer_bytes / 2, cache);
    options->spaces[KV_MESSAGE_IDS] = options_of_space(buffer_bytes / 4, cache);
    options->spaces[KV_JOURNAL] = options_of_space(buffer_bytes / 8, cache);
    options->spaces[KV_MARKS] = options_of_space(buffer_bytes / 16, cache);
    options_set_for_marks(options->spaces[KV_MARKS]);
    rocksdb_cache_destroy(cache);

    options->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(options->write, 1);
    options->write_lazily = rocksdb_writeoptions_create();

    enum status status = STATUS_OK;
    if (tuning != NULL)
        status = options_lay_over(&options->database, tuning, failure);
    for (size_t space = 0; space < KV_SPACES && tuning != NULL && status == STATUS_OK; space++)
        status = options_lay_over(&options->spaces[space], tuning, failure);
    return status;
}

void kv_rocksdb_options_fini(struct kv_rocksdb_options *options)
{
    rocksdb_options_destroy(options->database);
    for (size_t space = 0; space < KV_SPACES; space++)
        rocksdb_options_destroy(options->spaces[space]);
    rocksdb_writeoptions_destroy(options->write);
    rocksdb_writeoptions_destroy(options->write_lazily);
}
