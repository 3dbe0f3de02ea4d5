/* ASCII classes and comparing, byte for byte against the C locale's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "base/ascii.h"

static void classes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		unsigned char u = (unsigned char)c;

		assert_int_equal(ascii_digit(u), isdigit(c) != 0);
		assert_int_equal(ascii_islower(u), islower(c) != 0);
		assert_int_equal(ascii_isupper(u), isupper(c) != 0);
		assert_int_equal(ascii_alpha(u), isalpha(c) != 0);
		assert_int_equal(ascii_alnum(u), isalnum(c) != 0);
		assert_int_equal(ascii_space(u), isspace(c) != 0);
		assert_int_equal((unsigned char)ascii_lower((char)u), tolower(c));
		assert_int_equal((unsigned char)ascii_upper((char)u), toupper(c));
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void comparing(void **state)
{
	static const char *const words[] = { "", "a", "A", "ab", "AB", "title", "TITLE", "\xc3\xa4",
		"\xc3\x84", "[" };
	size_t n = sizeof(words) / sizeof(words[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			assert_int_equal(sign(ascii_casecmp(words[i], words[j])),
				sign(strcasecmp(words[i], words[j])));
			assert_int_equal(sign(ascii_ncasecmp(words[i], words[j], 1)),
				sign(strncasecmp(words[i], words[j], 1)));
			assert_ptr_equal(ascii_casestr(words[i], words[j]), strcasestr(words[i], words[j]));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(classes), cmocka_unit_test(comparing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
