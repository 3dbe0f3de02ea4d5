/* What the signer signs of the audit log, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>

#include "logbook.h"

enum { ENTRIES = 20 };

struct desk {
	char dir[64];
	struct key_store *keys;
	struct logbook l;
	uint8_t leaves[ENTRIES][ACSR_MERKLE_HASH];
};

static enum acsr_result get(
	void *arg, unsigned level, uint64_t index, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	struct desk *d = arg;
	uint8_t left[ACSR_MERKLE_HASH], right[ACSR_MERKLE_HASH];

	if (level == 0) {
		memcpy(out, d->leaves[index], ACSR_MERKLE_HASH);
		return ACSR_OK;
	}
	if (get(arg, level - 1, 2 * index, left, e) != ACSR_OK ||
		get(arg, level - 1, 2 * index + 1, right, e) != ACSR_OK)
		return ACSR_FAIL;
	return acsr_merkle_node(left, right, out, e);
}

static void open_it(struct desk *d)
{
	d->l = (struct logbook){ 0 };
	assert_int_equal(logbook_open(&d->l, d->dir, "https://ca.test:8443", d->keys, NULL), ACSR_OK);
}

static int begin(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	snprintf(d->dir, sizeof(d->dir), "/tmp/acsr-logbook-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	assert_int_equal(key_store_open(&d->keys, d->dir, NULL), ACSR_OK);
	for (size_t i = 0; i < ENTRIES; i++)
		assert_int_equal(acsr_merkle_leaf(&i, sizeof(i), d->leaves[i], NULL), ACSR_OK);
	open_it(d);
	*state = d;
	return 0;
}

static int end(void **state)
{
	struct desk *d = *state;
	char command[100];

	logbook_close(&d->l);
	key_store_free(d->keys);
	snprintf(command, sizeof(command), "rm -r %s", d->dir);
	free(d);
	return system(command);
}

/* Over the first `size` entries, with the proof from `from`. */
static enum acsr_result sign(struct desk *d, uint64_t from, uint64_t size, struct acsr_err *e)
{
	struct acsr_merkle_path path = { .n = 0 };
	uint8_t root[ACSR_MERKLE_HASH];

	assert_int_equal(acsr_merkle_root(size, get, d, root, NULL), ACSR_OK);
	if (from > 0 && from <= size)
		assert_int_equal(acsr_merkle_consistency(from, size, get, d, &path, NULL), ACSR_OK);
	return logbook_sign(&d->l, size, root, &path, e);
}

static void assert_note(const struct desk *d, uint64_t size)
{
	struct acsr_checkpoint c;
	size_t n;

	assert_int_equal(
		acsr_note_verify(d->l.note.p, d->l.note.len, (char *)d->l.verifier.p, &n, NULL), ACSR_OK);
	assert_int_equal(acsr_checkpoint_parse(&c, d->l.note.p, n, NULL), ACSR_OK);
	assert_string_equal(c.origin, "ca.test:8443/audit");
	assert_int_equal(c.size, size);
}

static void what_has_grown_is_signed_also_after_a_restart(void **state)
{
	struct desk *d = *state;
	struct acsr_blob before;

	assert_int_equal(sign(d, 0, 5, NULL), ACSR_OK);
	assert_note(d, 5);
	assert_int_equal(sign(d, 5, 12, NULL), ACSR_OK);
	assert_note(d, 12);
	logbook_close(&d->l);
	open_it(d);
	assert_note(d, 12);
	assert_int_equal(acsr_blob_copy(&before, d->l.note.p, d->l.note.len, NULL), ACSR_OK);
	assert_int_equal(sign(d, 12, 12, NULL), ACSR_OK);
	assert_string_equal((char *)before.p, (char *)d->l.note.p);
	acsr_blob_free(&before);
	assert_int_equal(sign(d, 12, 13, NULL), ACSR_OK);
}

static void assert_refused(struct desk *d, uint64_t from, uint64_t size, const char *id)
{
	struct acsr_err e;

	assert_int_equal(sign(d, from, size, &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	assert_note(d, 12);
}

static void what_was_changed_is_not(void **state)
{
	struct desk *d = *state;

	assert_int_equal(sign(d, 0, 12, NULL), ACSR_OK);
	assert_refused(d, 0, 11, "audit.shrunk");
	assert_refused(d, 0, 15, "merkle.consistency"); /* no proof */
	assert_refused(d, 7, 15, "merkle.consistency"); /* from elsewhere */
	d->leaves[3][0] ^= 1;
	assert_refused(d, 12, 15, "merkle.consistency");
	assert_refused(d, 12, 12, "merkle.consistency");
	d->leaves[3][0] ^= 1;
	assert_int_equal(sign(d, 12, 15, NULL), ACSR_OK);
}

/* Whoever can write the file but has no key cannot make it forget. */
static void a_head_that_was_put_there_is_refused(void **state)
{
	struct desk *d = *state;
	struct acsr_err e;
	char path[100];
	FILE *f;

	assert_int_equal(sign(d, 0, 12, NULL), ACSR_OK);
	logbook_close(&d->l);
	snprintf(path, sizeof(path), "%s/audit-head", d->dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_true(fputs("ca.test:8443/audit\n11", f) >= 0);
	fclose(f);
	d->l = (struct logbook){ 0 };
	assert_int_equal(logbook_open(&d->l, d->dir, "https://ca.test:8443", d->keys, &e), ACSR_FAIL);
	assert_string_equal(e.id, "note.signature");
}

/* The service got another address: its log goes on. */
static void a_new_name_goes_on_from_the_old_head(void **state)
{
	struct desk *d = *state;
	struct acsr_err e;

	assert_int_equal(sign(d, 0, 12, NULL), ACSR_OK);
	logbook_close(&d->l);
	d->l = (struct logbook){ 0 };
	assert_int_equal(logbook_open(&d->l, d->dir, "https://new.test", d->keys, NULL), ACSR_OK);
	assert_int_equal(sign(d, 0, 3, &e), ACSR_FAIL);
	assert_string_equal(e.id, "audit.shrunk");
	assert_int_equal(sign(d, 12, 13, NULL), ACSR_OK);
	assert_string_equal(d->l.last.origin, "new.test/audit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_has_grown_is_signed_also_after_a_restart, begin, end),
		cmocka_unit_test_setup_teardown(what_was_changed_is_not, begin, end),
		cmocka_unit_test_setup_teardown(a_head_that_was_put_there_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_new_name_goes_on_from_the_old_head, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
