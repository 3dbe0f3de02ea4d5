/* Keys as files. */
#include "key_store.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ca_world.h"

static char dir[64];
static struct key_store *ks;

static int open_store(void **state)
{
	(void)state;
	ca_world_dir(dir);
	return key_store_open(&ks, dir, NULL);
}

static int close_store(void **state)
{
	(void)state;
	key_store_free(ks);
	ca_world_remove(dir);
	return 0;
}

static void test_made_and_loaded(void **state)
{
	struct acsr_key *a, *b;
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_OK, key_store_make(ks, "root", "ec:p384", &a, NULL));
	assert_int_equal(ACSR_OK, key_store_load(ks, "root", &b, NULL));
	assert_true(acsr_key_same(a, b));
	assert_string_equal("ec:p384", acsr_key_name(b));
	acsr_key_free(a);
	assert_int_equal(ACSR_FAIL, key_store_make(ks, "root", "ec:p384", &a, &e)); /* never overwritten */
	assert_string_equal("object.exists", e.id);
	assert_int_equal(0, ca_world_run(dir, "openssl pkey -noout -in root.key"));
	acsr_key_free(b);
}

static void test_absent(void **state)
{
	struct acsr_key *k = (struct acsr_key *)1;

	(void)state;
	assert_int_equal(ACSR_OK, key_store_load(ks, "root", &k, NULL));
	assert_null(k);
}

static void refused(const char *command, const char *id)
{
	struct acsr_key *k;
	struct acsr_err e = { 0 };

	assert_int_equal(0, ca_world_run(dir, command));
	assert_int_equal(ACSR_FAIL, key_store_load(ks, "root", &k, &e));
	assert_string_equal(id, e.id);
	assert_int_equal(0, ca_world_run(dir, "rm -rf root.key"));
}

static void test_what_is_not_a_key(void **state)
{
	(void)state;
	refused("umask 077; echo nonsense > root.key", "key.parse");
	refused("umask 077; : > root.key", "key.parse");
	refused("umask 077; head -c 100000 /dev/zero > root.key", "key.parse");
	refused("umask 022; openssl genpkey -algorithm ed25519 > root.key", "config.key-mode");
	refused("mkdir -m 700 root.key", "config.key-mode");
	refused("umask 077; openssl genpkey -algorithm ed25519 > other; ln -s other root.key", "sys.open");
}

static void test_an_unknown_type(void **state)
{
	struct acsr_key *k;
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_FAIL, key_store_make(ks, "root", "rsa:1024", &k, &e));
	assert_string_equal("key.type", e.id);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_made_and_loaded), T(test_absent),
		T(test_what_is_not_a_key), T(test_an_unknown_type) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
