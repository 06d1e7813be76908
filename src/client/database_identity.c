#include "client/database_internal.h"

#include <sodium.h>

_Static_assert((int)DATABASE_KEY_BYTES == (int)crypto_sign_SECRETKEYBYTES, "an Ed25519 key pair");

void database_put_store(struct database *database, const struct uuid *store)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_STORE_PUT);
    bind_bytes(statement, 1, uuid_view(store));
    database_run(database, statement);
}

enum status database_store(struct database *database, struct uuid *store)
{
    *store = (struct uuid){{0}};
    database_enter(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_STORE_GET);
    if (database_step(database, statement) && sqlite3_column_bytes(statement, 0) == UUID_BYTES)
        memcpy(store->bytes, sqlite3_column_blob(statement, 0), UUID_BYTES);
    database_done(statement);
    return database_leave(database, NULL);
}

/* Made at the first start, and again when what is there cannot be a key. */
enum status database_key(struct database *database, uint8_t key[DATABASE_KEY_BYTES])
{
    database_begin(database);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_KEY_GET);
    bool is_there = database_step(database, statement) &&
                    sqlite3_column_bytes(statement, 0) == DATABASE_KEY_BYTES;
    if (is_there)
        memcpy(key, sqlite3_column_blob(statement, 0), DATABASE_KEY_BYTES);
    database_done(statement);
    if (!is_there) {
        uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
        crypto_sign_keypair(public_key, key);
        statement = database_statement(database, STATEMENT_KEY_PUT);
        bind_bytes(statement, 1, view_make(key, DATABASE_KEY_BYTES));
        database_run(database, statement);
    }
    return database_commit(database, NULL);
}
