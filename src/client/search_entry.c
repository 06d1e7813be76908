#include "client/search_entry.h"

enum {
    HEADER_BYTES = 24,
    SIZE_BYTES = 2,    /* of them */
    BITS_PER_TERM = 8, /* at least: of 100 messages without a term, 1 to 3 may match */
    FILTER_LOG_MIN = 6,
    FILTER_LOG_MAX = 15,
    PROBES = 4, /* of 16 bits of the hash each */
};

int search_key_compare(const struct search_key *a, const struct search_key *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    return view_compare(a->conversation, b->conversation);
}

static void filter_add(uint8_t *filter, unsigned log, uint64_t hash)
{
    for (unsigned i = 0; i < PROBES; i++) {
        uint64_t bit = hash >> (16 * i) & ((UINT64_C(1) << log) - 1);
        filter[bit / 8] |= (uint8_t)(1U << (bit % 8));
    }
}

static bool filter_has(struct view filter, uint64_t hash)
{
    for (unsigned i = 0; i < PROBES; i++) {
        uint64_t bit = hash >> (16 * i) & (8 * filter.size - 1);
        if ((filter.data[bit / 8] & 1U << (bit % 8)) == 0)
            return false;
    }
    return true;
}

/* Common characters in a common pair are much less common than each of them. */
static bool terms_are_pair(const struct search_term *terms, size_t count, size_t at)
{
    return at + 1 < count && terms[at].is_character && terms[at + 1].is_character;
}

static uint64_t pair_hash(const struct search_term *terms)
{
    uint64_t hash =
        (terms[0].hash ^ (terms[1].hash << 1 | terms[1].hash >> 63)) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static unsigned filter_log(const struct search_terms *terms)
{
    size_t count = terms->count;
    for (size_t i = 0; i < terms->count; i++)
        count += terms_are_pair(terms->list, terms->count, i);
    unsigned log = FILTER_LOG_MIN;
    while (log < FILTER_LOG_MAX && ((size_t)1 << log) < BITS_PER_TERM * count)
        log++;
    return log;
}

void search_entry_append(struct buffer *entries, const struct search_key *key,
                         const struct search_terms *terms)
{
    unsigned log = filter_log(terms);
    size_t filter_at = HEADER_BYTES + key->conversation.size;
    size_t size = filter_at + ((size_t)1 << log) / 8;
    uint16_t stored_size = (uint16_t)size;
    uint8_t *entry = buffer_reserve(entries, size);
    memset(entry, 0, size);
    memcpy(entry, &stored_size, sizeof(stored_size));
    entry[2] = (uint8_t)log;
    entry[3] = (uint8_t)key->conversation.size;
    memcpy(entry + 4, &key->origin, sizeof(key->origin));
    memcpy(entry + 8, &key->time_ms, sizeof(key->time_ms));
    memcpy(entry + 16, &key->seq, sizeof(key->seq));
    memcpy(entry + HEADER_BYTES, key->conversation.data, key->conversation.size);
    for (size_t i = 0; i < terms->count; i++) {
        filter_add(entry + filter_at, log, terms->list[i].hash);
        if (terms_are_pair(terms->list, terms->count, i))
            filter_add(entry + filter_at, log, pair_hash(terms->list + i));
    }
    buffer_grow(entries, size);
}

void search_entry_erase(uint8_t *bytes, size_t size)
{
    memset(bytes + SIZE_BYTES, 0, size - SIZE_BYTES);
}

bool search_entry_next(struct view entries, size_t *at, struct search_entry *entry)
{
    const uint8_t *bytes = entries.data + *at;
    size_t left = entries.size - *at;
    uint16_t size;
    if (left < HEADER_BYTES)
        return false;
    memcpy(&size, bytes, sizeof(size));
    unsigned log = bytes[2];
    size_t filter_at = HEADER_BYTES + (size_t)bytes[3];
    size_t filter_bytes = log == 0 ? 0 : ((size_t)1 << (log & 31)) / 8;
    if (size > left || size < filter_at || log > FILTER_LOG_MAX ||
        (log != 0 && (log < FILTER_LOG_MIN || filter_at + filter_bytes != size)))
        return false;
    *entry = (struct search_entry){
        .key.conversation = view_make(bytes + HEADER_BYTES, bytes[3]),
        .filter = view_make(bytes + filter_at, filter_bytes),
    };
    memcpy(&entry->key.origin, bytes + 4, sizeof(entry->key.origin));
    memcpy(&entry->key.time_ms, bytes + 8, sizeof(entry->key.time_ms));
    memcpy(&entry->key.seq, bytes + 16, sizeof(entry->key.seq));
    *at += size;
    return true;
}

bool search_entry_may_match(const struct search_entry *entry, const struct search_query *query)
{
    if (entry->filter.size == 0)
        return false;
    for (size_t i = 0; i < query->phrase_count; i++) {
        const struct search_term *phrase = query->terms.list + query->phrases[i].start;
        size_t count = query->phrases[i].count;
        for (size_t k = 0; k < count; k++) {
            if (!filter_has(entry->filter, phrase[k].hash) ||
                (terms_are_pair(phrase, count, k) &&
                 !filter_has(entry->filter, pair_hash(phrase + k))))
                return false;
        }
    }
    return query->phrase_count != 0;
}
