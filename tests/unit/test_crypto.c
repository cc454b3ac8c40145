#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "core/column.h"
#include "core/crypto.h"
#include "core/rand.h"

static struct arena arena;

static void end(void)
{
    arena_free(&arena);
}

TestSuite(crypto, .fini = end);
TestSuite(seal, .fini = end);

static const char *hex(const void *data, size_t length)
{
    char *text = arena_take(&arena, 1, 2 * length + 1);

    hex_write(data, length, text);
    return text;
}

/* FIPS 180-4 */
Test(crypto, hashes_with_sha256)
{
    hash256 empty = sha256("", 0), abc = sha256("abc", 3);

    cr_expect_str_eq(hex(empty.bytes, 32),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_expect_str_eq(hex(abc.bytes, 32),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, test case 2 and RFC 2202, test case 2 */
Test(crypto, signs_with_hmac)
{
    static const char text[] = "what do ya want for nothing?";
    hash256 long_one = hmac_sha256("Jefe", 4, text, strlen(text));
    unsigned char short_one[20];

    hmac_sha1("Jefe", 4, text, strlen(text), short_one);
    cr_expect_str_eq(hex(long_one.bytes, 32),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    cr_expect_str_eq(hex(short_one, 20), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

Test(crypto, signs_with_an_empty_key)
{
    hash256 hash = hmac_sha256("", 0, "", 0);

    cr_expect_str_eq(hex(hash.bytes, 32),
                     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

Test(crypto, compares_secrets_whole)
{
    cr_expect(secret_equal_text("abc", "abc"));
    cr_expect(secret_equal_text("", ""));
    cr_expect_not(secret_equal_text("abc", "abd"));
    cr_expect_not(secret_equal_text("abc", "ab"));
    cr_expect_not(secret_equal_text("", "a"));
    cr_expect_not(secret_equal("a\0b", 3, "a\0c", 3));
}

struct hex_case {
    char text[16];
    bool ok;
};

ParameterizedTestParameters(crypto, reads_hex_of_the_length_that_is_wanted)
{
    static struct hex_case cases[] = {
        {"00ffA9", true}, {"00ffa", false},  {"00ffa900", false}, {"00ffag", false},
        {"", false},      {" 0ffa9", false}, {"0x00ff", false},
    };

    return cr_make_param_array(struct hex_case, cases, COUNT(cases));
}

ParameterizedTest(struct hex_case *given, crypto, reads_hex_of_the_length_that_is_wanted)
{
    unsigned char data[3];

    cr_expect_eq(hex_read(given->text, data, 3), given->ok, "%s", given->text);
    if (given->ok)
        cr_expect_arr_eq(data, "\x00\xff\xa9", 3);
}

struct base64_case {
    char data[8];
    size_t length;
    char text[16], url[16];
};

/* RFC 4648, section 10, and both alphabets */
ParameterizedTestParameters(crypto, writes_and_reads_base64)
{
    static struct base64_case cases[] = {
        {"", 0, "", ""},
        {"f", 1, "Zg==", "Zg"},
        {"fo", 2, "Zm8=", "Zm8"},
        {"foo", 3, "Zm9v", "Zm9v"},
        {"foob", 4, "Zm9vYg==", "Zm9vYg"},
        {"fooba", 5, "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", 6, "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xef\xff", 3, "++//", "--__"},
    };

    return cr_make_param_array(struct base64_case, cases, COUNT(cases));
}

ParameterizedTest(struct base64_case *given, crypto, writes_and_reads_base64)
{
    const char *spellings[] = {given->text, given->url};

    cr_expect_str_eq(base64_write(&arena, given->data, given->length), given->text);
    cr_expect_str_eq(base64url_write(&arena, given->data, given->length), given->url);
    for (size_t i = 0; i < COUNT(spellings); i++) {
        bytes read = base64_read(&arena, spellings[i], strlen(spellings[i]));

        cr_assert_not_null(read.at);
        cr_assert_eq(read.length, given->length);
        cr_expect(memcmp(read.at, given->data, given->length) == 0);
    }
}

struct malformed_case {
    char text[16];
};

ParameterizedTestParameters(crypto, refuses_malformed_base64)
{
    static struct malformed_case cases[] = {
        {"Z"},        {"Z==="}, {"Zg="},   {"Zg==="}, {"Zm9v="},  {"Zm9v===="},
        {"Zg==Zg=="}, {"=Zg="}, {"Zm9\n"}, {"Zm 9v"}, {"Zm9*"},   {"Zh=="},
        {"Zo=="},     {"Zm9="}, {"===="},  {"="},     {"Zm8=\n"},
    };

    return cr_make_param_array(struct malformed_case, cases, COUNT(cases));
}

ParameterizedTest(struct malformed_case *given, crypto, refuses_malformed_base64)
{
    cr_expect_null(base64_read(&arena, given->text, strlen(given->text)).at, "%s", given->text);
}

Test(crypto, random_words_are_of_letters_and_digits_and_differ)
{
    const char *word = random_word(&arena, 200);

    cr_expect_eq(strlen(word), 200);
    cr_expect_eq(strspn(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
                 200);
    cr_expect_str_neq(word, random_word(&arena, 200));
    cr_expect_str_eq(random_word(&arena, 0), "");
}

#define KEY "the key of this installation"
#define BOUND "tenant 7 carrier_token"

Test(seal, opens_with_the_same_key_and_words)
{
    bytes sealed = seal(&arena, KEY, BOUND, "the secret");

    cr_expect_eq(sealed.length, 29 + strlen("the secret"));
    cr_expect_str_eq(unseal(&arena, KEY, NULL, BOUND, sealed), "the secret");
    cr_expect_str_eq(unseal(&arena, KEY, NULL, "", seal(&arena, KEY, "", "")), "");
}

Test(seal, opens_with_the_previous_key)
{
    bytes sealed = seal(&arena, KEY, BOUND, "the secret");

    cr_expect_str_eq(unseal(&arena, "a new key", KEY, BOUND, sealed), "the secret");
    cr_expect_null(unseal(&arena, "a new key", "another one", BOUND, sealed));
    cr_expect_null(unseal(&arena, "a new key", "", BOUND, sealed));
    cr_expect_null(unseal(&arena, "a new key", NULL, BOUND, sealed));
}

Test(seal, does_not_open_elsewhere)
{
    bytes sealed = seal(&arena, KEY, BOUND, "the secret");

    cr_expect_null(unseal(&arena, KEY, NULL, "tenant 8 carrier_token", sealed));
    cr_expect_null(unseal(&arena, KEY, NULL, "", sealed));
}

Test(seal, is_broken_by_the_change_of_any_bit)
{
    bytes sealed = seal(&arena, KEY, BOUND, "the secret");

    for (size_t i = 0; i < sealed.length * 8; i++) {
        char *copy = arena_copy(&arena, (const char *)sealed.at, sealed.length);

        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        cr_expect_null(
            unseal(&arena, KEY, NULL, BOUND, (bytes){(unsigned char *)copy, sealed.length}),
            "bit %zu", i);
    }
}

Test(seal, is_broken_by_cutting_it_short)
{
    bytes sealed = seal(&arena, KEY, BOUND, "the secret");

    for (size_t length = 0; length < sealed.length; length++)
        cr_expect_null(unseal(&arena, KEY, NULL, BOUND, (bytes){sealed.at, length}));
    cr_expect_null(unseal(&arena, KEY, NULL, BOUND, (bytes){NULL, 0}));
}

Test(seal, of_the_same_secret_differs_each_time)
{
    bytes a = seal(&arena, KEY, BOUND, "the secret"), b = seal(&arena, KEY, BOUND, "the secret");

    cr_expect(memcmp(a.at, b.at, a.length) != 0);
}
