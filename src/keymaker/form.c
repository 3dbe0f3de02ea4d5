/* One row for each form, one function that writes it. */
#include "form.h"

#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "autocsr/pkcs12.h"
#include "autocsr/seal.h"
#include "base/clock.h"
#include "base/secret.h"
#include "pki/key_int.h"
#include "pki/keyform.h"
#include "pki/pkcs12_int.h"

struct job {
	const struct msg_key_make *order;
	const struct acsr_key *key;
	const struct acsr_blob *csr;
	unsigned rounds;
};

struct form {
	const char *name;
	unsigned rounds; /* the code has 130 random bits: rounds are for readers that count them */
	enum acsr_result (*write)(struct formed *out, const struct job *j, struct acsr_err *e);
};

static enum acsr_result take(struct formed *out, const struct acsr_blob *b, struct acsr_err *e)
{
	if (b->len > sizeof(out->bytes))
		return err_set(e, "archive.size", "the key takes more room than there is");
	memcpy(out->bytes, b->p, b->len);
	out->len = b->len;
	return ACSR_OK;
}

/* --- under a code --- */

static enum acsr_result write_zip(struct formed *out, const struct job *j, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL;

	TRY(acsr_key_pkcs8_pem(j->key, &pem, e));
	return acsr_archive_write(j->order->entry_name, pem, out->code, clock_now(), out->bytes,
		sizeof(out->bytes), &out->len, e);
}

static enum acsr_result write_pkcs8(struct formed *out, const struct job *j, struct acsr_err *e)
{
	const struct acsr_key_protect how = { .passphrase = out->code, .cost = j->rounds };
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };

	TRY(key_pkcs8_locked(j->key, &how, true, &pem, e));
	return take(out, &pem, e);
}

/* "www.example.com.key" is www.example.com in a key store. */
static void friendly_name(char *out, size_t cap, const char *entry)
{
	size_t n = strlen(entry);

	if (n > 4 && strcmp(entry + n - 4, ".key") == 0)
		n -= 4;
	if (n >= cap)
		n = cap - 1;
	memcpy(out, entry, n);
	out[n] = '\0';
	str_whole(out);
}

static enum acsr_result write_p12(struct formed *out, const struct job *j, bool legacy, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob cert = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	char name[ACSR_ARCHIVE_NAME_MAX + 1];
	const struct acsr_pkcs12_spec spec = { .key = j->key,
		.certs = &cert,
		.n_certs = 1,
		.name = name,
		.passphrase = out->code,
		.legacy = legacy };

	friendly_name(name, sizeof(name), j->order->entry_name);
	TRY(pkcs12_placeholder(j->csr, j->key, clock_now(), &cert, e));
	TRY(pkcs12_write(&spec, j->rounds, &der, e));
	return take(out, &der, e);
}

static enum acsr_result write_modern(struct formed *out, const struct job *j, struct acsr_err *e)
{
	return write_p12(out, j, false, e);
}

static enum acsr_result write_legacy(struct formed *out, const struct job *j, struct acsr_err *e)
{
	return write_p12(out, j, true, e);
}

/* --- sealed --- */

/* Its validity was looked at when the order came. */
static enum acsr_result write_sealed(struct formed *out, const struct job *j, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob sealed = { 0 };
	struct acsr_recipient *to = NULL;
	enum acsr_result r;

	TRY(acsr_key_pkcs8_pem(j->key, &pem, e));
	TRY(acsr_recipient_parse(&to, j->order->recipient, strlen(j->order->recipient), 0, e));
	r = acsr_seal(to, pem, &sealed, e);
	acsr_recipient_free(to);
	return r == ACSR_OK ? take(out, &sealed, e) : r;
}

/* --- the table --- */

static const struct form forms[] = {
	{ "zip", 0, write_zip }, /* 1000, fixed by the format */
	{ "pkcs8", 600000, write_pkcs8 },
	{ "p12", 100000, write_modern },
	{ "p12-legacy", 2048, write_legacy },
	{ "age", 0, write_sealed },
	{ "cms", 0, write_sealed },
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static const struct form *find(const char *name)
{
	for (size_t i = 0; i < N_FORMS; i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return NULL;
}

static bool is_sealed(const struct form *f)
{
	const struct keyform *k = keyform_find(f->name);

	return k != NULL && k->sealed;
}

static enum acsr_result check_recipient(const struct msg_key_make *order, struct acsr_err *e)
{
	struct acsr_recipient *to = NULL;
	enum acsr_seal_format f = ACSR_SEAL_AGE;
	enum acsr_result r;

	TRY(acsr_seal_format_find(&f, order->form, e));
	TRY(acsr_recipient_parse(&to, order->recipient, strlen(order->recipient), clock_now(), e));
	r = acsr_recipient_takes(to, f, e);
	acsr_recipient_free(to);
	return r;
}

enum acsr_result form_check(const struct msg_key_make *order, struct acsr_err *e)
{
	const struct form *f = find(order->form);

	if (f == NULL)
		return err_rule(e, "request.field.form", "form", NULL, "there is no form %s", order->form);
	if (!is_sealed(f) && order->recipient[0] != '\0')
		return err_rule(e, "request.field.recipient", "recipient", NULL,
			"the form %s has a code and no recipient", f->name);
	if (!is_sealed(f) || check_recipient(order, e) == ACSR_OK)
		return ACSR_OK;
	err_at(e, "recipient");
	return ACSR_FAIL;
}

enum acsr_result form_make(struct formed *out, const struct msg_key_make *order, const struct acsr_key *key,
	const struct acsr_blob *csr, unsigned rounds, struct acsr_err *e)
{
	const struct form *f = find(order->form);
	struct job j = { order, key, csr, rounds };

	if (f == NULL)
		return err_rule(e, "request.field.form", "form", NULL, "there is no form %s", order->form);
	if (j.rounds == 0)
		j.rounds = f->rounds;
	if (!is_sealed(f))
		TRY(acsr_code_new(&out->code, e));
	return f->write(out, &j, e);
}

void form_clear(struct formed *f)
{
	acsr_secret_free(f->code);
	wipe(f, sizeof(*f));
}
