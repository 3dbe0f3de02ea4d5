/* Loading and, at the first start, making the CA: each step is durable before the next begins. */
#include "issuers.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "autocsr/cert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "durable.h"
#include "params.h"
#include "profiles.h"

enum { URL_MAX = 512 };

struct making {
	const struct issuers_config *config;
	const struct key_store *keys;
	struct issuance_log *log;
};

const struct issuer *issuers_find(const struct issuers *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

static void clear(struct issuer *i)
{
	acsr_blob_free(&i->der);
	acsr_blob_free(&i->pem);
	acsr_cert_view_free(i->view);
	acsr_key_free(i->key);
	*i = (struct issuer){ 0 };
}

void issuers_close(struct issuers *l)
{
	for (size_t i = 0; i < l->n; i++)
		clear(&l->v[i]);
	l->n = 0;
}

/* --- what is there --- */

static enum acsr_result load_certificate(struct issuer *i, const char *dir, bool *there, struct acsr_err *e)
{
	CLEANUP_BUF struct buf pem = { 0 };
	struct acsr_blob *certs;
	char path[PATH_MAX];
	size_t n;
	enum acsr_result r;

	buf_init(&pem, LIMIT_CERT_DER);
	snprintf(path, sizeof(path), "%s/%s.pem", dir, i->name);
	*there = access(path, F_OK) == 0;
	if (!*there)
		return ACSR_OK;
	TRY(buf_read_file(&pem, path, e));
	TRY(acsr_input_certs(pem.p, pem.len, &certs, &n, e));
	r = n == 1 ? acsr_blob_copy(&i->der, certs[0].p, certs[0].len, e)
		   : err_set(e, "cert.parse", "%s must hold one certificate", path);
	acsr_certs_free(certs, n);
	TRY(r);
	return acsr_cert_pem(i->der.p, i->der.len, &i->pem, e);
}

/* Reads the certificate, for good. */
static enum acsr_result check_pair(struct issuer *i, struct acsr_err *e)
{
	const struct acsr_cert_view *v;
	bool fits;

	acsr_cert_view_free(i->view);
	i->view = NULL;
	TRY(acsr_cert_parse(&i->view, i->der.p, i->der.len, e));
	v = i->view;
	fits = v->ca && v->key != NULL && (i->key == NULL || acsr_key_same(v->key, i->key));
	return fits ? ACSR_OK
		    : err_set(e, "cert.issuer-key", "%s.key does not belong to the CA certificate %s.pem",
			      i->name, i->name);
}

/* --- what is made --- */

/* CN last: the encoded order has the most significant field first. */
static enum acsr_result ca_subject(
	struct acsr_dn *dn, const struct issuers_config *c, const char *name, struct acsr_err *e)
{
	CLEANUP_STR char *cn = NULL;

	if (strcmp(name, "root") == 0)
		TRY(str_printf(&cn, e, "%s Root", c->name));
	else
		TRY(str_printf(&cn, e, "%s %c%s", c->name, 'I', name + 1));
	TRY(acsr_dn_add(dn, "O", c->name, e));
	return acsr_dn_add(dn, "CN", cn, e);
}

static enum acsr_result log_ca(struct making *m, const struct acsr_cert_spec *spec,
	const struct acsr_profile *profile, const struct issuer *i, const char *by, struct acsr_err *e)
{
	const struct strv names = { 0 };
	uint8_t spki[32], params[32];
	struct issuance is = { .issuer = by,
		.profile = profile->name,
		.reference = i->name,
		.spki_sha256 = spki,
		.not_before = spec->not_before,
		.not_after = spec->not_after,
		.params = params,
		.names = &names };

	memcpy(is.serial.v, spec->serial, spec->serial_len);
	is.serial.len = spec->serial_len;
	TRY(acsr_key_spki_sha256(i->key, spki, e));
	TRY(params_of_certificate(&is, &names, params, e));
	return issuance_log_begin(m->log, &is, e);
}

static enum acsr_result sign_ca(struct making *m, struct issuer *i, const struct issuer *root,
	struct acsr_cert_spec *spec, struct acsr_err *e)
{
	const struct acsr_profile *profile;
	struct serial serial = { 0 };

	TRY(acsr_profile_find(&profile, root == NULL ? "ca-root" : "ca-intermediate", e));
	TRY(acsr_cert_apply_profile(spec, profile, clock_now(), 0, e));
	TRY(acsr_cert_serial(spec, e));
	memcpy(serial.v, spec->serial, spec->serial_len);
	serial.len = spec->serial_len;
	TRY(log_ca(m, spec, profile, i, root != NULL ? root->name : i->name, e));
	TRY(acsr_cert_sign(spec, root != NULL ? root->key : i->key, &i->der, e));
	return issuance_log_done(m->log, &serial, i->der.p, i->der.len, e);
}

/* root NULL: self-signed. */
static enum acsr_result new_certificate(
	struct making *m, struct issuer *i, const struct issuer *root, struct acsr_err *e)
{
	char crl[URL_MAX], cer[URL_MAX];
	const struct acsr_sans none = { 0 };
	struct acsr_dn dn = { 0 };
	struct acsr_cert_spec spec = { .subject = &dn, .sans = &none, .subject_key = i->key, .path_len = -1 };
	enum acsr_result r = ca_subject(&dn, m->config, i->name, e);

	if (root != NULL) {
		snprintf(crl, sizeof(crl), "%s/crl/%s.crl", m->config->base_url, root->name);
		snprintf(cer, sizeof(cer), "%s/ca/%s.cer", m->config->base_url, root->name);
		spec.crl_url = crl;
		spec.issuer_url = cer;
		spec.issuer_der = root->der.p;
		spec.issuer_len = root->der.len;
	}
	if (r == ACSR_OK)
		r = sign_ca(m, i, root, &spec, e);
	acsr_dn_free(&dn);
	return r;
}

/* A start that was killed behind the signature, and before the file, has left the certificate in the log. */
static enum acsr_result from_log(struct making *m, struct issuer *i, bool *found, struct acsr_err *e)
{
	struct serial serial;
	struct acsr_err other = { 0 };

	*found = issuance_log_find_ca(m->log, i->name, &serial);
	if (!*found)
		return ACSR_OK;
	TRY(issuance_log_certificate(m->log, &serial, &i->der, e));
	*found = check_pair(i, &other) == ACSR_OK;
	if (!*found)
		acsr_blob_free(&i->der);
	return ACSR_OK;
}

static enum acsr_result make(
	struct making *m, struct issuer *i, const struct issuer *root, struct acsr_err *e)
{
	char file[64];
	bool found;

	if (i->key == NULL)
		TRY(key_store_make(m->keys, i->name, m->config->key_type, &i->key, e));
	TRY(from_log(m, i, &found, e));
	if (!found)
		TRY(new_certificate(m, i, root, e));
	TRY(acsr_cert_pem(i->der.p, i->der.len, &i->pem, e));
	snprintf(file, sizeof(file), "%s.pem", i->name);
	return durable_write(m->config->dir, file, i->pem.p, i->pem.len, e);
}

/* --- all of them --- */

static enum acsr_result open_root(struct making *m, struct issuer *root, struct acsr_err *e)
{
	bool there;

	snprintf(root->name, sizeof(root->name), "root");
	root->root = true;
	TRY(load_certificate(root, m->config->dir, &there, e));
	TRY(key_store_load(m->keys, "root", &root->key, e));
	if (!there)
		TRY(make(m, root, NULL, e));
	return check_pair(root, e);
}

static enum acsr_result open_issuing(struct making *m, struct issuer *i, const struct issuer *root,
	unsigned number, bool *there, struct acsr_err *e)
{
	snprintf(i->name, sizeof(i->name), "issuing-%u", number);
	TRY(load_certificate(i, m->config->dir, there, e));
	if (!*there && number > 1)
		return ACSR_OK;
	TRY(key_store_load(m->keys, i->name, &i->key, e));
	if (!*there && root->key == NULL)
		return err_set(e, "config.ca",
			"there is no %s.pem in %s, and the root's key to make one is not there", i->name,
			m->config->dir);
	if (!*there)
		TRY(make(m, i, root, e));
	*there = true;
	return check_pair(i, e);
}

static enum acsr_result open_all(struct issuers *l, struct making *m, struct acsr_err *e)
{
	bool there = true;

	TRY(open_root(m, &l->v[l->n++], e));
	while (there && l->n < ISSUERS_MAX) {
		unsigned number = (unsigned)l->n;
		struct issuer *i = &l->v[l->n++];

		TRY(open_issuing(m, i, &l->v[0], number, &there, e));
		if (!there)
			l->n--;
	}
	return ACSR_OK;
}

enum acsr_result issuers_open(struct issuers *out, const struct issuers_config *config,
	const struct key_store *keys, struct issuance_log *log, struct acsr_err *e)
{
	struct making m = { config, keys, log };
	struct issuers l = { 0 };

	if (open_all(&l, &m, e) != ACSR_OK) {
		issuers_close(&l);
		return ACSR_FAIL;
	}
	*out = l;
	return ACSR_OK;
}
