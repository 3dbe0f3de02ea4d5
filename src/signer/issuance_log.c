/* Appending, and reading everything back at start. */
#include "issuance_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "durable.h"
#include "log_line.h"
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
	int fd;
	off_t end; /* everything before it is whole and on the disk */
	uint64_t lines;
	uint8_t chain[LOG_CHAIN];
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

static enum acsr_result take_line(
	struct issuance_log *log, char *text, size_t n, off_t at, struct acsr_err *e)
{
	uint8_t chain[LOG_CHAIN];
	struct log_line l;
	uint64_t seq;
	enum acsr_result r = ACSR_FAIL;

	memcpy(chain, log->chain, sizeof(chain));
	TRY(log_line_open(&l, text, n, chain));
	if (l.n < 4)
		return ACSR_FAIL;
	TRY(str_u64(l.field[0], UINT64_MAX, &seq, NULL));
	if (seq != log->lines + 1)
		return ACSR_FAIL;
	if (strcmp(l.field[2], "sign") == 0)
		r = take_sign(log, &l, e);
	else if (strcmp(l.field[2], "issued") == 0)
		r = take_issued(log, &l, at);
	else if (strcmp(l.field[2], "crl") == 0)
		r = take_crl(log, &l, e);
	TRY(r);
	memcpy(log->chain, chain, sizeof(chain));
	log->lines = seq;
	return ACSR_OK;
}

/* Torn by a crash: no newline at the end, or blocks of zeros that were never written. A line that is whole
 * but wrong is not: somebody changed it. */
static bool is_torn(const char *text, size_t n, bool last)
{
	return last && (text[n - 1] != '\n' || memchr(text, 0, n) != NULL);
}

static enum acsr_result read_lines(struct issuance_log *log, FILE *f, off_t size, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	size_t cap = 0;
	ssize_t got;

	while ((got = getline(&text, &cap, f)) > 0) {
		size_t n = (size_t)got;
		bool whole = text[n - 1] == '\n';
		struct acsr_err why = { 0 };

		if (is_torn(text, n, log->end + got == size))
			return ACSR_OK;
		if (whole)
			text[n - 1] = '\0';
		if (!whole || take_line(log, text, n - 1, log->end, &why) != ACSR_OK)
			return err_set(e, "sys.issuance-log",
				"line %llu of the issuance log is damaged: restore the file from a "
				"backup%s%s",
				(unsigned long long)log->lines + 1, *why.text != '\0' ? ": " : "", why.text);
		log->end += got;
	}
	return ACSR_OK;
}

static enum acsr_result read_all(struct issuance_log *log, size_t *healed, struct acsr_err *e)
{
	struct stat st;
	FILE *f;
	enum acsr_result r;
	int fd;

	if (fstat(log->fd, &st) != 0)
		return err_errno(e, "sys.open", errno, "cannot read the issuance log");
	fd = dup(log->fd);
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		if (fd >= 0)
			close(fd);
		return err_errno(e, "sys.open", errno, "cannot read the issuance log");
	}
	r = read_lines(log, f, st.st_size, e);
	fclose(f);
	TRY(r);
	*healed = (size_t)(st.st_size - log->end);
	if (*healed == 0)
		return ACSR_OK;
	if (ftruncate(log->fd, log->end) != 0 || fsync(log->fd) != 0)
		return durable_error(e, errno, "the issuance log");
	return ACSR_OK;
}

static enum acsr_result open_locked(int *fd, const char *path, struct acsr_err *e)
{
	*fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_errno(e, "sys.open", errno, "cannot open %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return ACSR_OK;
	close(*fd);
	return err_set(e, "sys.locked", "another signer uses %s: stop it first", path);
}

enum acsr_result issuance_log_open(
	struct issuance_log **out, const char *dir, size_t *healed, struct acsr_err *e)
{
	struct issuance_log *log = calloc(1, sizeof(*log));
	char path[PATH_MAX];

