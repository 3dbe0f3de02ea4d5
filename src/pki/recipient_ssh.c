/* SSH public keys (RFC 4253 6.6, RFC 8709) as age takes them: Ed25519 and RSA, in one line as in authorized_keys. */
#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "der.h"
#include "recipient_int.h"

#define RSA_BYTES 1025 /* 8192 bits and a zero in front */
#define TYPE_MAX 64

static const char curve_p[] = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

bool recipient_is_ssh(struct bytes line)
{
	static const char *const starts[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (line.len > strlen(starts[i]) && memcmp(line.p, starts[i], strlen(starts[i])) == 0)
			return true;
	/* with options in front */
	return memmem(line.p, line.len, " ssh-rsa AAAA", 13) != NULL ||
	       memmem(line.p, line.len, " ssh-ed25519 AAAA", 17) != NULL;
}

static enum acsr_result damaged(struct acsr_err *e)
{
	return err_set(e, "recipient.ssh", "the SSH public key is damaged or cut off; copy its whole line");
}

/* --- the line: type, base64, comment --- */

static struct bytes next_word(struct bytes *line)
{
	struct bytes word = { line->p, 0 };

	while (word.len < line->len && line->p[word.len] != ' ' && line->p[word.len] != '\t')
		word.len++;
	line->p += word.len;
	line->len -= word.len;
	while (line->len > 0 && (line->p[0] == ' ' || line->p[0] == '\t')) {
		line->p++;
		line->len--;
	}
	return word;
}

static enum acsr_result check_type(const char *type, struct acsr_err *e)
{
	if (strcmp(type, "ssh-ed25519") == 0 || strcmp(type, "ssh-rsa") == 0)
		return ACSR_OK;
	if (strstr(type, "-cert-v0") != NULL)
		return err_set(e, "recipient.ssh.type",
			"this is an SSH certificate; give the public key itself (the .pub file without "
			"-cert)");
	if (str_starts(type, "sk-"))
		return err_set(e, "recipient.ssh.type",
			"keys that live in a security key can sign but not open anything; give an "
			"ssh-ed25519 "
			"or ssh-rsa key");
	if (str_starts(type, "ssh-") || str_starts(type, "ecdsa-sha2-"))
		return err_set(e, "recipient.ssh.type",
			"age opens with ssh-ed25519 and ssh-rsa keys, not with %.40s", type);
	return err_set(e, "recipient.ssh", "leave out the options in front of the key's type");
}

static enum acsr_result split(struct bytes line, char type[TYPE_MAX], struct buf *wire, struct acsr_err *e)
{
	struct bytes word = next_word(&line), base64;
	struct acsr_err why = { 0 };

	snprintf(type, TYPE_MAX, "%.*s", word.len < TYPE_MAX ? (int)word.len : TYPE_MAX - 1,
		(const char *)word.p);
	TRY(check_type(type, e));
	base64 = next_word(&line);
	if (b64_decode((const char *)base64.p, base64.len, false, wire, &why) != ACSR_OK)
		return err_is(&why, "sys.nomem") ? err_nomem(e) : damaged(e);
	return ACSR_OK;
}

/* --- the key as it is sent --- */

static enum acsr_result next_string(struct buf *wire, struct bytes *out, struct acsr_err *e)
{
	uint32_t n = 0;

	if (buf_get_u32(wire, &n, NULL) != ACSR_OK || buf_take(wire, n, out, NULL) != ACSR_OK)
		return damaged(e);
	return ACSR_OK;
}

/* RFC 4251 5: positive and without unneeded zeros, else age reckons another fingerprint. */
static enum acsr_result next_number(struct buf *wire, struct bytes *out, struct acsr_err *e)
{
	TRY(next_string(wire, out, e));
	if (out->len == 0 || out->len > RSA_BYTES || (out->p[0] & 0x80) != 0 ||
		(out->p[0] == 0 && (out->len == 1 || (out->p[1] & 0x80) == 0)))
		return damaged(e);
	return ACSR_OK;
}

static enum acsr_result read_rsa(struct acsr_recipient *r, struct buf *wire, struct acsr_err *e)
{
	uint8_t room[2 * RSA_BYTES + 32];
	struct bytes exponent, modulus;
	struct acsr_err why = { 0 };
	struct der_out w;

	TRY(next_number(wire, &exponent, e));
	TRY(next_number(wire, &modulus, e));
	if (buf_unread(wire) != 0)
		return damaged(e);
	der_out_init(&w, room, sizeof(room));
	der_put_uint(&w, exponent.p, exponent.len);
	der_put_uint(&w, modulus.p, modulus.len);
	der_wrap(&w, DER_SEQUENCE, w.cap);
	if (w.failed || acsr_key_load_public(&r->key, w.p + w.pos, w.cap - w.pos, &why) != ACSR_OK)
		return err_is(&why, "sys.nomem") ? err_nomem(e) : damaged(e);
	r->kind = ACSR_RECIPIENT_SSH_RSA;
	return recipient_judge(r->key, NULL, e);
}

/* u = (1 + y) / (1 - y) (RFC 7748 4.1). y is not 1: the gate lets no point of small order pass. */
static bool to_x25519(uint8_t out[X25519_BYTES], const uint8_t ed[X25519_BYTES])
{
	OSSL_AUTO(ossl_free_bnctx) BN_CTX *ctx = BN_CTX_new();
	uint8_t y_bytes[X25519_BYTES];
	BIGNUM *p, *y, *above, *below;
	bool ok;

	if (ctx == NULL)
		return false;
	memcpy(y_bytes, ed, sizeof(y_bytes));
	y_bytes[X25519_BYTES - 1] &= 0x7f; /* the sign of x */
	BN_CTX_start(ctx);
	p = BN_CTX_get(ctx);
	y = BN_CTX_get(ctx);
	above = BN_CTX_get(ctx);
	below = BN_CTX_get(ctx);
	ok = below != NULL && BN_hex2bn(&p, curve_p) > 0 && BN_lebin2bn(y_bytes, X25519_BYTES, y) != NULL &&
	     BN_one(above) && BN_mod_sub(below, above, y, p, ctx) && BN_mod_add(above, above, y, p, ctx) &&
	     BN_mod_inverse(below, below, p, ctx) != NULL && BN_mod_mul(above, above, below, p, ctx) &&
	     BN_bn2lebinpad(above, out, X25519_BYTES) == X25519_BYTES;
	BN_CTX_end(ctx);
	return ok;
}

static enum acsr_result read_ed25519(struct acsr_recipient *r, struct buf *wire, struct acsr_err *e)
{
	static const struct acsr_key_policy eddsa = { .allow_eddsa = true };
	KEY_AUTO struct acsr_key *k = NULL;
	struct bytes point;
	EVP_PKEY *pkey;

	TRY(next_string(wire, &point, e));
	if (point.len != X25519_BYTES || buf_unread(wire) != 0)
		return damaged(e);
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.p, point.len);
	if (pkey == NULL)
		return ossl_err(e, "sys.openssl", "the SSH public key cannot be read");
	TRY(key_adopt(&k, pkey, e));
	TRY(recipient_judge(k, &eddsa, e));
	if (!to_x25519(r->point, point.p))
		return ossl_err(e, "sys.openssl", "cannot turn an Ed25519 key into one for X25519");
	r->kind = ACSR_RECIPIENT_SSH_ED25519;
	return ACSR_OK;
}

