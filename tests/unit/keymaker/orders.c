#include "orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/archive.h"
#include "autocsr/csr.h"
#include "autocsr/key.h"

static char *dup_text(const char *s)
{
	char *out;

	assert_int_equal(ACSR_OK, str_dup(&out, s, NULL));
	return out;
}

static void add(struct strv *l, const char *s)
{
	assert_int_equal(ACSR_OK, strv_add(l, s, NULL));
}

struct msg_key_make orders_new(const char *key_type)
{
	struct msg_key_make m = { .ticket = dup_text("ticket-1"),
		.deliver = ROLE_FRONT,
		.key_type = dup_text(key_type),
		.entry_name = dup_text("www.example.com.key"),
		.form = dup_text("zip"),
		.recipient = dup_text("") };

	add(&m.subject, "CN=www.example.com");
	add(&m.subject, "O=Example, Inc");
	add(&m.subject, "C=DE");
	add(&m.sans, "DNS:www.example.com");
	add(&m.sans, "DNS:example.com");
	add(&m.sans, "IP:192.0.2.1");
	add(&m.ekus, "serverAuth");
	return m;
}

void orders_clear(struct msg_key_make *m)
{
	msg_clear(msg_desc(MSG_key_make), m);
}

struct acsr_key *orders_open(const uint8_t *archive, size_t len, const struct acsr_secret *code)
{
	struct acsr_archive_info info;
	struct acsr_secret *plain;
	struct acsr_key *key;
	struct acsr_err e = { 0 };

	if (acsr_archive_open(archive, len, code, &plain, &info, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_string_equal("www.example.com.key", info.name);
	assert_int_equal(2, info.version);
	assert_int_equal(256, info.bits);
	assert_memory_equal("-----BEGIN PRIVATE KEY-----\n", acsr_secret_bytes(plain), 28);
	assert_int_equal(ACSR_OK,
		acsr_key_load_private(&key, acsr_secret_bytes(plain), acsr_secret_len(plain), NULL, NULL));
	acsr_secret_free(plain);
	return key;
}

void orders_check_csr(const uint8_t *der, size_t len, const struct acsr_key *key)
{
	struct acsr_csr_view *v;
	struct acsr_err e = { 0 };

	if (acsr_csr_parse(&v, der, len, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_true(acsr_key_same(v->key, key));
	assert_int_equal(3, v->subject.n);
	assert_string_equal("C", v->subject.v[0].name); /* the most significant field is encoded first */
	assert_string_equal("Example, Inc", acsr_dn_get(&v->subject, "O"));
	assert_string_equal("www.example.com", acsr_dn_get(&v->subject, "CN"));
	assert_int_equal(3, v->sans.n);
	assert_true(acsr_sans_has(&v->sans, ACSR_SAN_DNS, "example.com"));
	assert_true(acsr_sans_has(&v->sans, ACSR_SAN_IP, "192.0.2.1"));
	assert_int_equal(1, v->n_ekus);
	assert_string_equal("serverAuth", v->ekus[0]);
	acsr_csr_view_free(v);
}

void orders_form(struct msg_key_make *m, const char *form, const char *recipient)
{
	free(m->form);
	free(m->recipient);
	m->form = dup_text(form);
	m->recipient = dup_text(recipient);
}

/* --- those who get keys --- */

static int sh(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

bool orders_recipients(char dir[64])
{
	if (sh("command -v age-keygen >/dev/null && command -v ssh-keygen >/dev/null") != 0)
		return false;
	strcpy(dir, "/tmp/autocsr-to-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(0,
		sh("cd %s && age-keygen -o age 2>err && age-keygen -y age >age.pub && "
		   "ssh-keygen -q -t ed25519 -N '' -f ed && ssh-keygen -q -t rsa -b 2048 -N '' -f rsa && "
		   "openssl req -x509 -newkey rsa:2048 -nodes -keyout r2 -out r2.pub -subj /CN=Ann 2>err && "
		   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout p256 -out "
		   "p256.pub -subj /CN=Bob 2>err",
			dir));
	return true;
}

void orders_forget(const char *dir)
{
	assert_int_equal(0, sh("rm -r %s", dir));
}

static size_t slurp(const char *dir, const char *name, char *out, size_t cap)
{
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(out, 1, cap - 1, f);
	out[n] = '\0';
	fclose(f);
	return n;
}

static void spit(const char *dir, const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(n, fwrite(p, 1, n, f));
	assert_int_equal(0, fclose(f));
}

char *orders_recipient(const char *dir, const char *name)
{
	char file[32], text[16384];

	snprintf(file, sizeof(file), "%s.pub", name);
	slurp(dir, file, text, sizeof(text));
	return dup_text(text);
}

static const struct {
	const char *form, *command; /* NAME: the recipient's private key */
} openers[] = {
	{ "zip", "7z e -so -p$(cat code) in >out 2>err" },
	{ "pkcs8", "grep -q 'BEGIN ENCRYPTED PRIVATE KEY' in && openssl pkcs8 -in in -passin file:code -out "
		   "out" },
	{ "p12", "openssl pkcs12 -in in -passin file:code -nodes -nocerts -out out" },
	{ "p12-legacy", "openssl pkcs12 -in in -passin file:code -nodes -nocerts -out out" },
	{ "age", "age -d -i $name -o out in" },
	{ "cms", "openssl cms -decrypt -inform DER -in in -inkey $name -out out" },
};

struct acsr_key *orders_unlock(const char *dir, const char *form, const char *name, const uint8_t *p,
	size_t len, const struct acsr_secret *code)
{
	const char *command = NULL;
	struct acsr_key *key;
	char pem[16384];
	size_t n;

	for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++)
		if (strcmp(openers[i].form, form) == 0)
			command = openers[i].command;
	assert_non_null(command);
	spit(dir, "in", p, len);
	if (code != NULL)
		spit(dir, "code", acsr_secret_bytes(code), acsr_secret_len(code));
	if (sh("cd %s && rm -f out && name=%s && %s", dir, name != NULL ? name : "", command) != 0)
		fail_msg("%s: %s does not open it", form, command);
	n = slurp(dir, "out", pem, sizeof(pem));
	assert_int_equal(ACSR_OK, acsr_key_load_private(&key, (const uint8_t *)pem, n, NULL, NULL));
	return key;
}
