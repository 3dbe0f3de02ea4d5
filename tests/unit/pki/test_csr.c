/* CSRs: what is built is what openssl and our reader see; one hostile CSR a rule. */
#include "ca.h"

#include <openssl/x509v3.h>

#include "base/limits.h"
#include "pki/der.h"

static struct acsr_blob build(const struct acsr_csr_request *req, const char *key)
{
	struct acsr_blob out = { 0 };

	OK(acsr_csr_build(req, a_key(key), &out, &e));
	return out;
}

static void built_and_read(void **state)
{
	static const char *const ekus[] = { "serverAuth", "1.2.3.4.5" };
	struct acsr_dn d = dn("CN=www.demo.test,O=Demo\\, Inc,C=DE,serialNumber=HRB 1");
	struct acsr_sans s = sans("dns:www.demo.test", "ip:2001:db8:0::1", "ip:192.0.2.1",
		"email:a@demo.test", "uri:spiffe://demo.test/x", "upn:a@demo.test", NULL);
	struct acsr_csr_request req = {
		.subject = &d, .sans = &s, .ekus = ekus, .n_ekus = 2, .must_staple = true
	};
	struct acsr_blob der = build(&req, "rsa:2048");
	struct acsr_csr_view *v = NULL;
	uint8_t spki[32];

	(void)state;
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	assert_int_equal(v->subject.n, 4);
	assert_string_equal(acsr_dn_get(&v->subject, "O"), "Demo, Inc");
	assert_int_equal(v->sans.n, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(v->sans.v[i].type, s.v[i].type);
		assert_string_equal(v->sans.v[i].value, s.v[i].value);
	}
	assert_string_equal(v->sans.v[1].value, "2001:db8::1");
	assert_string_equal(v->ekus[0], "serverAuth");
	assert_string_equal(v->ekus[1], "1.2.3.4.5");
	assert_true(v->must_staple);
	assert_false(v->challenge_password);
	assert_string_equal(v->signature_alg, "sha256WithRSAEncryption");
	assert_int_equal(v->n_exts, 3);
	OK(acsr_key_spki_sha256(a_key("rsa:2048"), spki, &e));
	assert_memory_equal(spki, v->spki_sha256, 32);
	acsr_csr_view_free(v);
	acsr_blob_free(&der);
	acsr_dn_free(&d);
	acsr_sans_free(&s);
}

