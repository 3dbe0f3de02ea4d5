/* BR 3.2.2.9 as tables: how many may disagree, where they have to be, from when on. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/control.h"
#include "core/quorum.h"

static const char *const regions[] = { "ripe", "arin", "apnic", "lacnic", "afrinic" };

struct answers {
	struct msg_probe_result m;
	char *list[17];
};

/* pattern: one character a remote perspective, 'y' agrees, 'n' does not, 'x' cannot be reached; a digit before it says the
 * region (default: all different in turn). */
static void answers_of(struct answers *a, const char *pattern, bool here, const char *probe)
{
	static char evidence[100];
	size_t n = 0;

	*a = (struct answers){ 0 };
	snprintf(evidence, sizeof(evidence), "{\"probe\":\"%s\",\"steps\":[]}", probe);
	a->m.ok = here;
	a->m.error_id = (char *)(uintptr_t)(here ? "" : "dns.nodata");
	a->m.error_text = (char *)(uintptr_t)(here ? "" : "nothing there");
	a->m.evidence = evidence;
	for (const char *p = pattern; *p != '\0'; p++) {
		size_t region = n % 5;
		char text[300];

		if (*p >= '0' && *p <= '4')
			region = (size_t)(*p++ - '0');
		snprintf(text, sizeof(text),
			"{\"name\":\"p%zu\",\"region\":\"%s\",\"ok\":%s,\"error_id\":\"%s\",\"error_text\":"
			"\"%s\"}",
			n, regions[region], *p == 'y' ? "true" : "false",
			*p == 'y'   ? ""
			: *p == 'x' ? "busy.perspective"
				    : "dns.nxdomain",
			*p == 'y' ? "" : "it is not there");
		a->list[n++] = strdup(text);
	}
	a->m.perspectives = (struct strv){ a->list, n };
}

static void answers_free(struct answers *a)
{
	for (size_t i = 0; i < a->m.perspectives.n; i++)
		free(a->list[i]);
}

static void judge(const struct quorum_rules *rules, const char *pattern, bool here, const char *probe,
	const char *error, struct acsr_err *e)
{
	struct answers a;
	enum acsr_result r;
	char *evidence = NULL;

	answers_of(&a, pattern, here, probe);
	r = quorum_judge(rules, &a.m, &evidence, e);
	if ((r == ACSR_OK) != (error == NULL) || (error != NULL && strcmp(e->id, error) != 0))
		fail_msg("%s: expected %s, got %s: %s", pattern, error != NULL ? error : "yes",
			r == ACSR_OK ? "yes" : e->id, r == ACSR_OK ? "" : e->text);
	assert_true((evidence != NULL) == (r == ACSR_OK));
	free(evidence);
	answers_free(&a);
}

static const struct quorum_rules usual = { .minimum = 0, .regions = 2, .few = 1, .many = 2 };

#define NO "validation.quorum"

static void the_table_decides(void **state)
{
	static const struct {
		const char *pattern, *error;
	} cases[] = { { "", NULL }, { "y", NULL }, { "n", NO }, { "yy", NULL }, { "yn", "validation.quorum" },
		{ "nn", NO }, { "yyy", NULL }, { "yyn", NULL }, { "nyy", NULL }, { "ynn", NO },
		{ "yyyn", NULL }, { "yynn", NO }, { "yyyyn", NULL }, { "yyynn", NO }, { "yyyyyn", NULL },
		{ "yyyynn", NULL }, { "yyynnn", NO }, { "yyyyyyynn", NULL }, { "yyyyyynnn", NO },
		{ "yyyyyyyyyyyyyynn", NULL }, { "yyyyyyyyyyyyynnn", NO }, { "nnnnnn", NO } };
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct quorum_rules rules = usual;

		/* Two that leave one have one region: that is another rule. */
		rules.regions = strcmp(cases[i].pattern, "yn") == 0 ? 2 : usual.regions;
		judge(&rules, cases[i].pattern, true, "http", cases[i].error, &e);
	}
}

static void regions_of_those_who_agree_count(void **state)
{
	struct quorum_rules one = usual;
	struct acsr_err e;

	(void)state;
	judge(&usual, "0y0y0y", true, "dns", NO, &e);
	assert_non_null(strstr(e.text, "in 1 region"));
	judge(&usual, "0y0y1y", true, "dns", NULL, &e);
	judge(&usual, "0y0y1n", true, "dns", NO, &e);
	judge(&usual, "0y0y1x", true, "dns", "busy.perspectives", &e);
	one.regions = 1;
	judge(&one, "0y0y1n", true, "dns", NULL, &e);
	judge(&one, "yn", true, "dns", NULL, &e);
	/* a single one cannot be in two */
	judge(&usual, "0y", true, "dns", NULL, &e);
}

static void who_cannot_be_reached_disagrees(void **state)
{
	struct acsr_err e;

	(void)state;
	judge(&usual, "yyx", true, "http", NULL, &e);
	judge(&usual, "yxx", true, "http", "busy.perspectives", &e);
	judge(&usual, "xxx", true, "http", "busy.perspectives", &e);
	/* with everybody there it would still be no */
	judge(&usual, "ynnx", true, "http", NO, &e);
	judge(&usual, "yynx", true, "http", "busy.perspectives", &e);
}

