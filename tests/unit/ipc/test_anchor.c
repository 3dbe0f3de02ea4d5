/* Trust anchors: what people copy is taken, and what is cut off or none at all is refused with file and key named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/anchor.h"

#define DIGEST "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
#define KEY                                                          \
	"AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/" \
	"4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQ=="

static char path[40];

static enum acsr_result judge(const char *text, struct acsr_err *e)
{
	int fd;
	enum acsr_result r;

	snprintf(path, sizeof(path), "/tmp/autocsr-anchor-XXXXXX");
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = anchor_check(path, e);
	unlink(path);
	return r;
}

static void what_people_copy_is_taken(void **state)
{
	static const char *const good[] = {
		". IN DS 20326 8 2 " DIGEST "\n",
		".\t172800\tIN\tDS\t20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D084 "
		"58E880409BBC683457104237C7F8EC8D",
		"; the root\n\n. DNSKEY 257 3 8 " KEY " ;{id = 20326 (ksk), size = 2048b}\n",
		". IN DNSKEY 257 3 8 (\n " KEY "\n ) ; key id = 20326\n",
		";; autotrust\n;;id: . 1\n.\t86400\tIN\tDNSKEY\t257 3 8 " KEY " ;;state=2 [  VALID  ]\r\n",
		"$ORIGIN test.\n$TTL 1d\n@ 1d IN ds 1 13 1 0123456789012345678901234567890123456789\n",
		"ds. IN DS 20326 8 4 " DIGEST "E06D44B80B8F1D39A95C0B0D7C65D084",
		"$ORIGIN .\n IN DS 20326 8 2 " DIGEST,
	};
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (judge(good[i], &e) != ACSR_OK)
			fail_msg("%s: %s", good[i], e.text);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"; . IN DS 20326 8 2 " DIGEST "\n",
		"<html>DS</html>\n",
		". IN A 192.0.2.1\n",
		". IN DS\n",
		". IN DS 20326 8\n",
		". IN DS 20326 8 2\n",
		". IN DS 20326 8 2 E06D44B80B8F1D39\n",
		". IN DS 20326 8 2 " DIGEST "00\n",
		". IN DS 99999 8 2 " DIGEST "\n",
		". IN DS 20326 8 2 " DIGEST " x\n",
		". IN DS 20326 RSASHA256 x " DIGEST "\n",
		". IN DNSKEY 257 3 8\n",
		". IN DNSKEY 257 1 8 " KEY "\n",
		". IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4M-feh5eyI96WSVexTBAvkMgJzk\n",
		". IN DS 20326 8 2 " DIGEST "\n. IN DS 38696 8 2 683D2D0A\n",
		"DS 20326 8 2 " DIGEST "\n",
		". IN DS 20326 8 2 " DIGEST "\nfoo bar baz\n",
		". IN DS 20326 8 2 " DIGEST
		"\n. 172800 IN RRSIG DNSKEY 8 0 172800 20261211000000 20261120000000 20326 . c2ln\n",
		". IN DS 20326 8 2 " DIGEST "\n. IN NS ns.\n",
		". IN DS 20326 8 2 " DIGEST "\n.\n",
		". IN DS 20326 8 2 " DIGEST "\n. \x01\x02 x\n",
		"$INCLUDE /etc/keys\n. IN DS 20326 8 2 " DIGEST "\n",
	};
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (judge(bad[i], &e) == ACSR_OK)
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(e.id, "config.value");
		assert_non_null(strstr(e.text, path));
		assert_non_null(strstr(e.text, "trust_anchor_file"));
	}
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct acsr_err e;

	(void)state;
	assert_int_equal(anchor_check("/nowhere/at/all.key", &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "trust_anchor_file"));
	assert_non_null(strstr(e.text, "/nowhere/at/all.key"));
	assert_int_equal(anchor_check("/tmp", &e), ACSR_FAIL);
}

static void the_packaged_root_is_taken(void **state)
{
	struct acsr_err e;

	(void)state;
	if (access("/usr/share/dns/root.key", R_OK) != 0)
		skip();
	if (anchor_check("/usr/share/dns/root.key", &e) != ACSR_OK)
		fail_msg("%s", e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_copy_is_taken),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(the_packaged_root_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
