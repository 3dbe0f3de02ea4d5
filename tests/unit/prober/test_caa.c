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
	{ { "0 issue ca.test ; " }, NULL, NULL },
	{ { "0 issue ca.test;;" }, NO, NO },
	{ { "0 issue ca.test; a=b;" }, NO, NO },
	{ { "0 issue ca.test; ; a=b" }, NO, NO },
	{ { "0 issue ; a=b" }, NO, NO },
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

static enum acsr_result decide(const struct set *s, const struct caa_asker *who, struct acsr_err *e)
{
	uint8_t room[4][300];
	struct bytes rdata[4];
	size_t n = 0;

	for (; n < 4 && s->records[n] != NULL; n++)
		rdata[n] = rdata_of(s->records[n], room[n]);
	return caa_decide(rdata, n, "www.example.com", who, e);
}

static void check_as(const struct set *s, const struct caa_asker *who, const char *want)
{
	struct acsr_err e = { 0 };
	enum acsr_result r = decide(s, who, &e);

	if ((r == ACSR_OK) != (want == NULL) || (want != NULL && strcmp(e.id, want) != 0))
		fail_msg("%s%s (%s): expected %s, got %s", s->records[0], s->records[1] != NULL ? " …" : "",
			who->wildcard ? "wildcard" : "name", want != NULL ? want : "permission",
			r == ACSR_OK ? "permission" : e.text);
}

static void check(const struct set *s, bool wildcard, const char *identity, const char *want)
{
	const struct caa_asker who = { identity, "https://ca.test/acct/1", "http-01", wildcard };

	check_as(s, &who, want);
}

/* rfc: 8659 4.1#1: an unknown property with the critical flag means no certificate; without it, it is ignored */
/* rfc: 8659 4.1#3: other flag bits than the critical one are ignored */
/* rfc: 8659 4.2: issue records permit the named CAs only; a value outside the grammar permits nobody */
/* rfc: 8659 4.2: the tag and the issuer-domain-name are compared whatever their case */
/* rfc: 8659 4.3#1: issuewild is ignored for names that are no wildcards */
/* rfc: 8659 4.3#2: issuewild takes the place of issue for wildcards, and is ignored for other names */
/* rfc: 8659 4.4: iodef does not bear on issuing */
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