static void openssl_agrees(void **state)
{
	static const char *const keys[] = { "rsa:2048", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448" };
	struct acsr_dn d = dn("CN=www.demo.test,O=Pr\xc3\xbc"
			      "fung");
	struct acsr_sans s = sans("dns:www.demo.test", "ip:192.0.2.1", NULL);
	struct acsr_csr_request req = { .subject = &d, .sans = &s };
	char dir[64];

	(void)state;
	temp_dir(dir);
	for (size_t i = 0; i < 6; i++) {
		struct acsr_blob der = build(&req, keys[i]), pem = { 0 };

		OK(acsr_csr_pem(der.p, der.len, &pem, &e));
		write_file(dir, "r.pem", pem.p, pem.len);
		assert_int_equal(
			sh("cd %s && openssl req -in r.pem -verify -noout -text -nameopt utf8 >t 2>&1 &&"
			   " grep -q 'DNS:www.demo.test, IP Address:192.0.2.1' t && grep -qi 'verify OK' t",
				dir),
			0);
		acsr_blob_free(&der);
		acsr_blob_free(&pem);
	}
	assert_int_equal(sh("cd %s && grep -q Pr.*fung t && rm -r %s", dir, dir), 0);
	acsr_dn_free(&d);
	acsr_sans_free(&s);
}

static void digests(void **state)
{
	struct acsr_csr_request req = { .digest = "SHA512" };
	struct acsr_blob der = build(&req, "rsa:2048");
	struct acsr_csr_view *v;

	(void)state;
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	assert_string_equal(v->signature_alg, "sha512WithRSAEncryption");
	acsr_csr_view_free(v);
	acsr_blob_free(&der);
	req.digest = "SHA1";
	FAILS("csr.digest", acsr_csr_build(&req, a_key("rsa:2048"), &der, &e));
	req.digest = NULL;
	der = build(&req, "ec:p384");
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	assert_string_equal(v->signature_alg, "ecdsa-with-SHA384");
	acsr_csr_view_free(v);
	acsr_blob_free(&der);
}

/* What a hostile CSR is made of; signed properly unless the recipe says otherwise. */
struct recipe {
	const char *cn;
	size_t cn_len;
	const char *san;
	size_t san_len;
	size_t copies;      /* of the SAN */
	int extension_sets; /* attributes with an extension request */
	bool twice;         /* the same extension twice in one request */
	bool garbage_san;
	bool empty_san;
	bool challenge;
	long version;
	const EVP_MD *md;
};

static void add_san(STACK_OF(X509_EXTENSION) * exts, const struct recipe *r)
{
	GENERAL_NAMES *gens = GENERAL_NAMES_new();
	X509_EXTENSION *x;

	for (size_t i = 0; i < r->copies; i++) {
		GENERAL_NAME *g = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();

		ASN1_STRING_set(s, r->san, (int)r->san_len);
		GENERAL_NAME_set0_value(g, GEN_DNS, s);
		sk_GENERAL_NAME_push(gens, g);
	}
	x = X509V3_EXT_i2d(NID_subject_alt_name, 0, gens);
	if (r->garbage_san) {
		ASN1_OCTET_STRING *o = X509_EXTENSION_get_data(x);

		ASN1_STRING_set(o, "\x30\x03\x02\x01", 4);
	}
	sk_X509_EXTENSION_push(exts, x);
	GENERAL_NAMES_free(gens);
}

/* OpenSSL 3.5 sets no version but 0: put another one in, and sign anew with the RSA key. */
static void set_version(struct acsr_blob *csr, const struct recipe *r)
{
	struct bytes in = { csr->p, csr->len };
	struct der_tlv whole, tbs, version;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 256;

	OK(der_next(&in, &whole, "csr", &e));
	OK(der_next(&whole.body, &tbs, "csr", &e));
	in = tbs.body;
	OK(der_expect(&in, DER_INTEGER, &version, "csr", &e));
	csr->p[version.body.p - csr->p] = (uint8_t)r->version;
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, r->md != NULL ? r->md : EVP_sha256(), NULL,
				 acsr_key_evp(a_key("rsa:2048"))),
		1);
	assert_int_equal(EVP_DigestSign(ctx, csr->p + csr->len - n, &n, tbs.whole.p, tbs.whole.len), 1);
	EVP_MD_CTX_free(ctx);
}

static struct acsr_blob cook(const struct recipe *r)
{
	X509_REQ *x = X509_REQ_new();
	struct acsr_blob out = { 0 };
	unsigned char *p = NULL;
	int n;

	if (r->cn != NULL)
		X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(x), NID_commonName, V_ASN1_UTF8STRING,
			(const unsigned char *)r->cn, (int)r->cn_len, -1, 0);
	X509_REQ_set_pubkey(x, acsr_key_evp(a_key("rsa:2048")));
	for (int i = 0; i < r->extension_sets; i++) {
		STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();

		add_san(exts, r);
		if (r->twice)
			add_san(exts, r);
		X509_REQ_add_extensions_nid(x, exts, i == 0 ? NID_ext_req : NID_ms_ext_req);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	}
	if (r->challenge)
		X509_REQ_add1_attr_by_NID(
			x, NID_pkcs9_challengePassword, MBSTRING_ASC, (const unsigned char *)"hi", -1);
	assert_true(
		X509_REQ_sign(x, acsr_key_evp(a_key("rsa:2048")), r->md != NULL ? r->md : EVP_sha256()) > 0);
	n = i2d_X509_REQ(x, &p);
	OK(acsr_blob_copy(&out, p, (size_t)n, &e));
	OPENSSL_free(p);
	X509_REQ_free(x);
	if (r->version != 0)
		set_version(&out, r);
	return out;
}

