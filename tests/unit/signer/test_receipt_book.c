/* The book of receipts: one of each, whatever is asked again; what is torn is healed, what is changed is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ca_world.h"
#include "receipt_book.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char dir[64], path[128];
static struct key_store *keys;
static char *names[] = { (char[]){ "www.example.com" } };

static int make_dir(void **state)
{
	(void)state;
	ca_world_dir(dir);
	snprintf(path, sizeof(path), "%s/receipts.log", dir);
	return key_store_open(&keys, dir, NULL) == ACSR_OK ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	key_store_free(keys);
	ca_world_remove(dir);
	return 0;
}

static struct receipt of(const char *request, const char *part)
{
	struct receipt r = { .service = "https://ca.test",
		.software = "autocsr",
		.signed_at = 30,
		.account = "acc_1",
		.order = "ord_1",
		.product = "dv",
		.names = { names, 1 },
		.made_by = "service",
		.key_type = "ec:p256",
		.spki_sha256 = SHA,
		.archive_sha256 = SHA,
		.archive_size = 5,
		.grade = "code",
		.format = "zip",
		.made_at = 10,
		.handed_over_at = 20,
		.issuer_kind = "private",
		.handed_over = { 1, SHA } };

	snprintf(r.request, sizeof(r.request), "%s", request);
	snprintf(r.part, sizeof(r.part), "%s", part);
	r.destroyed_at = strcmp(part, "final") == 0 ? 25 : 0;
	return r;
}

static void open_book(struct receipt_book *b, size_t healed)
{
	struct acsr_err e = { 0 };
	size_t got;

	if (receipt_book_open(b, dir, "https://ca.test:8443", keys, &got, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_int_equal(healed, got);
}

static void damaged(void)
{
	struct receipt_book b;
	struct acsr_err e = { 0 };
	size_t got;

	assert_int_equal(receipt_book_open(&b, dir, "https://ca.test:8443", keys, &got, &e), ACSR_FAIL);
	assert_string_equal(e.id, "sys.receipt-log");
	receipt_book_close(&b);
}

/* The document, as text; free() it. */
static char *sign(struct receipt_book *b, const struct receipt *r)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_err e = { 0 };
	char *text;

	buf_init(&out, RECEIPT_MAX);
	if (receipt_book_sign(b, r, &out, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_int_equal(str_dup(&text, buf_cstr(&out), NULL), ACSR_OK);
	return text;
}

static void who_asks_again_gets_the_first(void **state)
{
	struct receipt_book b;
	struct receipt r = of("req_1", "hand-over"), other = of("req_1", "hand-over");
	char *one, *two, *three;

	(void)state;
	other.signed_at = 99;
	other.archive_size = 6;
	open_book(&b, 0);
	assert_non_null(strstr((char *)b.verifier.p, "ca.test:8443/receipts+"));
	one = sign(&b, &r);
	two = sign(&b, &other);
	assert_string_equal(one, two);
	receipt_book_close(&b);
	open_book(&b, 0); /* and after a start */
	three = sign(&b, &other);
	assert_string_equal(one, three);
	assert_int_equal(b.file.lines, 1);
	receipt_book_close(&b);
	free(one);
	free(two);
	free(three);
}

static void parts_and_requests_are_different_ones(void **state)
{
	const struct receipt r[] = { of("req_1", "hand-over"), of("req_1", "final"),
		of("req_2", "hand-over") };
	struct receipt_book b;

	(void)state;
	open_book(&b, 0);
	for (size_t i = 0; i < 3; i++) {
		char *text = sign(&b, &r[i]);

		assert_non_null(strstr(text, r[i].part));
		assert_non_null(strstr(text, r[i].request));
		free(text);
	}
	assert_int_equal(b.file.lines, 3);
	receipt_book_close(&b);
}

/* It signs nothing that is not a receipt, and writes nothing down of it. */
static void what_is_no_receipt_is_not_signed(void **state)
{
	struct receipt r = of("req_1", "hand-over");
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_err e = { 0 };
	struct receipt_book b;

	(void)state;
	buf_init(&out, RECEIPT_MAX);
	open_book(&b, 0);
	snprintf(r.part, sizeof(r.part), "anything");
	assert_int_equal(receipt_book_sign(&b, &r, &out, &e), ACSR_FAIL);
	assert_string_equal(e.id, "receipt.field");
	r = of("req_1\tx", "hand-over");
	assert_int_equal(receipt_book_sign(&b, &r, &out, &e), ACSR_FAIL);
	r = of("req_1", "hand-over");
	snprintf(r.sandbox, sizeof(r.sandbox), "x\ny");
	assert_int_equal(receipt_book_sign(&b, &r, &out, &e), ACSR_FAIL);
	assert_int_equal(b.file.lines, 0);
	assert_int_equal(out.len, 0);
	receipt_book_close(&b);
}

static void a_torn_line_is_healed_and_a_changed_one_is_not(void **state)
{
	const struct receipt r = of("req_1", "hand-over"), r2 = of("req_2", "hand-over");
	struct receipt_book b;
	FILE *f;

	(void)state;
	open_book(&b, 0);
	free(sign(&b, &r));
	receipt_book_close(&b);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs("2\t2026-11-23T00:00:00Z\trec", f);
	fclose(f);
	open_book(&b, 26);
	free(sign(&b, &r2));
	receipt_book_close(&b);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 60, SEEK_SET);
	fputc('#', f);
	fclose(f);
	damaged();
}

/* Lost and made anew: what was said is said again, under the key of today. */
static void a_new_key_signs_what_the_old_one_did(void **state)
{
	const struct receipt r = of("req_1", "hand-over");
	struct receipt other = of("req_1", "hand-over");
	char file[128], *one, *two;
	struct receipt_book b;

	(void)state;
	other.archive_size = 77;
	snprintf(file, sizeof(file), "%s/receipt.key", dir);
	open_book(&b, 0);
	one = sign(&b, &r);
	receipt_book_close(&b);
	assert_int_equal(unlink(file), 0);
	open_book(&b, 0);
	two = sign(&b, &other);
	assert_string_not_equal(one, two);
	assert_memory_equal(one, two, (size_t)(strstr(one, "\n\"signature\"") - one));
	receipt_book_close(&b);
	free(one);
	free(two);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, drop_dir)
	const struct CMUnitTest tests[] = { TEST(who_asks_again_gets_the_first),
		TEST(parts_and_requests_are_different_ones), TEST(what_is_no_receipt_is_not_signed),
		TEST(a_torn_line_is_healed_and_a_changed_one_is_not),
		TEST(a_new_key_signs_what_the_old_one_did) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
