/* Receipts: the canonical text, what is refused and why, reading strictly, signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pki/receipt.h"

#define SHA(c) "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde" c

static char *names[] = { (char[]){ "www.example.com" }, (char[]){ "192.0.2.1" } };

/* Of a key under a code; the names are a loan. */
static struct receipt good(void)
{
	return (struct receipt){ .part = "hand-over",
		.service = "https://ca.example.com",
		.software = "autocsr 0.1.0",
		.signed_at = 1790000100,
		.account = "acc_1",
		.order = "ord_1",
		.request = "req_1",
		.product = "dv",
		.names = { names, 2 },
		.made_by = "service",
		.key_type = "ec:p256",
		.spki_sha256 = SHA("0"),
		.archive_sha256 = SHA("1"),
		.archive_size = 1834,
		.grade = "code",
		.format = "zip",
		.delivery = "download",
		.made_at = 1790000000,
		.gone_at = 1790000001,
		.handed_over_at = 1790000010,
		.sandbox = "seccomp",
		.authorised_by = "ann@example.com",
		.authorised_kind = "session",
		.authorised_network = "192.0.2.0/24",
		.authorised_wording = "key-generation-1",
		.authorised_at = 1789999999,
		.issuer = "issuing-1",
		.issuer_kind = "private",
		.log = "ca.example.com/audit",
		.made = { 7, SHA("2") },
		.handed_over = { 9, SHA("3") } };
}

static const char canonical[] = "{\"account\":\"acc_1\",\"archive\":{\"sha256\":\"" SHA(
	"1") "\",\"size\":1834},"
	     "\"audit\":{\"checkpoint_root\":null,\"checkpoint_size\":null,\"destroyed_entry\":null,"
	     "\"destroyed_leaf\":null,\"handed_over_entry\":9,\"handed_over_leaf\":\"" SHA(
		     "3") "\","
			  "\"log\":\"ca.example.com/audit\",\"made_entry\":7,\"made_leaf\":\"" SHA(
				  "2") "\"},"
				       "\"authorised\":{\"at\":\"2026-09-21T14:13:19Z\",\"by\":\"ann@example."
				       "com\",\"kind\":\"session\","
				       "\"network\":\"192.0.2.0/"
				       "24\",\"token\":null,\"wording\":\"key-generation-1\"},"
				       "\"format\":\"autocsr-receipt-v1\",\"hand_over\":{\"delivery\":"
				       "\"download\",\"format\":\"zip\","
				       "\"grade\":\"code\",\"recipient\":null,\"recipient_sha256\":null},"
				       "\"issuer\":{\"kind\":\"private\",\"name\":\"issuing-1\"},\"key\":{"
				       "\"made_by\":\"service\","
				       "\"spki_sha256\":\"" SHA(
					       "0") "\",\"type\":\"ec:p256\"},\"names\":[\"www.example.com\","
						    "\"192.0.2.1\"],"
						    "\"order\":\"ord_1\",\"part\":\"hand-over\",\"product\":"
						    "\"dv\",\"request\":\"req_1\","
						    "\"sandbox\":\"seccomp\",\"service\":\"https://"
						    "ca.example.com\",\"signed_at\":\"2026-09-21T14:15:00Z\","
						    "\"software\":\"autocsr "
						    "0.1.0\",\"statement\":null,\"times\":{\"code_"
						    "destroyed\":null,"
						    "\"handed_over\":\"2026-09-21T14:13:30Z\",\"made\":"
						    "\"2026-09-21T14:13:20Z\","
						    "\"worker_gone\":\"2026-09-21T14:13:21Z\"}}";

