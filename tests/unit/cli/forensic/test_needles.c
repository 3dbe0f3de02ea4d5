/* Windows, what is left out of them, and the scan against a slow one that cannot be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/rnd.h"
#include "cli/forensic/needles.h"

struct hits {
	struct needle_hit v[64];
	size_t n;
};

static void take(void *user, const struct needle_hit *hit)
{
	struct hits *h = user;

	if (h->n < 64)
		h->v[h->n] = *hit;
	h->n++;
}

static struct needles *with(const uint8_t *p, size_t len, size_t step, size_t least)
{
	struct needles *n = NULL;

	assert_int_equal(needles_new(&n, NULL), ACSR_OK);
	assert_int_equal(needles_add(n,
				 &(struct needle_source){ .kind = NEEDLE_KEY,
					 .what = "x",
					 .order = 3,
					 .p = p,
					 .len = len,
					 .step = step,
					 .least = least },
				 NULL),
		ACSR_OK);
	assert_int_equal(needles_ready(n, NULL), ACSR_OK);
	return n;
}

static void scan(const struct needles *n, const uint8_t *p, size_t len, struct hits *h)
{
	h->n = 0;
	needles_scan(n, p, len, len, take, h);
}

/* Every piece of twelve bytes, wherever it was cut and wherever it lies, is found once and told exactly. */
static void every_piece_is_found_everywhere(void **state)
{
	uint8_t key[96], hay[64];
	struct needles *n;
	struct hits h;

	(void)state;
	rnd_bytes(key, sizeof(key));
	n = with(key, sizeof(key), 4, 8);
	for (size_t from = 0; from + 12 <= sizeof(key); from++)
		for (size_t at = 0; at + 12 <= sizeof(hay); at += 5) {
			memset(hay, 0, sizeof(hay));
			memcpy(hay + at, key + from, 12);
			scan(n, hay, sizeof(hay), &h);
			assert_int_equal(h.n, 1);
			assert_true(h.v[0].len >= 11);
			assert_int_equal(h.v[0].at, at + h.v[0].from - from);
			assert_int_equal(h.v[0].order, 3);
		}
	needles_free(n);
}

static void eight_bytes_at_a_window_are_enough(void **state)
{
	uint8_t key[32], hay[24] = { 0 };
	struct needles *n;
	struct hits h;

	(void)state;
	rnd_bytes(key, sizeof(key));
	n = with(key, sizeof(key), 4, 8);
	memcpy(hay + 3, key + 12, 8);
	scan(n, hay, sizeof(hay), &h);
	assert_int_equal(h.n, 1);
	hay[5] ^= 1;
	scan(n, hay, sizeof(hay), &h);
	assert_int_equal(h.n, 0);
	needles_free(n);
}

static void shorter_than_the_least_is_chance(void **state)
{
	uint8_t key[32], hay[40] = { 0 };
	struct needles *n;
	struct hits h;

	(void)state;
	rnd_bytes(key, sizeof(key));
	n = with(key, sizeof(key), 1, 12);
	memcpy(hay + 7, key + 5, 11);
	scan(n, hay, sizeof(hay), &h);
	assert_int_equal(h.n, 0);
	memcpy(hay + 7, key + 5, 12);
	scan(n, hay, sizeof(hay), &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[0].at, 7);
	assert_int_equal(h.v[0].from, 5);
	assert_int_equal(h.v[0].len, 12);
	needles_free(n);
}

static void public_windows_are_left_out(void **state)
{
	uint8_t key[40];
	struct needles *n = NULL;
	struct hits h;

	(void)state;
	rnd_bytes(key, sizeof(key));
	assert_int_equal(needles_new(&n, NULL), ACSR_OK);
	assert_int_equal(needles_exclude(n, key + 8, 16, NULL), ACSR_OK);
	assert_int_equal(needles_add(n,
				 &(struct needle_source){
					 .what = "x", .p = key, .len = sizeof(key), .step = 4, .least = 8 },
				 NULL),
		ACSR_OK);
	assert_int_equal(needles_ready(n, NULL), ACSR_OK);
	assert_int_equal(needles_dropped(n), 3); /* at 8, 12 and 16 */
	scan(n, key + 8, 16, &h);
	assert_int_equal(h.n, 0);
	scan(n, key + 24, 16, &h);
	assert_int_equal(h.n, 1);
	needles_free(n);
}

