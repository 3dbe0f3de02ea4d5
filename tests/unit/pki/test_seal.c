/* Sealing, opened by those who will open it: age, and openssl cms. */
#include "check.h"

#include "autocsr/seal.h"

static char dir[64];

static struct acsr_secret *some_bytes(size_t n)
{
	struct acsr_secret *s;

	OK(secret_random(&s, n, &e));
	return s;
}

static struct acsr_recipient *recipient_from(const char *file)
{
	struct acsr_recipient *r;
	char path[128], text[ACSR_RECIPIENT_MAX];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	OK(acsr_recipient_parse(&r, text, n, 0, &e));
	return r;
}

/* Seal, open with `command` (sealed in `in`, plain to `out`), compare. */
static void seal_and_open(const char *recipient, size_t n, const char *command)
{
	struct acsr_recipient *r = recipient_from(recipient);
	struct acsr_secret *plain = some_bytes(n);
	struct acsr_blob sealed = { 0 };

	OK(acsr_seal(r, plain, &sealed, &e));
	write_file(dir, "in", sealed.p, sealed.len);
	write_file(dir, "want", acsr_secret_bytes(plain), n);
	if (sh("cd %s && rm -f out && %s && cmp out want", dir, command) != 0)
		fail_msg("%s does not open what was sealed to %s", command, recipient);
	/* one flipped bit anywhere near the end, and it does not open */
	sealed.p[sealed.len - 1] ^= 1;
	write_file(dir, "in", sealed.p, sealed.len);
	if (sh("cd %s && rm -f out && ! { %s 2>err && cmp -s out want; }", dir, command) != 0)
		fail_msg("%s opens a changed one", command);
	acsr_blob_free(&sealed);
	acsr_secret_free(plain);
	acsr_recipient_free(r);
}

static void need(const char *program)
{
	if (sh("command -v %s >/dev/null", program) != 0) {
		print_message("%s is not installed\n", program);
		skip();
	}
}

/* Around the chunk's size, and with a last chunk that is full. */
static void test_age_opens_every_size(void **state)
{
	static const size_t sizes[] = { 1, 1704, 65535, 65536, 65537, 131072, 300000, ACSR_SEAL_MAX };

	(void)state;
	need("age");
	assert_int_equal(
		0, sh("cd %s && age-keygen -o age.key 2>age.txt && age-keygen -y age.key >age.pub", dir));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		seal_and_open("age.pub", sizes[i], "age -d -i age.key -o out in");
}

static void test_age_opens_with_ssh_keys(void **state)
{
	(void)state;
	need("age");
	need("ssh-keygen");
	assert_int_equal(0,
		sh("cd %s && ssh-keygen -q -t ed25519 -N '' -C 'ann at work' -f ed && "
		   "ssh-keygen -q -t rsa -b 2048 -N '' -f rsa2 && ssh-keygen -q -t rsa -b 3072 -N '' -f rsa3",
			dir));
	seal_and_open("ed.pub", 1704, "age -d -i ed -o out in");
	seal_and_open("rsa2.pub", 1704, "age -d -i rsa2 -o out in");
	seal_and_open("rsa3.pub", 70000, "age -d -i rsa3 -o out in");
}

/* Another key does not open it: the header names the key it is for. */
static void test_nobody_else_opens_it(void **state)
{
	struct acsr_secret *plain = some_bytes(100);
	struct acsr_recipient *r;
	struct acsr_blob sealed = { 0 };

	(void)state;
	need("age");
	assert_int_equal(
		0, sh("cd %s && age-keygen -o one.key 2>one.txt && age-keygen -y one.key >one.pub && "
		      "age-keygen -o two.key 2>two.txt",
			   dir));
	r = recipient_from("one.pub");
	OK(acsr_seal(r, plain, &sealed, &e));
	write_file(dir, "in", sealed.p, sealed.len);
	assert_int_equal(
		0, sh("cd %s && age -d -i one.key -o out in && ! age -d -i two.key -o out in 2>err", dir));
	acsr_blob_free(&sealed);
	acsr_secret_free(plain);
	acsr_recipient_free(r);
}

