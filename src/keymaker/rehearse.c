/* Health tests, and an order for each form and each kind of recipient. */
#include "rehearse.h"

#include "autocsr/cert.h"
#include "base/clock.h"
#include "health.h"
#include "make.h"
#include "pki/pkcs12_int.h"
#include "seed.h"

/* Nobody has the private halves. */
#define AGE "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m"
#define SSH_ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0DSSqDRZd3oGOaKzAK3R1Brhfwmo8MyVmBV7oplcWr"
#define SSH_RSA                                                                                \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCh9WZyrzZvPp/nwnDPHjIcl89GLKe+mJIniUmGRuNj/Yh8" \
	"MV6al7By3fpMR2wOXdREH1Ew5gEBw13faP0F+Wj9rEezQi4ThHTvGpf6MtwajD4wJ7eAPO2zM6mvo5dL/dkV" \
	"Fngva4TgToa5khyCHFe7Aj1Vq1GgiF3fY3k7pWFvMZnocmsZ97cNfTVeKw3hQXXp9erl+PgOacVcpuv7GIsM" \
	"4H1KSKTfYxVdukiitH3lyTkSxVm8DuzwjcDgnif8Ga2yaBp7Fcc5/X2BG+awhgqmay/pVQZN841q0hl37jxg" \
	"aqOlnJddHKHgKi18R6OQyKnt4G+f34Cc6wDu72Xap8DX"

static enum acsr_result order_new(struct msg_key_make *m, const char *key_type, struct acsr_err *e)
{
	*m = (struct msg_key_make){ .deliver = ROLE_FRONT };
	TRY(str_dup(&m->key_type, key_type, e));
	TRY(str_dup(&m->entry_name, "test.key", e));
	TRY(str_dup(&m->form, "", e));
	TRY(str_dup(&m->recipient, "", e));
	TRY(strv_add(&m->subject, "CN=test.invalid", e));
	TRY(strv_add(&m->sans, "DNS:test.invalid", e));
	return strv_add(&m->ekus, "serverAuth", e);
}

/* One order in that form; rounds cost time and load nothing. *csr (may be NULL) gets its CSR. */
static enum acsr_result one(const struct msg_key_make *order, const char *form, const char *recipient,
	const struct acsr_key *key, struct acsr_blob *csr, struct acsr_err *e)
{
	struct msg_key_make m = *order;
	struct made made = { 0 };
	enum acsr_result r;

	m.form = (char *)(uintptr_t)form;
	m.recipient = (char *)(uintptr_t)recipient;
	TRY(make_check(&m, e));
	TRY(make_order_rounds(&made, &m, key, 1, e));
	r = csr != NULL ? acsr_blob_copy(csr, made.csr.p, made.csr.len, e) : ACSR_OK;
	made_clear(&made);
	return r;
}

/* Sealed to a certificate on the key itself. */
static enum acsr_result to_certificate(const struct msg_key_make *order, const struct acsr_key *key,
	const struct acsr_blob *csr, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };

	TRY(pkcs12_placeholder(csr, key, clock_now(), &der, e));
	TRY(acsr_cert_pem(der.p, der.len, &pem, e));
	return one(order, "cms", (const char *)pem.p, key, NULL, e);
}

static enum acsr_result every_form(
	const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob csr = { 0 };

	TRY(one(order, "zip", "", key, &csr, e));
	TRY(one(order, "pkcs8", "", key, NULL, e));
	TRY(one(order, "p12", "", key, NULL, e));
	TRY(one(order, "p12-legacy", "", key, NULL, e));
	TRY(one(order, "age", AGE, key, NULL, e));
	TRY(one(order, "age", SSH_ED25519, key, NULL, e));
	TRY(one(order, "age", SSH_RSA, key, NULL, e));
	return to_certificate(order, key, &csr, e);
}

static enum acsr_result with_key(const char *type, struct acsr_err *e)
{
	struct msg_key_make order;
	struct acsr_key *key = NULL;
	enum acsr_result r = order_new(&order, type, e);

	if (r == ACSR_OK)
		r = acsr_key_generate(&key, type, e);
	if (r == ACSR_OK)
		r = every_form(&order, key, e);
	acsr_key_free(key);
	msg_clear(msg_desc(MSG_key_make), &order);
	return r;
}

enum acsr_result rehearse_all(struct acsr_err *e)
{
	TRY(health_run_all(e));
	TRY(seed_fresh(e));
	TRY(with_key("ec:p256", e));
	return with_key("rsa:2048", e);
}
