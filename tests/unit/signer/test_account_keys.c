/* Keys of accounts at other CAs: made once, never given out, and what they sign. Our own reader is the judge of the form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "account_keys.h"
#include "base/secret.h"
#include "pki/jws.h"

static struct key_store *store;
static char dir[] = "/tmp/autocsr-acckeys-XXXXXX";

#define TEXT(s) (char *)(uintptr_t)(s)

static int open_store(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL && key_store_open(&store, dir, NULL) == ACSR_OK ? 0 : -1;
}

static int close_store(void **state)
{
	char command[100];

	(void)state;
	key_store_free(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void make(const char *name, const char *type, char **jwk, char thumbprint[44])
{
	struct msg_account_key_make m = { .name = TEXT(name), .key_type = TEXT(type) };

	assert_int_equal(account_key_make(store, &m, jwk, thumbprint, NULL), ACSR_OK);
}

static void test_a_repeat_brings_the_same_key(void **state)
{
	char *first = NULL, *again = NULL, a[44], b[44], path[100];
	struct stat st;

	(void)state;
	make("le-1", "ec:p256", &first, a);
	make("le-1", "rsa:2048", &again, b); /* what is there stays what it is */
	assert_string_equal(first, again);
	assert_string_equal(a, b);
	assert_null(strstr(first, "\"d\""));
	assert_non_null(strstr(first, "\"crv\":\"P-256\""));
	snprintf(path, sizeof(path), "%s/acme-le-1.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(first);
	free(again);
}

/* rfc: 8555 11.1#3: each account and each change of key has a key made for it alone */
/* rfc: 8555 11.1#2: an account key is made here, by its own name, and never is one that exists */
static void test_each_name_has_a_key_of_its_own(void **state)
{
	static const char *const names[] = { "ca-1", "ca-1-2", "ca-2" };
	char prints[3][44], *jwk;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make(names[i], "ec:p256", &jwk, prints[i]);
		free(jwk);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(prints[i], prints[k]);
	}
}

