/* The controls find what they hide and nothing else, and can fail: with needles of another key nothing is found. */
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
#include "cli/forensic/decoy.h"

static struct search *searching(const uint8_t *key, size_t n)
{
	struct search *s = calloc(1, sizeof(*s));

	assert_int_equal(needles_new(&s->needles, NULL), ACSR_OK);
	assert_int_equal(needles_add(s->needles,
				 &(struct needle_source){
					 .what = "x", .order = 1, .p = key, .len = n, .step = 4, .least = 8 },
				 NULL),
		ACSR_OK);
	assert_int_equal(needles_ready(s->needles, NULL), ACSR_OK);
	return s;
}

static void done(struct search *s)
{
	needles_free(s->needles);
	free(s);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

/* The key's bytes lie only in the needles, which no child inherits: so each place holds it once. */
static void all_are_found(void **state)
{
	uint8_t key[64];
	struct search *s;

	(void)state;
	need_root();
	rnd_bytes(key, sizeof(key));
	s = searching(key, sizeof(key));
	assert_int_equal(decoy_all(s, NULL), ACSR_OK);
	for (int i = 0; i < SURFACES; i++) {
		if (i == SURFACE_SECRET && s->surfaces[i].control == CONTROL_NONE)
			continue; /* a kernel without it */
		if (s->surfaces[i].control != CONTROL_FOUND)
			print_error("%s: %s\n", surface_name((enum surface)i), s->surfaces[i].why);
		assert_int_equal(s->surfaces[i].control, CONTROL_FOUND);
		assert_int_equal(s->surfaces[i].found, 0); /* the controls do not count */
	}
	done(s);
}

typedef enum acsr_result make(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);

static void another_piece_is_missed(void **state)
{
	static make *const all[] = { decoy_process, decoy_files, decoy_pipe, decoy_packet };
	uint8_t key[64], piece[NEEDLE_PIECE];

	(void)state;
	need_root();
	rnd_bytes(key, sizeof(key));
	rnd_bytes(piece, sizeof(piece));
	for (size_t i = 0; i < 4; i++) {
		struct search *s = searching(key, sizeof(key));

		assert_int_equal(all[i](s, piece, NULL), ACSR_OK);
		assert_int_equal(
			s->surfaces[SURFACE_REGISTERS].found + s->surfaces[SURFACE_SECRET].found +
				s->surfaces[SURFACE_FILES].found + s->surfaces[SURFACE_DATABASE].found +
				s->surfaces[SURFACE_PIPES].found + s->surfaces[SURFACE_NETWORK].found,
			0);
		done(s);
	}
}

/* Registers that hold one, under their name; memory at the very address; secret memory from inside. */
static void the_process_is_searched_in_three_ways(void **state)
{
	uint8_t key[64], piece[NEEDLE_PIECE];
	struct search *s;
	bool named = false;

	(void)state;
	need_root();
	rnd_bytes(key, sizeof(key));
	s = searching(key, sizeof(key));
	memcpy(piece, key + 8, sizeof(piece));
	assert_int_equal(decoy_process(s, piece, NULL), ACSR_OK);
	assert_int_equal(s->surfaces[SURFACE_MEMORY].found, 1);
	assert_int_equal(s->surfaces[SURFACE_MEMORY].unread, 0);
	assert_int_equal(s->surfaces[SURFACE_SECRET].found, s->surfaces[SURFACE_SECRET].parts);
	for (size_t i = 0; i < s->n_findings; i++)
		named = named || strstr(s->findings[i].where, "mm9") != NULL ||
			strstr(s->findings[i].where, ": v9") != NULL;
	assert_true(named);
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found),
		cmocka_unit_test(another_piece_is_missed),
		cmocka_unit_test(the_process_is_searched_in_three_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
