/* Certificates as recipients: may this key encrypt, now, and is it strong enough? */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/str.h"
#include "certview.h"
#include "recipient_int.h"

#define SUBJECT_SHOWN 200

static enum acsr_result check_key(const struct acsr_cert_view *v, struct acsr_err *e)
{
	static const char *const taken[] = { "ec:p256", "ec:p384", "ec:p521" };
	bool yes = v->key != NULL && acsr_key_alg(v->key) == ACSR_KEY_RSA;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		yes = yes || strcmp(v->key_name, taken[i]) == 0;
	if (!yes)
		return err_set(e, "recipient.key-type",
			"the certificate has a key of type %s; RSA, P-256, P-384 and P-521 can be sealed to",
			v->key_name);
	return recipient_judge(v->key, NULL, e);
}

static enum acsr_result check_usage(const struct acsr_cert_view *v, struct acsr_err *e)
{
	bool rsa = acsr_key_alg(v->key) == ACSR_KEY_RSA;
	unsigned needed = rsa ? ACSR_KU_KEY_ENCIPHERMENT : ACSR_KU_KEY_AGREEMENT;

	if (!v->has_ku || (v->ku & needed) != 0)
		return ACSR_OK;
	return err_rule(e, "recipient.usage", NULL, "RFC 5280 4.2.1.3",
		"the certificate's key usage has no %s, so nothing may be encrypted to it; give one that is "
		"for encryption (S/MIME), or an age recipient",
		rsa ? "keyEncipherment" : "keyAgreement");
}

static enum acsr_result check_validity(const struct acsr_cert_view *v, int64_t now, struct acsr_err *e)
{
	if (now != 0 && now < v->not_before)
		return err_set(e, "recipient.validity", "the certificate is not valid yet");
	if (now != 0 && now > v->not_after)
		return err_set(
			e, "recipient.validity", "the certificate has expired; give one that is valid");
	return ACSR_OK;
}

static enum acsr_result put_name(struct acsr_recipient *r, const struct acsr_cert_view *v, struct acsr_err *e)
{
	CLEANUP_STR char *subject = NULL;
	char hex[65];
	bool cut;

	hex_encode(v->sha256, sizeof(v->sha256), hex);
	TRY(acsr_dn_print(&subject, &v->subject, e));
	cut = strlen(subject) > SUBJECT_SHOWN;
	if (cut)
		subject[SUBJECT_SHOWN] = '\0';
	str_whole(subject);
	if (subject[0] == '\0' || str_has_control(subject))
		snprintf(r->name, sizeof(r->name), "certificate with SHA-256 %s", hex);
	else
		snprintf(r->name, sizeof(r->name), "%s%s (SHA-256 %s)", subject, cut ? "…" : "", hex);
	return ACSR_OK;
}

static enum acsr_result judge(
	struct acsr_recipient *r, const struct acsr_cert_view *v, int64_t now, struct acsr_err *e)
{
	TRY(check_key(v, e));
	TRY(check_usage(v, e));
	TRY(check_validity(v, now, e));
	return put_name(r, v, e);
}

enum acsr_result recipient_cert(
	struct acsr_recipient *r, const uint8_t *der, size_t len, int64_t now, struct acsr_err *e)
{
	struct acsr_cert_view *v = NULL;
	struct acsr_err why = { 0 };
	enum acsr_result result;

	if (acsr_cert_parse(&v, der, len, &why) != ACSR_OK)
		return err_is(&why, "sys.nomem") ? err_nomem(e)
						 : err_set(e, "recipient.certificate",
							   "the certificate cannot be read: %s", why.text);
	r->kind = ACSR_RECIPIENT_CERTIFICATE;
	result = judge(r, v, now, e);
	acsr_cert_view_free(v);
	return result == ACSR_OK ? certview_load(&r->cert, der, len, e) : ACSR_FAIL;
}