static void plain_bytes_are_left_out(void **state)
{
	static const uint8_t plain[] = { 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
	struct needles *n = with(plain, sizeof(plain), 4, 8);
	struct hits h;

	(void)state;
	assert_int_equal(needles_windows(n), 0);
	scan(n, plain, sizeof(plain), &h);
	assert_int_equal(h.n, 0);
	needles_free(n);
}

static void nothing_behind_the_limit(void **state)
{
	uint8_t key[16], hay[64] = { 0 };
	struct needles *n;
	struct hits h = { .n = 0 };

	(void)state;
	rnd_bytes(key, sizeof(key));
	n = with(key, sizeof(key), 4, 8);
	memcpy(hay + 30, key, 16);
	needles_scan(n, hay, sizeof(hay), 30, take, &h);
	assert_int_equal(h.n, 0);
	needles_scan(n, hay, sizeof(hay), 31, take, &h);
	assert_int_equal(h.n, 1);
	needles_free(n);
}

/* 200 sources, a megabyte, and pieces at places that are known: no more and no less is found. */
static void many_needles_in_much_hay(void **state)
{
	enum { SOURCES = 200, LEN = 64, HAY = 1 << 20, PIECES = 60 };
	uint8_t *keys = malloc(SOURCES * LEN), *hay = malloc(HAY);
	struct needles *n = NULL;
	struct hits h;

	(void)state;
	rnd_bytes(keys, SOURCES * LEN);
	rnd_bytes(hay, HAY);
	assert_int_equal(needles_new(&n, NULL), ACSR_OK);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(needles_add(n,
					 &(struct needle_source){ .what = "x",
						 .order = i,
						 .p = keys + i * LEN,
						 .len = LEN,
						 .step = 4,
						 .least = 8 },
					 NULL),
			ACSR_OK);
	assert_int_equal(needles_ready(n, NULL), ACSR_OK);
	scan(n, hay, HAY, &h);
	assert_int_equal(h.n, 0);
	for (size_t i = 0; i < PIECES; i++) {
		uint8_t *at = hay + 1000 + i * 17000, *piece = keys + i * 3 * LEN + 8;

		memcpy(at, piece, 20);
		at[-1] = piece[-1] ^ 1; /* the match ends there, not a byte later by chance */
		at[20] = piece[20] ^ 1;
	}
	scan(n, hay, HAY, &h);
	assert_int_equal(h.n, PIECES);
	for (size_t i = 0; i < PIECES; i++) {
		assert_int_equal(h.v[i].order, i * 3);
		assert_int_equal(h.v[i].at, 1000 + i * 17000);
		assert_int_equal(h.v[i].len, 20);
	}
	needles_free(n);
	free(keys);
	free(hay);
}

static void a_piece_for_a_control_is_a_needle(void **state)
{
	uint8_t key[64], piece[NEEDLE_PIECE], other[NEEDLE_PIECE];
	struct needles *n, *none = NULL;
	struct acsr_err e = { 0 };
	struct hits h;

	(void)state;
	rnd_bytes(key, sizeof(key));
	n = with(key, sizeof(key), 4, 8);
	assert_int_equal(needles_piece(n, 0, piece, NULL), ACSR_OK);
	assert_int_equal(needles_piece(n, 1, other, NULL), ACSR_OK);
	assert_memory_not_equal(piece, other, sizeof(piece));
	scan(n, piece, sizeof(piece), &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(needles_new(&none, NULL), ACSR_OK);
	assert_int_equal(needles_piece(none, 0, piece, &e), ACSR_FAIL);
	assert_string_equal(e.id, "forensic.needles");
	scan(none, key, sizeof(key), &h);
	assert_int_equal(h.n, 0);
	needles_free(none);
	needles_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_piece_is_found_everywhere),
		cmocka_unit_test(eight_bytes_at_a_window_are_enough),
		cmocka_unit_test(shorter_than_the_least_is_chance),
		cmocka_unit_test(public_windows_are_left_out),
		cmocka_unit_test(plain_bytes_are_left_out),
		cmocka_unit_test(nothing_behind_the_limit),
		cmocka_unit_test(many_needles_in_much_hay),
		cmocka_unit_test(a_piece_for_a_control_is_a_needle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
