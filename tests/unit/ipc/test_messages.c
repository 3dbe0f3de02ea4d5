/* Messages: what is encoded is decoded; every bound, every wrong frame and every wrong sender is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ipc/messages.h"

/* The fields of a message as encoded, header cut off. */
static void encoded(unsigned type, const void *m, struct buf *out)
{
	struct acsr_err e;
	uint8_t header[IPC_HEADER];

	buf_init(out, 1 << 22);
	assert_int_equal(msg_encode(msg_desc(type), 42, m, out, &e), ACSR_OK);
	assert_int_equal(buf_get(out, header, sizeof(header), &e), ACSR_OK);
	buf_compact(out);
}

static void every_kind_of_field_survives(void **state)
{
	struct msg_http_request m = { 0 }, back = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(str_dup(&m.method, "GET", &e), ACSR_OK);
	assert_int_equal(str_dup(&m.path, "/b\xc3\xbc", &e), ACSR_OK);
	assert_int_equal(acsr_secret_new(&m.bearer, "acsr_x", 6, &e), ACSR_OK);
	assert_int_equal(blob_set(&m.body, "\0\1\2", 3, &e), ACSR_OK);
	m.plain = 1;
	encoded(MSG_http_request, &m, &b);
	assert_int_equal(msg_decode(msg_desc(MSG_http_request), &b, &back, &e), ACSR_OK);
	assert_string_equal(back.method, "GET");
	assert_string_equal(back.path, "/b\xc3\xbc");
	assert_string_equal(back.origin, "");
	assert_int_equal(back.plain, 1);
	assert_int_equal(back.body.len, 3);
	assert_memory_equal(back.body.p, "\0\1\2", 3);
	assert_true(secret_equal(back.bearer, m.bearer));
	assert_null(back.cookie);
	msg_clear(msg_desc(MSG_http_request), &m);
	msg_clear(msg_desc(MSG_http_request), &back);
	assert_null(back.method);
}

static void lists_survive(void **state)
{
	struct msg_roles m = { 0 }, back = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(strv_add(&m.roles, "front 1 0", &e), ACSR_OK);
	assert_int_equal(strv_add(&m.roles, "", &e), ACSR_OK);
	encoded(MSG_roles, &m, &b);
	assert_int_equal(msg_decode(msg_desc(MSG_roles), &b, &back, &e), ACSR_OK);
	assert_int_equal(back.roles.n, 2);
	assert_string_equal(back.roles.v[0], "front 1 0");
	assert_string_equal(back.roles.v[1], "");
	msg_clear(msg_desc(MSG_roles), &m);
	msg_clear(msg_desc(MSG_roles), &back);
}

static void bounds_hold_when_encoding(void **state)
{
	struct msg_http_request m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&b, 1 << 22);
	assert_int_equal(str_dup(&m.method, "SEVENTEEN-LETTERS", &e), ACSR_OK);
	assert_int_equal(msg_encode(msg_desc(MSG_http_request), 1, &m, &b, &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.field");
	msg_clear(msg_desc(MSG_http_request), &m);
	m.plain = 2;
	assert_int_equal(msg_encode(msg_desc(MSG_http_request), 1, &m, &b, &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.field");
}

/* Decode these bytes as the fields of a `failed` message. */
static void assert_broken(const char *bytes, size_t n)
{
	struct msg_failed m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	buf_init(&b, 1 << 20);
	assert_int_equal(buf_put(&b, bytes, n, &e), ACSR_OK);
	assert_int_equal(msg_decode(msg_desc(MSG_failed), &b, &m, &e), ACSR_FAIL);
	assert_null(m.id);
	assert_null(m.text);
}

static void broken_frames_are_refused(void **state)
{
	struct msg_failed m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(str_dup(&m.id, "csr.der", &e), ACSR_OK);
	encoded(MSG_failed, &m, &b);
	msg_clear(msg_desc(MSG_failed), &m);
	for (size_t n = 0; n < b.len; n++)
		assert_broken((const char *)b.p, n);
	assert_int_equal(buf_put_u8(&b, 0, &e), ACSR_OK);
	assert_broken((const char *)b.p, b.len);
	assert_broken("\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);   /* a NUL in a text */
	assert_broken("\0\0\0\1\xff\0\0\0\0\0\0\0\0\0\0\0\0", 17); /* not UTF-8 */
	assert_broken("\xff\xff\xff\xff", 4);                      /* a length past the end */
	assert_broken("\0\0\0\x40"
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		      "\0\0\0\0\0\0\0\0\0\0\0\0",
		80); /* one more than the maximum of 63 */
}

static void numbers_above_their_maximum_are_refused(void **state)
{
	struct msg_archive_sent m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u32(&b, 0, &e), ACSR_OK);
	assert_int_equal(buf_put_u64(&b, 2, &e), ACSR_OK);
	assert_int_equal(buf_put_u64(&b, 0, &e), ACSR_OK);
	assert_int_equal(msg_decode(msg_desc(MSG_archive_sent), &b, &m, &e), ACSR_FAIL);
}

/* A list that claims four billion entries must not reserve room for them. */
static void huge_counts_are_refused(void **state)
{
	struct msg_roles m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_put_u32(&b, 0xffffffff, &e), ACSR_OK);
	assert_int_equal(msg_decode(msg_desc(MSG_roles), &b, &m, &e), ACSR_FAIL);
	assert_null(m.roles.v);
}

static void permissions(void **state)
{
	const struct msg_desc *sign = msg_desc(MSG_sign_cert), *failed = msg_desc(MSG_failed);

	(void)state;
	assert_true(msg_permitted(sign, ROLE_CORE, ROLE_SIGNER));
	assert_false(msg_permitted(sign, ROLE_FRONT, ROLE_SIGNER));
	assert_false(msg_permitted(sign, ROLE_SIGNER, ROLE_CORE));
	assert_false(msg_permitted(sign, ROLE_CORE, ROLE_KEYMAKER));
	assert_true(msg_permitted(failed, ROLE_PROBER, ROLE_CORE));
	assert_false(msg_permitted(failed, ROLE_AUTOCSRD, ROLE_CORE));
	assert_null(msg_desc(0));
	assert_null(msg_desc(0xffff));
}

/* The list itself: only the finished archive rides in a pipe, and no field is named after a private key. */
static void no_message_has_room_for_a_private_key(void **state)
{
	static const char *const fields[] = {
#define MESSAGE(name, number, from, to, fd)
#define FIELD(name, kind, field, max) #field,
#define END(name)
#include "ipc/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		assert_null(strstr(fields[i], "private"));
		assert_null(strstr(fields[i], "pkcs8"));
		assert_string_not_equal(fields[i], "key");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_field_survives),
		cmocka_unit_test(lists_survive),
		cmocka_unit_test(bounds_hold_when_encoding),
		cmocka_unit_test(broken_frames_are_refused),
		cmocka_unit_test(numbers_above_their_maximum_are_refused),
		cmocka_unit_test(huge_counts_are_refused),
		cmocka_unit_test(permissions),
		cmocka_unit_test(no_message_has_room_for_a_private_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
