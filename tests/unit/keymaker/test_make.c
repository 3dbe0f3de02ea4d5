/* One order in memory: every key type, other people's tools, and each refusal. */
#include "make.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/csr.h"
#include "orders.h"
#include "pki/keyform.h"

static struct acsr_key *new_key(const char *type)
{
	struct acsr_key *key;
	struct acsr_err e = { 0 };

	if (acsr_key_generate(&key, type, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	return key;
}

static void make(struct made *out, struct msg_key_make *order, const struct acsr_key *key)
{
	struct acsr_err e = { 0 };

	if (make_check(order, &e) != ACSR_OK || make_order(out, order, key, &e) != ACSR_OK)
		fail_msg("%s: %s (%s)", e.id, e.text, e.field);
}

static void one_type(const char *type, const char *signature)
{
	struct msg_key_make order = orders_new(type);
	struct acsr_key *key = new_key(type), *got;
	struct acsr_csr_view *v;
	struct made m;

	make(&m, &order, key);
	assert_int_equal(26, acsr_secret_len(m.archive.code));
	got = orders_open(m.archive.bytes, m.archive.len, m.archive.code);
	assert_true(acsr_key_same(key, got));
	orders_check_csr(m.csr.p, m.csr.len, got);
	assert_int_equal(ACSR_OK, acsr_csr_parse(&v, m.csr.p, m.csr.len, NULL));
	assert_string_equal(signature, v->signature_alg);
	acsr_csr_view_free(v);
	acsr_key_free(got);
	acsr_key_free(key);
	made_clear(&m);
	orders_clear(&order);
}

static void test_every_key_type(void **state)
{
	(void)state;
	one_type("rsa:2048", "sha256WithRSAEncryption");
	one_type("rsa:3072", "sha256WithRSAEncryption");
	one_type("rsa:4096", "sha256WithRSAEncryption");
	one_type("ec:p256", "ecdsa-with-SHA256");
	one_type("ec:p384", "ecdsa-with-SHA384");
	one_type("ec:p521", "ecdsa-with-SHA512");
	one_type("ed25519", "ED25519");
}

static void test_the_archive_hash_is_of_the_archive(void **state)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct acsr_key *key = new_key("ec:p256");
	uint8_t want[32];
	struct made m;

	(void)state;
	make(&m, &order, key);
	assert_int_equal(1, EVP_Q_digest(NULL, "SHA256", NULL, m.archive.bytes, m.archive.len, want, NULL));
	assert_memory_equal(want, m.archive_sha256, 32);
	acsr_key_free(key);
	made_clear(&m);
	orders_clear(&order);
}

static int run(const char *fmt, const char *dir, const char *code)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), fmt, dir, code, dir, dir, dir);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What customers have: 7-Zip and bsdtar open it with the code, refuse another, and openssl reads the key. */
static void test_other_tools_open_it(void **state)
{
	char dir[] = "/tmp/autocsr-make-XXXXXX", path[64], code[32];
	struct msg_key_make order = orders_new("ec:p256");
	struct acsr_key *key = new_key("ec:p256");
	struct made m;
	FILE *f;

	(void)state;
	make(&m, &order, key);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.zip", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(m.archive.len, fwrite(m.archive.bytes, 1, m.archive.len, f));
	assert_int_equal(0, fclose(f));
	snprintf(code, sizeof(code), "%.*s", (int)acsr_secret_len(m.archive.code),
		(const char *)acsr_secret_bytes(m.archive.code));
	assert_int_equal(0, run("cd %s && 7z x -y -p%s a.zip >out.txt && openssl pkey -noout -in "
				"%s/www.example.com.key && rm %s/www.example.com.key",
				    dir, code));
	assert_int_equal(0, run("cd %s && bsdtar -x --passphrase %s -f a.zip && openssl pkey -noout -in "
				"%s/www.example.com.key && rm %s/www.example.com.key",
				    dir, code));
	assert_int_not_equal(0, run("cd %s && 7z x -y -p%sX a.zip >out.txt 2>&1", dir, code));
	assert_int_equal(0, run("rm -rf %s %.0s", dir, ""));
	acsr_key_free(key);
	made_clear(&m);
	orders_clear(&order);
}