static void our_own_look_is_needed(void **state)
{
	struct acsr_err e;

	(void)state;
	judge(&usual, "yyy", false, "http", "dns.nodata", &e);
	assert_non_null(strstr(e.text, "nothing there; seen from here, while it is right from p0, p1, p2"));
	judge(&usual, "nnn", false, "http", "dns.nodata", &e);
	assert_string_equal(e.text, "nothing there");
	judge(&usual, "", false, "http", "dns.nodata", &e);
}

static void caa_has_its_own_id_and_all_are_named(void **state)
{
	struct acsr_err e;

	(void)state;
	judge(&usual, "ynn", true, "caa", "caa.quorum", &e);
	assert_non_null(strstr(e.text, "p1 saw: it is not there; p2 saw: it is not there"));
	assert_null(strstr(e.text, "p0 saw"));
	assert_string_equal(e.source, "BR 3.2.2.9");
}

static void too_few_that_are_configured_are_our_own_trouble(void **state)
{
	struct quorum_rules five = usual;
	struct acsr_err e;

	(void)state;
	five.minimum = 5;
	judge(&five, "yyyy", true, "http", "sys.perspectives", &e);
	judge(&five, "", true, "http", "sys.perspectives", &e);
	judge(&five, "yyyyy", true, "http", NULL, &e);
	judge(&five, "yyyyx", true, "http", NULL, &e);
}

static void evidence_keeps_what_each_saw(void **state)
{
	struct answers a;
	char *evidence = NULL;
	struct acsr_err e;
	json_t *o;

	(void)state;
	answers_of(&a, "yyn", true, "http");
	assert_int_equal(quorum_judge(&usual, &a.m, &evidence, &e), ACSR_OK);
	o = json_loads(evidence, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_array_size(json_object_get(o, "perspectives")), 3);
	assert_string_equal(json_string_value(json_object_get(o, "probe")), "http");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "quorum"), "agreed")), 2);
	json_decref(o);
	free(evidence);
	answers_free(&a);
	/* without others it stays as it was */
	answers_of(&a, "", true, "http");
	assert_int_equal(quorum_judge(&usual, &a.m, &evidence, &e), ACSR_OK);
	assert_string_equal(evidence, a.m.evidence);
	free(evidence);
}

/* What is no answer at all does not agree, and breaks nothing. */
static void nonsense_does_not_agree(void **state)
{
	static const char *const bad[] = { "", "[]", "null", "\"ok\"", "{\"ok\":1}", "{\"ok\":\"true\"}",
		"{\"ok\":true", "{}", "{\"ok\":true,\"ok\":true}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *list[1] = { (char *)(uintptr_t)bad[i] };
		struct msg_probe_result m = { .ok = 1,
			.error_id = list[0],
			.error_text = list[0],
			.evidence = (char *)(uintptr_t) "{}",
			.perspectives = { list, 1 } };
		struct acsr_err e;

		assert_int_equal(quorum_judge(&usual, &m, NULL, &e), ACSR_FAIL);
	}
}

static void set(struct conf *c, const char *pair)
{
	assert_int_equal(strv_add(&c->pairs, pair, NULL), ACSR_OK);
}

static void public_cas_follow_the_calendar(void **state)
{
	static const struct {
		int64_t at, minimum, regions;
	} days[] = { { 1773532799, 0, 1 }, { 1773532800, 4, 2 }, { 1797292799, 4, 2 }, { 1797292800, 5, 2 } };
	struct conf private = { 0 }, public = { 0 };

	(void)state;
	set(&private, "perspectives.minimum=1");
	set(&private, "perspectives.regions=1");
	set(&private, "ca.kind=private");
	set(&public, "perspectives.minimum=0");
	set(&public, "perspectives.regions=1");
	set(&public, "ca.kind=public");
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct quorum_rules r = quorum_rules(&public, days[i].at);

		assert_int_equal(r.minimum, days[i].minimum);
		assert_int_equal(r.regions, days[i].regions);
		assert_int_equal(r.few, 1);
		assert_int_equal(r.many, 2);
		r = quorum_rules(&private, days[i].at);
		assert_int_equal(r.minimum, 1);
		assert_int_equal(r.regions, 1);
	}
	strv_free(&private.pairs);
	strv_free(&public.pairs);
}

/* The draft's own example. */
static void an_accounts_record_has_its_own_label(void **state)
{
	char out[CONTROL_RECORD], name[254];
	struct acsr_err e;

	(void)state;
	assert_int_equal(control_dns_account_record(
				 "https://example.com/acme/acct/ExampleAccount", "example.org", out, &e),
		ACSR_OK);
	assert_string_equal(out, "_ujmmovf2vn55tgye._acme-challenge.example.org");
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(control_dns_account_record("x", name, out, &e), ACSR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_decides),
		cmocka_unit_test(regions_of_those_who_agree_count),
		cmocka_unit_test(who_cannot_be_reached_disagrees),
		cmocka_unit_test(our_own_look_is_needed),
		cmocka_unit_test(caa_has_its_own_id_and_all_are_named),
		cmocka_unit_test(too_few_that_are_configured_are_our_own_trouble),
		cmocka_unit_test(evidence_keeps_what_each_saw),
		cmocka_unit_test(nonsense_does_not_agree),
		cmocka_unit_test(public_cas_follow_the_calendar),
		cmocka_unit_test(an_accounts_record_has_its_own_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
