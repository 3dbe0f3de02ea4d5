/* Keys: types, making, writing and reading back, what openssl says of the result, signing. */
#include "check.h"

#include <openssl/x509.h>

#include "base/buf.h"

static const char *const made_here[] = { "rsa:2048", "rsa:3072", "ec:p256", "ec:p384", "ec:p521", "ed25519",
	"ed448" };
#define N_MADE (sizeof(made_here) / sizeof(made_here[0]))

static struct acsr_secret *text(const char *s)
{
	struct acsr_secret *out = NULL;

	OK(acsr_secret_new(&out, s, strlen(s), &e));
	return out;
}

static void types(void **state)
{
	const struct acsr_key_type *t;
	struct acsr_key *k = NULL;
	size_t n = 0;

	(void)state;
	while (acsr_key_type_at(n) != NULL)
		n++;
	assert_int_equal(n, 23);
	OK(acsr_key_type_find(&t, "ec:p384", &e));
	assert_int_equal(t->bits, 384);
	assert_true(acsr_key_type_available(t));
	FAILS("key.type", acsr_key_type_find(&t, "rsa:1024", &e));
	FAILS("key.type", acsr_key_type_find(&t, "", &e));
	FAILS("key.type", acsr_key_generate(&k, "RSA:2048", &e));
	assert_null(k);
}

static void what_this_openssl_lacks(void **state)
{
	(void)state;
	for (size_t i = 0; acsr_key_type_at(i) != NULL; i++) {
		const struct acsr_key_type *t = acsr_key_type_at(i);
		struct acsr_key *k = NULL;

		if (t->alg < ACSR_KEY_ML_DSA)
			continue;
		if (!acsr_key_type_available(t)) {
			FAILS("openssl.unsupported", acsr_key_generate(&k, t->name, &e));
		} else if (t->alg == ACSR_KEY_ML_DSA) {
			OK(acsr_key_generate(&k, t->name, &e));
			assert_string_equal(acsr_key_name(k), t->name);
			acsr_key_free(k);
		}
	}
}

static void names_and_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MADE; i++)
		assert_string_equal(acsr_key_name(a_key(made_here[i])), made_here[i]);
	assert_int_equal(acsr_key_bits(a_key("rsa:3072")), 3072);
	assert_int_equal(acsr_key_alg(a_key("ec:p256")), ACSR_KEY_EC);
}

/* Our PKCS#8 is byte for byte what openssl writes for the same key. */
static void pkcs8_as_openssl_writes_it(void **state)
{
	char dir[64];

	(void)state;
	temp_dir(dir);
	for (size_t i = 0; i < N_MADE; i++) {
		struct acsr_secret *pem = NULL;

		OK(acsr_key_pkcs8_pem(a_key(made_here[i]), &pem, &e));
		assert_int_equal(strlen((const char *)acsr_secret_bytes(pem)), acsr_secret_len(pem));
		write_file(dir, "k.pem", acsr_secret_bytes(pem), acsr_secret_len(pem));
		assert_int_equal(sh("cd %s && openssl pkey -in k.pem -out o.pem && cmp k.pem o.pem", dir), 0);
		acsr_secret_free(pem);
	}
	assert_int_equal(sh("rm -r %s", dir), 0);
}

static void read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MADE; i++) {
		struct acsr_key *k = a_key(made_here[i]), *back = NULL;
		struct acsr_secret *pem = NULL, *der = NULL;

		OK(acsr_key_pkcs8_pem(k, &pem, &e));
		OK(acsr_key_load_private(&back, acsr_secret_bytes(pem), acsr_secret_len(pem), NULL, &e));
		assert_true(acsr_key_same(k, back));
		acsr_key_free(back);
		OK(acsr_key_pkcs8_der(k, &der, &e));
		OK(acsr_key_load_private(&back, acsr_secret_bytes(der), acsr_secret_len(der), NULL, &e));
		assert_true(acsr_key_same(k, back));
		acsr_key_free(back);
		acsr_secret_free(pem);
		acsr_secret_free(der);
	}
	assert_false(acsr_key_same(a_key("ec:p256"), a_key("ec:p384")));
}