/* What the file says of itself, by openssl: the strength that was promised. */
static void test_strengths(void **state)
{
	static const struct {
		const char *form, *command;
	} want[] = {
		{ "pkcs8", "openssl asn1parse -in in -dump | tr -d '\\n' | grep -q "
			   "'PBES2.*PBKDF2.*0927C0.*hmacWithSHA256.*aes-256-cbc'" },
		{ "p12", "openssl pkcs12 -info -in in -passin file:code -noout 2>&1 | tr -d '\\n' | grep -q "
			 "'MAC: sha256, Iteration 100000.*Encrypted.*PBES2, PBKDF2, AES-256-CBC, Iteration "
			 "100000, PRF "
			 "hmacWithSHA256.*Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000'" },
		{ "p12-legacy",
			"openssl pkcs12 -info -in in -passin file:code -noout 2>&1 | tr -d '\\n' | grep -q "
			"'MAC: sha1, Iteration 2048.*Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, "
			"Iteration 2048'" },
	};
	char dir[64];

	(void)state;
	if (!orders_recipients(dir))
		skip();
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct msg_key_make order = orders_new("rsa:2048");
		struct acsr_key *key = new_key("rsa:2048"), *got;
		char command[600];
		struct made m;

		orders_form(&order, want[i].form, "");
		make(&m, &order, key);
		got = orders_unlock(dir, want[i].form, NULL, m.archive.bytes, m.archive.len, m.archive.code);
		assert_true(acsr_key_same(key, got));
		snprintf(command, sizeof(command), "cd %s && %s", dir, want[i].command);
		if (system(command) != 0)
			fail_msg("%s is not as strong as it says", want[i].form);
		acsr_key_free(got);
		acsr_key_free(key);
		made_clear(&m);
		orders_clear(&order);
	}
	orders_forget(dir);
}

/* keytool is the customer of key stores: it lists the key under the host's name. */
static void test_a_key_store_for_java(void **state)
{
	static const char *const forms[] = { "p12", "p12-legacy" };
	char dir[64], command[256];

	(void)state;
	if (system("command -v keytool >/dev/null") != 0 || !orders_recipients(dir))
		skip();
	for (size_t i = 0; i < 2; i++) {
		struct msg_key_make order = orders_new("ec:p256");
		struct acsr_key *key = new_key("ec:p256");
		struct made m;

		orders_form(&order, forms[i], "");
		make(&m, &order, key);
		acsr_key_free(
			orders_unlock(dir, forms[i], NULL, m.archive.bytes, m.archive.len, m.archive.code));
		snprintf(command, sizeof(command),
			"cd %s && keytool -list -keystore in -storepass \"$(cat code)\" 2>err | grep -q "
			"'^www.example.com, .*PrivateKeyEntry'",
			dir);
		assert_int_equal(0, system(command));
		acsr_key_free(key);
		made_clear(&m);
		orders_clear(&order);
	}
	orders_forget(dir);
}

static void test_codes_differ(void **state)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct acsr_key *key = new_key("ec:p256");
	struct made a, b;

	(void)state;
	make(&a, &order, key);
	make(&b, &order, key);
	assert_false(secret_equal(a.archive.code, b.archive.code));
	acsr_key_free(key);
	made_clear(&a);
	made_clear(&b);
	orders_clear(&order);
}

static void test_a_weak_key_does_not_leave(void **state)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct acsr_key *key = new_key("ec:p256"), *weak;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	struct made m = { 0 };
	struct acsr_err e = { 0 };

	(void)state;
	assert_non_null(pkey);
	assert_int_equal(ACSR_OK, acsr_key_wrap_evp(&weak, pkey, NULL));
	assert_int_equal(ACSR_FAIL, make_order(&m, &order, weak, &e));
	assert_string_equal("sys.key-check", e.id);
	assert_null(m.archive.code);
	EVP_PKEY_free(pkey);
	acsr_key_free(weak);
	acsr_key_free(key);
	orders_clear(&order);
}

/* --- refusals --- */

static void refused(struct msg_key_make *order, const char *id)
{
	struct acsr_err e = { 0 };

	assert_int_equal(ACSR_FAIL, make_check(order, &e));
	assert_string_equal(id, e.id);
	orders_clear(order);
}

static void set_text(char **at, const char *s)
{
	free(*at);
	assert_int_equal(ACSR_OK, str_dup(at, s, NULL));
}

static void test_a_wrong_deliverer_is_refused(void **state)
{
	struct msg_key_make m = orders_new("ec:p256");

	(void)state;
	m.deliver = ROLE_CORE;
	refused(&m, "request.field.deliver");
}

/* What the service offers, this process writes: it begins as the table says. */
static void test_every_form_of_the_table(void **state)
{
	struct acsr_key *key = new_key("ec:p256");
	char dir[64];

	(void)state;
	if (!orders_recipients(dir))
		skip();
	for (const struct keyform *f = keyform_all(); f->name != NULL; f++) {
		CLEANUP_STR char *to =
			f->sealed ? orders_recipient(dir, strcmp(f->name, "cms") == 0 ? "p256" : "age")
				  : NULL;
		struct msg_key_make order = orders_new("ec:p256");
		struct made m;

		orders_form(&order, f->name, to != NULL ? to : "");
		make(&m, &order, key);
		assert_true((m.archive.code == NULL) == f->sealed);
		assert_true(keyform_begins(f, m.archive.bytes, m.archive.len));
		made_clear(&m);
		orders_clear(&order);
	}
	acsr_key_free(key);
	orders_forget(dir);
}

