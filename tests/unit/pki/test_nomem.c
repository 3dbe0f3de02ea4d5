/*
 * Every allocation of the toolkit and of OpenSSL made to fail once: an error comes back, nothing is read that
 * was not written, and (under the sanitizers) nothing leaks.
 */
#include "ca.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "autocsr/archive.h"
#include "autocsr/bundle.h"
#include "autocsr/chain.h"
#include "autocsr/jwk.h"
#include "autocsr/match.h"
#include "autocsr/pkcs12.h"
#include "autocsr/seal.h"
#include "autocsr/check.h"
#include "autocsr/crl.h"
#include "pki/show.h"
#include "autocsr/draft.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define LEAKS_SEEN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(LEAKS_SEEN)
#include <sanitizer/lsan_interface.h>
#define LEAKS_OFF() __lsan_disable()
#define LEAKS_ON() __lsan_enable()
#else
#define LEAKS_OFF() ((void)0)
#define LEAKS_ON() ((void)0)
#endif

static long countdown = -1; /* -1: nothing fails */
static bool hit;

static bool fails_now(void)
{
	if (countdown < 0)
		return false;
	if (countdown-- > 0)
		return false;
	hit = true;
	errno = ENOMEM; /* as malloc does */
	return true;
}

/* The linker sends the toolkit's calls here (--wrap). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t m)
{
	return fails_now() ? NULL : __real_calloc(n, m);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails_now() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails_now() ? NULL : __real_strndup(s, n);
}

/* And OpenSSL's own, where the test asks for it. */
static bool openssl_too;

/* OpenSSL's table of algorithms' names forgets a name when the allocation after it fails: not ours to free. */
static void *left_by_openssl(size_t n)
{
	void *p;

	LEAKS_OFF();
	p = __real_malloc(n);
	LEAKS_ON();
	return p;
}

static void *ossl_malloc(size_t n, const char *file, int line)
{
	(void)line;
	if (openssl_too && fails_now())
		return NULL;
	return file != NULL && strstr(file, "core_namemap.c") != NULL ? left_by_openssl(n) : __real_malloc(n);
}

static void *ossl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return openssl_too && fails_now() ? NULL : __real_realloc(p, n);
}

static void ossl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static struct ca ca;
static struct acsr_blob csr, csr_pem, leaf, crl;

static enum acsr_result read_csr(struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_csr_view *v = NULL;

	TRY(acsr_input_csr(csr_pem.p, csr_pem.len, &der, e));
	TRY(acsr_csr_parse(&v, der.p, der.len, e));
	acsr_csr_view_free(v);
	der.p[der.len - 1] ^= 1;
	TRY(acsr_csr_read(&v, der.p, der.len, e));
	acsr_csr_view_free(v);
	return ACSR_OK;
}

/* A policy, a CSR with something wrong everywhere, and hosts. */
static enum acsr_result check_csr(struct acsr_err *e)
{
	static const char *const hosts[] = { "www.demo.test", "other.demo.test" };
	struct acsr_check_policy *p = NULL;
	struct acsr_csr_view *v = NULL;
	struct acsr_findings all = { NULL, 0 };
	struct acsr_check how = { .at = NOW };
	enum acsr_result r;

	TRY(acsr_check_policy_load(&p, "public", NULL, e));
	how.policy = p;
	r = acsr_csr_read(&v, csr.p, csr.len, e);
	if (r == ACSR_OK)
		r = acsr_csr_check(v, &how, &all, e);
	if (r == ACSR_OK)
		r = acsr_csr_check_hosts(v, &how, hosts, 2, &all, e);
	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	acsr_check_policy_free(p);
	return r;
}

static enum acsr_result build_csr(struct acsr_err *e)
{
	static const char *const ekus[] = { "serverAuth" };
	struct acsr_dn d = { 0 };
	struct acsr_sans s = { 0 };
	struct acsr_csr_request req = {
		.subject = &d, .sans = &s, .ekus = ekus, .n_ekus = 1, .must_staple = true
	};
	struct acsr_blob out = { 0 };
	enum acsr_result r = acsr_dn_parse(&d, "CN=www.demo.test,1.2.3.4=x", e);

	if (r == ACSR_OK)
		r = acsr_sans_add(&s, ACSR_SAN_DNS, "www.demo.test", e);
	if (r == ACSR_OK)
		r = acsr_sans_add(&s, ACSR_SAN_UPN, "a@demo.test", e);
	if (r == ACSR_OK)
		r = acsr_csr_build(&req, a_key("ec:p256"), &out, e);
	acsr_blob_free(&out);
	acsr_dn_free(&d);
	acsr_sans_free(&s);
	return r;
}

