/* What people paste to have something sealed to it: each kind, and each refusal. */
#include "check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "autocsr/seal.h"

#define NOW 1800000000
#define AGE "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m"
#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0DSSqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7oplcWr"

static void refused(const char *id, const char *text)
{
	struct acsr_recipient *r = NULL;
	struct acsr_err e = { 0 };

	if (acsr_recipient_parse(&r, text, strlen(text), NOW, &e) == ACSR_OK)
		fail_msg("taken as %s: %s", acsr_recipient_name(r), text);
	if (strcmp(id, e.id) != 0)
		fail_msg("%s (%s) instead of %s for %s", e.id, e.text, id, text);
	assert_null(r);
}

static struct acsr_recipient *taken(const char *text)
{
	struct acsr_recipient *r = NULL;

	OK(acsr_recipient_parse(&r, text, strlen(text), NOW, &e));
	return r;
}

/* --- age --- */

static void test_an_age_recipient(void **state)
{
	static const char *const same[] = { AGE, AGE "\n", "  " AGE " \r\n\r\n",
		"# created: 2026\n# public key of Ann\n" AGE "\n# end" };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct acsr_recipient *r = taken(same[i]);

		assert_int_equal(ACSR_RECIPIENT_AGE_X25519, acsr_recipient_kind(r));
		assert_string_equal(AGE, acsr_recipient_name(r));
		assert_int_equal(ACSR_SEAL_AGE, acsr_recipient_format(r));
		acsr_recipient_free(r);
	}
}

static void test_every_mistyped_character_is_found(void **state)
{
	char text[] = AGE;

	(void)state;
	for (size_t i = 4; i < strlen(AGE); i++) {
		text[i] = AGE[i] == 'q' ? 'p' : 'q';
		refused("recipient.age", text);
		text[i] = AGE[i];
	}
}

static void test_damaged_age_recipients(void **state)
{
	(void)state;
	refused("recipient.age", "age1");
	refused("recipient.age", "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7");
	refused("recipient.age", AGE "q");
	refused("recipient.age", AGE " ann");
	refused("recipient.age", "age1Qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m");
	/* good checksums, 31 bytes, bits behind the last byte, and another prefix */
	refused("recipient.age", "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqar9jk6");
	refused("recipient.age", "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc040spyvn");
	refused("recipient.unknown", "agf1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s43wcss");
}

static void test_other_age_recipients_are_named(void **state)
{
	struct acsr_recipient *r = NULL;
	static const char yubikey[] =
		"age1yubikey1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqjrljxx";
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_FAIL, acsr_recipient_parse(&r, yubikey, strlen(yubikey), 0, &e));
	assert_string_equal("recipient.age.type", e.id);
	assert_non_null(strstr(e.text, "\"yubikey\""));
	refused("recipient.age.type", "age1pq1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
	refused("recipient.age.type", "age1tag1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqcpqz94");
}