static void print(const struct receipt *r, struct buf *out)
{
	struct acsr_err e = { 0 };

	buf_init(out, RECEIPT_MAX);
	if (receipt_print(r, out, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
}

static void the_text_is_canonical(void **state)
{
	struct receipt r = good();
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	print(&r, &b);
	assert_string_equal(canonical, buf_cstr(&b));
}

/* RFC 8785 3.2.2.2: only what must be escaped is. */
static void texts_are_escaped_as_rfc_8785_says(void **state)
{
	struct receipt r = good();
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	snprintf(r.issuer_kind, sizeof(r.issuer_kind), "public");
	snprintf(r.statement, sizeof(r.statement), "a \"b\" \\ c/d\n\xc3\xbc\xf0\x9f\x94\x91");
	snprintf(r.statement_author, sizeof(r.statement_author), "Ann");
	r.statement_at = 1;
	print(&r, &b);
	assert_non_null(strstr(buf_cstr(&b),
		"\"statement\":{\"at\":\"1970-01-01T00:00:01Z\",\"author\":\"Ann\",\"text\":\"a \\\"b\\\" "
		"\\\\ c/d\\n\xc3\xbc\xf0\x9f\x94\x91\"}"));
}

/* What the order of the members must be, for whoever adds one. */
static void the_members_are_in_order(void **state)
{
	const struct receipt_member *m, *before = NULL;

	(void)state;
	for (size_t i = 0; (m = receipt_member_at(i)) != NULL; before = m, i++) {
		const char *top = m->group != NULL ? m->group : m->name;
		const char *last = before == NULL ? "" : before->group != NULL ? before->group : before->name;
		bool same = before != NULL && m->group != NULL && before->group != NULL &&
			    strcmp(m->group, before->group) == 0;

		if (same)
			assert_true(strcmp(before->name, m->name) < 0);
		else
			assert_true(strcmp(last, top) < 0);
	}
}

static void refused(const struct receipt *r, const char *words)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e = { 0 };

	buf_init(&b, RECEIPT_MAX);
	assert_int_equal(receipt_print(r, &b, &e), ACSR_FAIL);
	assert_string_equal(e.id, "receipt.field");
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

#define WITH(field, value)                                               \
	do {                                                             \
		struct receipt with_ = good();                           \
		snprintf(with_.field, sizeof(with_.field), "%s", value); \
		refused(&with_, #field);                                 \
	} while (0)

static void every_member_is_checked(void **state)
{
	struct receipt r = good();
	char *none[] = { (char[]){ "" } }, *bidi[] = { (char[]){ "a\xe2\x80\xae" } };

	(void)state;
	WITH(account, "");
	WITH(account, "acc/1");
	WITH(order, "ord 1");
	WITH(request, "\"");
	WITH(product, "");
	WITH(part, "middle");
	WITH(format, "zip pkcs8");
	WITH(made_by, "us");
	WITH(spki_sha256, "0123");
	WITH(grade, "own-csr");
	WITH(service, "a\nb");
	WITH(service, "\xff");
	WITH(sandbox, "\x1b[2J");
	r = good();
	r.names.n = 0;
	refused(&r, "names");
	r.names = (struct strv){ none, 1 };
	refused(&r, "names");
	r.names = (struct strv){ bidi, 1 };
	refused(&r, "names");
	r = good();
	r.names.n = RECEIPT_NAMES + 1;
	refused(&r, "too many");
	r = good();
	r.handed_over_at = 0;
	refused(&r, "handed_over");
	r.handed_over_at = -5;
	refused(&r, "out of range");
	r.handed_over_at = INT64_C(253402300800);
	refused(&r, "out of range");
	r = good();
	snprintf(r.spki_sha256, sizeof(r.spki_sha256), "%s", SHA("A"));
	refused(&r, "spki_sha256");
}

/* Each rule of what belongs together, broken once. */
static void it_must_make_sense(void **state)
{
	struct receipt r = good();

	(void)state;
	r.made_at = 0;
	refused(&r, "its time and archive");
	r = good();
	r.archive_sha256[0] = '\0';
	refused(&r, "its time and archive");
	r = good();
	snprintf(r.made_by, sizeof(r.made_by), "browser");
	refused(&r, "grade");
	snprintf(r.grade, sizeof(r.grade), "browser");
	refused(&r, "no other has");
	r = good();
	snprintf(r.grade, sizeof(r.grade), "sealed");
	refused(&r, "sealed");
	snprintf(r.recipient_sha256, sizeof(r.recipient_sha256), SHA("4"));
	refused(&r, "the final one");
	snprintf(r.part, sizeof(r.part), "final");
	assert_int_equal(receipt_check(&r, NULL), ACSR_OK);
	r.destroyed_at = 1790000020;
	refused(&r, "destroyed");
	r = good();
	r.destroyed_at = 1790000020;
	refused(&r, "destroyed");
	snprintf(r.part, sizeof(r.part), "final");
	assert_int_equal(receipt_check(&r, NULL), ACSR_OK);
	r.destroyed_at = 0;
	refused(&r, "destroyed");
}

static void times_in_order(void **state)
{
	struct receipt r = good();
	const char *why;

	(void)state;
	assert_true(receipt_in_order(&r, &why));
	r.made_at = r.handed_over_at + 1;
	assert_false(receipt_in_order(&r, &why));
	assert_non_null(why);
	r = good();
	r.gone_at = r.made_at - 1;
	assert_false(receipt_in_order(&r, &why));
	r = good();
	r.signed_at = r.handed_over_at - 1;
	assert_false(receipt_in_order(&r, &why));
	r = good();
	r.authorised_at = r.handed_over_at + 1;
	assert_false(receipt_in_order(&r, &why));
	r = good();
	r.destroyed_at = r.made_at; /* shown as often as it may be, before the acknowledgement */
	assert_true(receipt_in_order(&r, &why));
	r.destroyed_at = r.made_at - 1;
	assert_false(receipt_in_order(&r, &why));
	r.destroyed_at = r.signed_at + 1;
	assert_false(receipt_in_order(&r, &why));
}

/* --- signatures and reading --- */

static struct acsr_key *new_key(const char *type)
{
	struct acsr_key *key;

	assert_int_equal(acsr_key_generate(&key, type, NULL), ACSR_OK);
	return key;
}

static void document_of(const struct receipt *r, const struct acsr_key *key, struct buf *out)
{
	uint8_t signature[RECEIPT_SIGNATURE];
	CLEANUP_BUF struct buf b = { 0 };

	print(r, &b);
	buf_init(out, RECEIPT_MAX);
	assert_int_equal(receipt_sign((char *)b.p, b.len, key, signature, NULL), ACSR_OK);
	assert_int_equal(receipt_document((char *)b.p, b.len, signature, key, out, NULL), ACSR_OK);
}

static void what_was_signed_is_read(void **state)
{
	struct receipt r = good();
	struct acsr_key *key = new_key("ed25519"), *other = new_key("ed25519");
	CLEANUP_BUF struct buf doc = { 0 };
	struct receipt_signed s;
	struct acsr_err e = { 0 };

	(void)state;
	document_of(&r, key, &doc);
	assert_int_equal(receipt_read(&s, doc.p, doc.len, &e), ACSR_OK);
	assert_string_equal((char *)s.text.p, canonical);
	assert_string_equal(s.receipt.names.v[1], "192.0.2.1");
	assert_int_equal(s.receipt.handed_over.seq, 9);
	assert_true(acsr_key_same(s.key, key));
	assert_int_equal(receipt_verify((char *)s.text.p, s.text.len, s.signature, key, &e), ACSR_OK);
	assert_int_equal(receipt_verify((char *)s.text.p, s.text.len, s.signature, other, &e), ACSR_FAIL);
	assert_string_equal(e.id, "receipt.signature");
	((char *)s.text.p)[20] ^= 1;
	assert_int_equal(receipt_verify((char *)s.text.p, s.text.len, s.signature, key, &e), ACSR_FAIL);
	receipt_signed_clear(&s);
	acsr_key_free(key);
	acsr_key_free(other);
}

/* A signature over the text alone, or over another text of the service, is none over a receipt. */
static void other_signatures_are_no_receipts(void **state)
{
	struct acsr_key *key = new_key("ed25519"), *ec = new_key("ec:p256");
	struct acsr_blob sig = { 0 };
	uint8_t signature[RECEIPT_SIGNATURE];
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(acsr_key_sign(key, canonical, strlen(canonical), &sig, &e), ACSR_OK);
	assert_int_equal(receipt_verify(canonical, strlen(canonical), sig.p, key, &e), ACSR_FAIL);
	assert_int_equal(receipt_sign(canonical, strlen(canonical), ec, signature, &e), ACSR_FAIL);
	assert_string_equal(e.id, "receipt.key");
	acsr_blob_free(&sig);
	acsr_key_free(key);
	acsr_key_free(ec);
}

static void not_read(const char *text, const char *id)
{
	struct receipt_signed s = { 0 };
	struct acsr_err e = { 0 };

	assert_int_equal(receipt_read(&s, (const uint8_t *)text, strlen(text), &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	assert_null(s.text.p);
}

/* Replace `from` by `to` in a good document. */
static void changed(const char *from, const char *to, const char *id)
{
	struct receipt r = good();
	struct acsr_key *key = new_key("ed25519");
	CLEANUP_BUF struct buf doc = { 0 };
	char *text, *at;

	document_of(&r, key, &doc);
	acsr_key_free(key);
	at = strstr(buf_cstr(&doc), from);
	assert_non_null(at);
	*at = '\0';
	assert_int_equal(str_printf(&text, NULL, "%s%s%s", (char *)doc.p, to, at + strlen(from)), ACSR_OK);
	not_read(text, id);
	free(text);
}

static void what_is_no_receipt_is_refused(void **state)
{
	(void)state;
	not_read("", "receipt.format");
	not_read("{}", "receipt.format");
	not_read("{\"receipt\":{},\"signature\":{}}", "receipt.format");
	changed("autocsr-receipt-v1", "autocsr-receipt-v2", "receipt.version");
	changed("autocsr-receipt-v1", "another", "receipt.format");
	changed("\"account\"", "\"x\":1,\"account\"", "receipt.format");
	changed("\"account\"", "\"account\":\"a\",\"account\"", "receipt.format");
	changed("\"account\"", "\"acount\"", "receipt.format");
	changed("\"size\":1834", "\"size\":1834.0", "receipt.field");
	changed("\"size\":1834", "\"size\":18446744073709551616", "receipt.format");
	changed("\"statement\":null", "\"statement\":{\"at\":null,\"author\":null,\"text\":null}",
		"receipt.format");
	changed("\"token\":null", "\"token\":\"\"", "receipt.format");
	changed("14:15:00Z", "14:15:00+00:00", "receipt.field");
	changed("\"Ed25519\"", "\"ed25519\"", "receipt.format");
	changed("\"algorithm\"", "\"more\":1,\"algorithm\"", "receipt.format");
	changed("\"www.example.com\",", "7,", "receipt.field");
	changed("\"part\":\"hand-over\"", "\"part\":\"final\"", "receipt.field");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_text_is_canonical),
		cmocka_unit_test(texts_are_escaped_as_rfc_8785_says),
		cmocka_unit_test(the_members_are_in_order), cmocka_unit_test(every_member_is_checked),
		cmocka_unit_test(it_must_make_sense), cmocka_unit_test(times_in_order),
		cmocka_unit_test(what_was_signed_is_read), cmocka_unit_test(other_signatures_are_no_receipts),
		cmocka_unit_test(what_is_no_receipt_is_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
