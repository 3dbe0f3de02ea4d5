/* The secure heap works after its pages were exchanged, and wipes. */
#include "heap.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* In a child without root's rights, because a process has one heap. */
static const char *how_with_limit(rlim_t limit)
{
	static const char *const answers[] = { "memfd_secret", "mlock", "not locked" };
	struct rlimit rl = { limit, limit };
	const char *how = NULL;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char *p;

		if (setrlimit(RLIMIT_MEMLOCK, &rl) != 0 || (getuid() == 0 && setuid(65534) != 0) ||
			heap_enter(SIZE, &how, NULL) != ACSR_OK)
			_exit(10);
		p = OPENSSL_secure_zalloc(1000); /* and it works, whatever it is */
		if (p == NULL)
			_exit(11);
		OPENSSL_secure_free(p);
		for (int i = 0; i < 3; i++)
			if (strcmp(answers[i], how) == 0)
				_exit(i);
		_exit(12);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 0, 2);
	return answers[WEXITSTATUS(status)];
}

static void test_with_less_than_it_needs(void **state)
{
	(void)state;
	assert_string_equal("not locked", how_with_limit(0));
	assert_string_equal("mlock", how_with_limit(SIZE));
	assert_string_not_equal("not locked", how_with_limit(4 * SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_with_less_than_it_needs),
		cmocka_unit_test(test_it_says_what_it_is), cmocka_unit_test(test_blocks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