static void refused(const char *name, const char *type, const char *id)
{
	struct msg_account_key_make m = { .name = TEXT(name), .key_type = TEXT(type) };
	char *jwk = NULL, thumbprint[44];
	struct acsr_err e = { 0 };

	assert_int_equal(account_key_make(store, &m, &jwk, thumbprint, &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	assert_null(jwk);
}

static void test_names_and_types_that_are_none(void **state)
{
	(void)state;
	refused("", "ec:p256", "ipc.field");
	refused("../issuing-1", "ec:p256", "ipc.field");
	refused("a.key", "ec:p256", "ipc.field");
	refused("a/b", "ec:p256", "ipc.field");
	refused("new", "ed25519", "key.type");
	refused("new", "rsa:12", "key.type");
}

static void read_back(const struct buf *text, struct jws *j, const char *url, const char *payload)
{
	assert_int_equal(jws_read(j, (struct bytes){ text->p, text->len }, NULL), ACSR_OK);
	assert_string_equal(j->url, url);
	assert_int_equal(j->payload.len, strlen(payload));
	assert_memory_equal(j->payload.p, payload, strlen(payload));
}

static void test_a_signed_request(void **state)
{
	struct msg_sign_jws m = { .key_name = TEXT("sign"),
		.url = TEXT("https://ca.example/order"),
		.nonce = TEXT("abc"),
		.payload = { (uint8_t *)TEXT("{\"a\":1}"), 7 } };
	char *jwk = NULL, thumbprint[44];
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_key *key = NULL;
	struct jws j = { 0 };

	(void)state;
	buf_init(&out, 65536);
	make("sign", "ec:p384", &jwk, thumbprint);
	assert_int_equal(account_key_sign(store, &m, &out, NULL), ACSR_OK);
	read_back(&out, &j, "https://ca.example/order", "{\"a\":1}");
	assert_string_equal(j.nonce, "abc");
	assert_true(j.has_jwk && !j.has_kid);
	assert_int_equal(j.alg, JWS_ES384);
	assert_int_equal(jws_key(&j, &key, NULL), ACSR_OK);
	assert_int_equal(jws_verify(&j, key, NULL), ACSR_OK);
	jws_free(&j);
	buf_reset(&out);
	m.kid = TEXT("https://ca.example/acct/1");
	m.nonce = TEXT("");
	assert_int_equal(account_key_sign(store, &m, &out, NULL), ACSR_OK);
	j = (struct jws){ 0 };
	read_back(&out, &j, "https://ca.example/order", "{\"a\":1}");
	assert_true(j.has_kid && !j.has_jwk && !j.has_nonce);
	assert_int_equal(jws_verify(&j, key, NULL), ACSR_OK);
	jws_free(&j);
	acsr_key_free(key);
	free(jwk);
}

static void test_a_key_that_is_not_there(void **state)
{
	struct msg_sign_jws m = { .key_name = TEXT("absent"), .url = TEXT("https://ca.example/") };
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(account_key_sign(store, &m, &out, &e), ACSR_FAIL);
	assert_string_equal(e.id, "upstream.account-key");
	assert_int_equal(out.len, 0);
}

/* rfc: 8555 7.3.4: the binding's payload is the account's public key, its MAC that of the CA's key */
static void test_an_external_account_binding(void **state)
{
	CLEANUP_SECRET struct acsr_secret *mac = NULL, *other = NULL;
	struct msg_sign_eab m = {
		.key_name = TEXT("bound"), .url = TEXT("https://ca.example/acct"), .kid = TEXT("kid-1")
	};
	CLEANUP_BUF struct buf out = { 0 };
	char *jwk = NULL, thumbprint[44];
	struct jws j = { 0 };

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(acsr_secret_new(&mac, "0123456789abcdef0123456789abcdef", 32, NULL), ACSR_OK);
	assert_int_equal(acsr_secret_new(&other, "1123456789abcdef0123456789abcdef", 32, NULL), ACSR_OK);
	make("bound", "ec:p256", &jwk, thumbprint);
	assert_int_equal(account_key_bind(store, &m, &out, NULL), ACSR_FAIL); /* without the MAC key */
	m.mac_key = mac;
	assert_int_equal(account_key_bind(store, &m, &out, NULL), ACSR_OK);
	read_back(&out, &j, "https://ca.example/acct", jwk);
	assert_string_equal(j.kid, "kid-1");
	assert_int_equal(j.alg, JWS_HS256);
	assert_false(j.has_nonce);
	assert_int_equal(jws_verify_mac(&j, mac, NULL), ACSR_OK);
	assert_int_equal(jws_verify_mac(&j, other, NULL), ACSR_FAIL);
	jws_free(&j);
	free(jwk);
}

static void test_a_key_that_is_forgotten_is_off_the_disk(void **state)
{
	struct msg_sign_jws m = { .key_name = TEXT("old"), .url = TEXT("https://ca.example/") };
	CLEANUP_BUF struct buf out = { 0 };
	char *jwk = NULL, thumbprint[44], again[44];
	struct acsr_err e;

	(void)state;
	buf_init(&out, 65536);
	make("old", "ec:p256", &jwk, thumbprint);
	free(jwk);
	assert_int_equal(account_key_forget(store, "old", NULL), ACSR_OK);
	assert_int_equal(account_key_sign(store, &m, &out, &e), ACSR_FAIL);
	assert_string_equal(e.id, "upstream.account-key");
	assert_int_equal(account_key_forget(store, "old", NULL), ACSR_OK); /* again */
	assert_int_equal(account_key_forget(store, "../issuing-1", &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.field");
	make("old", "ec:p256", &jwk, again);
	assert_string_not_equal(again, thumbprint);
	free(jwk);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_repeat_brings_the_same_key),
		cmocka_unit_test(test_each_name_has_a_key_of_its_own),
		cmocka_unit_test(test_names_and_types_that_are_none), cmocka_unit_test(test_a_signed_request),
		cmocka_unit_test(test_a_key_that_is_not_there),
		cmocka_unit_test(test_a_key_that_is_forgotten_is_off_the_disk),
		cmocka_unit_test(test_an_external_account_binding) };

	return cmocka_run_group_tests(tests, open_store, close_store);
}
