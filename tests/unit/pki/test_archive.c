/* The hand-over archive: our reader, 7-Zip and bsdtar on our writer, and every way to break it. */
#include "check.h"

#include "autocsr/archive.h"
#include "base/buf.h"
#include "base/limits.h"

#define NAME "www.demo.test.key"
static const char code_text[] = "0123456789ABCDEFGHJKMNPQRS";
static const char plain_text[] = "-----BEGIN PRIVATE KEY-----\nnot really\n-----END PRIVATE KEY-----\n";

static struct acsr_secret *secret_of(const void *p, size_t n)
{
	struct acsr_secret *out = NULL;

	OK(acsr_secret_new(&out, p, n, &e));
	return out;
}

static size_t make(uint8_t *out, size_t cap, int64_t mtime)
{
	struct acsr_secret *code = secret_of(code_text, 26),
			   *plain = secret_of(plain_text, strlen(plain_text));
	size_t n = 0;

	OK(acsr_archive_write(NAME, plain, code, mtime, out, cap, &n, &e));
	assert_int_equal(n, ACSR_ARCHIVE_SIZE(strlen(NAME), strlen(plain_text)));
	acsr_secret_free(code);
	acsr_secret_free(plain);
	return n;
}

static enum acsr_result open_with(const char *code, const uint8_t *p, size_t n, struct acsr_err *e)
{
	struct acsr_secret *c = secret_of(code, strlen(code)), *plain = NULL;
	struct acsr_archive_info info;
	enum acsr_result r = acsr_archive_open(p, n, c, &plain, &info, e);

	if (r == ACSR_OK)
		assert_string_equal((const char *)acsr_secret_bytes(plain), plain_text);
	else
		assert_null(plain);
	acsr_secret_free(plain);
	acsr_secret_free(c);
	return r;
}

static void round_trip(void **state)
{
	struct acsr_archive_info info;
	uint8_t a[1024], b[1024];
	size_t n = make(a, sizeof(a), 1700000000);

	(void)state;
	OK(open_with(code_text, a, n, &e));
	OK(acsr_archive_show(a, n, &info, &e));
	assert_string_equal(info.name, NAME);
	assert_int_equal(info.size, strlen(plain_text));
	assert_int_equal(info.version, 2);
	assert_int_equal(info.bits, 256);
	assert_int_equal(info.mtime, 1700000000);
	assert_int_equal(make(b, sizeof(b), 1700000000), n);
	assert_memory_not_equal(a, b, n); /* a fresh salt each time */
	n = make(a, sizeof(a), 0);
	OK(acsr_archive_show(a, n, &info, &e));
	assert_int_equal(info.mtime, 315532800); /* 1980-01-01 */
}

/* Longer than one batch of key stream, and not a multiple of a block. */
static void long_contents(void **state)
{
	static uint8_t out[60000], big[50001];
	struct acsr_secret *code = secret_of("x", 1), *plain, *back = NULL;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	plain = secret_of(big, sizeof(big));
	OK(acsr_archive_write("k", plain, code, 0, out, sizeof(out), &n, &e));
	OK(acsr_archive_open(out, n, code, &back, NULL, &e));
	assert_true(secret_equal(plain, back));
	acsr_secret_free(back);
	acsr_secret_free(plain);
	acsr_secret_free(code);
}

static void other_programs_open_it(void **state)
{
	uint8_t a[1024];
	size_t n = make(a, sizeof(a), 0);
	char dir[64];

	(void)state;
	temp_dir(dir);
	write_file(dir, "a.zip", a, n);
	write_file(dir, "want", plain_text, strlen(plain_text));
	assert_int_equal(
		sh("cd %s && 7z x -y -p%s a.zip >/dev/null && cmp want " NAME " && rm " NAME, dir, code_text),
		0);
	assert_int_not_equal(sh("cd %s && 7z t -y -pwrong a.zip >/dev/null 2>&1", dir), 0);
	assert_int_equal(sh("cd %s && 7z l -slt a.zip | grep -q 'Method = AES-256 Store'", dir), 0);
	assert_int_equal(sh("cd %s && bsdtar --passphrase %s -xf a.zip && cmp want " NAME " && rm " NAME, dir,
				 code_text),
		0);
	assert_int_not_equal(sh("cd %s && bsdtar --passphrase wrong -xf a.zip 2>/dev/null", dir), 0);
	assert_int_equal(sh("rm -r %s", dir), 0);
}

