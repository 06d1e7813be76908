/* Keys in files: public ones that are configured, and the secret for development. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/identity.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOR_EACH(item, array) \
    for (size_t item = 0; item < sizeof(array) / sizeof((array)[0]); item++)

struct folder {
    char path[64];
    char file[96];
};

static void folder_make(struct folder *folder, const char *name)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/unsay-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof(folder->file), "%s/%s", folder->path, name);
}

static void folder_remove(const struct folder *folder)
{
    unlink(folder->file);
    rmdir(folder->path);
}

static void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void write_key(const char *path, EVP_PKEY *key, bool is_private)
{
    FILE *file = fopen(path, "w");
    assert_non_null(key);
    assert_non_null(file);
    assert_int_equal(is_private ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                                : PEM_write_PUBKEY(file, key),
                     1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(key);
}

static void public_keys_come_from_files(void **state)
{
    /* RFC 8037, A.1, A.2 and A.4 */
    static const char public_text[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    static const char token[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhV"
                                "sPt9g7sVvpAr_MuM0KAg";
    uint8_t public_key[IDENTITY_PUBLIC_KEY_BYTES];
    struct folder folder;
    struct failure failure;
    struct identity identity;
    const char *reason;
    (void)state;
    struct identity_keys *read = identity_keys_new();
    assert_int_equal(sodium_base642bin(public_key, sizeof(public_key), public_text,
                                       strlen(public_text), NULL, NULL, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    folder_make(&folder, "public.pem");
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.file, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, folder.file));
    write_file(folder.file, "hello", 5, 0644);
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.file, &failure),
                     STATUS_MALFORMED);
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.path, &failure), STATUS_IO);
    assert_int_equal(identity_keys_add_public_file(read, NULL, "/dev/zero", &failure),
                     STATUS_MALFORMED);
    write_key(folder.file, EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, 32),
              false); /* as long, but for another purpose */
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.file, &failure),
                     STATUS_MALFORMED);
    write_key(folder.file, EVP_EC_gen("P-256"), false);
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.file, &failure),
                     STATUS_MALFORMED);
    write_key(folder.file, EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, public_key, 32),
              true);
    assert_int_equal(identity_keys_add_public_file(read, NULL, folder.file, &failure),
                     STATUS_MALFORMED);
    write_key(folder.file, EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32),
              false);
    assert_int_equal(identity_keys_add_public_file(read, "k", folder.file, &failure), STATUS_OK);
    /* It carries no claims: that they are what is missed shows that the signature holds. */
    assert_int_equal(identity_verify(read, view_of(token), 0, &identity, &reason),
                     IDENTITY_INVALID);
    assert_string_equal(reason, "the token's claims are malformed");
    identity_keys_free(read);
    folder_remove(&folder);
}

static void the_development_secret_stays(void **state)
{
    struct folder folder;
    struct failure failure;
    struct stat status;
    uint8_t first[IDENTITY_DEV_SECRET_BYTES] = {0};
    uint8_t second[IDENTITY_DEV_SECRET_BYTES] = {0};
    static const uint8_t zero[IDENTITY_DEV_SECRET_BYTES];
    (void)state;
    folder_make(&folder, "dev.key");
    assert_int_equal(identity_dev_secret(folder.path, first, &failure), STATUS_OK);
    assert_memory_not_equal(first, zero, sizeof(zero));
    assert_int_equal(stat(folder.file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, IDENTITY_DEV_SECRET_BYTES);
    assert_int_equal(identity_dev_secret(folder.path, second, &failure), STATUS_OK);
    assert_memory_equal(first, second, sizeof(first));

    assert_int_equal(chmod(folder.file, 0640), 0);
    assert_int_equal(identity_dev_secret(folder.path, second, &failure), STATUS_UNTRUSTED);
    static const size_t wrong_sizes[] = {0, 31, 33};
    FOR_EACH(i, wrong_sizes)
    {
        uint8_t bytes[33] = {1};
        write_file(folder.file, bytes, wrong_sizes[i], 0600);
        assert_int_equal(identity_dev_secret(folder.path, second, &failure), STATUS_CORRUPT);
        assert_non_null(strstr(failure.text, folder.file));
    }
    unlink(folder.file);
    assert_int_equal(mkfifo(folder.file, 0600), 0);
    assert_int_equal(identity_dev_secret(folder.path, second, &failure), STATUS_CORRUPT);
    folder_remove(&folder);
    assert_int_equal(identity_dev_secret(folder.path, second, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, folder.path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys_come_from_files),
        cmocka_unit_test(the_development_secret_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
