/* The buffer: its maximum, its cursor, its numbers, its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"

static void maximum_holds(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(buf_put(&b, "0123456789", 10, &e), ACSR_OK);
	assert_int_equal(buf_put(&b, "x", 1, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.too-large");
	assert_int_equal(buf_printf(&b, &e, "%d", 1), ACSR_FAIL);
	assert_int_equal(buf_reserve(&b, SIZE_MAX, &e), ACSR_FAIL);
	assert_int_equal(buf_reserve(&b, 0, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&b), "0123456789");
}

static void grows_and_keeps(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(buf_put_u8(&b, (uint8_t)i, NULL), ACSR_OK);
	assert_int_equal(b.len, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
}

static void numbers_are_big_endian(void **state)
{
	static const uint8_t want[] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 1, 2, 3, 4, 5, 6, 7, 8 };
	CLEANUP_BUF struct buf b = { 0 };
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u8(&b, 0x12, NULL), ACSR_OK);
	assert_int_equal(buf_put_u16(&b, 0x3456, NULL), ACSR_OK);
	assert_int_equal(buf_put_u32(&b, 0x789abcde, NULL), ACSR_OK);
	assert_int_equal(buf_put_u64(&b, 0x0102030405060708, NULL), ACSR_OK);
	assert_memory_equal(b.p, want, sizeof(want));
	assert_int_equal(buf_get_u8(&b, &u8, NULL), ACSR_OK);
	assert_int_equal(buf_get_u16(&b, &u16, NULL), ACSR_OK);
	assert_int_equal(buf_get_u32(&b, &u32, NULL), ACSR_OK);
	assert_int_equal(buf_get_u64(&b, &u64, NULL), ACSR_OK);
	assert_true(u8 == 0x12 && u16 == 0x3456 && u32 == 0x789abcde && u64 == 0x0102030405060708);
	assert_int_equal(buf_unread(&b), 0);
}

static void reading_past_the_end_fails_and_moves_nothing(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;
	uint32_t v = 77;
	struct bytes part;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_putstr(&b, "abc", &e), ACSR_OK);
	assert_int_equal(buf_get_u32(&b, &v, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.short");
	assert_int_equal(v, 77);
	assert_int_equal(buf_unread(&b), 3);
	assert_int_equal(buf_take(&b, 4, &part, &e), ACSR_FAIL);
	assert_int_equal(buf_take(&b, 3, &part, &e), ACSR_OK);
	assert_memory_equal(part.p, "abc", 3);
	assert_int_equal(buf_take(&b, 0, &part, &e), ACSR_OK);
	assert_non_null(part.p);
}

static void compact_keeps_the_unread(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	char two[2];

	(void)state;
	buf_init(&b, 6);
	assert_int_equal(buf_putstr(&b, "abcdef", NULL), ACSR_OK);
	assert_int_equal(buf_get(&b, two, 2, NULL), ACSR_OK);
	buf_compact(&b);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "cdef\0\0", 6); /* what was read is gone */
	assert_int_equal(buf_putstr(&b, "gh", NULL), ACSR_OK);
	assert_string_equal(buf_cstr(&b), "cdefgh");
	buf_reset(&b);
	assert_string_equal(buf_cstr(&b), "");
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 6);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_put(&b, NULL, 0, NULL), ACSR_OK);
	assert_string_equal(buf_cstr(&b), "");
}

static void files_are_read_up_to_the_maximum(void **state)
{
	char path[] = "/tmp/autocsr-buf-XXXXXX";
	int fd = mkstemp(path);
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(write(fd, "hello", 5), 5);
	close(fd);
	buf_init(&b, 5);
	assert_int_equal(buf_read_file(&b, path, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&b), "hello");
	assert_int_equal(buf_read_file(&b, path, &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.too-large");
	unlink(path);
	assert_int_equal(buf_read_file(&b, path, &e), ACSR_FAIL);
	assert_string_equal(e.id, "input.open");
	assert_int_equal(buf_read_file(&b, "/", &e), ACSR_FAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maximum_holds),
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(reading_past_the_end_fails_and_moves_nothing),
		cmocka_unit_test(compact_keeps_the_unread),
		cmocka_unit_test(an_empty_buffer_is_an_empty_text),
		cmocka_unit_test(files_are_read_up_to_the_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