/* AES-256, AE-2 by 7-Zip; AE-1 with a checksum by bsdtar. */
static void archives_of_other_programs(void **state)
{
	char dir[64], path[128];
	struct buf b;

	(void)state;
	temp_dir(dir);
	write_file(dir, "k.pem", plain_text, strlen(plain_text));
	assert_int_equal(
		sh("cd %s && 7z a -tzip -mm=Copy -mem=AES256 -p%s a.zip k.pem >/dev/null", dir, code_text),
		0);
	snprintf(path, sizeof(path), "%s/a.zip", dir);
	buf_init(&b, 65536);
	OK(buf_read_file(&b, path, &e));
	OK(open_with(code_text, b.p, b.len, &e));
	FAILS("archive.code", open_with("wrong", b.p, b.len, &e));
	buf_reset(&b);

	assert_int_equal(
		sh("cd %s && echo 2 > k2 && 7z a -tzip -mm=Copy -mem=AES256 -pabc a.zip k2 >/dev/null", dir),
		0);
	OK(buf_read_file(&b, path, &e));
	FAILS("archive.entries", open_with(code_text, b.p, b.len, &e));
	buf_reset(&b);

	assert_int_equal(sh("cd %s && rm a.zip && 7z a -tzip -mm=Copy a.zip k.pem >/dev/null", dir), 0);
	OK(buf_read_file(&b, path, &e));
	FAILS("archive.unencrypted", open_with(code_text, b.p, b.len, &e));
	buf_reset(&b);

	assert_int_equal(
		sh("cd %s && rm a.zip && 7z a -tzip -mm=Copy -mem=ZipCrypto -pabc a.zip k.pem >/dev/null",
			dir),
		0);
	OK(buf_read_file(&b, path, &e));
	FAILS("archive.zipcrypto", open_with(code_text, b.p, b.len, &e));
	buf_reset(&b);

	assert_int_equal(sh("cd %s && rm a.zip && yes | head -c 9999 > k2 && 7z a -tzip -mm=Deflate "
			    "-mem=AES256 -pabc a.zip k2 >/dev/null",
				 dir),
		0);
	OK(buf_read_file(&b, path, &e));
	FAILS("archive.method", open_with(code_text, b.p, b.len, &e));
	buf_free(&b);
	assert_int_equal(sh("rm -r %s", dir), 0);
}

static void wrong_codes(void **state)
{
	uint8_t a[1024];
	size_t n = make(a, sizeof(a), 0);

	(void)state;
	FAILS("archive.code", open_with("0123456789ABCDEFGHJKMNPQRT", a, n, &e));
	FAILS("archive.code", open_with("0123456789abcdefghjkmnpqrs", a, n, &e));
	FAILS("archive.code", open_with("01234-56789-ABCDE-FGHJK-MNPQRS", a, n, &e));
}

/* Each byte flipped is either refused or in what the format does not authenticate and we compare. */
static void every_byte_counts(void **state)
{
	uint8_t a[1024], b[1024];
	size_t n = make(a, sizeof(a), 0), data = 30 + strlen(NAME) + 11;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct acsr_err e = { 0 };

		memcpy(b, a, n);
		b[i] ^= 1;
		if (open_with(code_text, b, n, &e) == ACSR_OK) {
			/* fields of the central header that nobody needs: made by, attributes */
			size_t at = i - (data + 28 + strlen(plain_text));

			assert_true(at == 4 || at == 5 || (at >= 36 && at < 42));
		}
	}
	memcpy(b, a, n);
	b[data + 18] ^= 1; /* ciphertext */
	FAILS("archive.damaged", open_with(code_text, b, n, &e));
	memcpy(b, a, n);
	b[data + 18 + strlen(plain_text)] ^= 1; /* seal */
	FAILS("archive.damaged", open_with(code_text, b, n, &e));
	memcpy(b, a, n);
	b[data] ^= 1; /* salt */
	FAILS("archive.code", open_with(code_text, b, n, &e));
}

static void every_length_counts(void **state)
{
	uint8_t a[1200];
	size_t n = make(a, sizeof(a), 0);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct acsr_err e = { 0 };

		assert_int_equal(open_with(code_text, a, i, &e), ACSR_FAIL);
		assert_string_equal(e.id, i < 4 ? "archive.format" : "archive.truncated");
	}
	memset(a + n, 0, 100);
	FAILS("archive.appended", open_with(code_text, a, n + 1, &e));
	FAILS("archive.appended", open_with(code_text, a, n + 100, &e));
}

