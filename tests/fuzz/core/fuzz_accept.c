/*
 * A certificate with its chain, as another CA sends it: whatever comes is refused in words that a person can read, or it is the
 * order's key and names, valid now, for TLS servers, and each certificate of the chain has signed the one before it, which OpenSSL
 * alone judges here. Input: an octet of choices, then certificates (DER), each behind its length in two octets.
 *   1  the last one is the anchor that the operator named    2  a public CA    4  further names are a warning
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sanitizer/lsan_interface.h>

#include "../../unit/core/core_world.h"
#include "autocsr/cert.h"
#include "autocsr/input.h"
#include "core/upstream/accept.h"

enum { NOW = 1795000000, CERTS = 12, ANCHORED = 1, PUBLIC = 2, EXTRA = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *w;
static struct order order;

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Of what must work before anything is fuzzed. */
static void good(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	abort();
}

static void readable(const struct acsr_err *e)
{
	must(e->id[0] != '\0' && e->text[0] != '\0' && !str_has_control(e->text) &&
		str_is_utf8(e->text, strlen(e->text)));
}

/* Copies of exactly their size. */
static size_t split(const uint8_t *data, size_t size, struct acsr_blob *out)
{
	size_t n = 0;

	while (size >= 2 && n < CERTS) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		out[n].p = malloc(len > 0 ? len : 1);
		out[n].len = len;
		must(out[n].p != NULL);
		memcpy(out[n++].p, data, len);
		data += len;
		size -= len;
	}
	return n;
}

/* The order's key is that of the first certificate that is one: else nothing behind the key would ever be looked at. */
static void want_key_of(const struct acsr_blob *certs, size_t n)
{
	struct acsr_cert_view *v;
	struct acsr_err e;
	char spki[65] = "";

	for (size_t i = 0; i < n && spki[0] == '\0'; i++) {
		if (acsr_cert_parse(&v, certs[i].p, certs[i].len, NULL) != ACSR_OK)
			continue;
		hex_encode(v->spki_sha256, 32, spki);
		acsr_cert_view_free(v);
	}
	good(db_exec(w->c.db, NULL, "UPDATE requests SET spki_sha256 = $1", DB_ARGS(DB_TEXT(spki)), &e), &e);
}

static X509 *openssl_reads(const struct acsr_blob *der)
{
	const unsigned char *p = der->p;
	X509 *x = d2i_X509(NULL, &p, (long)der->len);

	must(x != NULL);
	return x;
}

/* Each is signed by the next, and none is signed by itself. */
static void chain_holds(const struct accepted *a)
{
	struct acsr_blob *above = NULL;
	size_t n = 0;
	X509 *below = openssl_reads(&a->der);

	if (a->chain[0] != '\0')
		must(acsr_input_certs((const uint8_t *)a->chain, strlen(a->chain), &above, &n, NULL) ==
			ACSR_OK);
	for (size_t i = 0; i < n; i++) {
		X509 *x = openssl_reads(&above[i]);

		must(X509_NAME_cmp(X509_get_issuer_name(below), X509_get_subject_name(x)) == 0);
		must(X509_verify(below, X509_get0_pubkey(x)) == 1);
		must(X509_check_ca(x) >= 1);
		X509_free(below);
		below = x;
	}
	X509_free(below);
	acsr_certs_free(above, n);
}

static void leaf_is_right(const struct accepted *a, bool extra)
{
	X509 *x = openssl_reads(&a->der);
	time_t now = NOW;

	must(X509_check_host(x, "www.demo.test", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1);
	must(X509_check_host(x, "demo.test", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1);
	must(extra ||
		X509_check_host(x, "other.demo.test", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) != 1);
	must(X509_cmp_time(X509_get0_notAfter(x), &now) > 0);
	must(X509_check_ca(x) != 1);
	X509_free(x);
}

static void judge(uint8_t choices, const struct acsr_blob *certs, size_t n)
{
	CLEANUP_ACCEPTED struct accepted a = { 0 };
	struct accept_from from = { .issuer = "up",
		.profile = "dv",
		.public = (choices & PUBLIC) != 0,
		.extra_names = (choices & EXTRA) != 0 };
	CLEANUP_STR char *anchors = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };
	struct acsr_err e;

	if ((choices & ANCHORED) != 0 && n > 0 &&
		acsr_cert_pem(certs[n - 1].p, certs[n - 1].len, &pem, NULL) == ACSR_OK) {
		must(str_printf(&anchors, NULL, "%.*s", (int)pem.len, (const char *)pem.p) == ACSR_OK);
		from.anchors = anchors;
	}
	if (accept_check(&w->c, &order, &from, certs, n, &a, &e) != ACSR_OK) {
		readable(&e);
		return;
	}
	leaf_is_right(&a, from.extra_names);
	chain_holds(&a);
	for (size_t i = 0; i < a.n_warnings; i++)
		must(!str_has_control(a.warnings[i]) && str_is_utf8(a.warnings[i], strlen(a.warnings[i])));
}

static void clean_up(void)
{
	void *state = w;

	(void)!world_end(&state);
}

static void set_up(void)
{
	static char names[] = "www.demo.test demo.test", subject[] = "{}", none[] = "";
	struct csr_request r = {
		.id = "req_1", .order_id = "ord_1", .key_source = "own-csr", .made_at = NOW
	};
	void *state = NULL;
	struct acsr_err e;

	must(world_begin(&state) == 0);
	w = state;
	atexit(clean_up);
	world_exec(w, "INSERT INTO accounts (id, name, email, created_at) VALUES ('acc', 'x', '', 1)");
	world_exec(w, "INSERT INTO users (id, account_id, email, password, role, disabled, totp_active, "
		      "totp_counter, "
		      "created_at) VALUES ('usr', 'acc', 'x@example.com', '', 'member', 0, 0, 0, 1)");
	world_open(w, NOW);
	order = (struct order){ .id = "ord_1",
		.account_id = "acc",
		.user_id = "usr",
		.product_id = "dv",
		.state = "issuing",
		.names = names,
		.subject = subject,
		.delivery = "download",
		.method = "http",
		.request_id = "req_1",
		.round = 1,
		.waiting_reason = none,
		.created_at = NOW };
	good(order_insert(w->c.db, &order, &e), &e);
	good(csr_request_insert(w->c.db, &r, (struct bytes){ (const uint8_t *)"x", 1 }, NULL, &e), &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_blob certs[CERTS] = { 0 };
	size_t n;

	if (w == NULL) {
		__lsan_disable(); /* what the loop watches only the kernel points at */
		set_up();
		__lsan_enable();
	}
	if (size < 1)
		return 0;
	n = split(data + 1, size - 1, certs);
	want_key_of(certs, n);
	judge(data[0], certs, n);
	for (size_t i = 0; i < n; i++)
		acsr_blob_free(&certs[i]);
	return 0;
}
