/* Signed notes: the example of the format's Go implementation, our own round trips, and every way to be
 * wrong. */
#include "check.h"

#include "autocsr/note.h"

/* golang.org/x/mod/sumdb/note, the example of its documentation. */
static const char peter[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char example[] =
	"If you think cryptography is the answer to your problem,\n"
	"then you don't know what your problem is.\n"
	"\n"
	"\xe2\x80\x94 PeterNeumann "
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static void known_note(void **state)
{
	size_t n;

	(void)state;
	OK(acsr_note_verify((const uint8_t *)example, strlen(example), peter, &n, &e));
	assert_int_equal(n, strstr(example, "\n\n") + 1 - example);
}

static void own_note(void **state)
{
	ACSR_CLEANUP_BLOB struct acsr_blob note = { 0 }, vkey = { 0 };
	const struct acsr_key *key = a_key("ed25519");
	size_t n;

	(void)state;
	OK(acsr_note_sign("one\n\ntwo\n", "log.test", key, &note, &e));
	OK(acsr_note_verifier("log.test", key, &vkey, &e));
	OK(acsr_note_verify(note.p, note.len, (char *)vkey.p, &n, &e));
	assert_int_equal(n, strlen("one\n\ntwo\n"));
	for (size_t i = 0; i < n; i++) {
		note.p[i] ^= 1;
		assert_int_equal(acsr_note_verify(note.p, note.len, (char *)vkey.p, &n, NULL), ACSR_FAIL);
		note.p[i] ^= 1;
	}
	FAILS("note.unsigned", acsr_note_verify(note.p, note.len, peter, &n, &e));
	FAILS("note.name", acsr_note_sign("x\n", "a b", key, &note, &e));
	FAILS("note.name", acsr_note_sign("x\n", "", key, &note, &e));
	FAILS("note.text", acsr_note_sign("x", "a", key, &note, &e));
	FAILS("note.text", acsr_note_sign("x\ry\n", "a", key, &note, &e));
	FAILS("note.key", acsr_note_sign("x\n", "a", a_key("ec:p256"), &note, &e));
	FAILS("note.key", acsr_note_verifier("a", a_key("ec:p256"), &vkey, &e));
}

static void bad_notes(void **state)
{
	static const struct {
		const char *id, *note;
	} cases[] = {
		{ "note.format", "" },
		{ "note.format", "text\n" },
		{ "note.format", "text\n\n" },
		{ "note.format", "text\n\n\xe2\x80\x94 PeterNeumann x08g" },
		{ "note.format", "text\n\nPeterNeumann x08go/ZJkuBS\n" },
		{ "note.format", "text\n\n\xe2\x80\x94 PeterNeumann\n" },
		{ "note.format", "text\n\n\xe2\x80\x94 PeterNeumann x!8go/ZJ\n" },
		{ "note.format", "te\xff\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkuBS\n" },
		{ "note.unsigned", "text\n\n\xe2\x80\x94 Peter x08go/ZJkuBS\n" },
		{ "note.signature", "text\n\n\xe2\x80\x94 PeterNeumann x08go/ZJkuBS\n" },
	};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		FAILS(cases[i].id, acsr_note_verify((const uint8_t *)cases[i].note, strlen(cases[i].note),
					   peter, &n, &e));
}

static void bad_verifiers(void **state)
{
	static const char *const cases[] = { "", "PeterNeumann", "PeterNeumann+c74f20a3",
		"PeterNeumann+c74f20a3+",
		"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW" };
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		FAILS("note.verifier",
			acsr_note_verify((const uint8_t *)example, strlen(example), cases[i], &n, &e));
}

static void checkpoints(void **state)
{
	struct acsr_checkpoint c = { "ca.test/audit", 1201, { 1, 2, 3 } }, d;
	ACSR_CLEANUP_BLOB struct acsr_blob text = { 0 };
	static const char *const bad[] = { "", "a\n", "a\n1\n",
		"a\n01\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"a\n-1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "a\n1\nAQID\n",
		"\n1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"a\n1\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };

	(void)state;
	OK(acsr_checkpoint_print(&c, &text, &e));
	assert_string_equal(
		(char *)text.p, "ca.test/audit\n1201\nAQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	OK(acsr_checkpoint_parse(&d, text.p, text.len, &e));
	assert_string_equal(d.origin, c.origin);
	assert_int_equal(d.size, c.size);
	assert_memory_equal(d.root, c.root, sizeof(c.root));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		FAILS("note.checkpoint",
			acsr_checkpoint_parse(&d, (const uint8_t *)bad[i], strlen(bad[i]), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_note),
		cmocka_unit_test(own_note),
		cmocka_unit_test(bad_notes),
		cmocka_unit_test(bad_verifiers),
		cmocka_unit_test(checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
