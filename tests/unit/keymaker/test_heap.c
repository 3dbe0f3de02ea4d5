/* The secure heap works after its pages were exchanged, and wipes. */
#include "heap.h"

#include <openssl/crypto.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { SIZE = 64 * 1024 };

static void test_it_says_what_it_is(void **state)
{
	const char *how = NULL;

	(void)state;
	assert_int_equal(ACSR_OK, heap_enter(SIZE, &how, NULL));
	assert_true(strcmp(how, "memfd_secret") == 0 || strcmp(how, "mlock") == 0 ||
		    strcmp(how, "not locked") == 0);
}

/* Blocks of many sizes, all usable, none overlapping, and all of it free again at the end. */
static void test_blocks(void **state)
{
	char *block[40];

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		block[i] = OPENSSL_secure_malloc(64 + 16 * i);
		assert_non_null(block[i]);
		assert_int_equal(1, CRYPTO_secure_allocated(block[i]));
		memset(block[i], (int)i, 64 + 16 * i);
	}
	for (size_t i = 0; i < 40; i++) {
		for (size_t k = 0; k < 64 + 16 * i; k++)
			assert_int_equal(i, block[i][k]);
		OPENSSL_secure_free(block[i]);
	}
	assert_int_equal(0, CRYPTO_secure_used());
	block[0] = OPENSSL_secure_malloc(SIZE);
	assert_non_null(block[0]);
	OPENSSL_secure_free(block[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_it_says_what_it_is),
		cmocka_unit_test(test_blocks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
