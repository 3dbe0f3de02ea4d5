/* JSON Web Signatures: the vectors of RFC 7515, what is refused, and that one reads what the other writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "autocsr/jwk.h"
#include "base/secret.h"
#include "base/str.h"
#include "pki/jws.h"

#define CLAIMS                                                                                    \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp" \
	"0cnVlfQ"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static struct acsr_key *key_of(const char *jwk)
{
	struct acsr_key *key = NULL;
	struct acsr_err e = { 0 };

	if (acsr_jwk_read(&key, (const uint8_t *)jwk, strlen(jwk), &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	return key;
}

/* The error's id, "" when it is read (and, with a key, fits). */
static const char *verdict(const char *json, const struct acsr_key *key)
{
	static struct acsr_err e;
	struct jws j = { 0 };
	enum acsr_result r;

	e = (struct acsr_err){ 0 };
	r = jws_read(&j, text(json), &e);
	if (r == ACSR_OK && key != NULL)
		r = jws_verify(&j, key, &e);
	jws_free(&j);
	assert_true((r == ACSR_OK) == (e.id[0] == '\0'));
	return e.id;
}

static void flat(char *out, size_t cap, const char *p, const char *payload, const char *sig)
{
	int n = snprintf(
		out, cap, "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", p, payload, sig);

	assert_true(n > 0 && (size_t)n < cap);
}

