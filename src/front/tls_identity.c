/* GnuTLS, because the HTTP library brings it along and front needs nothing else of X.509. */
#include "front/tls_identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/conf.h"

enum { PEM_MAX = 128 * 1024, KEY_MAX = 16 * 1024 };

static enum acsr_result refuse(struct acsr_err *e, const char *what, int code)
{
	return err_set(e, "config.tls", "%s: %s", what, gnutls_strerror(code));
}

/* --- files --- */

static enum acsr_result write_all(int fd, const uint8_t *p, size_t n, const char *path, struct acsr_err *e)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_errno(e, errno == ENOSPC ? "sys.nospace" : "sys.write", errno,
				"cannot write %s", path);
		p += w;
		n -= (size_t)w;
	}
	return fsync(fd) == 0 ? ACSR_OK : err_errno(e, "sys.write", errno, "cannot write %s", path);
}

/* Whole or not at all: beside it first, then renamed. */
static enum acsr_result write_file(
	const char *dir, const char *name, const void *p, size_t n, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL, *fresh = NULL;
	enum acsr_result r;
	int fd;

	TRY(str_printf(&path, e, "%s/%s", dir, name));
	TRY(str_printf(&fresh, e, "%s/%s.new", dir, name));
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, "sys.write", errno, "cannot write %s", fresh);
	r = write_all(fd, p, n, fresh, e);
	close(fd);
	if (r == ACSR_OK && rename(fresh, path) != 0)
		r = err_errno(e, "sys.write", errno, "cannot write %s", path);
	return r;
}

enum acsr_result tls_identity_load_chain(const char *dir, char **fullchain, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, PEM_MAX);
	TRY(str_printf(&path, e, "%s/tls.pem", dir));
	TRY(buf_read_file(&b, path, e));
	return str_dup(fullchain, buf_cstr(&b), e);
}

enum acsr_result tls_identity_store_chain(const char *dir, const char *fullchain, struct acsr_err *e)
{
	return write_file(dir, "tls.pem", fullchain, strlen(fullchain), e);
}

/* --- key --- */

/* read(2) straight into the secret: no other copy stays behind. */
static enum acsr_result read_secret(int fd, struct acsr_secret **out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	size_t n = 0;
	ssize_t got;

	TRY(secret_zeroed(&room, KEY_MAX, e));
	do {
		got = read(fd, secret_data(room) + n, KEY_MAX - n);
		if (got > 0)
			n += (size_t)got;
	} while ((got > 0 && n < KEY_MAX) || (got < 0 && errno == EINTR));
	if (got < 0)
		return err_errno(e, "sys.read", errno, "cannot read a key file");
	if (n == KEY_MAX)
		return err_set(e, "config.tls", "a key file is larger than %d bytes", KEY_MAX);
	return acsr_secret_new(out, acsr_secret_bytes(room), n, e);
}

enum acsr_result tls_identity_read_key(const char *path, struct acsr_secret **pem, struct acsr_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum acsr_result r;

	if (fd < 0)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	r = read_secret(fd, pem, e);
	close(fd);
	return r;
}

static enum acsr_result generate(gnutls_x509_privkey_t k, struct acsr_secret **pem, struct acsr_err *e)
{
	gnutls_datum_t d;
	enum acsr_result done;
	int r = gnutls_x509_privkey_generate(
		k, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);

	if (r == 0)
		r = gnutls_x509_privkey_export2_pkcs8(k, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &d);
	if (r != 0)
		return refuse(e, "cannot make a TLS key", r);
	done = acsr_secret_new(pem, d.data, d.size, e);
	wipe(d.data, d.size);
	gnutls_free(d.data);
	return done;
}

static enum acsr_result make_key(const char *dir, struct acsr_secret **pem, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *fresh = NULL;
	gnutls_x509_privkey_t k;
	enum acsr_result r;

	if (gnutls_x509_privkey_init(&k) != 0)
		return err_nomem(e);
	r = generate(k, &fresh, e);
	gnutls_x509_privkey_deinit(k);
	TRY(r);
	TRY(write_file(dir, "tls.key", acsr_secret_bytes(fresh), acsr_secret_len(fresh), e));
	*pem = fresh;
	fresh = NULL;
	return ACSR_OK;
}

enum acsr_result tls_identity_key(const char *dir, struct acsr_secret **pem, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;

	TRY(str_printf(&path, e, "%s/tls.key", dir));
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return make_key(dir, pem, e);
	return tls_identity_read_key(path, pem, e);
}

/* --- CSR --- */

