/* Every block that OpenSSL gives back is zero when the C library's free gets it: free is watched here. */
#include "alloc.h"

#include <malloc.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static size_t freed, dirty;
static int too_late_status;

void __real_free(void *p);
void __wrap_free(void *p);

/* Only the library under test is linked with --wrap, so only its blocks come here. */
void __wrap_free(void *p)
{
	const uint8_t *b = p;
	size_t n = p != NULL ? malloc_usable_size(p) : 0;

	freed++;
	for (size_t i = 0; i < n; i++) {
		if (b[i] != 0) {
			dirty++;
			break;
		}
	}
	__real_free(p);
}

static void expect_clean(size_t at_least)
{
	assert_true(freed >= at_least);
	assert_int_equal(0, dirty);
	freed = dirty = 0;
}

static void test_free_wipes(void **state)
{
	char *p = OPENSSL_malloc(100);

	(void)state;
	assert_non_null(p);
	memset(p, 'k', 100);
	freed = dirty = 0;
	OPENSSL_free(p);
	expect_clean(1);
}

static void test_realloc_wipes_the_old_block(void **state)
{
	char *p = OPENSSL_malloc(100);

	(void)state;
	assert_non_null(p);
	memset(p, 'k', 100);
	freed = dirty = 0;
	p = OPENSSL_realloc(p, 100000);
	assert_non_null(p);
	expect_clean(1);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal('k', p[i]);
	p = OPENSSL_realloc(p, 10);
	assert_non_null(p);
	expect_clean(1);
	assert_memory_equal("kkkkkkkkkk", p, 10);
	OPENSSL_free(p);
	expect_clean(1);
}

static void test_realloc_from_and_to_nothing(void **state)
{
	char *p = OPENSSL_realloc(NULL, 10);

	(void)state;
	assert_non_null(p);
	memset(p, 'k', 10);
	freed = dirty = 0;
	assert_null(OPENSSL_realloc(p, 0));
	expect_clean(1);
	OPENSSL_free(NULL);
	assert_int_equal(0, freed);
}

static void test_openssl_uses_it(void **state)
{
	BIGNUM *n = BN_new();

	(void)state;
	assert_int_equal(1, BN_set_bit(n, 4000));
	freed = dirty = 0;
	BN_free(n);
	expect_clean(2);
}

/* In a child, because a process can only be too late once. */
static void test_too_late(void **state)
{
	(void)state;
	assert_int_equal(0, too_late_status);
}

static int try_too_late(void)
{
	struct acsr_err e = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		OPENSSL_free(OPENSSL_malloc(1));
		_exit(alloc_wipe_on_free(&e) == ACSR_FAIL && strcmp(e.id, "sys.alloc") == 0 ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_free_wipes),
		cmocka_unit_test(test_realloc_wipes_the_old_block),
		cmocka_unit_test(test_realloc_from_and_to_nothing), cmocka_unit_test(test_openssl_uses_it),
		cmocka_unit_test(test_too_late) };

	too_late_status = try_too_late();
	if (alloc_wipe_on_free(NULL) != ACSR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
