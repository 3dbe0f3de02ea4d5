/* Post-quantum keys: the examples of RFC 9881 come out byte for byte in all three forms; what this OpenSSL
 * lacks is said. */
#include "check.h"

#include <openssl/evp.h>

#include "base/str.h"
#include "pki/key_int.h"

/* SHA-256 of the DER in RFC 9881 appendix C: the public key, and the private key in each form. */
static const struct {
	const char *type, *spki, *seed, *expanded, *both;
} examples[] = {
	{ "ml-dsa-44", "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be",
		"c823cb6a31172daa8af670a22c0f049af972bf1cb39a4a95971aa8c0c659dff4",
		"35cb529103b3a9ed502fecb438a671ff11bb05fb4afa99301d06240883a74106",
		"e355e29f28e537fcf3aff28354016415146d7f801a57136c241bb6e9addfaa30" },
	{ "ml-dsa-65", "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d",
		"af965903772933b6acc59764f335fcad9b5c61cdab2b368eabf224e7c29e31ac",
		"fae10810e47ed4b41851065b40bb60547e816ebf31b0738b4ed4af57337706ec",
		"5259463f8ec68e21b8c179a7e49dba184fd24280080bd5bb78af94d7a2a0ac81" },
	{ "ml-dsa-87", "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642",
		"72cc4260a8d3d7622801ea98636123866d00e236d5f77221039c862325e02754",
		"8e2e40f141d1d6788d074de4124a744ee3106697ae6c01faccf855510079ecb3",
		"c71913419ea426e99da06330e3b06b2ab47448f1aff520479358e3cb71f5c1d6" },
};
#define N_EXAMPLES (sizeof(examples) / sizeof(examples[0]))

/* OneAsymmetricKey with the seed 00 to 1f, as RFC 9881 writes it. */
static size_t seed_key(uint8_t out[54], const char *type)
{
	static const uint8_t head[] = { 0x30, 0x34, 2, 1, 0, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3,
		4, 3, 0, 4, 0x22, 0x80, 0x20 };

	memcpy(out, head, sizeof(head));
	out[17] = (uint8_t)(strcmp(type, "ml-dsa-44") == 0 ? 17 : strcmp(type, "ml-dsa-65") == 0 ? 18 : 19);
	for (uint8_t i = 0; i < 32; i++)
		out[sizeof(head) + i] = i;
	return 54;
}

static size_t read_vector(const char *name, uint8_t *out, size_t cap)
{
	char path[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", VECTORS, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(out, 1, cap, f);
	fclose(f);
	return n;
}

static bool lacking(const char *type)
{
	const struct acsr_key_type *t;

	OK(acsr_key_type_find(&t, type, &e));
	return !acsr_key_type_available(t);
}

static struct acsr_key *example(size_t i)
{
	uint8_t der[54];
	struct acsr_key *k = NULL;

	OK(acsr_key_load_private(&k, der, seed_key(der, examples[i].type), NULL, &e));
	return k;
}

static void is_sha256(const void *p, size_t n, const char *want)
{
	uint8_t hash[32];
	char hex[65];

	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, p, n, hash, NULL), 1);
	hex_encode(hash, 32, hex);
	assert_string_equal(hex, want);
}

/* Written in this form it is the example, and read back it is the same key. */
static void written(struct acsr_key *k, enum acsr_pq_form form, const char *sha256)
{
	struct acsr_secret *der = NULL;
	struct acsr_key *back = NULL;

	OK(acsr_key_set_pq_form(k, form, &e));
	OK(acsr_key_pkcs8_der(k, &der, &e));
	is_sha256(acsr_secret_bytes(der), acsr_secret_len(der), sha256);
	OK(acsr_key_load_private(&back, acsr_secret_bytes(der), acsr_secret_len(der), NULL, &e));
	assert_true(acsr_key_same(k, back));
	assert_string_equal(acsr_key_name(back), acsr_key_name(k));
	acsr_key_free(back);
	acsr_secret_free(der);
}

