/* Lists of weak and blocked keys: made, read, looked up, and damaged in every byte. */
#include "check.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "autocsr/finding.h"
#include "autocsr/weakkey.h"
#include "pki/weaklist_int.h"

/* The entry that a key has in a list of this form, as text. */
static void entry(const char *type, enum acsr_weak_form form, char text[80])
{
	uint8_t hash[WEAK_WIDTH_MAX];
	size_t n = 0;

	OK(weak_hash(form, a_key(type), hash, &n, &e));
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static struct acsr_weak_section debian(unsigned bits, const char *arch, const char *state)
{
	struct acsr_weak_section s = { .form = ACSR_WEAK_OPENSSL,
		.width = 8,
		.bits = bits,
		.exponent = 65537,
		.flaw = ACSR_WEAK_DEBIAN };

	snprintf(s.arch, sizeof(s.arch), "%s", arch);
	snprintf(s.state, sizeof(s.state), "%s", state);
	return s;
}

static void add(struct acsr_weaklist_builder *b, const struct acsr_weak_section *s, const char *text)
{
	OK(acsr_weaklist_builder_text(b, s, (const uint8_t *)text, strlen(text), &e));
}

/* All machines but the one at `without` (6: all) for 2048 bits, each with one line of its own; `more` goes to
 * the last. */
static struct acsr_blob machines(const char *more, unsigned without)
{
	static const char *const archs[] = { "amd64", "i386" }, *const states[] = { "rnd", "noreadrnd",
		"nornd" };
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_blob out = { 0 };

	OK(acsr_weaklist_builder_new(&b, &e));
	for (unsigned i = 0; i < 6; i++) {
		struct acsr_weak_section s = debian(2048, archs[i / 3], states[i % 3]);
		char line[64];

		if (i == without)
			continue;
		snprintf(line, sizeof(line), "%u 0123456789abcdef%04u\n", i, i);
		add(b, &s, line);
		if (i == 5)
			add(b, &s, more);
	}
	OK(acsr_weaklist_builder_write(b, &out, &e));
	acsr_weaklist_builder_free(b);
	return out;
}

static struct acsr_blob all_machines(const char *more)
{
	return machines(more, 6);
}

static enum acsr_weak_answer ask(const struct acsr_weaklist *l, const char *type)
{
	const struct acsr_weak_section *hit;
	enum acsr_weak_answer answer;

	OK(acsr_weaklist_find(l, a_key(type), &answer, &hit, &e));
	return answer;
}

static void answers(void **state)
{
	struct acsr_weaklist *l = NULL;
	struct acsr_blob file;
	char line[80];

	(void)state;
	entry("rsa:2048", ACSR_WEAK_OPENSSL, line);
	file = all_machines(line);
	OK(acsr_weaklist_from(&l, file.p, file.len, &e));
	assert_int_equal(ask(l, "rsa:2048"), ACSR_WEAK_LISTED);
	assert_int_equal(ask(l, "rsa:3072"), ACSR_WEAK_NOT_COVERED);
	assert_int_equal(ask(l, "ec:p256"), ACSR_WEAK_NOT_COVERED);
	assert_int_equal(ask(l, "ed25519"), ACSR_WEAK_NOT_CONCERNED);
	assert_int_equal(ask(NULL, "rsa:2048"), ACSR_WEAK_NO_LIST);
	assert_int_equal(ask(NULL, "ed25519"), ACSR_WEAK_NOT_CONCERNED);
	acsr_weaklist_free(l);
	acsr_blob_free(&file);

	file = all_machines("");
	OK(acsr_weaklist_from(&l, file.p, file.len, &e));
	assert_int_equal(ask(l, "rsa:2048"), ACSR_WEAK_NOT_LISTED);
	acsr_weaklist_free(l);
	acsr_blob_free(&file);
}

/* A size is covered in full by all six machines and by no five of them. */
static void five_of_six(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct acsr_blob file = machines("", i);
		struct acsr_weaklist *l = NULL;

		OK(acsr_weaklist_from(&l, file.p, file.len, &e));
		assert_int_equal(ask(l, "rsa:2048"), ACSR_WEAK_IN_PART);
		acsr_weaklist_free(l);
		acsr_blob_free(&file);
	}
}

