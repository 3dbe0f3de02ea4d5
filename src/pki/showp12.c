/*
 * PKCS#12 as JSON: how it is protected, and, with the passphrase, what is in it. A wrong passphrase and an
 * algorithm that this OpenSSL lacks are told apart: the algorithms are looked at before anything is tried.
 */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "pki/rounds.h"
#include "pki/pkcs12_int.h"
#include "pki/showenc.h"
#include "pki/show_int.h"

#define MAX_P12 (4 * 1024 * 1024)
#define MAX_DEPTH 4
#define MAX_ENTRIES 1000

struct p12 {
	PKCS12 *p12;
	const char *pass; /* NULL: locked */
	int pass_len;
	const struct show_options *opt;
	json_t *entries; /* every bag */
	json_t *mac;
	struct rounds rounds;
	struct acsr_err err;
};

/* "RSA", DER octets, "#hex" … of an attribute, or null. */
static json_t *friendly_name(const PKCS12_SAFEBAG *bag)
{
	char *name = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)bag);
	json_t *o = name != NULL ? show_str(name) : json_null();

	OPENSSL_free(name);
	return o;
}

static json_t *key_id(const PKCS12_SAFEBAG *bag)
{
	const ASN1_TYPE *t = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);

	if (t == NULL || t->type != V_ASN1_OCTET_STRING)
		return json_null();
	return show_hex_cut(ASN1_STRING_get0_data(t->value.octet_string),
		(size_t)ASN1_STRING_length(t->value.octet_string), 64);
}

static json_t *certificate(const PKCS12_SAFEBAG *bag)
{
	X509 *x = PKCS12_SAFEBAG_get1_cert(bag);
	json_t *o = x != NULL ? show_x509(x) : json_null();

	X509_free(x);
	return o;
}

static json_t *crl(const struct p12 *c, const PKCS12_SAFEBAG *bag)
{
	X509_CRL *x = PKCS12_SAFEBAG_get1_crl(bag);
	json_t *o = x != NULL ? show_x509_crl(x, c->opt) : json_null();

	X509_CRL_free(x);
	return o;
}

static json_t *plain_key(const PKCS12_SAFEBAG *bag)
{
	EVP_PKEY *pkey = EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag));
	json_t *o = pkey != NULL ? show_private_key(pkey, "PKCS#8", json_null()) : json_null();

	EVP_PKEY_free(pkey);
	return o;
}

/* NULL with c->err, or without it when there is no memory. */
static json_t *shrouded_key(struct p12 *c, const PKCS12_SAFEBAG *bag)
{
	const X509_ALGOR *alg;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey;
	json_t *encryption;

	X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &alg, NULL);
	encryption = enc_of_algorithm(alg);
	if (c->pass == NULL || encryption == NULL)
		return show_locked_key("encrypted PKCS#8", encryption);
	if (enc_check_known(encryption, &c->err) != ACSR_OK ||
		rounds_spend(&c->rounds, alg, &c->err) != ACSR_OK) {
		json_decref(encryption);
		return NULL;
	}
	info = PKCS12_decrypt_skey(bag, c->pass, c->pass_len);
	pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pkey == NULL) {
		json_decref(encryption);
		(void)ossl_err(&c->err, "match.passphrase", "the passphrase does not open the key in it");
		return NULL;
	}
	encryption = show_private_key(pkey, "encrypted PKCS#8", encryption);
	EVP_PKEY_free(pkey);
	return encryption;
}

static const char *bag_type(int nid)
{
	switch (nid) {
	case NID_keyBag:
	case NID_pkcs8ShroudedKeyBag:
		return "key";
	case NID_certBag:
		return "certificate";
	case NID_crlBag:
		return "crl";
	default:
		return "secret";
	}
}

/* encryption: of the safe around it, or null; taken over. */
static void add_entry(struct p12 *c, const PKCS12_SAFEBAG *bag, json_t *around)
{
	int nid = PKCS12_SAFEBAG_get_nid(bag);
	json_t *key = nid == NID_keyBag                ? plain_key(bag)
		      : nid == NID_pkcs8ShroudedKeyBag ? shrouded_key(c, bag)
						       : json_null();

	c->entries = show_add(c->entries,
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "type", bag_type(nid), "friendly_name",
			friendly_name(bag), "key_id", key_id(bag), "encryption", around, "certificate",
			nid == NID_certBag ? certificate(bag) : json_null(), "crl",
			nid == NID_crlBag ? crl(c, bag) : json_null(), "key", key));
	ERR_clear_error();
}

static void add_bags(
	struct p12 *c, const STACK_OF(PKCS12_SAFEBAG) * bags, const json_t *around, unsigned depth)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && c->entries != NULL; i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

		if (json_array_size(c->entries) == MAX_ENTRIES)
			return;
		if (PKCS12_SAFEBAG_get_nid(bag) != NID_safeContentsBag)
			add_entry(c, bag, json_deep_copy(around));
		else if (depth < MAX_DEPTH)
			add_bags(c, PKCS12_SAFEBAG_get0_safes(bag), around, depth + 1);
	}
}

/* A safe that stays closed is an entry of its own. */
static void add_locked(struct p12 *c, json_t *around)
{
	c->entries = show_add(c->entries,
		json_pack("{s:s, s:n, s:n, s:o, s:n, s:n, s:n}", "type", "locked", "friendly_name", "key_id",
			"encryption", around, "certificate", "crl", "key"));
}

