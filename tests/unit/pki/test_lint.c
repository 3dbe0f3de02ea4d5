/* Lint: a good certificate passes every rule; one change a rule, and exactly that rule speaks up first. */
#include "ca.h"

#include "autocsr/lint.h"
#include "pki/certby.h"

static struct ca ca;

/* A view that a test can change field by field; freed by the test's end. */
static struct acsr_cert_view *view_of(
	const char *profile_name, const char *subject, struct acsr_sans names, const char *key)
{
	struct acsr_dn d = dn(subject);
	struct acsr_cert_spec s = leaf_spec(&ca, a_key(key));
	struct acsr_cert_view *v = NULL;

	s.subject = &d;
	s.sans = &names;
	s.crl_url = "http://ca.demo.test/i.crl";
	OK(acsr_cert_serial(&s, &e));
	OK(acsr_cert_apply_profile(&s, profile(profile_name), NOW, 0, &e));
	OK(acsr_cert_preview(&v, &s, a_key("ec:p256"), &e));
	acsr_dn_free(&d);
	acsr_sans_free(&names);
	return v;
}

static struct acsr_cert_view *good(const char *profile_name)
{
	return view_of(profile_name, "CN=www.example.com", sans("dns:www.example.com", NULL), "rsa:2048");
}

#define OV "CN=www.example.com,O=Demo,L=Berlin,C=DE"
#define EV OV ",businessCategory=Private Organization,serialNumber=HRB 1,jurisdictionC=DE"

