/*
 * What a browser sends about passkeys, at each depth: whatever comes is refused, or is what it claims to be.
 * Input: a letter, then for
 *   c  clientDataJSON          r  an attestation object
 *   j  the answer's JSON       a  authenticator data and, behind it, a signature of 71 bytes
 */
#include <stdlib.h>
#include <string.h>

#include "core/passkey_cbor.h"
#include "core/passkey_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIGNATURE = 71, ID_LENGTH_AT = 53, ID_AT = 55 };
static const struct passkey_site site = { "localhost", "https://localhost:8443" };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void fill(struct buf *b, const void *p, size_t n)
{
	buf_init(b, 1 << 20);
	must(buf_put(b, p, n, NULL) == ACSR_OK);
}

static void client(struct passkey_answer *a, const uint8_t *p, size_t n)
{
	uint8_t challenge[32];
	struct acsr_err e;

	fill(&a->client, p, n);
	if (passkey_check_client(&a->client, "webauthn.get", &site, challenge, &e) == ACSR_OK)
		must(memmem(p, n, "webauthn.get", 12) != NULL && memmem(p, n, "localhost:8443", 14) != NULL);
	else
		must(strncmp(e.id, "passkey.", 8) == 0);
}

/* The answer names the credential that is in the object, so that the walk goes on behind that check. */
static void name_credential(struct passkey_answer *a, struct bytes object)
{
	struct bytes item, d;
	size_t n;

	if (!passkey_cbor_is_one(object) || !passkey_cbor_member(object, "authData", &item) ||
		!passkey_cbor_string(item, CBOR_BYTES, &d) || d.len < ID_AT)
		return;
	n = (size_t)d.p[ID_LENGTH_AT] << 8 | d.p[ID_LENGTH_AT + 1];
	if (n > 0 && n <= d.len - ID_AT)
		fill(&a->id, d.p + ID_AT, n);
}

static void registration(struct passkey_answer *a, const uint8_t *p, size_t n)
{
	struct passkey_credential made;

	fill(&a->client, "{}", 2);
	fill(&a->object, p, n);
	name_credential(a, (struct bytes){ p, n });
	if (passkey_check_registration(a, &site, &made, NULL) == ACSR_OK)
		must(made.key_len >= 32 && made.id.len > 0 && made.id.len < n);
}

static void assertion(struct passkey_answer *a, const uint8_t *p, size_t n)
{
	/* The base point of P-256: a key whose private part is 1. */
	static const uint8_t point[64] = { 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
		0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1,
		0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e,
		0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce,
		0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
	struct passkey_credential key = { .algorithm = -7, .key_len = sizeof(point) };
	size_t signature = n > SIGNATURE ? SIGNATURE : n;
	uint32_t count;

	memcpy(key.key, point, sizeof(point));
	fill(&a->client, "{}", 2);
	fill(&a->authdata, p, n - signature);
	fill(&a->signature, p + n - signature, signature);
	(void)!passkey_check_assertion(a, &site, &key, false, &count, NULL);
}

static void json(struct passkey_answer *a, const uint8_t *p, size_t n)
{
	json_t *o = json_loadb((const char *)p, n, JSON_REJECT_DUPLICATES, NULL);
	struct passkey_answer b = { 0 };

	if (passkey_read_registration(o, a, NULL) == ACSR_OK)
		must(a->id.len > 0 && a->id.len <= 1023 && a->client.len <= PASSKEY_CLIENT_MAX &&
			a->object.len > 0);
	if (passkey_read_assertion(o, &b, NULL) == ACSR_OK)
		must(b.authdata.len <= PASSKEY_AUTHDATA_MAX && b.signature.len > 0 && b.handle.len <= 64);
	passkey_answer_free(&b);
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct passkey_answer a = { 0 };

	if (size == 0)
		return 0;
	if (data[0] == 'c')
		client(&a, data + 1, size - 1);
	else if (data[0] == 'r')
		registration(&a, data + 1, size - 1);
	else if (data[0] == 'a')
		assertion(&a, data + 1, size - 1);
	else if (data[0] == 'j')
		json(&a, data + 1, size - 1);
	passkey_answer_free(&a);
	return 0;
}