static void coverage(void **state)
{
	struct acsr_weak_section s = debian(1024, "amd64", "rnd"), ssh = s;
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_blob file = { 0 };
	struct acsr_weaklist *l = NULL;
	char text[128], tiny[4];

	(void)state;
	ssh.form = ACSR_WEAK_OPENSSH;
	ssh.bits = 3072;
	OK(acsr_weaklist_builder_new(&b, &e));
	add(b, &s, "0123456789abcdef0123");
	add(b, &ssh, "0123456789abcdef0123\n\n# x\n 7\t0123456789ABCDEF0123 \r\n");
	OK(acsr_weaklist_builder_write(b, &file, &e));
	OK(acsr_weaklist_from(&l, file.p, file.len, &e));
	assert_int_equal(acsr_weaklist_count(l), 2); /* the same twice is once */
	assert_int_equal(acsr_weaklist_covers(l, 1024, 65537), ACSR_WEAK_COVER_PART);
	assert_int_equal(acsr_weaklist_covers(l, 1024, 3), ACSR_WEAK_COVER_NONE);
	assert_int_equal(acsr_weaklist_covers(l, 3072, 65537), ACSR_WEAK_COVER_PART);
	acsr_weaklist_summary(l, text, sizeof(text));
	assert_string_equal(text, "rsa:1024 (in part) rsa:3072 (in part)");
	acsr_weaklist_summary(l, tiny, sizeof(tiny));
	assert_string_equal(tiny, "rsa");
	assert_null(acsr_weaklist_section(l, 2));
	acsr_weaklist_free(l);
	acsr_blob_free(&file);
	acsr_weaklist_builder_free(b);
}

/* Whatever byte is changed or cut off, the list is refused: the checksum is over all of it. */
static void every_byte(void **state)
{
	struct acsr_blob file = all_machines("");
	struct acsr_weaklist *l = NULL;

	(void)state;
	for (size_t i = 0; i < file.len; i++) {
		file.p[i] ^= 0x40;
		FAILS("input.weak-list", acsr_weaklist_from(&l, file.p, file.len, &e));
		file.p[i] ^= 0x40;
		FAILS("input.weak-list", acsr_weaklist_from(&l, file.p, i, &e));
	}
	OK(acsr_weaklist_from(&l, file.p, file.len, &e));
	acsr_weaklist_free(l);
	acsr_blob_free(&file);
}

static void bad_text(void **state)
{
	static const char *const bad[] = { "0123", "0123456789abcdef01234", "x 0123456789abcdef0123",
		"zz23456789abcdef0123" };
	struct acsr_weak_section s = debian(2048, "", ""), wide = s, dirty = s;
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_blob out = { 0 };

	(void)state;
	OK(acsr_weaklist_builder_new(&b, &e));
	for (size_t i = 0; i < 4; i++)
		FAILS("input.weak-list",
			acsr_weaklist_builder_text(b, &s, (const uint8_t *)bad[i], strlen(bad[i]), &e));
	wide.width = 11;
	FAILS("input.weak-list", acsr_weaklist_builder_text(b, &wide, (const uint8_t *)"", 0, &e));
	wide.width = 7;
	FAILS("input.weak-list", acsr_weaklist_builder_text(b, &wide, (const uint8_t *)"", 0, &e));
	memcpy(dirty.source, "\x1b[2J", 5);
	FAILS("input.weak-list", acsr_weaklist_builder_text(b, &dirty, (const uint8_t *)"", 0, &e));
	FAILS("input.empty", acsr_weaklist_builder_write(b, &out, &e));
	acsr_weaklist_builder_free(b);
}

