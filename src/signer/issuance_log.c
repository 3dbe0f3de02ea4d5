/* What the lines of the issuance log say, written and taken in again at start. */
#include "issuance_log.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_file.h"
#include "serial_index.h"

enum { NAME_BYTES = 65, ISSUERS = 16 };

/* What is known of an issuer's CRLs, or of a CA certificate, by its name. */
struct named {
	char name[NAME_BYTES];
	uint64_t crl_number; /* 0: none yet */
	uint8_t crl_params[32];
	struct serial ca; /* len 0: none */
};

struct issuance_log {
	struct log_file file;
	struct serial_index index;
	struct named named[ISSUERS];
	size_t n_named;
};

static const struct named *find_named(const struct issuance_log *log, const char *name)
{
	for (size_t i = 0; i < log->n_named; i++)
		if (strcmp(log->named[i].name, name) == 0)
			return &log->named[i];
	return NULL;
}

static enum acsr_result get_named(
	struct issuance_log *log, const char *name, struct named **out, struct acsr_err *e)
{
	const struct named *found = find_named(log, name);

	if (found == NULL && (log->n_named == ISSUERS || strlen(name) >= NAME_BYTES))
		return err_set(e, "sys.issuance-log", "the issuance log knows more issuers than can be");
	if (found == NULL) {
		found = &log->named[log->n_named++];
		snprintf(log->named[log->n_named - 1].name, NAME_BYTES, "%s", name);
	}
	*out = &log->named[found - log->named];
	return ACSR_OK;
}

/* --- reading --- */

static enum acsr_result take_sign(struct issuance_log *log, const struct log_line *l, struct acsr_err *e)
{
	struct serial s;
	uint8_t params[32];
	struct named *ca;

	if (l->n != 12)
		return ACSR_FAIL;
	TRY(log_line_serial(l->field[3], &s));
	TRY(log_line_hash(l->field[10], params));
	if (serial_index_find(&log->index, &s) != NULL)
		return ACSR_FAIL;
	TRY(serial_index_reserve(&log->index, e));
	serial_index_add(&log->index, &s, params);
	if (!str_starts(l->field[5], "ca-"))
		return ACSR_OK;
	TRY(get_named(log, l->field[6], &ca, e));
	ca->ca = s;
	return ACSR_OK;
}

static enum acsr_result take_issued(struct issuance_log *log, const struct log_line *l, off_t at)
{
	struct serial_entry *entry;
	struct serial s;

	if (l->n != 6)
		return ACSR_FAIL;
	TRY(log_line_serial(l->field[3], &s));
	entry = serial_index_find(&log->index, &s);
	if (entry == NULL || entry->issued_at >= 0)
		return ACSR_FAIL;
	entry->issued_at = at;
	return ACSR_OK;
}

static enum acsr_result take_crl(struct issuance_log *log, const struct log_line *l, struct acsr_err *e)
{
	struct named *issuer;
	uint64_t number;

	if (l->n != 9)
		return ACSR_FAIL;
	TRY(get_named(log, l->field[3], &issuer, e));
	TRY(str_u64(l->field[4], INT64_MAX, &number, NULL));
	if (number <= issuer->crl_number)
		return ACSR_FAIL;
	issuer->crl_number = number;
	return log_line_hash(l->field[8], issuer->crl_params);
}

static enum acsr_result take_line(void *arg, const struct log_line *l, off_t at, struct acsr_err *e)
{
	struct issuance_log *log = arg;

	if (strcmp(l->field[2], "sign") == 0)
		return take_sign(log, l, e);
	if (strcmp(l->field[2], "issued") == 0)
		return take_issued(log, l, at);
	return strcmp(l->field[2], "crl") == 0 ? take_crl(log, l, e) : ACSR_FAIL;
}

enum acsr_result issuance_log_open(
	struct issuance_log **out, const char *dir, size_t *healed, struct acsr_err *e)
{
	struct issuance_log *log = calloc(1, sizeof(*log));

	if (log == NULL)
		return err_nomem(e);
	log->file = (struct log_file){ .what = "the issuance log", .damaged = "sys.issuance-log", .fd = -1 };
	if (log_file_open(&log->file, dir, "issuance.log", take_line, log, healed, e) != ACSR_OK) {
		issuance_log_free(log);
		return ACSR_FAIL;
	}
	*out = log;
	return ACSR_OK;
}

void issuance_log_free(struct issuance_log *log)
{
	if (log == NULL)
		return;
	log_file_close(&log->file);
	serial_index_free(&log->index);
	free(log);
}

/* --- appending --- */

static enum acsr_result put_names(struct buf *line, const struct strv *names, struct acsr_err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		if (str_has_control(names->v[i]))
			return err_set(e, "request.field.text", "control characters cannot be logged");
		TRY(buf_printf(line, e, "%s%s", i == 0 ? "\t" : ",", names->v[i]));
	}
	return names->n == 0 ? log_file_text(line, "", e) : ACSR_OK;
}

static enum acsr_result sign_line(
	const struct issuance_log *log, struct buf *line, const struct issuance *i, struct acsr_err *e)
{
	TRY(log_file_begin(&log->file, line, "sign", e));
	TRY(log_file_hex(line, i->serial.v, i->serial.len, e));
	TRY(log_file_text(line, i->issuer, e));
	TRY(log_file_text(line, i->profile, e));
	TRY(log_file_text(line, i->reference, e));
	TRY(log_file_hex(line, i->spki_sha256, 32, e));
	TRY(buf_printf(line, e, "\t%lld\t%lld", (long long)i->not_before, (long long)i->not_after));
	TRY(log_file_hex(line, i->params, 32, e));
	return put_names(line, i->names, e);
}

