/* RFC 8659 and RFC 8657 as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "prober/caa.h"

/* One record set: "FLAGS TAG VALUE" each; who asks is ca.test unless said. */
struct set {
	const char *records[4];
	const char *verdict;      /* for www.example.com; NULL: permitted */
	const char *wild_verdict; /* for *.www.example.com */
};

#define NO "caa.forbidden"

static const struct set sets[] = {
	{ { "0 issue ca.test" }, NULL, NULL },
	{ { "0 issue CA.Test" }, NULL, NULL },
	{ { "0 ISSUE ca.test" }, NULL, NULL },
	{ { "128 issue ca.test" }, NULL, NULL },
	{ { "1 issue ca.test" }, NULL, NULL },
	{ { "0 issue ;" }, NO, NO },
	{ { "0 issue " }, NO, NO },
	{ { "0 issue    " }, NO, NO },
	{ { "0 issue other.test" }, NO, NO },
	{ { "0 issue sub.ca.test" }, NO, NO },
	{ { "0 issue ca.test.other" }, NO, NO },
	{ { "0 issue test" }, NO, NO },
	{ { "0 issue ca.tes" }, NO, NO },
	{ { "0 issue ca.test." }, NO, NO },
	{ { "0 issue other.test", "0 issue ca.test" }, NULL, NULL },
	{ { "0 issue ;", "0 issue ca.test" }, NULL, NULL },
	/* wildcards: issuewild where there is one, else issue */
	{ { "0 issuewild ca.test" }, NULL, NULL },
	{ { "0 issuewild ;" }, NULL, NO },
	{ { "0 issue ;", "0 issuewild ca.test" }, NO, NULL },
	{ { "0 issue ca.test", "0 issuewild ;" }, NULL, NO },
	{ { "0 issue ca.test", "0 issuewild other.test" }, NULL, NO },
	{ { "0 issue other.test", "0 issuewild ca.test" }, NO, NULL },
	{ { "0 issue ca.test", "0 IssueWild ;" }, NULL, NO },
	/* nothing about issuing */
	{ { "0 iodef mailto:security@example.com" }, NULL, NULL },
	{ { "128 iodef mailto:security@example.com" }, NULL, NULL },
	{ { "0 contactemail a@example.com", "0 issuemail ;" }, NULL, NULL },
	{ { "0 unknown x" }, NULL, NULL },
	/* critical */
	{ { "128 unknown x" }, "caa.critical", "caa.critical" },
	{ { "0 issue ca.test", "128 unknown x" }, "caa.critical", "caa.critical" },
	{ { "255 unknown x", "0 issue ca.test" }, "caa.critical", "caa.critical" },
	{ { "127 unknown x", "0 issue ca.test" }, NULL, NULL },
	{ { "0 issue ;", "128 unknown x" }, "caa.critical", "caa.critical" },
	{ { "128 issuex ca.test" }, "caa.critical", "caa.critical" },
	/* the issue value's grammar: what cannot be read permits nobody */
	{ { "0 issue \t ca.test \t ; policy=ev" }, NULL, NULL },
	{ { "0 issue ca.test;" }, NULL, NULL },
	{ { "0 issue ca.test ; a=b ; c=d" }, NULL, NULL },
	{ { "0 issue ca.test; a=" }, NULL, NULL },
	{ { "0 issue ca.test; a = b" }, NULL, NULL },
	{ { "0 issue ca.test; a" }, NO, NO },
	{ { "0 issue ca.test; =b" }, NO, NO },
	{ { "0 issue ca.test; a=b c" }, NO, NO },
	{ { "0 issue ca.test; a=b\x01" }, NO, NO },
	{ { "0 issue ca.test; a_b=c" }, NO, NO },
	{ { "0 issue ca.test a=b" }, NO, NO },
	{ { "0 issue ca.test, other.test" }, NO, NO },
	{ { "0 issue ca.test\xc2\xa0" }, NO, NO },
	{ { "0 issue %%%%%" }, NO, NO },
	{ { "0 issue -ca.test" }, NO, NO },
	{ { "0 issue ca..test" }, NO, NO },
	{ { "0 issue \"ca.test\"" }, NO, NO },
	/* RFC 8657: we have neither accounts nor ACME method names to show */
	{ { "0 issue ca.test; accounturi=https://ca.test/1" }, NO, NO },
	{ { "0 issue ca.test; AccountURI=x" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01" }, NO, NO },
	{ { "0 issue ca.test; policy=ev; validationmethods=dns-01,http-01" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=" }, NO, NO },
	{ { "0 issue ca.test; accounturi=x", "0 issue ca.test" }, NULL, NULL },
	/* records that cannot be read */
	{ { "0 issue ca.test", "!" }, "caa.malformed", "caa.malformed" },
	{ { "0 is-sue ca.test" }, "caa.malformed", "caa.malformed" },
};

/* "!" stands for a record that is cut short. */
static struct bytes rdata_of(const char *text, uint8_t *room)
{
	const char *tag = strchr(text, ' '), *value;
	size_t n, m;
	unsigned flags = 0;

	if (*text == '!')
		return (struct bytes){ (const uint8_t *)"\0\5iss", 5 };
	for (const char *p = text; p < tag; p++)
		flags = flags * 10 + (unsigned)(*p - '0');
	tag++;
	value = strchr(tag, ' ') + 1;
	n = (size_t)(value - tag) - 1;
	m = strlen(value);
	room[0] = (uint8_t)flags;
	room[1] = (uint8_t)n;
	memcpy(room + 2, tag, n);
	memcpy(room + 2 + n, value, m);
	return (struct bytes){ room, 2 + n + m };
}

static void check(const struct set *s, bool wildcard, const char *identity, const char *want)
{
	uint8_t room[4][300];
	struct bytes rdata[4];
	struct acsr_err e = { 0 };
	enum acsr_result r;
	size_t n = 0;

	for (; n < 4 && s->records[n] != NULL; n++)
		rdata[n] = rdata_of(s->records[n], room[n]);
	r = caa_decide(rdata, n, "www.example.com", wildcard, identity, &e);
	if ((r == ACSR_OK) != (want == NULL) || (want != NULL && strcmp(e.id, want) != 0))
		fail_msg("%s%s (%s): expected %s, got %s", s->records[0], n > 1 ? " …" : "",
			wildcard ? "wildcard" : "name", want != NULL ? want : "permission",
			r == ACSR_OK ? "permission" : e.text);
}

static void each_set_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		check(&sets[i], false, "ca.test", sets[i].verdict);
		check(&sets[i], true, "ca.test", sets[i].wild_verdict);
	}
}

/* A CA without a name of its own may issue only where nobody is named. */
static void without_an_identity_any_issue_forbids(void **state)
{
	static const struct set some[] = { { { "0 issue ca.test" }, NO, NO }, { { "0 issue ;" }, NO, NO },
		{ { "0 issuewild ca.test" }, NULL, NO }, { { "0 iodef mailto:a@b" }, NULL, NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		check(&some[i], false, "", some[i].verdict);
		check(&some[i], true, "", some[i].wild_verdict);
	}
}

static void records_that_cannot_be_read_are_told(void **state)
{
	static const struct bytes bad[] = { { (const uint8_t *)"", 0 }, { (const uint8_t *)"\0", 1 },
		{ (const uint8_t *)"\0\0", 2 }, { (const uint8_t *)"\0\1", 2 },
		{ (const uint8_t *)"\0\6issue", 7 }, { (const uint8_t *)"\0\5iss\0e;", 8 },
		{ (const uint8_t *)"\0\5iss\xc3\xa9;", 8 }, { (const uint8_t *)"\0\5iss e;", 8 } };
	struct caa_record r;
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(caa_parse(bad[i], &r, &e), ACSR_FAIL);
		assert_string_equal(e.id, "caa.malformed");
	}
}

static void records_are_printed_without_tricks(void **state)
{
	uint8_t room[300];
	char text[64];

	(void)state;
	caa_print(rdata_of("128 Issue ca.test; a=\x1b[31m\n", room), text, sizeof(text));
	assert_string_equal(text, "128 issue \"ca.test; a=\\x1b[31m\\x0a\"");
	caa_print(rdata_of("!", room), text, sizeof(text));
	assert_string_equal(text, "malformed: \\x00\\x05iss");
}

static void the_text_says_who_is_permitted(void **state)
{
	uint8_t room[300];
	struct bytes rdata = rdata_of("0 issue other.test", room);
	struct acsr_err e;

	(void)state;
	assert_int_equal(caa_decide(&rdata, 1, "www.example.com", false, "ca.test", &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "\"other.test\""));
	assert_non_null(strstr(e.text, "CAA 0 issue \"ca.test\""));
	rdata = rdata_of("0 issue ca.test; validationmethods=dns-01", room);
	assert_int_equal(caa_decide(&rdata, 1, "www.example.com", false, "ca.test", &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "validationmethods"));
	assert_string_equal(e.source, "RFC 8657 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_has_its_verdict),
		cmocka_unit_test(without_an_identity_any_issue_forbids),
		cmocka_unit_test(records_that_cannot_be_read_are_told),
		cmocka_unit_test(records_are_printed_without_tricks),
		cmocka_unit_test(the_text_says_who_is_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