static bool noted(const struct acsr_csr_view *v, const char *id)
{
	for (size_t i = 0; i < v->broken.n; i++)
		if (strcmp(v->broken.v[i].id, id) == 0)
			return true;
	return false;
}

/* The lenient reading notes what the strict one refuses, and goes on. */
static void noted_in(const char *id, const struct acsr_blob *der)
{
	struct acsr_csr_view *v = NULL;

	OK(acsr_csr_read(&v, der->p, der->len, &e));
	assert_true(noted(v, id));
	assert_non_null(v->key);
	assert_int_equal(v->subject.n, 1);
	acsr_csr_view_free(v);
}

static void refused(const char *id, struct recipe r)
{
	struct acsr_blob der = cook(&r);
	struct acsr_csr_view *v = NULL;

	FAILS(id, acsr_csr_parse(&v, der.p, der.len, &e));
	assert_null(v);
	if (der.len > LIMIT_CSR_DER_SLHDSA)
		FAILS(id, acsr_csr_read(&v, der.p, der.len, &e));
	else
		noted_in(id, &der);
	acsr_blob_free(&der);
}
#define STR(s) (s), sizeof(s) - 1
#define GOOD STR("www.demo.test"), .copies = 1, .extension_sets = 1

static void hostile_contents(void **state)
{
	(void)state;
	refused("csr.subject.control", (struct recipe){ STR("a\0b"), GOOD });
	refused("csr.subject.control", (struct recipe){ STR("a\r\nbcc: x"), GOOD });
	refused("csr.subject.control", (struct recipe){ STR("\x1b[31m"), GOOD });
	refused("csr.subject.control", (struct recipe){ STR("a\xe2\x80\xae"), GOOD });
	refused("csr.san.control",
		(struct recipe){ STR("x"), STR("a\0b"), .copies = 1, .extension_sets = 1 });
	refused("csr.san.control",
		(struct recipe){ STR("x"), STR("a\nb"), .copies = 1, .extension_sets = 1 });
	refused("csr.san.control", (struct recipe){ STR("x"), STR("a b"), .copies = 1, .extension_sets = 1 });
	refused("csr.san.ascii",
		(struct recipe){ STR("x"), STR("\xfc.test"), .copies = 1, .extension_sets = 1 });
	refused("csr.san.empty", (struct recipe){ STR("x"), STR(""), .copies = 1, .extension_sets = 1 });
	refused("csr.extensions.bad",
		(struct recipe){ STR("x"), STR("x"), .copies = 0, .extension_sets = 1 });
	refused("csr.sans.many",
		(struct recipe){ STR("x"), STR("a.test"), .copies = 101, .extension_sets = 1 });
	refused("csr.extensions.several",
		(struct recipe){ STR("x"), STR("a"), .copies = 1, .extension_sets = 2 });
	refused("csr.extensions.duplicate",
		(struct recipe){ STR("x"), STR("a"), .copies = 1, .extension_sets = 1, .twice = true });
	refused("csr.der", (struct recipe){ STR("x"), GOOD, .garbage_san = true });
	refused("csr.version", (struct recipe){ STR("x"), GOOD, .version = 1 });
	refused("csr.digest", (struct recipe){ STR("x"), GOOD, .md = EVP_sha1() });
	refused("csr.digest", (struct recipe){ STR("x"), GOOD, .md = EVP_md5() });
	refused("csr.digest", (struct recipe){ STR("x"), GOOD, .md = EVP_sha224() });
	refused("csr.too-large", (struct recipe){ STR("x"), STR("aaaaaaaaaaaaaaaa.test"), .copies = 200000,
					 .extension_sets = 1 });
	refused("csr.too-large", (struct recipe){ STR("x"), STR("aaaaaaaaaaaaaaaa.test"), .copies = 1000,
					 .extension_sets = 1 });
}