static void test_bad_forms_are_refused(void **state)
{
	static const char age[] = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";
	static const struct {
		const char *form, *recipient, *id;
	} bad[] = {
		{ "", "", "request.field.form" },
		{ "rar", "", "request.field.form" },
		{ "ZIP", "", "request.field.form" },
		{ "zip", age, "request.field.recipient" },
		{ "p12-legacy", "x", "request.field.recipient" },
		{ "age", "", "recipient.empty" },
		{ "cms", "", "recipient.empty" },
		{ "age", "age1", "recipient.age" },
		{ "cms", age, "recipient.format" },
		{ "age", "ssh-dss AAAA", "recipient.ssh.type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct msg_key_make m = orders_new("ec:p256");

		orders_form(&m, bad[i].form, bad[i].recipient);
		refused(&m, bad[i].id);
	}
}

static void test_an_unknown_key_type_is_refused(void **state)
{
	struct msg_key_make m = orders_new("rsa:1024");

	(void)state;
	refused(&m, "request.field.key_type");
}

static void test_a_type_that_openssl_lacks_is_refused(void **state)
{
	struct msg_key_make m = orders_new("ml-dsa-44");
	const struct acsr_key_type *t;

	(void)state;
	assert_int_equal(ACSR_OK, acsr_key_type_find(&t, "ml-dsa-44", NULL));
	if (acsr_key_type_available(t))
		orders_clear(&m);
	else
		refused(&m, "openssl.unsupported");
}

static void test_bad_entry_names_are_refused(void **state)
{
	static const char *const bad[] = { "", "../x", "a/b", "a\\b", ".ssh", "a\nb" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct msg_key_make m = orders_new("ec:p256");

		set_text(&m.entry_name, bad[i]);
		refused(&m, "request.field.entry_name");
	}
}

static void test_bad_lists_are_refused(void **state)
{
	static const struct {
		size_t list; /* offset */
		const char *entry, *id;
	} bad[] = {
		{ offsetof(struct msg_key_make, ekus), "anyway", "request.field.ekus" },
		{ offsetof(struct msg_key_make, ekus), "1.3.6.1.5..7.3.2", "request.field.ekus" },
		{ offsetof(struct msg_key_make, ekus), "1.3.6.1.5.5.7.3.1",
			"request.field.ekus" }, /* twice */
		{ offsetof(struct msg_key_make, sans), "www.example.com", "request.field.sans" },
		{ offsetof(struct msg_key_make, sans), "URI:https://x", "request.field.sans" },
		{ offsetof(struct msg_key_make, sans), "IP:192.0.2.256", "name.ip" },
		{ offsetof(struct msg_key_make, subject), "Example", "subject.field" },
		{ offsetof(struct msg_key_make, subject), "=Example", "subject.field" },
		{ offsetof(struct msg_key_make, subject), "nonsense=Example", "subject.field" },
		{ offsetof(struct msg_key_make, subject), "C=D1", "subject.country" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct msg_key_make m = orders_new("ec:p256");

		assert_int_equal(
			ACSR_OK, strv_add((struct strv *)((char *)&m + bad[i].list), bad[i].entry, NULL));
		refused(&m, bad[i].id);
	}
}

static void test_over_long_entries_are_refused(void **state)
{
	struct msg_key_make m = orders_new("ec:p256");
	char longest[1024];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "DNS:", 4);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ACSR_OK, strv_add(&m.sans, longest, NULL));
	refused(&m, "request.too-large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_type),
		cmocka_unit_test(test_the_archive_hash_is_of_the_archive),
		cmocka_unit_test(test_other_tools_open_it),
		cmocka_unit_test(test_strengths),
		cmocka_unit_test(test_a_key_store_for_java),
		cmocka_unit_test(test_codes_differ),
		cmocka_unit_test(test_a_weak_key_does_not_leave),
		cmocka_unit_test(test_a_wrong_deliverer_is_refused),
		cmocka_unit_test(test_every_form_of_the_table),
		cmocka_unit_test(test_bad_forms_are_refused),
		cmocka_unit_test(test_an_unknown_key_type_is_refused),
		cmocka_unit_test(test_a_type_that_openssl_lacks_is_refused),
		cmocka_unit_test(test_bad_entry_names_are_refused),
		cmocka_unit_test(test_bad_lists_are_refused),
		cmocka_unit_test(test_over_long_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