static void encrypted(void **state)
{
	struct acsr_secret *code = text("0123456789ABCDEFGHJKMNPQRS"), *wrong = text("x"), *empty = text("");
	struct acsr_key *back = NULL;
	struct acsr_blob pem = { 0 };
	char dir[64];

	(void)state;
	OK(acsr_key_pkcs8_pem_encrypted(a_key("ec:p256"), code, &pem, &e));
	OK(acsr_key_load_private(&back, pem.p, pem.len, code, &e));
	assert_true(acsr_key_same(back, a_key("ec:p256")));
	acsr_key_free(back);
	back = NULL;
	FAILS("key.passphrase.needed", acsr_key_load_private(&back, pem.p, pem.len, NULL, &e));
	FAILS("key.passphrase.wrong", acsr_key_load_private(&back, pem.p, pem.len, wrong, &e));
	assert_null(back);

	temp_dir(dir);
	write_file(dir, "k.pem", pem.p, pem.len);
	assert_int_equal(
		sh("cd %s && openssl pkey -in k.pem -passin pass:0123456789ABCDEFGHJKMNPQRS -noout", dir), 0);
	assert_int_equal(sh("cd %s && openssl asn1parse -in k.pem | grep -q :0927C0", dir), 0); /* 600,000 */
	assert_int_equal(sh("cd %s && openssl asn1parse -in k.pem | grep -q :hmacWithSHA256", dir), 0);
	assert_int_equal(sh("rm -r %s", dir), 0);
	acsr_blob_free(&pem);
	FAILS("key.passphrase.empty", acsr_key_pkcs8_pem_encrypted(a_key("ec:p256"), empty, &pem, &e));
	acsr_secret_free(code);
	acsr_secret_free(wrong);
	acsr_secret_free(empty);
}

static void protected_with(const struct acsr_key_protect *how, bool pem, const char *grep)
{
	struct acsr_key *back = NULL;
	struct acsr_blob out = { 0 };
	const char *form = pem ? "PEM" : "DER";
	char dir[64];

	OK(acsr_key_pkcs8_encrypted(a_key("rsa:2048"), how, pem, &out, &e));
	OK(acsr_key_load_private(&back, out.p, out.len, how->passphrase, &e));
	assert_true(acsr_key_same(back, a_key("rsa:2048")));
	acsr_key_free(back);
	temp_dir(dir);
	write_file(dir, "k", out.p, out.len);
	assert_int_equal(
		sh("cd %s && openssl pkey -in k -inform %s -passin pass:phrase -noout", dir, form), 0);
	assert_int_equal(sh("cd %s && openssl asn1parse -in k -inform %s | grep -q %s", dir, form, grep), 0);
	assert_int_equal(sh("rm -r %s", dir), 0);
	acsr_blob_free(&out);
}

static void protected_keys(void **state)
{
	struct acsr_secret *phrase = text("phrase");
	struct acsr_key_protect how = { .passphrase = phrase };
	struct acsr_blob out = { 0 };

	(void)state;
	protected_with(&how, false, ":0927C0");
	how.cost = 700000;
	protected_with(&how, true, ":0AAE60");
	how = (struct acsr_key_protect){ phrase, ACSR_KDF_SCRYPT, 0 };
	protected_with(&how, true, ":4000"); /* N=16384 */
	protected_with(&how, false, ":scrypt");
	how.cost = 65;
	FAILS("key.kdf", acsr_key_pkcs8_encrypted(a_key("rsa:2048"), &how, true, &out, &e));
	how = (struct acsr_key_protect){ phrase, ACSR_KDF_PBKDF2, 599999 };
	FAILS("key.kdf", acsr_key_pkcs8_encrypted(a_key("rsa:2048"), &how, true, &out, &e));
	assert_null(out.p);
	acsr_secret_free(phrase);
}

static void load_shell_made(const char *dir, const char *file, const char *passphrase, const char *want)
{
	struct acsr_secret *p = passphrase != NULL ? text(passphrase) : NULL;
	struct acsr_key *k = NULL;
	struct buf b;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	buf_init(&b, 65536);
	OK(buf_read_file(&b, path, &e));
	OK(acsr_key_load_private(&k, b.p, b.len, p, &e));
	assert_string_equal(acsr_key_name(k), want);
	acsr_key_free(k);
	acsr_secret_free(p);
	buf_free(&b);
}

static void forms_that_people_have(void **state)
{
	char dir[64];

	(void)state;
	temp_dir(dir);
	assert_int_equal(
		sh("cd %s && openssl genrsa -traditional -out r1 2048 2>/dev/null &&"
		   " openssl rsa -in r1 -traditional -aes128 -passout pass:abcd -out r2 2>/dev/null &&"
		   " openssl rsa -in r1 -traditional -outform DER -out r3 2>/dev/null &&"
		   " openssl ecparam -name prime256v1 -genkey -out e1 &&"
		   " openssl pkcs8 -topk8 -in r1 -passout pass:abcd -outform DER -out r4",
			dir),
		0);
	load_shell_made(dir, "r1", NULL, "rsa:2048");
	load_shell_made(dir, "r2", "abcd", "rsa:2048");
	load_shell_made(dir, "r3", NULL, "rsa:2048");
	load_shell_made(dir, "r4", "abcd", "rsa:2048");
	load_shell_made(dir, "e1", NULL, "ec:p256");
	assert_int_equal(sh("rm -r %s", dir), 0);
}