/* Everything at once: each rule is noted by itself, and what is there is still seen. */
static void lenient_reading(void **state)
{
	struct recipe r = { STR("a\nb"), STR("b c.test"), .copies = 2, .extension_sets = 2, .twice = true,
		.version = 7, .md = EVP_md5(), .challenge = true };
	static const char *const ids[] = { "csr.trailing", "csr.version", "csr.digest", "csr.signature",
		"csr.subject.control", "csr.san.control", "csr.extensions.duplicate",
		"csr.extensions.several" };
	struct acsr_blob der = cook(&r);
	struct acsr_csr_view *v = NULL;
	uint8_t bad[4096] = { 0 };

	(void)state;
	memcpy(bad, der.p, der.len);
	bad[der.len - 1] ^= 1;
	OK(acsr_csr_read(&v, bad, der.len + 1, &e));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (!noted(v, ids[i]))
			fail_msg("%s is not noted", ids[i]);
	assert_int_equal(v->broken.n, 9); /* both names */
	assert_string_equal(v->digest, "MD5");
	assert_string_equal(v->subject.v[0].value, "a\\x0ab");
	assert_true(v->subject.v[0].broken && v->sans.v[1].broken && v->sans.n == 2);
	assert_string_equal(v->sans.v[1].value, "b\\x20c.test");
	assert_true(v->challenge_password);
	acsr_csr_view_free(v);

	/* a length that is one octet too long: BER, which OpenSSL decodes; 3.5 verifies version 1 only */
	acsr_blob_free(&der);
	r.version = 0;
	der = cook(&r);
	bad[1] = 0x83;
	bad[2] = 0;
	memcpy(bad + 3, der.p + 2, der.len - 2);
	OK(acsr_csr_read(&v, bad, der.len + 1, &e));
	assert_true(noted(v, "csr.der.length"));
	assert_false(noted(v, "csr.signature"));
	acsr_csr_view_free(v);

	v = NULL;
	FAILS("csr.der", acsr_csr_read(&v, der.p, der.len - 1, &e));
	FAILS("csr.der", acsr_csr_read(&v, (const uint8_t *)"0\x03\2\1", 4, &e));
	assert_null(v);
	acsr_blob_free(&der);
}

static void fine_contents(void **state)
{
	struct recipe r = { STR("x"), STR("a.test"), .copies = 100, .extension_sets = 1, .challenge = true };
	struct acsr_blob der = cook(&r);
	struct acsr_csr_view *v;

	(void)state;
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	assert_int_equal(v->sans.n, 100);
	assert_true(v->challenge_password);
	acsr_csr_view_free(v);
	acsr_blob_free(&der);
}

static void hostile_encoding(void **state)
{
	struct recipe r = { STR("x"), GOOD };
	struct acsr_blob good = cook(&r);
	uint8_t bad[2048];
	struct acsr_csr_view *v = NULL;

	(void)state;
	assert_true(good.len + 8 < sizeof(bad) && good.p[1] == 0x82);
	memcpy(bad, good.p, good.len);
	bad[good.len] = 0;
	FAILS("csr.trailing", acsr_csr_parse(&v, bad, good.len + 1, &e));
	for (size_t i = 0; i < good.len; i++) {
		struct acsr_err e = { 0 };

		assert_int_equal(acsr_csr_parse(&v, good.p, i, &e), ACSR_FAIL);
	}
	bad[good.len - 1] ^= 1;
	FAILS("csr.signature", acsr_csr_parse(&v, bad, good.len, &e));

	/* indefinite length, and a length that is one octet too long */
	bad[0] = 0x30;
	bad[1] = 0x80;
	memcpy(bad + 2, good.p + 4, good.len - 4);
	memset(bad + good.len - 2, 0, 2);
	FAILS("csr.der.indefinite", acsr_csr_parse(&v, bad, good.len, &e));
	bad[1] = 0x83;
	bad[2] = 0;
	memcpy(bad + 3, good.p + 2, good.len - 2);
	FAILS("csr.der.length", acsr_csr_parse(&v, bad, good.len + 1, &e));
	FAILS("csr.too-large", acsr_csr_parse(&v, bad, LIMIT_CSR_DER_SLHDSA + 1, &e));
	FAILS("csr.der", acsr_csr_parse(&v, (const uint8_t *)"", 0, &e));
	assert_null(v);
	acsr_blob_free(&good);
}