static void examples_of_the_rfc(void **state)
{
	(void)state;
	if (lacking("ml-dsa-44"))
		skip();
	for (size_t i = 0; i < N_EXAMPLES; i++) {
		struct acsr_key *k = example(i);
		struct acsr_blob spki = { 0 };

		assert_string_equal(acsr_key_name(k), examples[i].type);
		OK(acsr_key_spki(k, &spki, &e));
		is_sha256(spki.p, spki.len, examples[i].spki);
		written(k, ACSR_PQ_AUTO, examples[i].seed);
		written(k, ACSR_PQ_EXPANDED, examples[i].expanded);
		written(k, ACSR_PQ_BOTH, examples[i].both);
		written(k, ACSR_PQ_SEED, examples[i].seed);
		acsr_blob_free(&spki);
		acsr_key_free(k);
	}
}

/* The seed is not in an expanded key, and no other key has forms. */
static void forms_that_cannot_be(void **state)
{
	struct acsr_secret *der = NULL, *again = NULL;
	struct acsr_key *k, *bare = NULL;
	enum acsr_pq_form form;

	(void)state;
	OK(acsr_pq_form_find(&form, "both", &e));
	assert_int_equal(form, ACSR_PQ_BOTH);
	FAILS("key.pq-form", acsr_pq_form_find(&form, "priv", &e));
	FAILS("key.pq-form", acsr_key_set_pq_form(a_key("ec:p256"), ACSR_PQ_SEED, &e));
	OK(acsr_key_set_pq_form(a_key("ec:p256"), ACSR_PQ_AUTO, &e));
	if (lacking("ml-dsa-44"))
		return;
	k = example(0);
	OK(acsr_key_set_pq_form(k, ACSR_PQ_EXPANDED, &e));
	OK(acsr_key_pkcs8_der(k, &der, &e));
	OK(acsr_key_load_private(&bare, acsr_secret_bytes(der), acsr_secret_len(der), NULL, &e));
	FAILS("key.pq-form", acsr_key_set_pq_form(bare, ACSR_PQ_SEED, &e));
	FAILS("key.pq-form", acsr_key_set_pq_form(bare, ACSR_PQ_BOTH, &e));
	OK(acsr_key_pkcs8_der(bare, &again, &e)); /* AUTO: what there is */
	assert_int_equal(acsr_secret_len(again), acsr_secret_len(der));
	assert_memory_equal(acsr_secret_bytes(again), acsr_secret_bytes(der), acsr_secret_len(der));
	acsr_secret_free(again);
	acsr_secret_free(der);
	acsr_key_free(bare);
	acsr_key_free(k);
}

/* One octet changed anywhere: in the seed of both, in its expanded key, in the expanded key alone. */
static void parts_that_do_not_belong_together(void **state)
{
	static const struct {
		enum acsr_pq_form form;
		size_t at;
	} rows[] = { { ACSR_PQ_BOTH, 40 }, { ACSR_PQ_BOTH, 300 }, { ACSR_PQ_BOTH, 2500 },
		{ ACSR_PQ_EXPANDED, 100 }, { ACSR_PQ_EXPANDED, 2500 } };

	(void)state;
	if (lacking("ml-dsa-44"))
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acsr_key *k = example(0), *bad = NULL;
		struct acsr_secret *der = NULL;

		OK(acsr_key_set_pq_form(k, rows[i].form, &e));
		OK(acsr_key_pkcs8_der(k, &der, &e));
		secret_data(der)[rows[i].at] ^= 1;
		FAILS("key.parse",
			acsr_key_load_private(&bad, acsr_secret_bytes(der), acsr_secret_len(der), NULL, &e));
		assert_null(bad);
		acsr_secret_free(der);
		acsr_key_free(k);
	}
}