static void good_ones(void **state)
{
	static const struct {
		const char *profile, *subject, *key;
	} rows[] = {
		{ "dv", "CN=www.example.com", "rsa:2048" },
		{ "dv", "", "ed25519" },
		{ "ov", OV, "ec:p384" },
		{ "ov", "O=Demo,C=DE", "ec:p384" },
		{ "ev", EV, "ec:p256" },
		{ "public-dv", "", "rsa:2048" },
		{ "public-ov", OV, "ec:p256" },
		{ "public-ev", EV, "rsa:3072" },
		{ "tls-client", "CN=Ann,OU=Sales", "rsa:2048" },
		{ "ocsp-signer", "CN=Responder", "ec:p256" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool names = strncmp(rows[i].profile, "ocsp", 4) != 0;
		struct acsr_cert_view *v = view_of(rows[i].profile, rows[i].subject,
			names ? sans("dns:www.example.com", NULL) : (struct acsr_sans){ 0 }, rows[i].key);
		struct acsr_findings all = { 0 };

		OK(acsr_lint_cert(v, profile(rows[i].profile), NULL, &all, &e));
		assert_true(all.n >= 20);
		assert_int_equal(acsr_findings_worst(&all), ACSR_PASS);
		acsr_findings_free(&all);
		acsr_cert_view_free(v);
	}
}

static void cas(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	OK(acsr_cert_parse(&v, ca.root.p, ca.root.len, &e));
	OK(acsr_lint_cert(v, profile("ca-root"), NULL, NULL, &e));
	v->ku = ACSR_KU_KEY_CERT_SIGN;
	FAILS("lint.ku.ca", acsr_lint_cert(v, profile("ca-root"), NULL, NULL, &e));
	v->ku |= ACSR_KU_CRL_SIGN;
	v->ca = false;
	FAILS("lint.ca.missing", acsr_lint_cert(v, profile("ca-root"), NULL, NULL, &e));
	acsr_cert_view_free(v);
	OK(acsr_cert_parse(&v, ca.intermediate.p, ca.intermediate.len, &e));
	OK(acsr_lint_cert(v, profile("ca-intermediate"), NULL, NULL, &e));
	v->path_len = 3;
	FAILS("lint.ca.missing", acsr_lint_cert(v, profile("ca-intermediate"), NULL, NULL, &e));
	acsr_cert_view_free(v);
}

/* Lint and free. */
static void broken(const char *id, const char *profile_name, struct acsr_cert_view *v)
{
	struct acsr_findings all = { 0 };

	FAILS(id, acsr_lint_cert(v, profile(profile_name), NULL, &all, &e));
	assert_string_equal(acsr_findings_first_error(&all)->id, id);
	acsr_findings_free(&all);
	acsr_cert_view_free(v);
}

static void fields(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	v = good("dv");
	v->version = 1;
	broken("lint.version", "dv", v);
	v = good("dv");
	v->serial_negative = true;
	broken("lint.serial", "dv", v);
	v = good("dv");
	v->serial_len = 21;
	broken("lint.serial", "dv", v);
	v = good("dv");
	v->serial_len = 7;
	broken("lint.serial.entropy", "dv", v);
	v = good("dv");
	snprintf(v->signature_alg, sizeof(v->signature_alg), "sha1WithRSAEncryption");
	broken("lint.signature", "dv", v);
	v = good("dv");
	v->ski_len = 0;
	broken("lint.ski", "dv", v);
	v = good("dv");
	v->aki_len = 0;
	broken("lint.aki", "dv", v);
	v = good("dv");
	v->ca = true;
	broken("lint.ca", "dv", v);
	v = good("dv");
	v->n_policies--;
	free(v->policies[0].oid);
	broken("lint.policy", "dv", v);
	v = good("dv");
	snprintf(v->policies[0].oid, strlen(v->policies[0].oid) + 1, "2.23.140.1.2.9");
	broken("lint.policy", "dv", v);
}

static void validity(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	v = good("dv");
	v->not_after = v->not_before - 1;
	broken("lint.validity", "dv", v);
	v = good("dv");
	v->not_after = v->not_before + 398 * DAY; /* one second more than 398 days */
	broken("lint.validity", "dv", v);
	v = good("dv");
	v->not_after = v->not_before + 200 * DAY - 1;
	OK(acsr_lint_cert(v, profile("dv"), NULL, NULL, &e));
	acsr_cert_view_free(v);

	/* the day decides for public ones: 2027-03-15, to the second */
	v = good("public-dv");
	v->not_before = 1805068800 - 1;
	v->not_after = v->not_before + 200 * DAY - 1;
	OK(acsr_lint_cert(v, profile("public-dv"), NULL, NULL, &e));
	v->not_before++;
	v->not_after = v->not_before + 100 * DAY - 1;
	OK(acsr_lint_cert(v, profile("public-dv"), NULL, NULL, &e));
	v->not_after++;
	broken("lint.validity.max", "public-dv", v);
}

static void keys(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	v = view_of("dv", "", sans("dns:www.example.com", NULL), "ed25519");
	broken("lint.key", "public-dv", v);
	v = good("dv");
	acsr_key_free(v->key);
	v->key = NULL;
	broken("lint.key", "dv", v);
}

static void usages(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	v = good("dv");
	v->ku |= ACSR_KU_KEY_AGREEMENT;
	broken("lint.ku", "dv", v);
	v = view_of("dv", "", sans("dns:www.example.com", NULL), "ec:p256");
	v->ku |= ACSR_KU_KEY_ENCIPHERMENT;
	broken("lint.ku", "dv", v);
	v = good("dv");
	v->ku |= ACSR_KU_KEY_CERT_SIGN;
	broken("lint.ku", "dv", v);
	v = good("dv");
	v->has_ku = false;
	broken("lint.ku", "dv", v);
	v = good("dv");
	v->ku |= ACSR_KU_DATA_ENCIPHERMENT;
	broken("lint.ku", "dv", v);
	v = good("dv");
	v->n_ekus--;
	free(v->ekus[0]);
	broken("lint.eku", "dv", v);
	v = good("dv");
	snprintf(v->ekus[0], 11, "clientAuth");
	broken("lint.eku", "dv", v);
	v = view_of("dv", "", sans("dns:www.example.com", NULL), "ed25519");
	snprintf(v->key_name, sizeof(v->key_name),
		"slh-dsa-shake-128s"); /* by name: not every OpenSSL has one */
	OK(acsr_lint_cert(v, profile("dv"), NULL, NULL, &e));
	v->ku |= ACSR_KU_KEY_AGREEMENT;
	broken("lint.ku.post-quantum", "dv", v);
}

/* The rules on EKUs bind even when a profile says otherwise. */
static void forbidden_usages(void **state)
{
	struct acsr_profile p = *profile("public-dv");
	struct acsr_dn d = dn("");
	struct acsr_sans names = sans("dns:www.example.com", NULL);
	struct acsr_cert_spec s = leaf_spec(&ca, a_key("rsa:2048"));
	struct acsr_cert_view *v;

	(void)state;
	s.subject = &d;
	s.sans = &names;
	s.crl_url = "http://x";
	OK(acsr_cert_serial(&s, &e));
	p.ekus[1] = "clientAuth";
	OK(acsr_cert_apply_profile(&s, &p, NOW, 0, &e));
	OK(acsr_cert_preview(&v, &s, a_key("ec:p256"), &e));
	FAILS("lint.eku.client", acsr_lint_cert(v, &p, NULL, NULL, &e));
	acsr_cert_view_free(v);
	p.ekus[1] = "codeSigning";
	OK(acsr_cert_preview(&v, &s, a_key("ec:p256"), &e));
	FAILS("lint.eku.forbidden", acsr_lint_cert(v, &p, NULL, NULL, &e));
	acsr_cert_view_free(v);
	acsr_sans_free(&names);
}

static struct acsr_cert_view *with_names(struct acsr_sans names)
{
	struct acsr_cert_view *v = good("dv");

	acsr_sans_free(&v->sans);
	acsr_dn_free(&v->subject);
	v->sans = names;
	return v;
}

static void names(void **state)
{
	struct acsr_cert_view *v;

	(void)state;
	broken("lint.san.absent", "dv", with_names((struct acsr_sans){ 0 }));
	broken("lint.san.type", "dv", with_names(sans("email:a@b.com", NULL)));
	broken("lint.san.name", "dv", with_names(sans("dns:a_b.example.com", NULL)));
	broken("lint.san.name", "dv", with_names(sans("dns:www.example.com.", NULL)));
	broken("lint.san.name", "dv", with_names(sans("dns:-a.example.com", NULL)));
	broken("lint.san.name", "dv", with_names(sans("dns:f*.example.com", NULL)));
	broken("lint.san.wildcard", "service", with_names(sans("dns:*.example.com", NULL)));
	broken("lint.san.reverse", "dv", with_names(sans("dns:1.in-addr.arpa", NULL)));
	v = with_names(sans("dns:server", NULL));
	OK(acsr_lint_cert(v, profile("dv"), NULL, NULL, &e));
	broken("lint.san.internal", "public-dv", v);
	v = with_names(sans("dns:a.test", "dns:A.test", NULL));
	{
		struct acsr_findings all = { 0 };

		OK(acsr_lint_cert(v, profile("dv"), NULL, &all, &e));
		assert_int_equal(acsr_findings_worst(&all), ACSR_WARN);
		acsr_findings_free(&all);
	}
	acsr_cert_view_free(v);
}

static enum acsr_result no_bees(const char *name, bool public_trust, struct acsr_err *e)
{
	(void)public_trust;
	return strchr(name, 'b') == NULL ? ACSR_OK : err_set(e, "name.bee", "a bee");
}

static void the_judge_is_asked(void **state)
{
	struct acsr_cert_view *v = with_names(sans("dns:a.test", "dns:b.test", NULL));
	struct acsr_findings all = { 0 };

	(void)state;
	OK(acsr_lint_cert(v, profile("dv"), NULL, NULL, &e));
	FAILS("lint.san.name", acsr_lint_cert(v, profile("dv"), no_bees, &all, &e));
	assert_string_equal(acsr_findings_first_error(&all)->field, "sans[1]");
	assert_string_equal(acsr_findings_first_error(&all)->text, "a bee");
	acsr_findings_free(&all);
	acsr_cert_view_free(v);
}

static struct acsr_cert_view *with_subject(const char *profile_name, const char *subject)
{
	struct acsr_cert_view *v = good("dv");
	const struct acsr_profile *p = profile(profile_name);

	acsr_dn_free(&v->subject);
	v->subject = dn(subject);
	free(v->policies[0].oid);
	v->policies[0].oid = strdup(p->policies[0]);
	return v;
}

static void subjects(void **state)
{
	(void)state;
	broken("lint.cn", "dv", with_subject("dv", "CN=other.example.com"));
	broken("lint.cn", "dv", with_subject("dv", "CN=WWW.example.com"));
	broken("lint.subject.allowed", "dv", with_subject("dv", "O=Demo"));
	broken("lint.subject.required", "ov", with_subject("ov", "O=Demo"));
	broken("lint.subject.required", "ev", with_subject("ev", OV));
	broken("lint.subject.level", "public-ov", with_subject("public-ov", "O=Demo,C=DE"));
	broken("lint.subject.duplicate", "dv", with_subject("dv", "CN=www.example.com,CN=www.example.com"));
	broken("lint.subject.meaningless", "ov", with_subject("ov", "O=--,C=DE"));
	broken("lint.subject.meaningless", "ov", with_subject("ov", "O=Demo\\ ,C=DE"));
	broken("lint.subject.allowed", "ov", with_subject("ov", "O=Demo,C=DE,OU=x"));
}

static void revocation(void **state)
{
	struct acsr_cert_view *v = good("public-dv");
	char **urls = v->crl_urls;
	size_t n = v->n_crl_urls;

	(void)state;
	v->n_crl_urls = 0;
	FAILS("lint.revocation", acsr_lint_cert(v, profile("public-dv"), NULL, NULL, &e));
	v->not_after = v->not_before + 7 * DAY - 1; /* short-lived */
	OK(acsr_lint_cert(v, profile("public-dv"), NULL, NULL, &e));
	v->crl_urls = urls;
	v->n_crl_urls = n;
	acsr_cert_view_free(v);
}

/* What the signer keeps of a lint: warnings and refusals, as in the whole list; nothing of rules that hold. */
static void only_what_is_broken(void **state)
{
	struct acsr_cert_view *v = good("dv");
	struct acsr_findings all = { 0 };

	(void)state;
	OK(certby_lint(v, profile("dv"), &all, &e));
	assert_int_equal(all.n, 0);
	acsr_cert_view_free(v);
	v = with_names(sans("dns:www.example.com", "dns:www.example.com", NULL));
	OK(certby_lint(v, profile("dv"), &all, &e));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].id, "lint.san.duplicate");
	assert_int_equal(all.v[0].severity, ACSR_WARN);
	v->version = 2;
	FAILS("lint.version", certby_lint(v, profile("dv"), &all, &e));
	acsr_findings_free(&all);
	acsr_cert_view_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(cas),
		cmocka_unit_test(fields),
		cmocka_unit_test(validity),
		cmocka_unit_test(keys),
		cmocka_unit_test(usages),
		cmocka_unit_test(forbidden_usages),
		cmocka_unit_test(names),
		cmocka_unit_test(the_judge_is_asked),
		cmocka_unit_test(subjects),
		cmocka_unit_test(only_what_is_broken),
		cmocka_unit_test(revocation),
	};
	int failed;

	ca = make_ca();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free_ca(&ca);
	return failed;
}