static const char ini[] =
	"subject = CN=a+OU=b,O=c,1.2.3=#3003020105\nhost = www.demo.test 192.0.2.1\nemail = "
	"m\xc3\xbcller@demo.test\n"
	"dirname = CN=a\nrid = 1.2.3\nother = 1.2.3;DER:0500\nkey_usage = digitalSignature\neku = "
	"1.2.3.4\nca = no\n"
	"policy = 1.2.3 https://demo.test/\ntemplate_name = T\ntemplate_oid = 1.2.3:1:2\nski = yes\n"
	"extension = 1.2.3.9:0500\nunstructured_name = x\n";

static const char conf[] =
	"[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = v\n[dn]\nCN = a\n"
	"[v]\nsubjectAltName = DNS:a.demo.test,dirName:dn\ncertificatePolicies = 1.2.3\nnsComment = x\n"
	"1.2.3 = ASN1:UTF8String:x\n1.2.4 = DER:05:00\n";

/* Everything that can be asked for: from a file, built, read, renewed, and as JSON again. */
static enum acsr_result rich_request(
	struct acsr_csr_draft *d, struct acsr_csr_draft *again, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 }, json = { 0 };
	struct acsr_csr_view *v = NULL;
	struct acsr_csr_request req;
	enum acsr_result r;

	TRY(acsr_csr_draft_read(d, ini, strlen(ini), ACSR_NAMES_PRIVATE, e));
	acsr_csr_draft_request(d, &req);
	TRY(acsr_csr_build(&req, a_key("ec:p256"), &der, e));
	TRY(acsr_csr_parse(&v, der.p, der.len, e));
	r = acsr_csr_draft_from_csr(again, v, e);
	acsr_csr_view_free(v);
	TRY(r);
	TRY(acsr_csr_draft_json(again, &json, e));
	TRY(acsr_csr_draft_read(again, json.p, json.len, ACSR_NAMES_PRIVATE, e));
	return acsr_csr_draft_read(again, conf, strlen(conf), ACSR_NAMES_PRIVATE, e);
}

static enum acsr_result drafts(struct acsr_err *e)
{
	struct acsr_csr_draft d, again;
	enum acsr_result r;

	acsr_csr_draft_init(&d);
	acsr_csr_draft_init(&again);
	r = rich_request(&d, &again, e);
	acsr_csr_draft_free(&d);
	acsr_csr_draft_free(&again);
	return r;
}

static enum acsr_result read_cert(struct acsr_err *e)
{
	struct acsr_cert_view *v = NULL;

	TRY(acsr_cert_parse(&v, leaf.p, leaf.len, e));
	acsr_cert_view_free(v);
	return ACSR_OK;
}

static enum acsr_result make_cert(struct acsr_err *e)
{
	struct acsr_cert_spec s = leaf_spec(&ca, a_key("rsa:2048"));
	struct acsr_blob out = { 0 };

	s.crl_url = s.issuer_url = s.ocsp_url = "http://ca.demo.test/";
	TRY(acsr_cert_serial(&s, e));
	TRY(acsr_cert_apply_profile(&s, profile("dv"), NOW, 0, e));
	TRY(acsr_cert_sign(&s, a_key("ec:p256"), &out, e));
	acsr_blob_free(&out);
	return ACSR_OK;
}

static enum acsr_result read_crl(struct acsr_err *e)
{
	struct acsr_crl_view *v = NULL;

	TRY(acsr_crl_parse(&v, crl.p, crl.len, a_key("ec:p256"), e));
	acsr_crl_view_free(v);
	return ACSR_OK;
}

static enum acsr_result make_crl(struct acsr_err *e)
{
	static const struct acsr_crl_entry one = { { 0x50, 1, 2 }, 3, NOW - 100, ACSR_REASON_SUPERSEDED };
	struct acsr_crl_spec s = { .number = 7,
		.this_update = NOW,
		.next_update = NOW + DAY,
		.entries = &one,
		.n_entries = 1,
		.issuer_der = ca.intermediate.p,
		.issuer_len = ca.intermediate.len };
	struct acsr_blob out = { 0 };

	TRY(acsr_crl_sign(&s, a_key("ec:p256"), &out, e));
	acsr_blob_free(&out);
	return ACSR_OK;
}

static enum acsr_result bundles(struct acsr_err *e)
{
	struct acsr_blob out = { 0 };