/* A clear copy would be found; so would a repeated key or nonce. */
static void test_twice_is_not_the_same(void **state)
{
	static const char text[] = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";
	struct acsr_secret *plain;
	struct acsr_recipient *r;
	struct acsr_blob a = { 0 }, b = { 0 };

	(void)state;
	OK(acsr_secret_new(&plain, "0123456789abcdef0123456789abcdef", 32, &e));
	OK(acsr_recipient_parse(&r, text, strlen(text), 0, &e));
	OK(acsr_seal(r, plain, &a, &e));
	OK(acsr_seal(r, plain, &b, &e));
	assert_int_equal(a.len, b.len);
	assert_memory_not_equal(a.p + a.len - 48, b.p + b.len - 48, 48);
	assert_null(memmem(a.p, a.len, "01234567", 8));
	acsr_blob_free(&a);
	acsr_blob_free(&b);
	acsr_secret_free(plain);
	acsr_recipient_free(r);
}

static void test_sizes_that_are_refused(void **state)
{
	static const char text[] = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";
	struct acsr_secret *none, *much;
	struct acsr_recipient *r;
	struct acsr_blob out = { 0 };

	(void)state;
	OK(secret_zeroed(&none, 0, &e));
	OK(secret_zeroed(&much, ACSR_SEAL_MAX + 1, &e));
	OK(acsr_recipient_parse(&r, text, strlen(text), 0, &e));
	FAILS("recipient.size", acsr_seal(r, none, &out, &e));
	FAILS("recipient.size", acsr_seal(r, much, &out, &e));
	acsr_secret_free(none);
	acsr_secret_free(much);
	acsr_recipient_free(r);
}

/* --- CMS --- */

static void new_certificate(const char *name, const char *algorithm)
{
	assert_int_equal(
		0, sh("cd %s && openssl req -x509 -newkey %s -nodes -keyout %s.key -out %s.pem -days 1 "
		      "-subj /CN=Ann 2>err",
			   dir, algorithm, name, name));
}

static void test_openssl_opens_cms(void **state)
{
	static const char *const kinds[][2] = { { "r2", "rsa:2048" }, { "r4", "rsa:4096" },
		{ "p256", "ec -pkeyopt ec_paramgen_curve:P-256" },
		{ "p384", "ec -pkeyopt ec_paramgen_curve:P-384" },
		{ "p521", "ec -pkeyopt ec_paramgen_curve:P-521" } };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char pem[32], command[200];

		new_certificate(kinds[i][0], kinds[i][1]);
		snprintf(pem, sizeof(pem), "%s.pem", kinds[i][0]);
		snprintf(command, sizeof(command),
			"openssl cms -decrypt -inform DER -in in -inkey %s.key -recip %s.pem -out out",
			kinds[i][0], kinds[i][0]);
		seal_and_open(pem, 1704, command);
		snprintf(command, sizeof(command),
			"openssl cms -decrypt -inform DER -in in -inkey %s.key -out out", kinds[i][0]);
		seal_and_open(pem, 100000, command);
	}
}

static void test_what_the_cms_says_of_itself(void **state)
{
	static const char *const rsa[] = { "id-smime-ct-authEnvelopedData", "aes-256-gcm", "rsaesOaep",
		"sha256", "mgf1" };
	static const char *const ec[] = { "id-smime-ct-authEnvelopedData", "aes-256-gcm",
		"dhSinglePass-stdDH-sha384kdf-scheme", "id-aes256-wrap" };

	(void)state;
	seal_and_open("r2.pem", 10, "openssl cms -decrypt -inform DER -in in -inkey r2.key -out out");
	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++)
		assert_int_equal(
			0, sh("cd %s && openssl cms -cmsout -print -noout -inform DER -in in | grep -q %s",
				   dir, rsa[i]));
	seal_and_open("p384.pem", 10, "openssl cms -decrypt -inform DER -in in -inkey p384.key -out out");
	for (size_t i = 0; i < sizeof(ec) / sizeof(ec[0]); i++)
		assert_int_equal(
			0, sh("cd %s && openssl cms -cmsout -print -noout -inform DER -in in | grep -q %s",
				   dir, ec[i]));
}

static int begin(void **state)
{
	(void)state;
	temp_dir(dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return sh("rm -r %s", dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age_opens_every_size),
		cmocka_unit_test(test_age_opens_with_ssh_keys),
		cmocka_unit_test(test_nobody_else_opens_it),
		cmocka_unit_test(test_twice_is_not_the_same),
		cmocka_unit_test(test_sizes_that_are_refused),
		cmocka_unit_test(test_openssl_opens_cms),
		cmocka_unit_test(test_what_the_cms_says_of_itself),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