static void makes_signs_and_writes(const char *type)
{
	struct acsr_secret *code = NULL, *pem = NULL;
	struct acsr_blob locked = { 0 }, sig = { 0 };
	struct acsr_key *k = NULL, *back = NULL;

	OK(acsr_key_generate(&k, type, &e));
	OK(acsr_key_sign(k, "text", 4, &sig, &e));
	OK(acsr_key_verify(k, "text", 4, sig.p, sig.len, &e));
	FAILS("match.signature", acsr_key_verify(k, "test", 4, sig.p, sig.len, &e));
	OK(acsr_key_pkcs8_pem(k, &pem, &e));
	OK(acsr_key_load_private(&back, acsr_secret_bytes(pem), acsr_secret_len(pem), NULL, &e));
	assert_true(acsr_key_same(k, back));
	acsr_key_free(back);
	OK(acsr_secret_new(&code, "code", 4, &e));
	OK(acsr_key_pkcs8_pem_encrypted(k, code, &locked, &e));
	OK(acsr_key_load_private(&back, locked.p, locked.len, code, &e));
	assert_true(acsr_key_same(k, back));
	assert_string_equal(acsr_key_name(back), type);
	acsr_key_free(back);
	acsr_blob_free(&locked);
	acsr_blob_free(&sig);
	acsr_secret_free(pem);
	acsr_secret_free(code);
	acsr_key_free(k);
}

/* The slow half of SLH-DSA is left to one of its members. */
static void every_type(void **state)
{
	struct acsr_key *k = NULL;

	(void)state;
	for (size_t i = 0; acsr_key_type_at(i) != NULL; i++) {
		const struct acsr_key_type *t = acsr_key_type_at(i);
		bool slow = str_ends(t->name, "s") && strcmp(t->name, "slh-dsa-sha2-128s") != 0;

		if (t->oid == NULL)
			continue;
		assert_ptr_equal(key_type_by_oid(t->oid), t);
		if (!acsr_key_type_available(t))
			FAILS("openssl.unsupported", acsr_key_generate(&k, t->name, &e));
		else if (!slow)
			makes_signs_and_writes(t->name);
	}
}

/* What is said where OpenSSL has none of it, for each way in. */
static void lacking_is_said(void **state)
{
	struct acsr_secret *right = NULL, *wrong = NULL;
	struct acsr_key *k = NULL;
	struct acsr_err why = { 0 };
	uint8_t der[54], file[512];
	size_t n;

	(void)state;
	if (!lacking("ml-dsa-65"))
		skip();
	seed_key(der, "ml-dsa-65");
	assert_int_equal(acsr_key_load_private(&k, der, sizeof(der), NULL, &why), ACSR_FAIL);
	assert_string_equal(why.id, "openssl.unsupported");
	assert_non_null(strstr(why.text, "has no ML-DSA; 3.5 or newer does"));
	assert_int_equal(acsr_key_generate(&k, "slh-dsa-shake-256s", &why), ACSR_FAIL);
	assert_non_null(strstr(why.text, "has no SLH-DSA; 3.5 or newer does"));

	OK(acsr_secret_new(&right, "test-only", 9, &e));
	OK(acsr_secret_new(&wrong, "test-0nly", 9, &e));
	n = read_vector("pqc/ml-dsa-65-encrypted.key", file, sizeof(file));
	FAILS("key.passphrase.needed", acsr_key_load_private(&k, file, n, NULL, &e));
	FAILS("key.passphrase.wrong", acsr_key_load_private(&k, file, n, wrong, &e));
	FAILS("openssl.unsupported", acsr_key_load_private(&k, file, n, right, &e));
	assert_null(k);
	acsr_secret_free(right);
	acsr_secret_free(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(examples_of_the_rfc),
		cmocka_unit_test(forms_that_cannot_be), cmocka_unit_test(parts_that_do_not_belong_together),
		cmocka_unit_test(every_type), cmocka_unit_test(lacking_is_said) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