static void in_the_gate(void **state)
{
	struct acsr_weak_section other = { .form = ACSR_WEAK_SPKI, .width = 32, .source = "a firmware" };
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_key_policy p = { 0 };
	struct acsr_findings all = { 0 };
	struct acsr_blob file, spki = { 0 };
	struct acsr_weaklist *l = NULL;
	char line[80];

	(void)state;
	entry("rsa:2048", ACSR_WEAK_OPENSSL, line);
	file = all_machines(line);
	OK(acsr_weaklist_from(&l, file.p, file.len, &e));
	p.weak = l;
	FAILS("key.debian", acsr_key_check_public(a_key("rsa:2048"), &p, NULL, &e));
	OK(acsr_key_check_public(a_key("rsa:3072"), &p, &all, &e));
	assert_string_equal(all.v[all.n - 1].id, "key.debian");
	assert_int_equal(all.v[all.n - 1].severity, ACSR_INFO);
	acsr_findings_free(&all);
	acsr_weaklist_free(l);
	acsr_blob_free(&file);

	entry("ec:p256", ACSR_WEAK_SPKI, line);
	OK(acsr_weaklist_builder_new(&b, &e));
	add(b, &other, line);
	OK(acsr_weaklist_builder_write(b, &spki, &e));
	OK(acsr_weaklist_from(&l, spki.p, spki.len, &e));
	p.weak = l;
	FAILS("key.blocked", acsr_key_check_public(a_key("ec:p256"), &p, NULL, &e));
	OK(acsr_key_check_public(a_key("ec:p384"), &p, NULL, &e));
	acsr_weaklist_free(l);
	acsr_weaklist_builder_free(b);
	acsr_blob_free(&spki);
}

static void blocklists(void **state)
{
	struct acsr_key_policy p = { 0 };
	struct acsr_blocklist *l = NULL;
	uint8_t hash[32], absent[32] = { 1 };
	char line[80];

	(void)state;
	entry("ec:p256", ACSR_WEAK_SPKI, line);
	OK(acsr_key_spki_sha256(a_key("ec:p256"), hash, &e));
	OK(acsr_blocklist_new(&l, &e));
	assert_false(acsr_blocklist_has(l, hash));
	OK(acsr_blocklist_add(l, (const uint8_t *)line, strlen(line), &e));
	OK(acsr_blocklist_add(l, (const uint8_t *)line, strlen(line), &e));
	assert_int_equal(acsr_blocklist_count(l), 1);
	assert_true(acsr_blocklist_has(l, hash) && !acsr_blocklist_has(l, absent));
	p.blocked = l;
	FAILS("key.blocked", acsr_key_check_public(a_key("ec:p256"), &p, NULL, &e));
	OK(acsr_key_check_public(a_key("ec:p384"), &p, NULL, &e));
	/* all or nothing */
	FAILS("input.blocklist", acsr_blocklist_add(l, (const uint8_t *)"00\n", 3, &e));
	assert_int_equal(acsr_blocklist_count(l), 1);
	acsr_blocklist_free(l);
}

static void pairs(void **state)
{
	static const char *const types[] = { "rsa:2048", "ec:p256", "ed25519", "ed448" };
	struct acsr_blob spki = { 0 };
	struct acsr_key *public = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		OK(acsr_key_check_pair(a_key(types[i]), NULL, &e));
	OK(acsr_key_spki(a_key("ec:p256"), &spki, &e));
	OK(acsr_key_load_spki(&public, spki.p, spki.len, &e));
	FAILS("key.pair.absent", acsr_key_check_pair(public, NULL, &e));
	acsr_key_free(public);
	acsr_blob_free(&spki);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(five_of_six),
		cmocka_unit_test(coverage),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(bad_text),
		cmocka_unit_test(in_the_gate),
		cmocka_unit_test(blocklists),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