/* u of order 1, 2, 4 and 8, and those written above the prime (RFC 7748 5: they mean the same). */
static void test_points_of_small_order(void **state)
{
	static const char *const low[] = { "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
		"age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
		"age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
		"age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8",
		"age1anlllllllllllllllllllllllllllllllllllllllllllllllals4n2t7m",
		"age1ahlllllllllllllllllllllllllllllllllllllllllllllllalsn46ayy",
		"age1amlllllllllllllllllllllllllllllllllllllllllllllllalselrwrv" };

	(void)state;
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++)
		refused("recipient.point", low[i]);
	/* order 1 and 8 of Ed25519, and one that is not on the curve */
	refused("recipient.point",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	refused("recipient.point",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICbolY/CsiewRcP0ifLvmPDV36wF08YzObE4AohtU/wF");
	refused("recipient.point",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

/* --- private keys --- */

static void test_private_keys_are_refused_wherever_they_stand(void **state)
{
	static const char identity[] =
		"AGE-SECRET-KEY-12LDU0QLZVTRP04N8AJEFZG28VN79P4Y294DDQUN8SQHC4PHPT8RSGKYHWH";
	struct acsr_secret *pem = NULL;
	char text[4096];
	struct acsr_err why = { 0 };
	struct acsr_recipient *r = NULL;

	(void)state;
	refused("recipient.private-key", identity);
	snprintf(text, sizeof(text), "# public key: %s\n%s\n", AGE, identity);
	refused("recipient.private-key", text);
	snprintf(text, sizeof(text), "%s\n%s\n", AGE, identity);
	refused("recipient.private-key", text);
	refused("recipient.private-key", "AGE-PLUGIN-YUBIKEY-1QQQQ");
	OK(acsr_key_pkcs8_pem(a_key("ec:p256"), &pem, &e));
	refused("recipient.private-key", (const char *)acsr_secret_bytes(pem));
	snprintf(text, sizeof(text), "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n%s",
		(const char *)acsr_secret_bytes(pem));
	assert_int_equal(ACSR_FAIL, acsr_recipient_parse(&r, text, strlen(text), NOW, &why));
	assert_string_equal("recipient.private-key", why.id);
	assert_non_null(strstr(why.text, "never give it to anyone"));
	refused("recipient.private-key",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE "
		"KEY-----\n");
	acsr_secret_free(pem);
}

/* --- SSH --- */

static void test_an_ssh_key(void **state)
{
	static const char *const same[] = { ED25519, ED25519 " ann@example.com\n",
		"# work\n\t" ED25519 "\t two words \r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct acsr_recipient *r = taken(same[i]);

		assert_int_equal(ACSR_RECIPIENT_SSH_ED25519, acsr_recipient_kind(r));
		assert_string_equal(
			"SHA256:hIvwUCwOGECMPmJUilBsC+B7QuaHv32vf/e70x1qH1I", acsr_recipient_name(r));
		acsr_recipient_free(r);
	}
}

static void test_damaged_ssh_keys(void **state)
{
	(void)state;
	refused("recipient.ssh", "ssh-ed25519 ");
	refused("recipient.ssh", "ssh-ed25519 AAAA");
	refused("recipient.ssh",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0DSSqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7o=");
	refused("recipient.ssh",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0D!SqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7oplcWr");
	/* 31 bytes, a byte too many, and the type of another key inside */
	refused("recipient.ssh",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	refused("recipient.ssh",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXg=");
	refused("recipient.ssh",
		"ssh-ed25519 AAAAB3NzaC1yc2EAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	/* e and n without the zero that keeps them positive, and n twice as long as it says */
	refused("recipient.ssh", "ssh-rsa AAAAB3NzaC1yc2EAAAABgQAAAAGB");
	refused("recipient.ssh", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDX");
	refused("recipient.ssh", "restrict,from=\"10.0.0.0/8\" " ED25519);
	refused("recipient.ssh",
		"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5\n---- END SSH2 PUBLIC KEY ----\n");
}

static void test_ssh_keys_that_age_cannot_use(void **state)
{
	(void)state;
	refused("recipient.ssh.type", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI ann");
	refused("recipient.ssh.type", "ssh-dss AAAAB3NzaC1kc3MAAACBAK");
	refused("recipient.ssh.type", "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t");
	refused("recipient.ssh.type", "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAx");
}

static void test_a_short_rsa_key(void **state)
{
	(void)state;
	refused("recipient.weak",
		"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDX1LD0i/KGvLjJ5JauCxg8w3vyfZhSOmrquk3KE66+8GhXviwSSAT"
		"GPcXeN8LgT/6sWpBLPaB4n9mdMM3GaRxUbLhJOU9IogcC8WQ0QD2g2rPKvEUFrRlLRqw4L7MJmFuI5TvirZ0jqmKKhO"
		"9slg8UFKALT9nRnxbrYjnRd/8G4w== ann");
}

/* --- certificates --- */

struct wish {
	struct acsr_key *key;
	const char *usage; /* NULL: none */
	int64_t from, to;
	size_t o_bytes; /* of a subject's O */
};

static char *certificate(const struct wish *w)
{
	static char pem[8192];
	X509 *x = X509_new();
	char o[60] = "";
	X509_NAME *name = X509_get_subject_name(x);
	BIO *out = BIO_new(BIO_s_mem());
	int n;

	assert_int_equal(1, X509_set_version(x, X509_VERSION_3));
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"Ann", -1, -1, 0);
	memset(o, 'x', sizeof(o) - 1);
	for (size_t i = 0; i < w->o_bytes; i += sizeof(o) - 1)
		X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const uint8_t *)o, -1, -1, 0);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set(X509_getm_notBefore(x), w->from != 0 ? w->from : NOW - 86400);
	ASN1_TIME_set(X509_getm_notAfter(x), w->to != 0 ? w->to : NOW + 86400);
	X509_set_pubkey(x, acsr_key_evp(w->key));
	if (w->usage != NULL) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, w->usage);

		assert_int_equal(1, X509_add_ext(x, ext, -1));
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(x, acsr_key_evp(a_key("ec:p256")), EVP_sha256()) > 0);
	assert_int_equal(1, PEM_write_bio_X509(out, x));
	n = BIO_read(out, pem, sizeof(pem) - 1);
	assert_true(n > 0);
	pem[n] = '\0';
	BIO_free(out);
	X509_free(x);
	return pem;
}

static void test_certificates(void **state)
{
	static const struct {
		const char *type, *usage;
	} good[] = { { "rsa:2048", NULL }, { "rsa:2048", "digitalSignature,keyEncipherment" },
		{ "ec:p256", NULL }, { "ec:p384", "keyAgreement" },
		{ "ec:p521", "keyAgreement,encipherOnly" } };
	char text[9000];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct wish w = { .key = a_key(good[i].type), .usage = good[i].usage };
		struct acsr_recipient *r;

		snprintf(text, sizeof(text), "subject=CN = Ann\n# mine\n%s\n", certificate(&w));
		r = taken(text);
		assert_int_equal(ACSR_RECIPIENT_CERTIFICATE, acsr_recipient_kind(r));
		assert_int_equal(ACSR_SEAL_CMS, acsr_recipient_format(r));
		assert_int_equal(0, strncmp(acsr_recipient_name(r), "CN=Ann (SHA-256 ", 16));
		assert_int_equal(16 + 64 + 1, strlen(acsr_recipient_name(r)));
		acsr_recipient_free(r);
	}
}

static void test_certificates_that_are_refused(void **state)
{
	const struct wish signing_rsa = { .key = a_key("rsa:2048"), .usage = "digitalSignature" },
			  agreeing_rsa = { .key = a_key("rsa:2048"), .usage = "keyAgreement" },
			  signing_ec = { .key = a_key("ec:p256"),
				  .usage = "digitalSignature,keyEncipherment" },
			  old = { .key = a_key("ec:p256"), .to = NOW - 1 },
			  early = { .key = a_key("ec:p256"), .from = NOW + 1 },
			  edwards = { .key = a_key("ed25519") };
	EVP_PKEY *short_key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
		 *koblitz = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	struct wish own = { 0 };

	(void)state;
	refused("recipient.usage", certificate(&signing_rsa));
	refused("recipient.usage", certificate(&agreeing_rsa));
	refused("recipient.usage", certificate(&signing_ec));
	refused("recipient.validity", certificate(&old));
	refused("recipient.validity", certificate(&early));
	refused("recipient.key-type", certificate(&edwards));
	OK(acsr_key_wrap_evp(&own.key, short_key, &e));
	refused("recipient.weak", certificate(&own));
	acsr_key_free(own.key);
	OK(acsr_key_wrap_evp(&own.key, koblitz, &e));
	refused("recipient.key-type", certificate(&own));
	acsr_key_free(own.key);
	EVP_PKEY_free(short_key);
	EVP_PKEY_free(koblitz);
	refused("recipient.certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
	refused("recipient.certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
}

/* The boundary seconds: notBefore and notAfter are both within. */
static void test_the_seconds_of_validity(void **state)
{
	const struct wish w = { .key = a_key("ec:p256"), .from = NOW - 10, .to = NOW + 10 };
	const char *text = certificate(&w);
	static const int64_t good[] = { 0, NOW - 10, NOW, NOW + 10 }, bad[] = { NOW - 11, NOW + 11 };
	struct acsr_recipient *r = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		OK(acsr_recipient_parse(&r, text, strlen(text), good[i], &e));
		acsr_recipient_free(r);
	}
	for (size_t i = 0; i < 2; i++)
		FAILS("recipient.validity", acsr_recipient_parse(&r, text, strlen(text), bad[i], &e));
}

static void test_a_long_subject_is_cut(void **state)
{
	const struct wish w = { .key = a_key("ec:p256"), .o_bytes = 600 };
	struct acsr_recipient *r = taken(certificate(&w));

	(void)state;
	assert_true(strlen(acsr_recipient_name(r)) <= 300);
	assert_non_null(strstr(acsr_recipient_name(r), "… (SHA-256 "));
	acsr_recipient_free(r);
}

/* --- nothing, too much, something else --- */

static void test_what_is_no_recipient(void **state)
{
	static const char foo[] = "-----BEGIN FOO-----\nMAA=\n-----END FOO-----\n";
	const struct wish w = { .key = a_key("ec:p256") };
	struct acsr_recipient *r = NULL;
	static char large[ACSR_RECIPIENT_MAX + 1];
	struct acsr_blob csr = { 0 };
	struct acsr_err why = { 0 };
	char two[9000];

	(void)state;
	refused("recipient.empty", "");
	refused("recipient.empty", " \n\t\n# nothing\n");
	refused("recipient.unknown", "ann@example.com");
	refused("recipient.unknown", "sha256:1234");
	refused("recipient.unknown", foo);
	assert_int_equal(acsr_recipient_parse(&r, foo, strlen(foo), NOW, &why), ACSR_FAIL);
	assert_non_null(strstr(why.text, "nothing that can be sealed to"));
	OK(acsr_key_spki_pem(a_key("rsa:2048"), &csr, &e));
	refused("recipient.unknown", (const char *)csr.p);
	acsr_blob_free(&csr);
	refused("recipient.many", AGE "\n" AGE);
	refused("recipient.many", AGE "\n" ED25519);
	refused("recipient.many", ED25519 "\nplcWr");
	snprintf(two, sizeof(two), "%s", certificate(&w));
	snprintf(two + strlen(two), sizeof(two) - strlen(two), "%s", certificate(&w));
	refused("recipient.many", two);
	memset(large, 'a', sizeof(large));
	FAILS("recipient.large", acsr_recipient_parse(&r, large, sizeof(large), 0, &e));
}

static void test_names_of_kinds_and_formats(void **state)
{
	struct acsr_recipient *age = taken(AGE);
	enum acsr_seal_format f = ACSR_SEAL_AGE;

	(void)state;
	assert_string_equal("age-x25519", acsr_recipient_kind_name(ACSR_RECIPIENT_AGE_X25519));
	assert_string_equal("ssh-ed25519", acsr_recipient_kind_name(ACSR_RECIPIENT_SSH_ED25519));
	assert_string_equal("ssh-rsa", acsr_recipient_kind_name(ACSR_RECIPIENT_SSH_RSA));
	assert_string_equal("certificate", acsr_recipient_kind_name(ACSR_RECIPIENT_CERTIFICATE));
	OK(acsr_seal_format_find(&f, "cms", &e));
	assert_string_equal("cms", acsr_seal_format_name(f));
	FAILS("recipient.format", acsr_recipient_takes(age, f, &e));
	OK(acsr_seal_format_find(&f, "age", &e));
	assert_string_equal("age", acsr_seal_format_name(f));
	OK(acsr_recipient_takes(age, f, &e));
	FAILS("recipient.format", acsr_seal_format_find(&f, "zip", &e));
	acsr_recipient_free(age);
	acsr_recipient_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_age_recipient),
		cmocka_unit_test(test_every_mistyped_character_is_found),
		cmocka_unit_test(test_damaged_age_recipients),
		cmocka_unit_test(test_other_age_recipients_are_named),
		cmocka_unit_test(test_points_of_small_order),
		cmocka_unit_test(test_private_keys_are_refused_wherever_they_stand),
		cmocka_unit_test(test_an_ssh_key),
		cmocka_unit_test(test_damaged_ssh_keys),
		cmocka_unit_test(test_ssh_keys_that_age_cannot_use),
		cmocka_unit_test(test_a_short_rsa_key),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_certificates_that_are_refused),
		cmocka_unit_test(test_the_seconds_of_validity),
		cmocka_unit_test(test_a_long_subject_is_cut),
		cmocka_unit_test(test_what_is_no_recipient),
		cmocka_unit_test(test_names_of_kinds_and_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
