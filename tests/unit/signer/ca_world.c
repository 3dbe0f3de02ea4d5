#include "ca_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/csr.h"
#include "base/clock.h"

static const char base_url[] = "http://127.0.0.1:8080";

void ca_world_dir(char out[64])
{
	snprintf(out, 64, "/tmp/autocsr-signer-XXXXXX");
	assert_non_null(mkdtemp(out));
}

void ca_world_remove(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(0, system(command));
}

static enum acsr_result open_ca(struct ca *ca, const char *dir, struct acsr_err *e)
{
	const struct issuers_config config = {
		.dir = dir, .name = "Example CA", .key_type = "ec:p256", .base_url = base_url
	};

	*ca = (struct ca){ .a.base_url = base_url };
	TRY(key_store_open(&ca->keys, dir, e));
	TRY(issuance_log_open(&ca->a.log, dir, &ca->healed, e));
	return issuers_open(&ca->a.issuers, &config, ca->keys, ca->a.log, e);
}

void ca_world_open(struct ca *ca, const char *dir)
{
	struct acsr_err e = { 0 };

	if (open_ca(ca, dir, &e) != ACSR_OK)
		fail_msg("%s: %s (%s)", e.id, e.text, e.field);
}

void ca_world_refused(const char *dir, const char *error)
{
	struct acsr_err e = { 0 };
	struct ca ca;

	assert_int_equal(ACSR_FAIL, open_ca(&ca, dir, &e));
	assert_string_equal(error, e.id);
	ca_world_close(&ca);
}

void ca_world_close(struct ca *ca)
{
	issuers_close(&ca->a.issuers);
	issuance_log_free(ca->a.log);
	key_store_free(ca->keys);
}

struct acsr_blob ca_world_csr(const char *key_type)
{
	const struct acsr_csr_request req = { 0 };
	struct acsr_blob der = { 0 };
	struct acsr_key *key;

	assert_int_equal(ACSR_OK, acsr_key_generate(&key, key_type, NULL));
	assert_int_equal(ACSR_OK, acsr_csr_build(&req, key, &der, NULL));
	acsr_key_free(key);
	return der;
}

static char *dup_text(const char *s)
{
	char *out;

	assert_int_equal(ACSR_OK, str_dup(&out, s, NULL));
	return out;
}

struct msg_sign_cert ca_world_request(struct acsr_blob csr, uint8_t n)
{
	struct msg_sign_cert m = { .issuer = dup_text("issuing-1"),
		.profile = dup_text("dv"),
		.reference = dup_text("ord_1"),
		.csr = { csr.p, csr.len },
		.not_before = (uint64_t)(clock_now() - 3600) };
	uint8_t serial[16];

	memset(serial, n, sizeof(serial));
	serial[0] = 0x55;
	m.not_after = m.not_before + 90 * 86400 - 1;
	assert_int_equal(ACSR_OK, blob_set(&m.serial, serial, sizeof(serial), NULL));
	assert_int_equal(ACSR_OK, strv_add(&m.subject, "CN=www.example.com", NULL));
	assert_int_equal(ACSR_OK, strv_add(&m.sans, "DNS:www.example.com", NULL));
	assert_int_equal(ACSR_OK, strv_add(&m.sans, "DNS:example.com", NULL));
	return m;
}

void ca_world_clear(struct msg_sign_cert *m)
{
	msg_clear(msg_desc(MSG_sign_cert), m);
}

void ca_world_write(const char *dir, const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(n, fwrite(p, 1, n, f));
	assert_int_equal(0, fclose(f));
}

int ca_world_run(const char *dir, const char *command)
{
	char line[1024];
	int status;

	snprintf(line, sizeof(line), "cd %s && { %s; } >run.txt 2>&1", dir, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