/* Who asks is https://ca.test/acct/1 by http-01. */
static const struct set constrained[] = {
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1" }, NULL, NULL },
	{ { "0 issue ca.test; AccountURI = https://ca.test/acct/1" }, NULL, NULL },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/2" }, NO, NO },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/11" }, NO, NO },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/" }, NO, NO },
	{ { "0 issue ca.test; accounturi=https://CA.test/acct/1" }, NO, NO },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/%31" }, NO, NO },
	{ { "0 issue ca.test; accounturi=https://ca.test:443/acct/1" }, NO, NO },
	{ { "0 issue ca.test; accounturi=" }, NO, NO },
	{ { "0 issue ca.test; accounturi=x", "0 issue ca.test" }, NULL, NULL },
	{ { "0 issue ca.test; accounturi=x", "0 issue ca.test; accounturi=https://ca.test/acct/1" }, NULL,
		NULL },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1; accounturi=https://ca.test/acct/1" }, NO,
		NO },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1; accounturi=x" }, NO, NO },
	{ { "0 issue other.test; accounturi=https://ca.test/acct/1" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01" }, NULL, NULL },
	{ { "0 issue ca.test; ValidationMethods=HTTP-01" }, NULL, NULL },
	{ { "0 issue ca.test; validationmethods=dns-01" }, NO, NO },
	{ { "0 issue ca.test; policy=ev; validationmethods=dns-01,http-01" }, NULL, NULL },
	{ { "0 issue ca.test; validationmethods=ca-never-heard-of,http-01" }, NULL, NULL },
	{ { "0 issue ca.test; validationmethods=ca-never-heard-of" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01," }, NO, NO },
	{ { "0 issue ca.test; validationmethods=,http-01" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01,a_b" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01,dns.01" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-0" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-011" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=http-01; validationmethods=http-01" }, NO, NO },
	{ { "0 issue ca.test; validationmethods=dns-01", "0 issue ca.test; validationmethods=http-01" }, NULL,
		NULL },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1; validationmethods=http-01" }, NULL, NULL },
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1; validationmethods=dns-01" }, NO, NO },
	{ { "0 issue ca.test; accounturi=x; validationmethods=http-01" }, NO, NO },
	/* the two halves in two records do not make a whole */
	{ { "0 issue ca.test; accounturi=https://ca.test/acct/1; validationmethods=dns-01",
		  "0 issue ca.test; accounturi=x; validationmethods=http-01" },
		NO, NO },
	{ { "0 issue ca.test", "0 issuewild ca.test; accounturi=x" }, NULL, NO },
	{ { "0 issuewild ca.test; accounturi=x" }, NULL, NO },
	{ { "0 issuewild ca.test; accounturi=https://ca.test/acct/1" }, NULL, NULL },
	{ { "0 issue ca.test; unknown=x; accounturi=https://ca.test/acct/1" }, NULL, NULL },
	{ { "0 issue ca.test; =x; accounturi=https://ca.test/acct/1" }, NO, NO },
};

/* rfc: 8657 3#2: a property with accounturi counts only for the very account that it names, compared as a string */
/* rfc: 8657 3#3: the issuer domain name has to fit as well */
/* rfc: 8657 3: a property with an unrecognised accounturi, or with two, cannot be satisfied */
/* rfc: 8657 3: a property without accounturi fits any account; several properties are alternatives */
/* rfc: 8657 4#2: a property with validationmethods counts only for a listed method; unknown ones are passed over */
/* rfc: 8657 4: an empty list, one that cannot be read, or two of them fit no method */
static void parameters_bind_the_property_that_they_are_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(constrained) / sizeof(constrained[0]); i++) {
		check(&constrained[i], false, "ca.test", constrained[i].verdict);
		check(&constrained[i], true, "ca.test", constrained[i].wild_verdict);
	}
}

/* rfc: 8657 4#4: methods that are not ACME's have labels */
/* rfc: 8657 4#5: methods that are not ACME's have labels of their own that begin with "ca-" */
static void methods_of_our_own_have_labels_of_their_own(void **state)
{
	static const struct set by_website = { { "0 issue ca.test; validationmethods=ca-website" }, NULL,
		NULL };
	static const struct set by_http = { { "0 issue ca.test; validationmethods=http-01" }, NULL, NULL };
	const struct caa_asker portal = { "ca.test", "https://ca.test/accounts/1", "ca-website", false };
	const struct caa_asker acme = { "ca.test", "https://ca.test/acct/1", "http-01", false };

	(void)state;
	check_as(&by_website, &portal, NULL);
	check_as(&by_website, &acme, NO);
	check_as(&by_http, &portal, NO);
	check_as(&by_http, &acme, NULL);
}

/* Nobody who asks: no accounturi is theirs, not even an empty one; and no label: no list has it. */
static void who_has_no_account_fits_no_account(void **state)
{
	const struct caa_asker nobody = { "ca.test", "", "", false };

	(void)state;
	for (size_t i = 0; i < sizeof(constrained) / sizeof(constrained[0]); i++)
		if (constrained[i].records[1] == NULL &&
			strstr(constrained[i].records[0], "issuewild") == NULL)
			check_as(&constrained[i], &nobody, NO);
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

static void the_text_says_what_to_write(void **state)
{
	const struct caa_asker who = { "ca.test", "https://ca.test/acct/1", "http-01", false };
	struct set one = { { "0 issue other.test" }, NULL, NULL };
	struct acsr_err e;

	(void)state;
	assert_int_equal(decide(&one, &who, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "\"other.test\""));
	assert_non_null(strstr(e.text, "CAA 0 issue \"ca.test\""));
	one.records[0] = "0 issue ca.test; validationmethods=dns-01";
	assert_int_equal(decide(&one, &who, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "add \"http-01\" to its validationmethods"));
	assert_string_equal(e.source, "RFC 8657 4");
	one.records[0] = "0 issue ca.test; accounturi=x";
	assert_int_equal(decide(&one, &who, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "accounturi=https://ca.test/acct/1"));
	assert_string_equal(e.source, "RFC 8657 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_has_its_verdict),
		cmocka_unit_test(without_an_identity_any_issue_forbids),
		cmocka_unit_test(records_that_cannot_be_read_are_told),
		cmocka_unit_test(records_are_printed_without_tricks),
		cmocka_unit_test(parameters_bind_the_property_that_they_are_at),
		cmocka_unit_test(methods_of_our_own_have_labels_of_their_own),
		cmocka_unit_test(who_has_no_account_fits_no_account),
		cmocka_unit_test(the_text_says_what_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
