/*
 * Not a test: gives tests/e2e/test_toolkit_make_lib.py the library's requests as a program, for other
 * programs to judge.
 *
 *   make_request build   request file on stdin → CSR as PEM
 *   make_request renew   CSR or certificate on stdin → request as JSON; notes on stderr
 *   make_request json    request file on stdin → request as JSON; notes on stderr
 *   make_request dn      subject on stdin → its DER in hex
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/draft.h"
#include "base/buf.h"
#include "base/str.h"
#include "pki/subject_int.h"

static enum acsr_result build(const struct acsr_csr_draft *d, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 }, pem = { 0 };
	struct acsr_csr_request req;
	struct acsr_key *key = NULL;
	enum acsr_result r;

	acsr_csr_draft_request(d, &req);
	TRY(acsr_key_generate(&key, d->key_type != NULL ? d->key_type : "ec:p256", e));
	r = acsr_csr_build(&req, key, &der, e);
	acsr_key_free(key);
	TRY(r);
	TRY(acsr_csr_pem(der.p, der.len, &pem, e));
	fputs((const char *)pem.p, stdout);
	return ACSR_OK;
}

static enum acsr_result renew_cert(struct acsr_csr_draft *d, const struct buf *in, struct acsr_err *e)
{
	struct acsr_blob *certs = NULL;
	struct acsr_cert_view *v = NULL;
	enum acsr_result r;
	size_t n = 0;

	TRY(acsr_input_certs(in->p, in->len, &certs, &n, e));
	r = acsr_cert_parse(&v, certs[0].p, certs[0].len, e);
	if (r == ACSR_OK)
		r = acsr_csr_draft_from_cert(d, v, e);
	acsr_cert_view_free(v);
	acsr_certs_free(certs, n);
	return r;
}

static enum acsr_result renew(struct acsr_csr_draft *d, const struct buf *in, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_csr_view *v = NULL;
	enum acsr_result r;

	if (memmem(in->p, in->len, "BEGIN CERTIFICATE-", 18) != NULL)
		return renew_cert(d, in, e);
	TRY(acsr_input_csr(in->p, in->len, &der, e));
	TRY(acsr_csr_parse(&v, der.p, der.len, e));
	r = acsr_csr_draft_from_csr(d, v, e);
	acsr_csr_view_free(v);
	return r;
}

static enum acsr_result put_json(const struct acsr_csr_draft *d, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob json = { 0 };

	TRY(acsr_csr_draft_json(d, &json, e));
	fputs((const char *)json.p, stdout);
	for (size_t i = 0; i < d->n_notes; i++)
		fprintf(stderr, "%s\n", d->notes[i]);
	return ACSR_OK;
}

static enum acsr_result put_dn(struct buf *in, struct acsr_err *e)
{
	struct acsr_dn dn = { 0 };
	X509_NAME *name = NULL;
	unsigned char *der = NULL;
	char *hex;
	int n;

	TRY(acsr_dn_parse(&dn, buf_cstr(in), e));
	TRY(subject_to_name(&name, &dn, e));
	n = i2d_X509_NAME(name, &der);
	hex = malloc(2 * (size_t)n + 1);
	if (hex == NULL)
		return err_nomem(e);
	hex_encode(der, (size_t)n, hex);
	puts(hex);
	free(hex);
	OPENSSL_free(der);
	X509_NAME_free(name);
	acsr_dn_free(&dn);
	return ACSR_OK;
}

static enum acsr_result run(const char *what, struct acsr_csr_draft *d, struct buf *in, struct acsr_err *e)
{
	if (strcmp(what, "dn") == 0)
		return put_dn(in, e);
	if (strcmp(what, "renew") == 0)
		TRY(renew(d, in, e));
	else
		TRY(acsr_csr_draft_read(d, in->p, in->len, ACSR_NAMES_PRIVATE, e));
	return strcmp(what, "build") == 0 ? build(d, e) : put_json(d, e);
}

int main(int argc, char **argv)
{
	CLEANUP_BUF struct buf in = { 0 };
	struct acsr_csr_draft d;
	struct acsr_err e = { 0 };
	enum acsr_result r;

	acsr_csr_draft_init(&d);
	buf_init(&in, 1024 * 1024);
	if (argc != 2)
		return 2;
	r = buf_read_file(&in, "-", &e);
	if (r == ACSR_OK)
		r = run(argv[1], &d, &in, &e);
	acsr_csr_draft_free(&d);
	if (r == ACSR_OK)
		return 0;
	fprintf(stderr, "%s (%s): %s\n", e.id, e.field, e.text);
	return 1;
}
