/* dns-persist-01 as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "prober/persist.h"

#define ACCOUNT "https://ca.test/acct/1"
#define GOOD "ca.test; accounturi=" ACCOUNT

enum { NOW = 1800000000 };

static const struct {
	const char *text;
	enum persist_verdict plain, wild;
} records[] = {
	{ GOOD, PERSIST_YES, PERSIST_NO_WILDCARD },
	{ "CA.Test;accounturi=" ACCOUNT, PERSIST_YES, PERSIST_NO_WILDCARD },
	{ " ca.test ; AccountURI = " ACCOUNT " ", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; policy=wildcard", PERSIST_YES, PERSIST_YES },
	{ GOOD "; Policy=WildCard", PERSIST_YES, PERSIST_YES },
	{ GOOD "; policy=specific-subdomains-only", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; policy=", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; policy=wildcards", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; unknown=1; another=2", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; unknown=1; unknown=2", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; persistUntil=1800000000", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; persistUntil=1799999999", PERSIST_OVER, PERSIST_OVER },
	{ GOOD "; PERSISTUNTIL=1799999999", PERSIST_OVER, PERSIST_OVER },
	{ GOOD "; persistUntil=0", PERSIST_OVER, PERSIST_OVER },
	{ GOOD "; persistUntil=99999999999999999999999999", PERSIST_YES, PERSIST_NO_WILDCARD },
	{ GOOD "; persistUntil=", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=-1", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=+1900000000", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=0x7fffffff", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=1.9e9", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=2030-01-01", PERSIST_MALFORMED, PERSIST_MALFORMED },
	/* a parameter that stands there twice says nothing clear */
	{ GOOD "; accounturi=" ACCOUNT, PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; policy=wildcard; policy=wildcard", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; persistUntil=1900000000; persistUntil=1900000000", PERSIST_MALFORMED, PERSIST_MALFORMED },
	/* who it is for */
	{ "other.test; accounturi=" ACCOUNT, PERSIST_OTHER_CA, PERSIST_OTHER_CA },
	{ "sub.ca.test; accounturi=" ACCOUNT, PERSIST_OTHER_CA, PERSIST_OTHER_CA },
	{ "ca.test.; accounturi=" ACCOUNT, PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "; accounturi=" ACCOUNT, PERSIST_OTHER_CA, PERSIST_OTHER_CA },
	{ "", PERSIST_OTHER_CA, PERSIST_OTHER_CA },
	{ "v=spf1 -all", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "ca.test", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "ca.test;", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "ca.test; accounturi=", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "ca.test; policy=wildcard", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ "ca.test; accounturi=https://ca.test/acct/2", PERSIST_OTHER_ACCOUNT, PERSIST_OTHER_ACCOUNT },
	{ "ca.test; accounturi=https://CA.test/acct/1", PERSIST_OTHER_ACCOUNT, PERSIST_OTHER_ACCOUNT },
	{ "ca.test; accounturi=" ACCOUNT "/", PERSIST_OTHER_ACCOUNT, PERSIST_OTHER_ACCOUNT },
	{ "ca.test; accounturi=https://ca.test/acct/", PERSIST_OTHER_ACCOUNT, PERSIST_OTHER_ACCOUNT },
	/* the grammar of RFC 8659 4.2 */
	{ "ca.test accounturi=" ACCOUNT, PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD ";", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; policy", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; po_licy=wildcard", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "; policy=wild card", PERSIST_MALFORMED, PERSIST_MALFORMED },
	{ GOOD "\n", PERSIST_MALFORMED, PERSIST_MALFORMED },
};

static enum persist_verdict judge(const char *text, const char *identity, const char *account, bool wildcard)
{
	const struct persist_asker who = { identity, account, wildcard, NOW };

	return persist_judge((struct bytes){ (const uint8_t *)text, strlen(text) }, &who);
}

static void each_record_has_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		enum persist_verdict plain = judge(records[i].text, "ca.test", ACCOUNT, false);
		enum persist_verdict wild = judge(records[i].text, "ca.test", ACCOUNT, true);

		if (plain != records[i].plain || wild != records[i].wild)
			fail_msg("%s: expected %d and %d, got %d and %d", records[i].text,
				(int)records[i].plain, (int)records[i].wild, (int)plain, (int)wild);
	}
}

static void who_is_nobody_fits_nothing(void **state)
{
	(void)state;
	assert_int_equal(judge(GOOD, "", ACCOUNT, false), PERSIST_OTHER_CA);
	assert_int_equal(judge("; accounturi=" ACCOUNT, "", ACCOUNT, false), PERSIST_OTHER_CA);
	assert_int_equal(judge(GOOD, "ca.test", "", false), PERSIST_OTHER_ACCOUNT);
	assert_int_equal(judge("ca.test; accounturi=", "ca.test", "", false), PERSIST_MALFORMED);
}

/* One NUL inside is one byte of a text that is not permitted there, not its end. */
static void a_nul_ends_nothing(void **state)
{
	static const char text[] = GOOD "\0; policy=wildcard";
	const struct persist_asker who = { "ca.test", ACCOUNT, false, NOW };

	(void)state;
	assert_int_equal(persist_judge((struct bytes){ (const uint8_t *)text, sizeof(text) - 1 }, &who),
		PERSIST_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_has_its_verdict),
		cmocka_unit_test(who_is_nobody_fits_nothing),
		cmocka_unit_test(a_nul_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