/* Entries and bytes around the one that belongs there. */
static void what_surrounds_it(void **state)
{
	uint8_t a[1024], b[2048];
	size_t n = make(a, sizeof(a), 0), local = 30 + strlen(NAME) + 11 + strlen(plain_text) + 28;

	(void)state;
	memcpy(b, "MZ", 2);
	memcpy(b + 2, a, n);
	FAILS("archive.prepended", open_with(code_text, b, n + 2, &e));
	memcpy(b, a, local);
	memcpy(b + local, a, n);
	FAILS("archive.appended", open_with(code_text, b, n + local, &e));
	b[n + local - 22 + 10] = 2;
	FAILS("archive.entries", open_with(code_text, b, n + local, &e));
	memcpy(b, a, n);
	b[local] ^= 1;
	FAILS("archive.altered", open_with(code_text, b, n, &e));
}

static void only_our_own_kind_is_a_hand_over(void **state)
{
	struct acsr_archive_info info = { .version = 2, .bits = 256 };

	(void)state;
	OK(acsr_archive_is_handover(&info, &e));
	info.version = 1;
	FAILS("archive.ae1", acsr_archive_is_handover(&info, &e));
	info.bits = 192;
	FAILS("archive.aes-bits", acsr_archive_is_handover(&info, &e));
}

static void not_archives(void **state)
{
	static uint8_t big[LIMIT_ARCHIVE + 1];
	uint8_t empty_zip[22] = { 'P', 'K', 5, 6 };

	(void)state;
	FAILS("archive.too-large", open_with(code_text, big, sizeof(big), &e));
	FAILS("archive.empty", open_with(code_text, empty_zip, 22, &e));
	FAILS("archive.format", open_with(code_text, (const uint8_t *)"hello", 5, &e));
	FAILS("archive.format", open_with(code_text, big, 2000, &e));
}

static void what_is_not_written(void **state)
{
	struct acsr_secret *code = secret_of(code_text, 26), *plain = secret_of(plain_text, 10),
			   *none = secret_of("", 0), *brief = secret_of("", 0),
			   *lengthy = secret_of(
				   "0123456789012345678901234567890123456789012345678901234567890123", 64);
	uint8_t out[400];
	char name[300];
	size_t n = 0;

	(void)state;
	memset(name, 'a', 201);
	name[201] = '\0';
	FAILS("archive.name", acsr_archive_write(name, plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.name", acsr_archive_write("", plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.name", acsr_archive_write("a/b", plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.name", acsr_archive_write("a\\b", plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.name", acsr_archive_write("a\nb", plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.name", acsr_archive_write("\xff", plain, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.code.length", acsr_archive_write("k", plain, brief, 0, out, sizeof(out), &n, &e));
	FAILS("archive.code.length", acsr_archive_write("k", plain, lengthy, 0, out, sizeof(out), &n, &e));
	FAILS("archive.size", acsr_archive_write("k", none, code, 0, out, sizeof(out), &n, &e));
	FAILS("archive.size",
		acsr_archive_write("k", plain, code, 0, out, ACSR_ARCHIVE_SIZE(1, 10) - 1, &n, &e));
	assert_int_equal(n, 0);
	OK(acsr_archive_write("k", plain, code, 0, out, ACSR_ARCHIVE_SIZE(1, 10), &n, &e));
	OK(acsr_archive_write("schl\xc3\xbcssel", plain, code, 0, out, sizeof(out), &n, &e));
	assert_int_equal(out[7], 8); /* flag: the name is UTF-8 */
	acsr_secret_free(code);
	acsr_secret_free(plain);
	acsr_secret_free(none);
	acsr_secret_free(brief);
	acsr_secret_free(lengthy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(long_contents),
		cmocka_unit_test(other_programs_open_it),
		cmocka_unit_test(archives_of_other_programs),
		cmocka_unit_test(wrong_codes),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(every_length_counts),
		cmocka_unit_test(what_surrounds_it),
		cmocka_unit_test(only_our_own_kind_is_a_hand_over),
		cmocka_unit_test(not_archives),
		cmocka_unit_test(what_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