	if (log == NULL)
		return err_nomem(e);
	log->fd = -1;
	snprintf(path, sizeof(path), "%s/issuance.log", dir);
	if (open_locked(&log->fd, path, e) != ACSR_OK || durable_sync_dir(dir, e) != ACSR_OK ||
		read_all(log, healed, e) != ACSR_OK) {
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
	if (log->fd >= 0)
		close(log->fd);
	serial_index_free(&log->index);
	free(log);
}

/* --- appending --- */

static enum acsr_result start_line(
	const struct issuance_log *log, struct buf *line, const char *kind, struct acsr_err *e)
{
	char at[21];

	buf_init(line, LOG_LINE_MAX);
	clock_rfc3339(clock_now(), at);
	return buf_printf(line, e, "%llu\t%s\t%s", (unsigned long long)log->lines + 1, at, kind);
}

static enum acsr_result put_text(struct buf *line, const char *s, struct acsr_err *e)
{
	if (str_has_control(s))
		return err_set(e, "request.field.text", "control characters cannot be logged");
	return buf_printf(line, e, "\t%s", *s != '\0' ? s : "-");
}

static enum acsr_result put_hex(struct buf *line, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char hex[2 * 64 + 1];

	hex_encode(p, n, hex);
	return put_text(line, hex, e);
}

/* On any failure the file is as it was before. If even that fails, nothing more is signed by this process. */
static enum acsr_result take_back(struct issuance_log *log, int errnum, struct acsr_err *e)
{
	if (ftruncate(log->fd, log->end) != 0) {
		close(log->fd);
		log->fd = -1;
	}
	return durable_error(e, errnum, "the issuance log");
}

static enum acsr_result append(struct issuance_log *log, struct buf *line, struct acsr_err *e)
{
	uint8_t chain[LOG_CHAIN];
	ssize_t n;

	if (log->fd < 0)
		return err_set(e, "sys.write", "the issuance log could not be repaired: restart the signer");
	memcpy(chain, log->chain, sizeof(chain));
	TRY(log_line_seal(line, chain, e));
	n = write(log->fd, line->p, line->len);
	if (n != (ssize_t)line->len)
		return take_back(log, n < 0 ? errno : ENOSPC, e);
	if (fdatasync(log->fd) != 0)
		return take_back(log, errno, e);
	log->end += n;
	log->lines++;
	memcpy(log->chain, chain, sizeof(chain));
	return ACSR_OK;
}

static enum acsr_result put_names(struct buf *line, const struct strv *names, struct acsr_err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		if (str_has_control(names->v[i]))
			return err_set(e, "request.field.text", "control characters cannot be logged");
		TRY(buf_printf(line, e, "%s%s", i == 0 ? "\t" : ",", names->v[i]));
	}
	return names->n == 0 ? put_text(line, "", e) : ACSR_OK;
}

static enum acsr_result sign_line(
	const struct issuance_log *log, struct buf *line, const struct issuance *i, struct acsr_err *e)
{
	TRY(start_line(log, line, "sign", e));
	TRY(put_hex(line, i->serial.v, i->serial.len, e));
	TRY(put_text(line, i->issuer, e));
	TRY(put_text(line, i->profile, e));
	TRY(put_text(line, i->reference, e));
	TRY(put_hex(line, i->spki_sha256, 32, e));
	TRY(buf_printf(line, e, "\t%lld\t%lld", (long long)i->not_before, (long long)i->not_after));
	TRY(put_hex(line, i->params, 32, e));
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
	TRY(append(log, &line, e));
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
	TRY(put_hex(line, sha256, sizeof(sha256), e));
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
	off_t at = log->end;

	if (entry == NULL || entry->issued_at >= 0)
		return err_set(e, "sys.issuance-log", "a certificate that was not about to be signed");
	TRY(start_line(log, &line, "issued", e));
	TRY(put_hex(&line, serial->v, serial->len, e));
	TRY(put_der(&line, der, len, e));
	TRY(append(log, &line, e));
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
	TRY(start_line(log, &line, "crl", e));
	TRY(put_text(&line, i->issuer, e));
	TRY(buf_printf(&line, e, "\t%llu\t%lld\t%lld\t%zu", (unsigned long long)i->number,
		(long long)i->this_update, (long long)i->next_update, i->entries));
	TRY(put_hex(&line, i->params, 32, e));
	TRY(append(log, &line, e));
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
	ssize_t n;

	if (entry == NULL || entry->issued_at < 0)
		return err_set(e, "sys.issuance-log", "no certificate was issued under this serial number");
	buf_init(&text, LOG_LINE_MAX);
	TRY(buf_reserve(&text, LOG_LINE_MAX - 1, e));
	n = pread(log->fd, text.p, LOG_LINE_MAX - 1, entry->issued_at);
	if (n < 0)
		return err_errno(e, "sys.read", errno, "cannot read the issuance log");
	text.len = (size_t)n;
	text.p[text.len] = '\0';
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
