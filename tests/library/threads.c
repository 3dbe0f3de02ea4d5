/*
 * Many threads make, read, check and verify at once, with what may be shared shared: built with
 * ThreadSanitizer by tests/e2e/test_library_threads.py. With -DRACE one thing is wrong on purpose, and must
 * be found.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/cert.h"
#include "autocsr/chain.h"
#include "autocsr/check.h"
#include "autocsr/code.h"
#include "autocsr/draft.h"
#include "autocsr/input.h"
#include "autocsr/lint.h"
#include "autocsr/match.h"
#include "autocsr/name.h"

enum { THREADS = 8, ROUNDS = 4, NOW = 1795421700 };

/* Made before the threads, only read by them. */
static struct acsr_key *ca_key, *shared_key;
static struct acsr_blob ca;
static struct acsr_check_policy *policy;
static pthread_barrier_t together;
static int races;

static void must(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static void sign(struct acsr_cert_spec *spec, const char *name, struct acsr_blob *der)
{
	const struct acsr_profile *profile;
	struct acsr_err e;

	must(acsr_profile_find(&profile, name, &e), &e);
	must(acsr_cert_serial(spec, &e), &e);
	must(acsr_cert_apply_profile(spec, profile, NOW, 0, &e), &e);
	must(acsr_cert_sign(spec, ca_key, der, &e), &e);
}

static void names(void)
{
	static const char *const list[] = { "WWW.Example.com",
		"b\xc3\xbc"
		"cher.example.co.uk",
		"192.0.2.1", "*.co.uk", "printer.local" };
	struct acsr_name n;
	struct acsr_err e;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if ((acsr_name_check(list[i], strlen(list[i]), ACSR_NAMES_PRIVATE, &n, &e) == ACSR_OK) ==
			(i == 3))
			exit(2);
}

/* A CSR from a request file, for a key of this thread or of all, in the form that people paste. */
static void csr(const struct acsr_key *key, struct acsr_blob *pem)
{
	static const char file[] =
		"subject = CN=www.example.com,C=DE\nhost = www.example.com example.com 192.0.2.1\n";
	struct acsr_csr_request request;
	struct acsr_csr_draft draft;
	struct acsr_blob der = { 0 };
	struct acsr_err e;

	acsr_csr_draft_init(&draft);
	must(acsr_csr_draft_read(&draft, file, strlen(file), ACSR_NAMES_PRIVATE, &e), &e);
	acsr_csr_draft_request(&draft, &request);
	must(acsr_csr_build(&request, key, &der, &e), &e);
	must(acsr_csr_pem(der.p, der.len, pem, &e), &e);
	acsr_blob_free(&der);
	acsr_csr_draft_free(&draft);
}

static void judge(const struct acsr_blob *pem)
{
	static const char *const host = "www.example.com";
	struct acsr_check how = { .policy = policy, .at = NOW };
	struct acsr_findings all = { 0 };
	struct acsr_csr_view *view;
	struct acsr_blob der = { 0 };
	enum acsr_object kind;
	uint8_t hash[32];
	struct acsr_err e;

	must(acsr_input_csr(pem->p, pem->len, &der, &e), &e);
	must(acsr_csr_parse(&view, der.p, der.len, &e), &e);
	must(acsr_csr_check(view, &how, &all, &e), &e);
	must(acsr_csr_check_hosts(view, &how, &host, 1, &all, &e), &e);
	must(acsr_match_spki(pem->p, pem->len, NULL, &kind, hash, &e), &e);
	if (memcmp(hash, view->spki_sha256, 32) != 0 || all.n < 10)
		exit(2);
	acsr_findings_free(&all);
	acsr_csr_view_free(view);
	acsr_blob_free(&der);
}

static void certificate(const struct acsr_key *key)
{
	const char *host = "www.example.com";
	const struct acsr_profile *profile;
	struct acsr_dn subject = { 0 };
	struct acsr_sans sans = { 0 };
	struct acsr_cert_spec spec = { .subject = &subject,
		.sans = &sans,
		.subject_key = key,
		.crl_url = "http://ca.example.com/x.crl",
		.issuer_der = ca.p,
		.issuer_len = ca.len };
	struct acsr_blob der = { 0 };
	struct acsr_chain chain = {
		.leaf = &der, .roots = &ca, .n_roots = 1, .at = NOW, .names = &host, .n_names = 1
	};
	struct acsr_cert_view *view;
	struct acsr_err e;

	must(acsr_dn_parse(&subject, "CN=www.example.com", &e), &e);
	must(acsr_sans_add(&sans, ACSR_SAN_DNS, host, &e), &e);
	sign(&spec, "dv", &der);
	must(acsr_chain_verify(&chain, &e), &e);
	must(acsr_cert_parse(&view, der.p, der.len, &e), &e);
	must(acsr_profile_find(&profile, "dv", &e), &e);
	must(acsr_lint_cert(view, profile, NULL, NULL, &e), &e);
	acsr_cert_view_free(view);
	acsr_blob_free(&der);
	acsr_sans_free(&sans);
	acsr_dn_free(&subject);
}

static void archive(const struct acsr_key *key)
{
	struct acsr_secret *code, *pem, *plain;
	struct acsr_archive_info info;
	struct acsr_key *again;
	uint8_t zip[4096];
	struct acsr_err e;
	size_t n;

	must(acsr_code_new(&code, &e), &e);
	must(acsr_key_pkcs8_pem(key, &pem, &e), &e);
	must(acsr_archive_write("key.pem", pem, code, NOW, zip, sizeof(zip), &n, &e), &e);
	must(acsr_archive_open(zip, n, code, &plain, &info, &e), &e);
	must(acsr_key_load_private(&again, acsr_secret_bytes(plain), acsr_secret_len(plain), NULL, &e), &e);
	if (!acsr_key_same(key, again))
		exit(2);
	acsr_key_free(again);
	acsr_secret_free(plain);
	acsr_secret_free(pem);
	acsr_secret_free(code);
}

static void *work(void *arg)
{
	struct acsr_blob pem = { 0 };
	struct acsr_key *own;
	struct acsr_err e;

	(void)arg;
	pthread_barrier_wait(&together);
	for (int i = 0; i < ROUNDS; i++) {
		names(); /* first: all threads come upon the suffix list at once */
		must(acsr_key_generate(&own, i % 2 == 0 ? "ec:p256" : "ed25519", &e), &e);
		csr(own, &pem);
		judge(&pem);
		acsr_blob_free(&pem);
		csr(shared_key, &pem);
		judge(&pem);
		acsr_blob_free(&pem);
		if (i % 2 == 0)
			certificate(own);
		archive(own);
		acsr_key_free(own);
#ifdef RACE
		races++;
#endif
	}
	return NULL;
}

int main(void)
{
	struct acsr_dn subject = { 0 };
	pthread_t threads[THREADS];
	struct acsr_err e;

	must(acsr_key_generate(&ca_key, "ec:p384", &e), &e);
	must(acsr_key_generate(&shared_key, "rsa:2048", &e), &e);
	must(acsr_dn_parse(&subject, "CN=Root,O=Example", &e), &e);
	struct acsr_cert_spec spec = { .subject = &subject, .subject_key = ca_key };
	sign(&spec, "ca-root", &ca);
	must(acsr_check_policy_load(&policy, "public", NULL, &e), &e);

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d threads, %d rounds each%s\n", THREADS, ROUNDS, races > 0 ? ", and a race" : "");

	acsr_check_policy_free(policy);
	acsr_blob_free(&ca);
	acsr_dn_free(&subject);
	acsr_key_free(shared_key);
	acsr_key_free(ca_key);
	return 0;
}