static const struct vector {
	const char *what, *jwk, *protected, *payload, *signature;
} vectors[] = {
	{ "A.2 RS256",
		"{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
		"Vaw-"
		"4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
		"7OMg0LOL-"
		"bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
		"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT"
		"6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":"
		"\"AQAB\"}",
		"eyJhbGciOiJSUzI1NiJ9", CLAIMS,
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
		"O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
		"nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBM"
		"Hlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
		"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOY"
		"EUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
	{ "A.3 ES256",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":"
		"\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"eyJhbGciOiJFUzI1NiJ9", CLAIMS,
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
	{ "A.4 ES512",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":"
		"\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_"
		"NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-"
		"x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}",
		"eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA",
		"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-"
		"KGDKB34XO0aw_"
		"7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOX"
		"olLzeO_Jn" },
};

static void test_vectors(void **state)
{
	char json[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct acsr_key *key = key_of(v->jwk);

		flat(json, sizeof(json), v->protected, v->payload, v->signature);
		assert_string_equal(verdict(json, key), "");
		flat(json, sizeof(json), v->protected, "UGF5bG9hZB", v->signature); /* a stray bit */
		assert_string_equal(verdict(json, key), "jws.malformed");
		flat(json, sizeof(json), v->protected, "UGF5bG9hZQ", v->signature);
		assert_string_equal(verdict(json, key), "jws.signature");
		acsr_key_free(key);
	}
}

/* A.1, whose header has line breaks in it: the octets count, not what they mean. */
static void test_mac_vector(void **state)
{
	static const char key64[] =
		"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf raw;
	struct jws j = { 0 };
	struct acsr_err e = { 0 };
	char json[1000];

	(void)state;
	buf_init(&raw, 100);
	assert_int_equal(b64_decode(key64, strlen(key64), true, &raw, &e), ACSR_OK);
	assert_int_equal(acsr_secret_new(&key, raw.p, raw.len, &e), ACSR_OK);
	flat(json, sizeof(json), "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", CLAIMS,
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	assert_int_equal(jws_read(&j, text(json), &e), ACSR_OK);
	assert_int_equal(j.alg, JWS_HS256);
	assert_int_equal(jws_verify_mac(&j, key, &e), ACSR_OK);
	j.signature.p[0] ^= 1;
	assert_int_equal(jws_verify_mac(&j, key, &e), ACSR_FAIL);
	assert_string_equal(e.id, "jws.signature");
	j.alg = JWS_ES256;
	assert_int_equal(jws_verify_mac(&j, key, &e), ACSR_FAIL);
	assert_string_equal(e.id, "jws.alg");
	jws_free(&j);
}

/* RFC 7638 3.1 */
static void test_plain_jwk(void **state)
{
	struct acsr_key *key = key_of(vectors[1].jwk);
	CLEANUP_BUF struct buf out;
	struct acsr_err e;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(jws_jwk(key, &out, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&out),
		"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}");
	acsr_key_free(key);
}

static void sign_and_read(const char *type, enum jws_alg alg, const struct jws_head *head)
{
	struct acsr_key *key = NULL, *in = NULL, *other = NULL;
	CLEANUP_BUF struct buf out;
	struct jws j = { 0 };
	struct acsr_err e = { 0 };

	buf_init(&out, 10000);
	assert_int_equal(acsr_key_generate(&key, type, &e), ACSR_OK);
	assert_int_equal(acsr_key_generate(&other, type, &e), ACSR_OK);
	assert_int_equal(jws_sign(key, head, text("{\"a\":1}"), &out, &e), ACSR_OK);
	assert_int_equal(jws_read(&j, (struct bytes){ out.p, out.len }, &e), ACSR_OK);
	assert_int_equal(j.alg, alg);
	assert_string_equal(j.url, head->url);
	assert_string_equal(j.nonce, head->nonce != NULL ? head->nonce : "");
	assert_string_equal(j.kid, head->kid != NULL ? head->kid : "");
	assert_int_equal(j.payload.len, 7);
	assert_int_equal(jws_verify(&j, key, &e), ACSR_OK);
	assert_int_equal(jws_verify(&j, other, &e), ACSR_FAIL);
	assert_string_equal(e.id, "jws.signature");
	assert_int_equal(j.has_jwk, head->kid == NULL);
	if (j.has_jwk) {
		assert_int_equal(jws_key(&j, &in, &e), ACSR_OK);
		assert_true(acsr_key_same(in, key));
	}
	acsr_key_free(in);
	acsr_key_free(other);
	acsr_key_free(key);
	jws_free(&j);
}

static void test_sign(void **state)
{
	static const struct jws_head new_account = { .url = "https://ca.test/acme/new-account",
		.nonce = "n0" };
	static const struct jws_head later = { .url = "https://ca.test/acme/\"quote\\slash",
		.nonce = "n1",
		.kid = "https://ca.test/acme/acct/1" };
	static const struct jws_head inner = { .url = "https://ca.test/acme/key-change" };

	(void)state;
	for (int i = 0; i < 20; i++) /* r and s with leading zeros */
		sign_and_read("ec:p256", JWS_ES256, &new_account);
	sign_and_read("ec:p384", JWS_ES384, &later);
	sign_and_read("ec:p521", JWS_ES512, &inner);
	sign_and_read("rsa:2048", JWS_RS256, &later);
}

static void test_sign_mac(void **state)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf out;
	struct jws j = { 0 };
	struct acsr_err e = { 0 };

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(acsr_secret_new(&key, "0123456789abcdef", 16, &e), ACSR_OK);
	assert_int_equal(jws_sign_mac(key, "kid-1", "https://ca.test/n", text("{}"), &out, &e), ACSR_OK);
	assert_int_equal(jws_read(&j, (struct bytes){ out.p, out.len }, &e), ACSR_OK);
	assert_true(!j.has_nonce && !j.has_jwk);
	assert_string_equal(j.kid, "kid-1");
	assert_int_equal(jws_verify_mac(&j, key, &e), ACSR_OK);
	jws_free(&j);
}

static void test_sign_refuses(void **state)
{
	static const struct jws_head head = { .url = "https://ca.test/" };
	struct acsr_key *key = NULL;
	CLEANUP_BUF struct buf out;
	struct acsr_err e;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(acsr_key_generate(&key, "ed25519", &e), ACSR_OK);
	assert_int_equal(jws_sign(key, &head, text(""), &out, &e), ACSR_FAIL);
	assert_string_equal(e.id, "key.jwk");
	assert_int_equal(out.len, 0);
	acsr_key_free(key);
}

/* --- what is refused --- */

static const char *header_verdict(const char *header, char nonce[JWS_NONCE_MAX + 1])
{
	static struct acsr_err e;
	char b64[4000], json[6000];
	struct jws j = { 0 };

	e = (struct acsr_err){ 0 };
	b64_encode(header, strlen(header), true, b64);
	flat(json, sizeof(json), b64, "e30", "AAAA");
	(void)!jws_read(&j, text(json), &e);
	if (nonce != NULL)
		memcpy(nonce, j.nonce, sizeof(j.nonce));
	jws_free(&j);
	return e.id;
}

/* rfc: 7515 4: a member that is there twice, or no JSON, is refused */
static void test_headers(void **state)
{
	static const struct {
		const char *header, *id;
	} all[] = {
		{ "{\"alg\":\"ES256\",\"url\":\"https:\\/\\/ca.test\\u002fx\",\"typ\":{\"any\":[1]}}", "" },
		{ "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\"} ", "" },
		{ "{\"alg\":\"ES256\"}x", "jws.malformed" },
		{ "[\"alg\"]", "jws.malformed" },
		{ "{}", "jws.malformed" },
		{ "", "jws.malformed" },
		{ "{\"alg\":5}", "jws.malformed" },
		{ "{\"alg\":\"\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", "jws.crit" },
		{ "{\"alg\":\"ES256\",\"crit\":[]}", "jws.crit" },
		{ "{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"b64\":true}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"kid\":7}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"kid\":\"a\\u0000b\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"url\":\"https://ca.test/\\n\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"url\":\"https://c\xc3\xa4.test/\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"jwk\":\"x\"}", "jws.malformed" },
		{ "{\"alg\":\"ES256\",\"nonce\":{}}", "jws.malformed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(header_verdict(all[i].header, NULL), all[i].id) != 0)
			fail_msg("%s: %s", all[i].header, header_verdict(all[i].header, NULL));
}

/* The nonce is used up also when the request is refused, so it is read first. */
static void test_nonce_is_known(void **state)
{
	char nonce[JWS_NONCE_MAX + 1];

	(void)state;
	assert_string_equal(header_verdict("{\"crit\":[1],\"nonce\":\"abc\"}", nonce), "jws.crit");
	assert_string_equal(nonce, "abc");
}

static void test_shapes(void **state)
{
	static const char *const all[] = { "", "[]", "{}", "{\"protected\":\"e30\",\"payload\":\"\"}",
		"{\"protected\":\"e30\",\"signature\":\"AA\"}", "{\"payload\":\"\",\"signature\":\"AA\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"\",\"signature\":\"AA\",\"header\":{}"
		"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"\",\"signatures\":[],\"signature\":"
		"\"AA\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"\",\"payload\":\"\",\"signature\":"
		"\"AA\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"\",\"signature\":\"AA==\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"a+b/\",\"signature\":\"AA\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":{},\"signature\":\"AA\"}",
		"{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\\n\",\"payload\":\"\",\"signature\":\"AA\"}",
		"eyJhbGciOiJFUzI1NiJ9..AA" };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(verdict(all[i], NULL), "jws.malformed") != 0)
			fail_msg("%s: %s", all[i], verdict(all[i], NULL));
	/* RFC 7515 7.2.1: other members are passed over */
	assert_string_equal(verdict("{\"protected\":\"eyJhbGciOiJFUzI1NiJ9\",\"payload\":\"\",\"signature\":"
				    "\"AA\",\"resource\":\"new-reg\"}",
				    NULL),
		"");
}

/* rfc: 8555 6.2: "none", a MAC, and an algorithm that is not the key's are badSignatureAlgorithm */
static void test_algorithms(void **state)
{
	static const char *const heads[] = { "{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}",
		"{\"alg\":\"RS256\"}", "{\"alg\":\"ES384\"}", "{\"alg\":\"PS256\"}", "{\"alg\":\"EdDSA\"}",
		"{\"alg\":\"es256\"}" };
	struct acsr_key *key = key_of(vectors[1].jwk);
	char b64[200], json[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		b64_encode(heads[i], strlen(heads[i]), true, b64);
		flat(json, sizeof(json), b64, "e30", "AAAA");
		assert_string_equal(verdict(json, key), "jws.alg");
	}
	flat(json, sizeof(json), "eyJhbGciOiJFUzI1NiJ9", "e30", "");
	assert_string_equal(verdict(json, key), "jws.signature");
	flat(json, sizeof(json), "eyJhbGciOiJFUzI1NiJ9", "e30", "AAAA");
	assert_string_equal(verdict(json, key), "jws.signature");
	acsr_key_free(key);
}

static const char *jwk_verdict(const char *jwk)
{
	static struct acsr_err e;
	struct acsr_key *key = NULL;
	struct jws j = { .has_jwk = true, .jwk = text(jwk) };

	e = (struct acsr_err){ 0 };
	(void)!jws_key(&j, &key, &e);
	acsr_key_free(key);
	return e.id;
}

static void test_keys(void **state)
{
	(void)state;
	assert_string_equal(jwk_verdict(vectors[1].jwk), "");
	assert_string_equal(
		jwk_verdict("{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMko\"}"), "jws.key");
	assert_string_equal(jwk_verdict("{}"), "jws.key");
	assert_string_equal(jwk_verdict("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
					"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
		"jws.key");
	/* a private key, RFC 7515 A.3 */
	assert_string_equal(jwk_verdict("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
					"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
					"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","
					"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"),
		"jws.key");
	/* a set of keys is none */
	assert_string_equal(jwk_verdict("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
					"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
					"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"),
		"jws.key");
}

/* A key whose use would cost us much is refused before it is used. */
static void test_costly_keys(void **state)
{
	char jwk[4000], n[2800] = "", e[1000] = "";

	(void)state;
	for (int i = 0; i < 170; i++)
		strcat(n, i == 0 ? "9_______" : "_______w"); /* 8160 bits, odd */
	snprintf(jwk, sizeof(jwk), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
	n[strlen(n) - 1] = 'x';
	assert_string_equal(jwk_verdict(jwk), "");
	strcat(n, "_______w");
	snprintf(jwk, sizeof(jwk), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
	assert_string_equal(jwk_verdict(jwk), "jws.key");
	for (int i = 0; i < 16; i++)
		strcat(e, "_______x"); /* 768 bits, odd */
	snprintf(jwk, sizeof(jwk), "{\"kty\":\"RSA\",\"n\":\"%.344s\",\"e\":\"%s\"}", n, e);
	assert_string_equal(jwk_verdict(jwk), "jws.key");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors), cmocka_unit_test(test_mac_vector),
		cmocka_unit_test(test_plain_jwk), cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_mac), cmocka_unit_test(test_sign_refuses),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_nonce_is_known),
		cmocka_unit_test(test_shapes), cmocka_unit_test(test_algorithms), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_costly_keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