static void not_a_private_key(void **state)
{
	struct acsr_blob spki = { 0 };
	struct acsr_key *k = NULL, *public = NULL;
	struct acsr_secret *pem = NULL;
	uint8_t junk[100] = { 0x30, 0x62 };

	(void)state;
	OK(acsr_key_spki(a_key("ec:p256"), &spki, &e));
	FAILS("key.parse", acsr_key_load_private(&k, spki.p, spki.len, NULL, &e));
	FAILS("key.parse", acsr_key_load_private(&k, junk, sizeof(junk), NULL, &e));
	FAILS("key.parse", acsr_key_load_private(&k, junk, 0, NULL, &e));
	FAILS("key.parse", acsr_key_load_private(&k, junk, 70000, NULL, &e));
	OK(acsr_key_load_spki(&public, spki.p, spki.len, &e));
	FAILS("key.private", acsr_key_pkcs8_pem(public, &pem, &e));
	FAILS("key.parse", acsr_key_load_spki(&k, spki.p, spki.len - 1, &e));
	acsr_key_free(public);
	acsr_blob_free(&spki);
}

static void spki(void **state)
{
	struct acsr_blob der = { 0 }, longer = { 0 };
	struct acsr_key *k = NULL;
	uint8_t a[32], b[32];

	(void)state;
	OK(acsr_key_spki(a_key("rsa:2048"), &der, &e));
	OK(acsr_key_load_spki(&k, der.p, der.len, &e));
	OK(acsr_key_spki_sha256(k, a, &e));
	OK(acsr_key_spki_sha256(a_key("rsa:2048"), b, &e));
	assert_memory_equal(a, b, 32);
	OK(acsr_blob_copy(&longer, der.p, der.len, &e));
	longer.len++; /* the NUL behind it */
	acsr_key_free(k);
	k = NULL;
	FAILS("key.parse", acsr_key_load_spki(&k, longer.p, longer.len, &e));
	acsr_blob_free(&der);
	acsr_blob_free(&longer);
}

/* The short way past OpenSSL's decoders gives the key that they give, and takes no more than they do. */
static void spki_short_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MADE; i++) {
		struct acsr_blob der = { 0 }, again = { 0 };
		const unsigned char *at;
		struct acsr_key *k = NULL;
		EVP_PKEY *theirs;
		uint8_t *longer;

		OK(acsr_key_spki(a_key(made_here[i]), &der, &e));
		at = der.p;
		theirs = d2i_PUBKEY(NULL, &at, (long)der.len);
		OK(acsr_key_load_spki(&k, der.p, der.len, &e));
		assert_int_equal(EVP_PKEY_eq(acsr_key_evp(k), theirs), 1);
		OK(acsr_key_spki(k, &again, &e));
		assert_int_equal(again.len, der.len);
		assert_memory_equal(again.p, der.p, der.len);
		acsr_key_free(k);
		longer = calloc(1, der.len + 1);
		memcpy(longer, der.p, der.len);
		FAILS("key.parse", acsr_key_load_spki(&k, longer, der.len + 1, &e));
		free(longer);
		if (strncmp(made_here[i], "ec:", 3) == 0) { /* a point that is off its curve */
			der.p[der.len - 1] ^= 1;
			FAILS("key.parse", acsr_key_load_spki(&k, der.p, der.len, &e));
		}
		EVP_PKEY_free(theirs);
		acsr_blob_free(&der);
		acsr_blob_free(&again);
	}
}

static void signing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_MADE; i++) {
		struct acsr_key *k = a_key(made_here[i]);
		struct acsr_blob sig = { 0 };

		OK(acsr_key_sign(k, "message", 7, &sig, &e));
		OK(acsr_key_verify(k, "message", 7, sig.p, sig.len, &e));
		FAILS("match.signature", acsr_key_verify(k, "massage", 7, sig.p, sig.len, &e));
		FAILS("match.signature", acsr_key_verify(k, "message", 7, sig.p, sig.len - 1, &e));
		acsr_blob_free(&sig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(what_this_openssl_lacks),
		cmocka_unit_test(names_and_sizes),
		cmocka_unit_test(pkcs8_as_openssl_writes_it),
		cmocka_unit_test(read_back),
		cmocka_unit_test(encrypted),
		cmocka_unit_test(protected_keys),
		cmocka_unit_test(forms_that_people_have),
		cmocka_unit_test(not_a_private_key),
		cmocka_unit_test(spki),
		cmocka_unit_test(spki_short_way),
		cmocka_unit_test(signing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
