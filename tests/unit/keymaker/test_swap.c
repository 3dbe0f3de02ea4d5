/* Kinds of swap, each as a little /proc and /sys of its own. */
#include "swap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/autocsr-swap-XXXXXX");
	return mkdtemp(root) == NULL;
}

static int drop_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void put(const char *path, const char *text)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p $(dirname %s/%s) && printf '%%s' '%s' > %s/%s", root,
		path, text, root, path);
	assert_int_equal(0, system(command));
}

static void swaps(const char *line)
{
	char text[256];

	snprintf(text, sizeof(text), "Filename\tType\tSize\tUsed\tPriority\n%s", line);
	put("proc/swaps", text);
}

static bool is_open(void)
{
	char where[128] = "";

	return swap_is_open(root, where, sizeof(where));
}

static void test_no_swap(void **state)
{
	(void)state;
	swaps("");
	assert_false(is_open());
}

static void test_no_proc(void **state)
{
	(void)state;
	assert_false(is_open());
}

static void test_a_partition(void **state)
{
	char where[128] = "";

	(void)state;
	swaps("/dev/sda2   partition\t1000\t0\t-2\n");
	assert_true(swap_is_open(root, where, sizeof(where)));
	assert_string_equal("/dev/sda2", where);
}

static void test_a_file(void **state)
{
	(void)state;
	swaps("/swapfile   file\t1000\t0\t-2\n");
	assert_true(is_open());
}

static void test_dm_crypt(void **state)
{
	(void)state;
	swaps("/dev/dm-1   partition\t1000\t0\t-2\n");
	put("sys/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n");
	assert_false(is_open());
}

static void test_a_volume_on_dm_crypt(void **state)
{
	(void)state;
	swaps("/dev/dm-2   partition\t1000\t0\t-2\n");
	put("sys/block/dm-2/dm/uuid", "LVM-abc\n");
	put("sys/block/dm-2/slaves/dm-0", "");
	put("sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc\n");
	assert_false(is_open());
}

static void test_a_volume_that_lies_half_in_the_clear(void **state)
{
	(void)state;
	swaps("/dev/dm-2   partition\t1000\t0\t-2\n");
	put("sys/block/dm-2/dm/uuid", "LVM-abc\n");
	put("sys/block/dm-2/slaves/dm-0", "");
	put("sys/block/dm-2/slaves/sdb1", "");
	put("sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc\n");
	assert_true(is_open());
}

static void test_a_mapping_of_itself_ends(void **state)
{
	(void)state;
	swaps("/dev/dm-2   partition\t1000\t0\t-2\n");
	put("sys/block/dm-2/dm/uuid", "LVM-abc\n");
	put("sys/block/dm-2/slaves/dm-2", "");
	assert_true(is_open());
}

static void test_zram(void **state)
{
	(void)state;
	swaps("/dev/zram0   partition\t1000\t0\t100\n");
	put("sys/block/zram0/backing_dev", "none\n");
	assert_false(is_open());
	put("sys/block/zram0/backing_dev", "/dev/sda3\n");
	assert_true(is_open());
}

static void test_one_of_several(void **state)
{
	(void)state;
	swaps("/dev/dm-1   partition\t1000\t0\t-2\n/swap\\040file   file\t1000\t0\t-3\n");
	put("sys/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n");
	assert_true(is_open());
}

/* Locking leaves nothing locked behind. */
static void test_can_lock_leaves_nothing_locked(void **state)
{
	char line[256];
	FILE *f;
	long locked = -1;

	(void)state;
	(void)swap_can_lock();
	f = fopen("/proc/self/status", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmLck: %ld", &locked) == 1)
			break;
	fclose(f);
	assert_int_equal(0, locked);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_root, drop_root)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_no_swap), T(test_no_proc), T(test_a_partition),
		T(test_a_file), T(test_dm_crypt), T(test_a_volume_on_dm_crypt),
		T(test_a_volume_that_lies_half_in_the_clear), T(test_a_mapping_of_itself_ends), T(test_zram),
		T(test_one_of_several), T(test_can_lock_leaves_nothing_locked) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
