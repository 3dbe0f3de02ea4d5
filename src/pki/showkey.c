/* Keys in the JSON documents: their public parts, and how a private one is wrapped. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "pki/key_int.h"
#include "pki/showenc.h"
#include "pki/show_int.h"

/* A number: decimal while it is short, else hex. */
static json_t *number(const BIGNUM *bn)
{
	char *s = BN_num_bits(bn) <= 64 ? BN_bn2dec(bn) : BN_bn2hex(bn);
	json_t *out = s == NULL ? NULL : BN_num_bits(bn) <= 64 ? json_string(s) : json_sprintf("0x%s", s);

	OPENSSL_free(s);
	return out;
}

static json_t *exponent(const struct acsr_key *k)
{
	BIGNUM *e = NULL;
	json_t *out = json_null();

	if (k->alg == ACSR_KEY_RSA && EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
		out = number(e);
	BN_free(e);
	return out;
}

static json_t *curve(const struct acsr_key *k)
{
	char name[64];
	size_t n = 0;

	if (k->alg != ACSR_KEY_EC || EVP_PKEY_get_group_name(k->pkey, name, sizeof(name), &n) != 1)
		return json_null();
	return json_string(name);
}

/* "uncompressed" "compressed" "hybrid", by the first octet of the point (SEC 1 2.3.3). */
static json_t *point(const X509_PUBKEY *spki, const struct acsr_key *k)
{
	const unsigned char *p = NULL;
	int n = 0;

	if (k == NULL || k->alg != ACSR_KEY_EC ||
		X509_PUBKEY_get0_param(NULL, &p, &n, NULL, (X509_PUBKEY *)spki) != 1 || n < 1)
		return json_null();
	return json_string(p[0] == 4 ? "uncompressed" : p[0] <= 3 ? "compressed" : "hybrid");
}

static json_t *key_object(const X509_PUBKEY *spki, const struct acsr_key *k)
{
	ASN1_OBJECT *oid = NULL;

	X509_PUBKEY_get0_param(&oid, NULL, NULL, NULL, (X509_PUBKEY *)spki);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "algorithm", show_object_name(oid), "oid",
		show_oid(oid), "bits", k != NULL ? json_integer(k->bits) : json_null(), "exponent",
		k != NULL ? exponent(k) : json_null(), "curve", k != NULL ? curve(k) : json_null(), "point",
		point(spki, k));
}

static json_t *set_unreadable(json_t *o)
{
	o = show_set(o, "key_type", json_string("unknown"));
	return show_set(o, "key", json_null());
}

json_t *show_set_key(json_t *o, const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	X509_PUBKEY *spki = d2i_X509_PUBKEY(NULL, &p, (long)len);
	KEY_AUTO struct acsr_key *k = NULL;
	const struct acsr_key_type *t;
	struct acsr_err e = { 0 };
	uint8_t hash[32];
	char oid[80];

	t = key_type_of_spki(der, len, oid); /* post-quantum, also where OpenSSL cannot read it */
	if (acsr_key_load_spki(&k, der, len, &e) != ACSR_OK)
		k = NULL;
	if (k == NULL && err_is(&e, "sys.nomem")) {
		o = show_set(o, "key", NULL); /* no document at all */
	} else if (spki == NULL) {
		o = set_unreadable(o);
	} else {
		o = show_set(o, "key_type",
			json_string(k != NULL   ? acsr_key_name(k)
				    : t != NULL ? t->name
						: "unknown"));
		o = show_set(o, "key", key_object(spki, k));
	}
	X509_PUBKEY_free(spki);
	ERR_clear_error();
	SHA256(der, len, hash);
	o = show_set(o, "spki_sha256", show_hex(hash, 32));
	return show_set(o, "spki_sha256_base64", show_base64(hash, 32));
}

/* All members of a key that cannot be looked into. */
static json_t *set_locked(json_t *o)
{
	static const char *const members[] = { "key_type", "key", "spki_sha256", "spki_sha256_base64" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		o = show_set(o, members[i], json_null());
	return o;
}

static json_t *head(bool private, const char *form, bool encrypted, json_t *encryption, bool locked)
{
	return json_pack("{s:b, s:s, s:b, s:o, s:b}", "private", private, "form", form, "encrypted",
		encrypted, "encryption", encryption, "locked", locked);
}

static enum acsr_result public_key(json_t **out, const struct acsr_input_object *in, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob spki = { NULL, 0 };
	KEY_AUTO struct acsr_key *k = NULL;
	json_t *o;

	if (strcmp(in->form, "PKCS#1") == 0) {
		TRY(acsr_key_load_public(&k, in->der, in->der_len, e));
		TRY(acsr_key_spki(k, &spki, e));
	} else {
		const unsigned char *p = in->der;
		X509_PUBKEY *x = d2i_X509_PUBKEY(NULL, &p, (long)in->der_len);
		bool is = x != NULL;

		X509_PUBKEY_free(x);
		if (!is || p != in->der + in->der_len)
			return ossl_err(e, "key.parse", "the public key cannot be read");
		TRY(acsr_blob_copy(&spki, in->der, in->der_len, e));
	}
	o = head(false, in->form, false, json_null(), false);
	return show_take(out, show_set_key(o, spki.p, spki.len), e);
}

json_t *show_private_key(EVP_PKEY *pkey, const char *form, json_t *encryption)
{
	bool encrypted = json_is_object(encryption);
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(pkey, &spki);
	json_t *o = head(true, form, encrypted, encryption, false);

	o = n > 0 ? show_set_key(o, spki, (size_t)n) : show_set(o, "key", NULL);
	OPENSSL_free(spki);
	return o;
}

json_t *show_locked_key(const char *form, json_t *encryption)
{
	return set_locked(head(true, form, true, encryption, true));
}

static enum acsr_result private_key(json_t **out, const struct acsr_input_object *in,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *k = NULL;
	json_t *encryption = in->encrypted ? enc_of_key(in->secret, in->form) : json_null();
	enum acsr_result r;

	if (encryption == NULL)
		return err_nomem(e);
	if (in->encrypted && passphrase == NULL)
		return show_take(out, show_locked_key(in->form, encryption), e);
	r = in->encrypted ? enc_check_known(encryption, e) : ACSR_OK;
	if (r == ACSR_OK)
		r = acsr_key_load_private(
			&k, acsr_secret_bytes(in->secret), acsr_secret_len(in->secret), passphrase, e);
	if (r != ACSR_OK) {
		json_decref(encryption);
		return r;
	}
	return show_take(out, show_private_key(k->pkey, in->form, encryption), e);
}

enum acsr_result show_key(
	json_t **out, const struct acsr_input_object *o, const struct show_options *opt, struct acsr_err *e)
{
	if (o->kind == ACSR_INPUT_PUBLIC_KEY)
		return public_key(out, o, e);
	if (strcmp(o->form, "OpenSSH") == 0)
		return err_set(e, "input.openssh",
			"this is a private key in OpenSSH's own form; ssh-keygen -p -m PKCS8 -f FILE makes "
			"it a "
			"PKCS#8 key (it replaces the file)");
	return private_key(out, o, opt->passphrase, e);
}