	TRY(acsr_bundle(ACSR_FORMAT_FULLCHAIN, &leaf, &ca.intermediate, 1, &out, e));
	acsr_blob_free(&out);
	TRY(acsr_bundle(ACSR_FORMAT_P7B, &leaf, &ca.intermediate, 1, &out, e));
	acsr_blob_free(&out);
	return ACSR_OK;
}

/* Good now, and long expired: whatever fails on the way, the second is never called good. */
static enum acsr_result verify(struct acsr_err *e)
{
	static const char *const names[] = { "www.demo.test" };
	struct acsr_chain c = { .leaf = &leaf,
		.intermediates = &ca.intermediate,
		.n_intermediates = 1,
		.roots = &ca.root,
		.n_roots = 1,
		.crls = &crl,
		.n_crls = 1,
		.at = NOW,
		.names = names,
		.n_names = 1,
		.eku = "serverAuth" };
	struct acsr_chain_report *r = NULL;

	TRY(acsr_chain_check(&c, &r, e));
	acsr_chain_report_free(r);
	c.at = NOW + 9999 * DAY;
	TRY(acsr_chain_check(&c, &r, e));
	assert_false(r->ok);
	acsr_chain_report_free(r);
	return ACSR_OK;
}

static enum acsr_result match_all(struct acsr_matcher *m, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };
	struct acsr_match_item item;

	TRY(acsr_bundle(ACSR_FORMAT_FULLCHAIN, &leaf, &ca.intermediate, 1, &pem, e));
	TRY(acsr_matcher_add(m, "full.pem", pem.p, pem.len, NULL, NULL, NULL, e));
	TRY(acsr_matcher_add(m, "www.csr", csr_pem.p, csr_pem.len, NULL, NULL, NULL, e));
	TRY(acsr_matcher_group(m, e));
	for (size_t i = 0; i < acsr_match_items(m); i++)
		acsr_match_item_at(m, i, &item);
	return ACSR_OK;
}

static enum acsr_result match(struct acsr_err *e)
{
	struct acsr_matcher *m = NULL;
	enum acsr_result r;

	TRY(acsr_matcher_new(&m, e));
	r = match_all(m, e);
	acsr_matcher_free(m);
	return r;
}

static enum acsr_result convert(struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pass = NULL, *jwk = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_blob both[] = { ca.intermediate, leaf };
	struct acsr_pkcs12_spec spec = {
		.key = a_key("rsa:2048"), .certs = &leaf, .n_certs = 1, .legacy = true
	};
	struct acsr_pkcs12 *p12 = NULL;
	struct acsr_key *key = NULL;
	size_t *order = NULL, n = 0;

	TRY(acsr_bundle_order(both, 2, spec.key, &order, &n, e));
	free(order);
	TRY(acsr_jwk_private(spec.key, &leaf, 1, &jwk, e));
	TRY(acsr_jwk_read(&key, acsr_secret_bytes(jwk), acsr_secret_len(jwk), e));
	acsr_key_free(key);
	TRY(acsr_secret_new(&pass, "horse", 5, e));
	spec.passphrase = pass;
	TRY(acsr_pkcs12_write(&spec, &der, e));
	TRY(acsr_pkcs12_read(&p12, der.p, der.len, pass, e));
	acsr_pkcs12_free(p12);
	return ACSR_OK;
}

static enum acsr_result hand_over(struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL, *code = NULL, *back = NULL;
	uint8_t out[8192];
	size_t n;

	TRY(acsr_key_pkcs8_pem(a_key("rsa:2048"), &pem, e));
	TRY(acsr_secret_new(&code, "0123456789ABCDEFGHJKMNPQRS", 26, e));
	TRY(acsr_archive_write("k.key", pem, code, 0, out, sizeof(out), &n, e));
	return acsr_archive_open(out, n, code, &back, NULL, e);
}

static enum acsr_result seal_to(const char *text, const struct acsr_secret *plain, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob out = { 0 };
	struct acsr_recipient *to = NULL;
	enum acsr_result r;

	TRY(acsr_recipient_parse(&to, text, strlen(text), 0, e));
	r = acsr_seal(to, plain, &out, e);
	acsr_recipient_free(to);
	return r;
}

/* A recipient that is good stays good: what fails on the way never makes it a bad one. */
static enum acsr_result seal(struct acsr_err *e)
{
	static const char *const good[] = { "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0DSSqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7oplcWr" };
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };

	TRY(acsr_secret_new(&plain, "for your eyes", 13, e));
	for (size_t i = 0; i < 2; i++)
		TRY(seal_to(good[i], plain, e));
	TRY(acsr_cert_pem(leaf.p, leaf.len, &pem, e));
	return seal_to((const char *)pem.p, plain, e);
}