/* A request around this key; unsigned, which does not matter: it is refused before. */
static size_t around_key(uint8_t *room, size_t cap, const uint8_t *n, size_t n_len)
{
	static const uint8_t zero = 0;
	struct der_out w;
	size_t bits, spki;

	der_out_init(&w, room, cap);
	der_put_tlv(&w, DER_BIT_STRING, "\0x", 2);
	der_put_tlv(&w, DER_SEQUENCE, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", 13);
	bits = w.pos;
	der_put_tlv(&w, DER_CONTEXT(0), NULL, 0);
	spki = w.pos;
	der_put_small(&w, 65537);
	der_put_tlv(&w, DER_INTEGER, n, n_len);
	der_wrap(&w, DER_SEQUENCE, spki);
	der_put(&w, &zero, 1);
	der_wrap(&w, DER_BIT_STRING, spki);
	der_put_tlv(&w, DER_SEQUENCE, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 13);
	der_wrap(&w, DER_SEQUENCE, spki);
	der_put_tlv(&w, DER_SEQUENCE, NULL, 0);
	der_put_small(&w, 0);
	der_wrap(&w, DER_SEQUENCE, bits);
	der_wrap(&w, DER_SEQUENCE, w.cap);
	assert_false(w.failed);
	memmove(room, room + w.pos, w.cap - w.pos);
	return w.cap - w.pos;
}

static void hostile_integers(void **state)
{
	static uint8_t room[12000], n[8000];
	struct acsr_csr_view *v = NULL;

	(void)state;
	memset(n, 0x81, sizeof(n));
	FAILS("csr.der.integer",
		acsr_csr_parse(&v, room, around_key(room, sizeof(room), n, 256), &e)); /* negative */
	n[0] = 0x41;
	FAILS("csr.der.integer",
		acsr_csr_parse(&v, room, around_key(room, sizeof(room), n, 8000), &e)); /* huge */
	FAILS("csr.signature",
		acsr_csr_parse(&v, room, around_key(room, sizeof(room), n, 256), &e)); /* only unsigned */
	n[0] = 0;
	n[1] = 0x41;
	FAILS("csr.der.integer",
		acsr_csr_parse(&v, room, around_key(room, sizeof(room), n, 256), &e)); /* padded */
}

static void keys_of_other_kinds(void **state)
{
	char dir[64], path[128];
	struct buf b;
	struct acsr_blob der = { 0 };
	struct acsr_csr_view *v = NULL;

	(void)state;
	temp_dir(dir);
	assert_int_equal(
		sh("cd %s && openssl dsaparam -out k -genkey 1024 2>/dev/null && openssl req -new -key k "
		   "-subj /CN=x -out r"
		   " && openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out p 2>/dev/null"
		   " && openssl req -new -key p -subj /CN=x -out s",
			dir),
		0);
	buf_init(&b, 65536);
	snprintf(path, sizeof(path), "%s/r", dir);
	OK(buf_read_file(&b, path, &e));
	OK(acsr_input_csr(b.p, b.len, &der, &e));
	FAILS("csr.key", acsr_csr_parse(&v, der.p, der.len, &e));
	acsr_blob_free(&der);
	buf_reset(&b);
	snprintf(path, sizeof(path), "%s/s", dir);
	OK(buf_read_file(&b, path, &e));
	OK(acsr_input_csr(b.p, b.len, &der, &e));
	FAILS("csr.key", acsr_csr_parse(&v, der.p, der.len, &e));
	acsr_blob_free(&der);
	buf_free(&b);
	assert_int_equal(sh("rm -r %s", dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_and_read),
		cmocka_unit_test(openssl_agrees),
		cmocka_unit_test(digests),
		cmocka_unit_test(hostile_contents),
		cmocka_unit_test(fine_contents),
		cmocka_unit_test(lenient_reading),
		cmocka_unit_test(hostile_encoding),
		cmocka_unit_test(hostile_integers),
		cmocka_unit_test(keys_of_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
