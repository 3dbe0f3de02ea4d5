/* The strict DER walker and the backward writer. */
#include "check.h"

#include "pki/der.h"

static enum acsr_result check(const void *p, size_t n, struct acsr_err *e)
{
	return der_check((struct bytes){ p, n }, "t", e);
}
#define DER(s) (s), sizeof(s) - 1

static void good_der(void **state)
{
	(void)state;
	OK(check(DER("\x05\x00"), &e));
	OK(check(DER("\x30\x00"), &e));
	OK(check(DER("\x30\x06\x02\x01\x7f\x01\x01\xff"), &e));
	OK(check(DER("\x02\x02\x00\x80"), &e));
	OK(check(DER("\x03\x02\x07\x80"), &e));
}

static void bad_der(void **state)
{
	static const struct {
		const char *id, *p;
		size_t n;
	} rows[] = {
		{ "t.der", DER("") },
		{ "t.der", DER("\x30") },
		{ "t.der", DER("\x30\x02\x05") },
		{ "t.der", DER("\x30\x82\x01") },
		{ "t.der", DER("\x30\x03\x04\x02\x00") }, /* longer than its parent */
		{ "t.der", DER("\x1f\x01\x00") },         /* high tag number */
		{ "t.der", DER("\x00\x00") },
		{ "t.der", DER("\x01\x01\x01") }, /* boolean of neither kind */
		{ "t.der", DER("\x01\x00") },
		{ "t.der", DER("\x05\x01\x00") },
		{ "t.der", DER("\x03\x00") },
		{ "t.der", DER("\x03\x02\x08\x00") },
		{ "t.der", DER("\x03\x01\x01") },
		{ "t.der.indefinite", DER("\x30\x80\x00\x00") },
		{ "t.der.indefinite", DER("\x30\x04\x30\x80\x00\x00") },
		{ "t.der.length", DER("\x30\x81\x02\x05\x00") },
		{ "t.der.length", DER("\x30\x82\x00\x80") },
		{ "t.der.length", DER("\x30\x85\x00\x00\x00\x00\x01") },
		{ "t.der.integer", DER("\x02\x00") },
		{ "t.der.integer", DER("\x02\x02\x00\x7f") },
		{ "t.der.integer", DER("\x02\x02\xff\x80") },
		{ "t.trailing", DER("\x05\x00\x00") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		FAILS(rows[i].id, check(rows[i].p, rows[i].n, &e));
}

/* NULL inside `depth` SEQUENCEs. */
static size_t nest(uint8_t *room, size_t cap, size_t depth)
{
	struct der_out w;

	der_out_init(&w, room, cap);
	der_put_tlv(&w, DER_NULL, NULL, 0);
	for (size_t i = 0; i < depth; i++)
		der_wrap(&w, DER_SEQUENCE, w.cap);
	assert_false(w.failed);
	memmove(room, room + w.pos, w.cap - w.pos);
	return w.cap - w.pos;
}

static void depth(void **state)
{
	uint8_t room[20000];

	(void)state;
	OK(check(room, nest(room, sizeof(room), DER_MAX_DEPTH), &e));
	FAILS("t.der.depth", check(room, nest(room, sizeof(room), DER_MAX_DEPTH + 1), &e));
	FAILS("t.der.depth", check(room, nest(room, sizeof(room), 4000), &e));
}

static void integers_of_unreasonable_size(void **state)
{
	uint8_t room[4000], big[3000];
	struct der_out w;

	(void)state;
	memset(big, 0x55, sizeof(big));
	der_out_init(&w, room, sizeof(room));
	der_put_uint(&w, big, sizeof(big));
	FAILS("t.der.integer", check(room + w.pos, w.cap - w.pos, &e));
}

static void writing(void **state)
{
	static const uint8_t want[] = { 0x30, 0x0a, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x00, 0x04, 0x01,
		0x07 };
	uint8_t room[16];
	struct der_out w;

	(void)state;
	der_out_init(&w, room, sizeof(room));
	der_put_tlv(&w, DER_OCTET_STRING, "\x07", 1);
	der_put_small(&w, 0);
	der_put_uint(&w, (const uint8_t *)"\x00\x00\x80", 3);
	der_wrap(&w, DER_SEQUENCE, w.cap);
	assert_false(w.failed);
	assert_int_equal(w.cap - w.pos, sizeof(want));
	assert_memory_equal(room + w.pos, want, sizeof(want));
	der_put_tlv(&w, DER_OCTET_STRING, "12345", 5);
	assert_true(w.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_der),
		cmocka_unit_test(bad_der),
		cmocka_unit_test(depth),
		cmocka_unit_test(integers_of_unreasonable_size),
		cmocka_unit_test(writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