static int add_san(gnutls_x509_crq_t q, const char *name)
{
	uint8_t addr[16];

	if (str_starts(name, "DNS:"))
		return gnutls_x509_crq_set_subject_alt_name(
			q, GNUTLS_SAN_DNSNAME, name + 4, (unsigned)strlen(name + 4), GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET, name + 3, addr) == 1)
		return gnutls_x509_crq_set_subject_alt_name(
			q, GNUTLS_SAN_IPADDRESS, addr, 4, GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name + 3, addr) == 1)
		return gnutls_x509_crq_set_subject_alt_name(
			q, GNUTLS_SAN_IPADDRESS, addr, 16, GNUTLS_FSAN_APPEND);
	return GNUTLS_E_INVALID_REQUEST;
}

static int fill_csr(gnutls_x509_crq_t q, gnutls_x509_privkey_t k, const struct strv *names)
{
	const char *first = strchr(names->v[0], ':') + 1;
	int r = gnutls_x509_crq_set_version(q, 1);

	if (r == 0)
		r = gnutls_x509_crq_set_dn_by_oid(
			q, GNUTLS_OID_X520_COMMON_NAME, 0, first, (unsigned)strlen(first));
	for (size_t i = 0; i < names->n && r == 0; i++)
		r = add_san(q, names->v[i]);
	if (r == 0)
		r = gnutls_x509_crq_set_key(q, k);
	return r != 0 ? r : gnutls_x509_crq_sign2(q, k, GNUTLS_DIG_SHA256, 0);
}

static int build_csr(gnutls_x509_crq_t q, gnutls_x509_privkey_t k, const struct acsr_secret *key,
	const struct strv *names, gnutls_datum_t *der)
{
	gnutls_datum_t pem = { .data = (unsigned char *)(uintptr_t)acsr_secret_bytes(key),
		.size = (unsigned)acsr_secret_len(key) };
	int r = gnutls_x509_privkey_import2(k, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);

	if (r == 0)
		r = fill_csr(q, k, names);
	return r != 0 ? r : gnutls_x509_crq_export2(q, GNUTLS_X509_FMT_DER, der);
}

enum acsr_result tls_identity_csr(
	const struct acsr_secret *key, const struct strv *names, struct blob *csr, struct acsr_err *e)
{
	gnutls_x509_privkey_t k;
	gnutls_x509_crq_t q;
	gnutls_datum_t der = { 0 };
	enum acsr_result done;
	int r;

	if (gnutls_x509_privkey_init(&k) != 0)
		return err_nomem(e);
	if (gnutls_x509_crq_init(&q) != 0) {
		gnutls_x509_privkey_deinit(k);
		return err_nomem(e);
	}
	r = build_csr(q, k, key, names, &der);
	gnutls_x509_crq_deinit(q);
	gnutls_x509_privkey_deinit(k);
	if (r != 0)
		return refuse(e, "cannot make the CSR for our own TLS certificate", r);
	done = blob_set(csr, der.data, der.size, e);
	gnutls_free(der.data);
	return done;
}

/* --- certificate --- */

static enum acsr_result check_leaf(
	gnutls_x509_crt_t leaf, const struct strv *names, int64_t now, int64_t *renew_at, struct acsr_err *e)
{
	int64_t from = gnutls_x509_crt_get_activation_time(leaf);
	int64_t to = gnutls_x509_crt_get_expiration_time(leaf);

	if (now < from || now >= to)
		return err_set(e, "config.tls", "the TLS certificate is not valid now");
	for (size_t i = 0; i < names->n; i++)
		if (!gnutls_x509_crt_check_hostname2(
			    leaf, strchr(names->v[i], ':') + 1, GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS))
			return err_set(e, "config.tls", "the TLS certificate does not cover %s", names->v[i]);
	*renew_at = from + (to - from) / 3 * 2;
	return ACSR_OK;
}

enum acsr_result tls_identity_check(
	const char *fullchain, const struct strv *names, int64_t now, int64_t *renew_at, struct acsr_err *e)
{
	gnutls_datum_t d = { .data = (unsigned char *)(uintptr_t)fullchain,
		.size = (unsigned)strlen(fullchain) };
	gnutls_x509_crt_t *certs = NULL;
	enum acsr_result done;
	unsigned n = 0;
	int r = gnutls_x509_crt_list_import2(&certs, &n, &d, GNUTLS_X509_FMT_PEM, 0);

	if (r < 0 || n == 0)
		return refuse(e, "the TLS certificate chain cannot be read", r);
	done = check_leaf(certs[0], names, now, renew_at, e);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(certs[i]);
	gnutls_free(certs);
	return done;
}
