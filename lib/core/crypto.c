#include "core/crypto.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/rand.h"

enum { KEY_ID = 1, NONCE = 12, TAG = 16, OVERHEAD = KEY_ID + NONCE + TAG };

/* What cannot fail but for lack of memory ends the process, as everywhere. */
static void must(bool done)
{
    if (!done)
        abort();
}

hash256 sha256(const void *data, size_t length)
{
    hash256 hash;

    must(EVP_Digest(data, length, hash.bytes, NULL, EVP_sha256(), NULL) == 1);
    return hash;
}

/* OpenSSL's own struct under our name. */
struct hashing *hashing_begin(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    return (struct hashing *)context;
}

void hashing_add(struct hashing *hashing, const void *data, size_t length)
{
    must(EVP_DigestUpdate((EVP_MD_CTX *)hashing, data, length) == 1);
}

hash256 hashing_end(struct hashing *hashing)
{
    hash256 hash;

    must(EVP_DigestFinal_ex((EVP_MD_CTX *)hashing, hash.bytes, NULL) == 1);
    EVP_MD_CTX_free((EVP_MD_CTX *)hashing);
    return hash;
}

hash256 hmac_sha256(const void *key, size_t key_length, const void *data, size_t length)
{
    hash256 hash = {{0}};

    must(key_length <= INT32_MAX &&
         HMAC(EVP_sha256(), key, (int)key_length, data, length, hash.bytes, NULL));
    return hash;
}

void hmac_sha1(const void *key, size_t key_length, const void *data, size_t length,
               unsigned char digest[20])
{
    must(key_length <= INT32_MAX &&
         HMAC(EVP_sha1(), key, (int)key_length, data, length, digest, NULL));
}

bool secret_equal(const void *a, size_t a_length, const void *b, size_t b_length)
{
    return a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0;
}

bool secret_equal_text(const char *a, const char *b)
{
    return secret_equal(a, strlen(a), b, strlen(b));
}

void hex_write(const void *data, size_t length, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = data;

    for (size_t i = 0; i < length; i++) {
        *text++ = digits[from[i] >> 4];
        *text++ = digits[from[i] & 15];
    }
    *text = '\0';
}

int hex_digit(char digit)
{
    return OPENSSL_hexchar2int((unsigned char)digit);
}

bool hex_read(const char *text, void *data, size_t length)
{
    unsigned char *to = data;

    if (strlen(text) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        to[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

char *base64_write(struct arena *arena, const void *data, size_t length)
{
    char *text;

    must(length <= INT32_MAX / 2);
    text = arena_take(arena, 1, (length + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, data, (int)length);
    return text;
}

char *base64url_write(struct arena *arena, const void *data, size_t length)
{
    char *text = base64_write(arena, data, length);

    text[strcspn(text, "=")] = '\0';
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    return text;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* The length without padding; SIZE_MAX when there is padding of a wrong length. */
static size_t without_padding(const char *text, size_t length)
{
    size_t digits = length;

    while (digits && length - digits < 2 && text[digits - 1] == '=')
        digits--;
    return digits == length || length % 4 == 0 ? digits : SIZE_MAX;
}

/* Bits that no byte needs must be 0, so that there is one spelling for each value. */
bytes base64_read(struct arena *arena, const char *text, size_t length)
{
    size_t digits = without_padding(text, length), count = 0;
    unsigned char *data;
    unsigned bits = 0;

    if (digits == SIZE_MAX || digits % 4 == 1)
        return (bytes){NULL, 0};
    data = arena_take(arena, 1, digits / 4 * 3 + 3);
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text[i]);

        if (digit < 0)
            return (bytes){NULL, 0};
        bits = bits << 6 | (unsigned)digit;
        if (i % 4)
            data[count++] = (unsigned char)(bits >> (6 - i % 4 * 2));
    }
    if ((digits % 4 == 2 && (bits & 15)) || (digits % 4 == 3 && (bits & 3)))
        return (bytes){NULL, 0};
    return (bytes){data, count};
}

char *random_word(struct arena *arena, size_t count)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char *word = arena_take(arena, 1, count + 1);

    for (size_t i = 0; i < count; i++)
        word[i] = digits[rand_below(sizeof digits - 1)];
    return word;
}

/* Tells keys apart without telling them. */
static unsigned char key_id(const char *key)
{
    struct arena arena = {0};
    unsigned char id = sha256(arena_format(&arena, "id%s", key), strlen(key) + 2).bytes[0];

    arena_free(&arena);
    return id;
}

/* A context for one message, with what it is bound to taken in; "encrypt" is 1 or 0. */
static EVP_CIPHER_CTX *begin_cipher(int encrypt, const char *key, const char *bound,
                                    const unsigned char nonce[NONCE])
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    hash256 hashed = sha256(key, strlen(key));
    int length;

    must(cipher && strlen(bound) <= INT32_MAX &&
         EVP_CipherInit_ex2(cipher, EVP_aes_256_gcm(), hashed.bytes, nonce, encrypt, NULL) == 1 &&
         EVP_CipherUpdate(cipher, NULL, &length, (const unsigned char *)bound,
                          (int)strlen(bound)) == 1);
    OPENSSL_cleanse(&hashed, sizeof hashed);
    return cipher;
}

bytes seal(struct arena *arena, const char *key, const char *bound, const char *secret)
{
    size_t size = strlen(secret);
    unsigned char *sealed = arena_take(arena, 1, size + OVERHEAD);
    unsigned char *text = sealed + KEY_ID + NONCE;
    EVP_CIPHER_CTX *cipher;
    int length, rest;

    must(size <= INT32_MAX / 2);
    sealed[0] = key_id(key);
    rand_bytes(sealed + KEY_ID, NONCE);
    cipher = begin_cipher(1, key, bound, sealed + KEY_ID);
    must(EVP_CipherUpdate(cipher, text, &length, (const unsigned char *)secret, (int)size) == 1 &&
         EVP_CipherFinal_ex(cipher, text + length, &rest) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, text + size) == 1);
    EVP_CIPHER_CTX_free(cipher);
    return (bytes){sealed, size + OVERHEAD};
}

static char *unseal_with(struct arena *arena, const char *key, const char *bound, bytes sealed)
{
    size_t size = sealed.length - OVERHEAD;
    const unsigned char *text = sealed.at + KEY_ID + NONCE;
    char *secret = arena_take(arena, 1, size + 1);
    unsigned char tag[TAG];
    EVP_CIPHER_CTX *cipher = begin_cipher(0, key, bound, sealed.at + KEY_ID);
    int length = 0, rest;
    bool ok;

    memcpy(tag, text + size, TAG);
    ok = EVP_CipherUpdate(cipher, (unsigned char *)secret, &length, text, (int)size) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         EVP_CipherFinal_ex(cipher, (unsigned char *)secret + length, &rest) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!ok)
        OPENSSL_cleanse(secret, size);
    return ok ? secret : NULL;
}

char *unseal(struct arena *arena, const char *key, const char *previous, const char *bound,
             bytes sealed)
{
    const char *const keys[] = {key, previous};

    if (!sealed.at || sealed.length < OVERHEAD || sealed.length > INT32_MAX / 2)
        return NULL;
    for (size_t i = 0; i < COUNT(keys); i++)
        if (keys[i] && *keys[i] && key_id(keys[i]) == sealed.at[0]) {
            char *secret = unseal_with(arena, keys[i], bound, sealed);

            if (secret)
                return secret;
        }
    return NULL;
}
