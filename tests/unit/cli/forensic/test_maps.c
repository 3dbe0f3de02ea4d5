/* Lines of /proc/PID/maps, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/forensic/maps.h"

static void lines_are_read(void **state)
{
	struct map m;

	(void)state;
	assert_true(map_parse(&m, "7f0000001000-7f0000003000 rw-p 00000000 00:00 0 \n"));
	assert_int_equal(m.from, 0x7f0000001000);
	assert_int_equal(m.to, 0x7f0000003000);
	assert_true(m.readable && m.writable && !m.executable && !m.shared);
	assert_string_equal(m.name, "");
	assert_true(map_parse(&m, "5500-5600 r-xs 00001000 fe:01 1234567    /usr/lib/a b.so (deleted)\n"));
	assert_true(m.executable && m.shared && !m.writable);
	assert_int_equal(m.inode, 1234567);
	assert_string_equal(m.name, "/usr/lib/a b.so (deleted)");
	assert_false(map_is_secret(&m) || map_is_kernel(&m));
}

static void special_mappings_are_known(void **state)
{
	struct map m;

	(void)state;
	assert_true(
		map_parse(&m, "1000-2000 rw-s 00000000 00:0e 5 /secretmem (deleted)\n") && map_is_secret(&m));
	assert_true(map_parse(&m, "1000-2000 r--p 00000000 00:00 0 [vvar_vclock]\n") && map_is_kernel(&m));
	assert_true(map_parse(&m, "1000-2000 --xp 00000000 00:00 0 [vsyscall]\n") && map_is_kernel(&m));
	assert_true(map_parse(&m, "1000-2000 rw-p 00000000 00:00 0 [stack]\n") && !map_is_kernel(&m));
}

static void nonsense_is_none(void **state)
{
	static const char *const bad[] = { "", "\n", "xyz", "2000-1000 rw-p 00000000 00:00 0 \n",
		"1000-2000 rw", "1000-2000 rw-p zz 00:00 0" };
	struct map m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(map_parse(&m, bad[i]));
}

static void this_process(void **state)
{
	struct map *v = NULL;
	size_t n = 0;
	bool stack = false;

	(void)state;
	assert_int_equal(maps_read(&v, &n, (int)getpid(), NULL), ACSR_OK);
	for (size_t i = 0; i < n; i++)
		stack = stack ||
			((uintptr_t)&stack >= v[i].from && (uintptr_t)&stack < v[i].to && v[i].writable);
	assert_true(stack);
	free(v);
	assert_int_equal(maps_read(&v, &n, -1, NULL), ACSR_FAIL);
}

static void pages_that_hold_anything(void **state)
{
	(void)state;
	assert_true(map_page_holds(1ULL << 63));
	assert_true(map_page_holds(1ULL << 62));
	assert_false(map_page_holds(0));
	assert_false(map_page_holds((1ULL << 62) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(special_mappings_are_known),
		cmocka_unit_test(nonsense_is_none),
		cmocka_unit_test(this_process),
		cmocka_unit_test(pages_that_hold_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
