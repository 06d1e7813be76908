/* A store on an ordered map: what the adapters for memory and RocksDB share. */
#ifndef UNSAY_STORAGE_STORE_KV_H
#define UNSAY_STORAGE_STORE_KV_H

#include "storage/kv.h"

/* Takes the map over; store_close closes it. */
struct store *store_new(struct kv *kv);

/* Lent. */
struct kv *store_kv(struct store *store);

#endif