enum acsr_result issuance_log_begin(struct issuance_log *log, const struct issuance *i, struct acsr_err *e)
{
	CLEANUP_BUF struct buf line = { 0 };
	struct named *ca = NULL;

	if (str_starts(i->profile, "ca-"))
		TRY(get_named(log, i->reference, &ca, e));
	TRY(serial_index_reserve(&log->index, e));
	TRY(sign_line(log, &line, i, e));
	TRY(log_file_write(&log->file, &line, e));
	serial_index_add(&log->index, &i->serial, i->params);
	if (ca != NULL)
		ca->ca = i->serial;
	return ACSR_OK;
}

static enum acsr_result put_der(struct buf *line, const uint8_t *der, size_t len, struct acsr_err *e)
{
	uint8_t sha256[32];

	if (EVP_Q_digest(NULL, "SHA256", NULL, der, len, sha256, NULL) != 1)
		return err_set(e, "sys.openssl", "cannot hash a certificate");
	TRY(log_file_hex(line, sha256, sizeof(sha256), e));
	TRY(buf_put_u8(line, '\t', e));
	TRY(buf_reserve(line, B64_LEN(len), e));
	b64_encode(der, len, false, (char *)line->p + line->len);
	line->len += B64_LEN(len) - 1;
	return ACSR_OK;
}

enum acsr_result issuance_log_done(struct issuance_log *log, const struct serial *serial, const uint8_t *der,
	size_t len, struct acsr_err *e)
{
	struct serial_entry *entry = serial_index_find(&log->index, serial);
	CLEANUP_BUF struct buf line = { 0 };
	off_t at = log->file.end;

	if (entry == NULL || entry->issued_at >= 0)
		return err_set(e, "sys.issuance-log", "a certificate that was not about to be signed");
	TRY(log_file_begin(&log->file, &line, "issued", e));
	TRY(log_file_hex(&line, serial->v, serial->len, e));
	TRY(put_der(&line, der, len, e));
	TRY(log_file_append(&log->file, &line, e));
	entry->issued_at = at;
	return ACSR_OK;
}

enum acsr_result issuance_log_crl(struct issuance_log *log, const struct crl_issuance *i, struct acsr_err *e)
{
	CLEANUP_BUF struct buf line = { 0 };
	struct named *issuer;

	TRY(get_named(log, i->issuer, &issuer, e));
	if (i->number == issuer->crl_number && memcmp(i->params, issuer->crl_params, 32) == 0)
		return ACSR_OK;
	if (i->number <= issuer->crl_number)
		return err_rule(e, "cert.crl.number", "number", "RFC 5280 5.2.3",
			"CRL %llu of %s was signed already, the next number must be greater",
			(unsigned long long)issuer->crl_number, i->issuer);
	TRY(log_file_begin(&log->file, &line, "crl", e));
	TRY(log_file_text(&line, i->issuer, e));
	TRY(buf_printf(&line, e, "\t%llu\t%lld\t%lld\t%zu", (unsigned long long)i->number,
		(long long)i->this_update, (long long)i->next_update, i->entries));
	TRY(log_file_hex(&line, i->params, 32, e));
	TRY(log_file_append(&log->file, &line, e));
	issuer->crl_number = i->number;
	memcpy(issuer->crl_params, i->params, 32);
	return ACSR_OK;
}

/* --- asking --- */

enum acsr_result issuance_log_find(const struct issuance_log *log, const struct serial *serial,
	const uint8_t params[32], enum issuance_state *state, struct acsr_err *e)
{
	const struct serial_entry *entry = serial_index_find(&log->index, serial);

	if (entry == NULL) {
		*state = ISSUANCE_NONE;
		return ACSR_OK;
	}
	if (memcmp(entry->params, params, 32) != 0)
		return err_rule(e, "cert.serial-reused", "serial", "RFC 5280 4.1.2.2",
			"this serial number was used for another certificate");
	*state = entry->issued_at >= 0 ? ISSUANCE_DONE : ISSUANCE_BEGUN;
	return ACSR_OK;
}

static enum acsr_result read_der(char *text, struct acsr_blob *der, struct acsr_err *e)
{
	CLEANUP_BUF struct buf out = { 0 };
	char *field = text;

	buf_init(&out, LOG_LINE_MAX);
	for (int i = 0; i < 5; i++)
		(void)strsep(&field, "\t");
	if (field == NULL || b64_decode(field, strcspn(field, "\t\n"), false, &out, NULL) != ACSR_OK)
		return err_set(e, "sys.issuance-log", "a line of the issuance log has changed on the disk");
	return acsr_blob_copy(der, out.p, out.len, e);
}

enum acsr_result issuance_log_certificate(
	struct issuance_log *log, const struct serial *serial, struct acsr_blob *der, struct acsr_err *e)
{
	const struct serial_entry *entry = serial_index_find(&log->index, serial);
	CLEANUP_BUF struct buf text = { 0 };

	if (entry == NULL || entry->issued_at < 0)
		return err_set(e, "sys.issuance-log", "no certificate was issued under this serial number");
	TRY(log_file_line(&log->file, entry->issued_at, &text, e));
	return read_der((char *)text.p, der, e);
}

bool issuance_log_find_ca(const struct issuance_log *log, const char *reference, struct serial *serial)
{
	const struct named *found = find_named(log, reference);
	const struct serial_entry *entry;

	if (found == NULL || found->ca.len == 0)
		return false;
	entry = serial_index_find(&log->index, &found->ca);
	if (entry == NULL || entry->issued_at < 0)
		return false;
	*serial = found->ca;
	return true;
}