static void add_encrypted_safe(struct p12 *c, PKCS7 *safe)
{
	const X509_ALGOR *alg = safe->d.encrypted->enc_data->algorithm;
	json_t *around = enc_of_algorithm(alg);
	STACK_OF(PKCS12_SAFEBAG) * bags;

	if (c->pass == NULL || around == NULL) {
		add_locked(c, around);
		return;
	}
	if (enc_check_known(around, &c->err) == ACSR_OK &&
		rounds_spend(&c->rounds, alg, &c->err) == ACSR_OK) {
		bags = PKCS12_unpack_p7encdata(safe, c->pass, c->pass_len);
		if (bags == NULL)
			(void)ossl_err(
				&c->err, "match.passphrase", "the passphrase does not open what is in it");
		add_bags(c, bags, around, 0);
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	}
	json_decref(around);
}

static void add_safe(struct p12 *c, PKCS7 *safe)
{
	STACK_OF(PKCS12_SAFEBAG) * bags;
	json_t *none;

	if (PKCS7_type_is_encrypted(safe)) {
		add_encrypted_safe(c, safe);
		return;
	}
	if (OBJ_obj2nid(safe->type) != NID_pkcs7_data) {
		add_locked(c, json_null()); /* for somebody's public key: no passphrase opens it */
		return;
	}
	none = json_null();
	bags = PKCS12_unpack_p7data(safe);
	add_bags(c, bags, none, 0);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static json_t *mac_of(const PKCS12 *p12)
{
	const X509_ALGOR *alg = NULL;
	const ASN1_OCTET_STRING *salt = NULL;
	const ASN1_INTEGER *iterations = NULL;
	int64_t n = 1;
	json_t *o;

	PKCS12_get0_mac(NULL, &alg, &salt, &iterations, p12);
	if (alg == NULL)
		return json_null();
	if (iterations != NULL && ASN1_INTEGER_get_int64(&n, iterations) != 1)
		n = 0;
	o = enc_of_algorithm(alg);
	if (o == NULL || strcmp(json_string_value(json_object_get(o, "algorithm")), "PBMAC1") == 0)
		return o;
	json_decref(o);
	return json_pack("{s:s, s:s, s:o, s:I, s:n}", "algorithm", "HMAC", "kdf", "PKCS12KDF", "prf",
		show_object_name(alg->algorithm), "iterations", (json_int_t)n, "cipher");
}

/* An empty passphrase is written in two ways (RFC 7292 B.1): as nothing, and as an empty string. */
static bool mac_fits(struct p12 *c)
{
	if (PKCS12_verify_mac(c->p12, c->pass, c->pass_len) == 1)
		return true;
	if (c->pass_len != 0 || PKCS12_verify_mac(c->p12, NULL, 0) != 1)
		return false;
	c->pass = NULL;
	return true;
}

static enum acsr_result check_mac(struct p12 *c, struct acsr_err *e)
{
	char name[80];

	if (c->pass == NULL || json_is_null(c->mac))
		return ACSR_OK;
	if (pkcs12_mac_missing(c->p12, NULL, name))
		return pkcs12_unsupported(name, e);
	TRY(rounds_spend_mac(&c->rounds, c->p12, e));
	return mac_fits(c) ? ACSR_OK : pkcs12_wrong(e);
}

static bool locked(const json_t *entries)
{
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *one = json_array_get(entries, i);

		if (strcmp(json_string_value(json_object_get(one, "type")), "locked") == 0 ||
			json_is_true(json_object_get(json_object_get(one, "key"), "locked")))
			return true;
	}
	return false;
}

static enum acsr_result fill(struct p12 *c, struct acsr_err *e)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(c->p12);

	if (safes == NULL)
		return ossl_err(e, "input.parse", "the PKCS#12 file cannot be read");
	for (int i = 0; i < sk_PKCS7_num(safes) && c->err.id[0] == '\0'; i++)
		add_safe(c, sk_PKCS7_value(safes, i));
	sk_PKCS7_pop_free(safes, PKCS7_free);
	if (c->err.id[0] == '\0')
		return ACSR_OK;
	if (e != NULL)
		*e = c->err;
	return ACSR_FAIL;
}

static enum acsr_result document(
	json_t **out, struct p12 *c, const uint8_t *der, size_t len, struct acsr_err *e)
{
	json_t *o;

	c->mac = mac_of(c->p12);
	if (c->mac == NULL)
		return err_nomem(e);
	TRY(check_mac(c, e));
	c->entries = json_array();
	TRY(fill(c, e));
	if (c->entries == NULL)
		return err_nomem(e);
	o = json_pack("{s:O, s:b, s:O}", "mac", c->mac, "locked", locked(c->entries), "entries", c->entries);
	return show_take(out, show_set_fingerprints(o, der, len), e);
}

enum acsr_result show_pkcs12(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e)
{
	const unsigned char *p = der;
	struct p12 c = { .opt = opt, .rounds = { ROUNDS_MAX } };
	enum acsr_result r;

	if (len > MAX_P12)
		return err_set(e, "input.too-large", "the PKCS#12 file has %zu bytes; at most %d are read",
			len, MAX_P12);
	if (opt->passphrase != NULL) {
		c.pass = (const char *)acsr_secret_bytes(opt->passphrase);
		c.pass_len = (int)acsr_secret_len(opt->passphrase);
	}
	c.p12 = d2i_PKCS12(NULL, &p, (long)len);
	if (c.p12 == NULL)
		return ossl_err(e, "input.parse", "the PKCS#12 file cannot be read");
	r = document(out, &c, der, len, e);
	PKCS12_free(c.p12);
	json_decref(c.entries);
	json_decref(c.mac);
	return r;
}
