/* Signing receipts, and checking their signatures. */
#include <string.h>

#include "pki/receipt.h"

static enum acsr_result check_key(const struct acsr_key *key, struct acsr_err *e)
{
	if (acsr_key_alg(key) == ACSR_KEY_ED25519)
		return ACSR_OK;
	return err_set(e, "receipt.key", "receipts are signed with Ed25519, and this is a key of type %s",
		acsr_key_name(key));
}

enum acsr_result receipt_key_id(const struct acsr_key *key, char id[65], struct acsr_err *e)
{
	uint8_t digest[32];

	TRY(check_key(key, e));
	TRY(acsr_key_spki_sha256(key, digest, e));
	hex_encode(digest, sizeof(digest), id);
	return ACSR_OK;
}

static enum acsr_result signed_bytes(struct buf *out, const char *text, size_t len, struct acsr_err *e)
{
	buf_init(out, RECEIPT_MAX);
	TRY(buf_putstr(out, RECEIPT_PREFIX, e));
	return buf_put(out, text, len, e);
}

enum acsr_result receipt_sign(const char *text, size_t len, const struct acsr_key *key,
	uint8_t signature[RECEIPT_SIGNATURE], struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob made = { 0 };
	CLEANUP_BUF struct buf all = { 0 };

	TRY(check_key(key, e));
	TRY(signed_bytes(&all, text, len, e));
	TRY(acsr_key_sign(key, all.p, all.len, &made, e));
	if (made.len != RECEIPT_SIGNATURE)
		return err_set(e, "receipt.key", "the key's signature is %zu bytes long", made.len);
	memcpy(signature, made.p, made.len);
	return ACSR_OK;
}

enum acsr_result receipt_verify(const char *text, size_t len, const uint8_t signature[RECEIPT_SIGNATURE],
	const struct acsr_key *key, struct acsr_err *e)
{
	CLEANUP_BUF struct buf all = { 0 };

	TRY(check_key(key, e));
	TRY(signed_bytes(&all, text, len, e));
	if (acsr_key_verify(key, all.p, all.len, signature, RECEIPT_SIGNATURE, NULL) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, "receipt.signature",
		"the signature does not fit: the receipt was changed, or another key signed it");
}

enum acsr_result receipt_document(const char *text, size_t len, const uint8_t signature[RECEIPT_SIGNATURE],
	const struct acsr_key *key, struct buf *out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob spki = { 0 };
	char id[65], b64[B64_LEN(RECEIPT_SIGNATURE)], public_key[B64_LEN(100)];

	TRY(receipt_key_id(key, id, e));
	TRY(acsr_key_spki(key, &spki, e));
	if (spki.len > 100)
		return err_set(e, "receipt.key", "the public key is too long");
	b64_encode(signature, RECEIPT_SIGNATURE, false, b64);
	b64_encode(spki.p, spki.len, false, public_key);
	TRY(buf_putstr(out, "{\"receipt\":\n", e));
	TRY(buf_put(out, text, len, e));
	return buf_printf(out, e,
		",\n\"signature\":{\"algorithm\":\"Ed25519\",\"key_id\":\"%s\",\"public_key\":\"%s\","
		"\"value\":\"%"
		"s\"}}\n",
		id, public_key, b64);
}
