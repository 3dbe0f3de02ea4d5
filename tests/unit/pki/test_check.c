/* The rules of csr check, one broken at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "autocsr/check.h"

#define NOW 1790000000

static struct acsr_key *key;
static struct acsr_err e;

struct wish {
	const char *subject;
	const char *dns[8];
	const char *email;
	const char *eku;
	const char *policy;
};

static int set_up(void **state)
{
	(void)state;
	return acsr_key_generate(&key, "ec:p256", &e) == ACSR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	acsr_key_free(key);
	return 0;
}

static struct acsr_csr_view *make(const struct wish *w)
{
	struct acsr_dn dn = { NULL, 0 };
	struct acsr_sans sans = { NULL, 0 };
	struct acsr_blob der = { NULL, 0 };
	struct acsr_csr_view *v = NULL;
	struct acsr_csr_request req = {
		.subject = &dn, .sans = &sans, .ekus = &w->eku, .n_ekus = w->eku != NULL
	};

	if (w->subject != NULL)
		assert_int_equal(acsr_dn_parse(&dn, w->subject, &e), ACSR_OK);
	for (size_t i = 0; i < 8 && w->dns[i] != NULL; i++)
		assert_int_equal(acsr_sans_add(&sans, ACSR_SAN_DNS, w->dns[i], &e), ACSR_OK);
	if (w->email != NULL)
		assert_int_equal(acsr_sans_add(&sans, ACSR_SAN_EMAIL, w->email, &e), ACSR_OK);
	assert_int_equal(acsr_csr_build(&req, key, &der, &e), ACSR_OK);
	assert_int_equal(acsr_csr_parse(&v, der.p, der.len, &e), ACSR_OK);
	acsr_dn_free(&dn);
	acsr_sans_free(&sans);
	acsr_blob_free(&der);
	return v;
}

static const struct acsr_finding *find(const struct acsr_findings *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, id) == 0)
			return &l->v[i];
	return NULL;
}

/* The rule `id` says `severity`; NULL: nothing is worse than a note. */
static void judged(const struct wish *w, const char *id, enum acsr_severity severity)
{
	struct acsr_csr_view *v = make(w);
	struct acsr_findings all = { NULL, 0 };
	struct acsr_check_policy *p;

	assert_int_equal(acsr_check_policy_load(&p, w->policy, NULL, &e), ACSR_OK);
	assert_int_equal(
		acsr_csr_check(v, &(struct acsr_check){ .policy = p, .at = NOW }, &all, &e), ACSR_OK);
	if (id == NULL) {
		assert_true(acsr_findings_worst(&all) <= severity);
	} else {
		assert_non_null(find(&all, id));
		assert_int_equal(find(&all, id)->severity, severity);
	}
	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	acsr_check_policy_free(p);
}

static void a_good_one_passes(void **state)
{
	(void)state;
	judged(&(struct wish){ .subject = "CN=www.example.com",
		       .dns = { "www.example.com", "example.com" },
		       .policy = "public" },
		NULL, ACSR_INFO);
	judged(&(struct wish){ .dns = { "host.internal" } }, NULL, ACSR_INFO);
}

static void names(void **state)
{
	(void)state;
	judged(&(struct wish){ .subject = "CN=x", .policy = "public" }, "csr.san.absent", ACSR_ERROR);
	judged(&(struct wish){ .subject = "CN=x" }, "csr.san.absent", ACSR_WARN);
	judged(&(struct wish){ .dns = { "a.example.com", "A.example.com" } }, "csr.san.duplicate", ACSR_WARN);
	judged(&(struct wish){ .dns = { "WWW.example.com" } }, "name.canonical", ACSR_WARN);
	judged(&(struct wish){ .dns = { "*.example.com" } }, "name.wildcard", ACSR_INFO);
	judged(&(struct wish){ .dns = { "*.co.uk" } }, "name.wildcard.suffix", ACSR_ERROR);
	judged(&(struct wish){ .dns = { "a_b.example.com" } }, "name.underscore", ACSR_ERROR);
	judged(&(struct wish){ .dns = { "www.example.com" }, .email = "a@example.com", .policy = "public" },
		"csr.san.type", ACSR_ERROR);
}

static void subject_and_usage(void **state)
{
	(void)state;
	judged(
		&(struct wish){
			.subject = "CN=other.example.com", .dns = { "www.example.com" }, .policy = "public" },
		"csr.cn", ACSR_ERROR);
	judged(&(struct wish){ .subject = "CN=other.example.com", .dns = { "www.example.com" } }, "csr.cn",
		ACSR_WARN);
	judged(&(struct wish){ .subject = "OU=it", .dns = { "www.example.com" } }, "csr.ou", ACSR_WARN);
	judged(&(struct wish){ .dns = { "www.example.com" }, .eku = "serverAuth" }, "csr.eku", ACSR_PASS);
	judged(&(struct wish){ .dns = { "www.example.com" }, .eku = "codeSigning", .policy = "public" },
		"csr.eku", ACSR_ERROR);
}

static void covered(const char *host, enum acsr_severity severity)
{
	struct acsr_csr_view *v = make(&(struct wish){ .dns = { "*.example.com", "www.example.org" } });
	struct acsr_findings all = { NULL, 0 };
	struct acsr_check_policy *p;

	assert_int_equal(acsr_check_policy_load(&p, NULL, NULL, &e), ACSR_OK);
	assert_int_equal(
		acsr_csr_check_hosts(v, &(struct acsr_check){ .policy = p, .at = NOW }, &host, 1, &all, &e),
		ACSR_OK);
	assert_in_range(all.n, 1, 3);
	assert_int_equal(all.v[0].severity, severity);
	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	acsr_check_policy_free(p);
}

static void hosts(void **state)
{
	(void)state;
	covered("a.example.com", ACSR_PASS);
	covered("A.EXAMPLE.com", ACSR_PASS);
	covered("*.example.com", ACSR_PASS);
	covered("www.example.org", ACSR_PASS);
	covered("example.com", ACSR_ERROR);
	covered("a.b.example.com", ACSR_ERROR);
	covered("example.org", ACSR_ERROR);
	covered("not a host", ACSR_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_passes),
		cmocka_unit_test(names),
		cmocka_unit_test(subject_and_usage),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