static enum acsr_result show_text_of(const void *p, size_t n, struct acsr_err *e)
{
	const struct show_options opt = { .max_entries = 20 };
	const struct acsr_input_object *o;
	struct acsr_input *in = NULL;
	enum acsr_result r = ACSR_OK;

	TRY(acsr_input_open(&in, p, n, e));
	while (r == ACSR_OK && (o = acsr_input_next(in)) != NULL) {
		json_t *shown = NULL;

		r = show_object(&shown, o, &opt, e);
		json_decref(shown);
	}
	acsr_input_close(in);
	return r;
}

/* Every kind of document, from the bytes on. */
static enum acsr_result show_all(struct acsr_err *e)
{
	struct acsr_secret *pem = NULL;
	struct acsr_blob p7 = { 0 };
	enum acsr_result r;

	TRY(show_text_of(csr_pem.p, csr_pem.len, e));
	TRY(show_text_of(leaf.p, leaf.len, e));
	TRY(show_text_of(crl.p, crl.len, e));
	TRY(acsr_bundle(ACSR_FORMAT_P7B, &leaf, &ca.intermediate, 1, &p7, e));
	r = show_text_of(p7.p, p7.len, e);
	acsr_blob_free(&p7);
	TRY(r);
	TRY(acsr_key_pkcs8_pem(a_key("ec:p256"), &pem, e));
	r = show_text_of(acsr_secret_bytes(pem), acsr_secret_len(pem), e);
	acsr_secret_free(pem);
	return r;
}

/* Let the n-th allocation fail, for every n, until one run needs fewer. OpenSSL makes thousands: from the
 * 32nd on the steps grow. */
static void every_allocation(enum acsr_result (*run)(struct acsr_err *e))
{
	long n = 0;

	OK(run(&e)); /* warm: what OpenSSL makes once is made */
	do {
		struct acsr_err e = { 0 };
		enum acsr_result r;

		hit = false;
		countdown = n;
		n += 1 + n / 32;
		r = run(&e);
		countdown = -1;
		if (r != ACSR_OK)
			assert_true(e.id[0] != '\0' && e.text[0] != '\0');
		if (run == seal && r != ACSR_OK && err_is(&e, "recipient."))
			fail_msg("%s: %s", e.id, e.text);
	} while (hit);
	assert_true(n > 1 || !openssl_too); /* the hand-over has no allocation of ours */
	OK(run(&e));                        /* and everything still works */
}

static enum acsr_result (*const scenarios[])(struct acsr_err *e) = { read_csr, check_csr, build_csr, drafts,
	read_cert, make_cert, read_crl, make_crl, bundles, verify, match, convert, hand_over, seal,
	show_all };

static void ours(void **state)
{
	(void)state;
	openssl_too = false;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		every_allocation(scenarios[i]);
}

static void openssls(void **state)
{
	(void)state;
	openssl_too = true;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		every_allocation(scenarios[i]);
	openssl_too = false;
}

static void prepare(void)
{
	struct acsr_dn d = dn("CN=www.demo.test");
	struct acsr_sans s = sans("dns:www.demo.test", "ip:192.0.2.1", NULL);
	struct acsr_csr_request req = { .subject = &d, .sans = &s };
	struct acsr_crl_entry one = { { 0x50, 1, 2 }, 3, NOW - 100, ACSR_REASON_SUPERSEDED };
	struct acsr_crl_spec list = {
		.number = 7, .this_update = NOW, .next_update = NOW + DAY, .entries = &one, .n_entries = 1
	};
	struct acsr_cert_spec spec;

	ca = make_ca();
	list.issuer_der = ca.intermediate.p;
	list.issuer_len = ca.intermediate.len;
	spec = leaf_spec(&ca, a_key("rsa:2048"));
	leaf = issue(&spec, "dv", NOW, a_key("ec:p256"));
	OK(acsr_csr_build(&req, a_key("rsa:2048"), &csr, &e));
	OK(acsr_csr_pem(csr.p, csr.len, &csr_pem, &e));
	OK(acsr_crl_sign(&list, a_key("ec:p256"), &crl, &e));
	acsr_dn_free(&d);
	acsr_sans_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ours), cmocka_unit_test(openssls) };

	if (CRYPTO_set_mem_functions(ossl_malloc, ossl_realloc, ossl_free) != 1)
		return 1;
	json_set_alloc_funcs(__wrap_malloc, free);
	prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
