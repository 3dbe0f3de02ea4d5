#include "orders.h"

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
