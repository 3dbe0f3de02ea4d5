/* Two generations of the identity: a handshake that began with the older one may still be using it. */
#include "front/http_tls.h"

#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 8 };

struct identity_in_use {
	gnutls_pcert_st *certs;
	unsigned ncerts;
	gnutls_privkey_t key;
};

static struct identity_in_use current, previous;

static void drop(struct identity_in_use *i)
{
	for (unsigned n = 0; n < i->ncerts; n++)
		gnutls_pcert_deinit(&i->certs[n]);
	free(i->certs);
	if (i->key != NULL)
		gnutls_privkey_deinit(i->key);
	*i = (struct identity_in_use){ 0 };
}

static enum acsr_result refuse(struct acsr_err *e, const char *what, int code)
{
	return err_set(e, "config.tls", "the TLS %s cannot be used: %s", what, gnutls_strerror(code));
}

static enum acsr_result load_chain(struct identity_in_use *i, const char *pem, struct acsr_err *e)
{
	gnutls_datum_t d = { .data = (unsigned char *)(uintptr_t)pem, .size = (unsigned)strlen(pem) };
	unsigned n = CHAIN_MAX;
	int r;

	i->certs = calloc(CHAIN_MAX, sizeof(*i->certs));
	if (i->certs == NULL)
		return err_nomem(e);
	r = gnutls_pcert_list_import_x509_raw(
		i->certs, &n, &d, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (r < 0)
		return refuse(e, "certificate chain", r);
	i->ncerts = n;
	return ACSR_OK;
}

static enum acsr_result load_key(struct identity_in_use *i, const struct acsr_secret *pem, struct acsr_err *e)
{
	gnutls_datum_t d = { .data = (unsigned char *)(uintptr_t)acsr_secret_bytes(pem),
		.size = (unsigned)acsr_secret_len(pem) };
	int r = gnutls_privkey_init(&i->key);

	if (r == 0)
		r = gnutls_privkey_import_x509_raw(i->key, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
	return r == 0 ? ACSR_OK : refuse(e, "key", r);
}

/* The public key of the private one must be the leaf's. */
static enum acsr_result check_pair(const struct identity_in_use *i, struct acsr_err *e)
{
	unsigned char of_key[64], of_leaf[64];
	size_t nkey = sizeof(of_key), nleaf = sizeof(of_leaf);
	gnutls_pubkey_t pub;
	int r = gnutls_pubkey_init(&pub);

	if (r != 0)
		return refuse(e, "key", r);
	r = gnutls_pubkey_import_privkey(pub, i->key, 0, 0);
	if (r == 0)
		r = gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, of_key, &nkey);
	if (r == 0)
		r = gnutls_pubkey_get_key_id(i->certs[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_leaf, &nleaf);
	gnutls_pubkey_deinit(pub);
	if (r != 0)
		return refuse(e, "key", r);
	if (nkey != nleaf || memcmp(of_key, of_leaf, nkey) != 0)
		return err_set(e, "config.tls", "the TLS key does not belong to the certificate");
	return ACSR_OK;
}

static enum acsr_result load(
	struct identity_in_use *i, const char *fullchain, const struct acsr_secret *key, struct acsr_err *e)
{
	TRY(load_chain(i, fullchain, e));
	TRY(load_key(i, key, e));
	return check_pair(i, e);
}

enum acsr_result http_tls_set(const char *fullchain, const struct acsr_secret *key, struct acsr_err *e)
{
	struct identity_in_use fresh = { 0 };

	if (load(&fresh, fullchain, key, e) != ACSR_OK) {
		drop(&fresh);
		return ACSR_FAIL;
	}
	drop(&previous);
	previous = current;
	current = fresh;
	return ACSR_OK;
}

bool http_tls_ready(void)
{
	return current.key != NULL;
}

void http_tls_clear(void)
{
	drop(&previous);
	drop(&current);
}

int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca, int nreqs,
	const gnutls_pk_algorithm_t *algos, int nalgos, gnutls_pcert_st **certs, unsigned *ncerts,
	gnutls_privkey_t *key)
{
	(void)session, (void)req_ca, (void)nreqs, (void)algos, (void)nalgos;
	*certs = current.certs;
	*ncerts = current.ncerts;
	*key = current.key;
	return current.key != NULL ? 0 : -1;
}
