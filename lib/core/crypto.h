/*
 * core/crypto.h - hashes, signatures and sealed secrets, all OpenSSL's.
 *
 * Nothing here keeps a key: every function is given the one it needs.  Comparisons take the same
 * time whatever differs.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/column.h"

typedef struct {
    unsigned char bytes[32];
} hash256;

/* SHA-256 of some bytes. */
hash256 sha256(const void *data, size_t length);

/* The same of what comes in pieces; the end frees it. */
struct hashing;
struct hashing *hashing_begin(void);
void hashing_add(struct hashing *hashing, const void *data, size_t length);
hash256 hashing_end(struct hashing *hashing);

/* HMAC-SHA-256 of some bytes under a key. */
hash256 hmac_sha256(const void *key, size_t key_length, const void *data, size_t length);

/* HMAC-SHA-1 of them, 20 bytes. */
void hmac_sha1(const void *key, size_t key_length, const void *data, size_t length,
               unsigned char digest[20]);

/* Whether two secrets are equal; lengths may be known, contents not. */
bool secret_equal(const void *a, size_t a_length, const void *b, size_t b_length);
bool secret_equal_text(const char *a, const char *b);

/* Lower-case hex of "length" bytes; text holds 2 * length + 1. */
void hex_write(const void *data, size_t length, char *text);

/* Reads as many bytes of hex in either case; false when the text is longer, shorter or no hex. */
bool hex_read(const char *text, void *data, size_t length);

/* The value of one hex digit; -1 when it is none. */
int hex_digit(char digit);

/* Standard base64 with padding, and the URL alphabet without. In the arena. */
char *base64_write(struct arena *arena, const void *data, size_t length);
char *base64url_write(struct arena *arena, const void *data, size_t length);

/* Reads either alphabet, padding optional; {NULL, 0} when it is malformed. */
bytes base64_read(struct arena *arena, const char *text, size_t length);

/* "count" random digits of the alphabet 0-9A-Za-z, for keys and tokens. */
char *random_word(struct arena *arena, size_t count);

/*
 * Seals a secret with AES-256-GCM: one byte of key id, 12 of nonce, the text, 16 of tag.  "bound"
 * names what the secret belongs to ("tenant 7 carrier_token"); opening it needs the same words, so
 * that a sealed secret cannot be moved to another row.
 */
bytes seal(struct arena *arena, const char *key, const char *bound, const char *secret);

/*
 * Opens what seal() closed, with the key or the previous one (NULL when there is none); NULL when
 * neither fits or it was tampered with.
 */
char *unseal(struct arena *arena, const char *key, const char *previous, const char *bound,
             bytes sealed);

#endif