/* "SHA256:" and base64 without padding, as ssh-keygen -l shows it. */
static void put_name(struct acsr_recipient *r)
{
	uint8_t sha256[32];
	char text[B64_LEN(32)];

	SHA256(r->ssh.p, r->ssh.len, sha256);
	b64_encode(sha256, sizeof(sha256), false, text);
	text[strcspn(text, "=")] = '\0';
	snprintf(r->name, sizeof(r->name), "SHA256:%s", text);
}

enum acsr_result recipient_ssh(struct acsr_recipient *r, struct bytes line, struct acsr_err *e)
{
	CLEANUP_BUF struct buf wire = { 0 };
	char type[TYPE_MAX];
	struct bytes inner;

	buf_init(&wire, ACSR_RECIPIENT_MAX);
	TRY(split(line, type, &wire, e));
	TRY(next_string(&wire, &inner, e));
	if (inner.len != strlen(type) || memcmp(inner.p, type, inner.len) != 0)
		return damaged(e);
	if (strcmp(type, "ssh-rsa") == 0)
		TRY(read_rsa(r, &wire, e));
	else
		TRY(read_ed25519(r, &wire, e));
	TRY(acsr_blob_copy(&r->ssh, wire.p, wire.len, e));
	put_name(r);
	return ACSR_OK;
}
