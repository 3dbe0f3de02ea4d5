/* Signing a report, and checking one. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/forensic/report.h"
#include "cli/view.h"

#define KEY_OF_OPERATOR "operator-key"

enum { FIELD_MAX = 4096 };

static enum acsr_result canonical(char **out, const json_t *doc, struct acsr_err *e)
{
	const json_t *report = json_object_get(doc, "report");

	if (!json_is_object(report) || strcmp(view_str(report, "format"), REPORT_FORMAT) != 0)
		return err_set(e, "input.report", "this is no report of autocsr forensic");
	*out = json_dumps(report, JSON_COMPACT | JSON_SORT_KEYS);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

static enum acsr_result put_base64(
	json_t *o, const char *name, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char *text = malloc(B64_LEN(n));
	enum acsr_result r;

	if (text == NULL)
		return err_nomem(e);
	b64_encode(p, n, false, text);
	r = command_put_str(o, name, text, e);
	free(text);
	return r;
}

static enum acsr_result put_signature(
	json_t *doc, const struct acsr_key *key, bool operator_key, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob spki = { NULL, 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob sig = { NULL, 0 };
	CLEANUP_STR char *text = NULL;
	json_t *o = json_object();

	TRY(command_put(doc, "signature", o, e));
	TRY(command_put_str(json_object_get(doc, "report"), "signed_with",
		operator_key ? KEY_OF_OPERATOR : "key-of-this-run", e));
	TRY(canonical(&text, doc, e));
	TRY(acsr_key_spki(key, &spki, e));
	TRY(acsr_key_sign(key, text, strlen(text), &sig, e));
	TRY(command_put_str(o, "algorithm", "ed25519", e));
	TRY(put_base64(o, "public_key", spki.p, spki.len, e));
	return put_base64(o, "value", sig.p, sig.len, e);
}

enum acsr_result report_sign(json_t *doc, const struct acsr_key *key, struct acsr_err *e)
{
	struct acsr_key *own = NULL;
	enum acsr_result r;

	if (key != NULL && acsr_key_alg(key) != ACSR_KEY_ED25519)
		return err_set(e, "key.type",
			"reports are signed with Ed25519, and --sign-key is %s: "
			"autocsr csr new --key ed25519, or openssl genpkey",
			acsr_key_name(key));
	if (key == NULL)
		TRY(acsr_key_generate(&own, "ed25519", e));
	r = put_signature(doc, key != NULL ? key : own, key != NULL, e);
	acsr_key_free(own);
	return r;
}

static enum acsr_result get_base64(struct buf *out, const json_t *o, const char *name, struct acsr_err *e)
{
	const char *text = json_string_value(json_object_get(o, name));

	buf_init(out, FIELD_MAX);
	if (text == NULL || b64_decode(text, strlen(text), false, out, NULL) != ACSR_OK)
		return err_set(e, "input.report", "the report's signature has no %s", name);
	return ACSR_OK;
}

static enum acsr_result check_with(const json_t *doc, const struct buf *spki, const struct acsr_key *key,
	struct report_proof *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf sig = { 0 };
	CLEANUP_STR char *text = NULL;
	struct acsr_key *own = NULL;
	uint8_t hash[32];
	enum acsr_result r;

	TRY(get_base64(&sig, json_object_get(doc, "signature"), "value", e));
	TRY(canonical(&text, doc, e));
	TRY(acsr_key_load_spki(&own, spki->p, spki->len, e));
	if (acsr_key_alg(own) != ACSR_KEY_ED25519)
		r = err_set(e, "input.report", "the report is not signed with Ed25519");
	else if (key != NULL && !acsr_key_same(own, key))
		r = err_set(e, "verify.key", "the report is signed with another key than the given one");
	else
		r = acsr_key_spki_sha256(own, hash, e);
	if (r == ACSR_OK && acsr_key_verify(own, text, strlen(text), sig.p, sig.len, NULL) != ACSR_OK)
		r = err_set(e, "verify.signature", "the report was changed after it was signed");
	acsr_key_free(own);
	TRY(r);
	hex_encode(hash, sizeof(hash), out->spki_sha256);
	return ACSR_OK;
}

enum acsr_result report_verify(
	struct report_proof *out, const json_t *doc, const struct acsr_key *key, struct acsr_err *e)
{
	CLEANUP_BUF struct buf spki = { 0 };
	const char *whose = view_str(json_object_get(doc, "report"), "signed_with");

	TRY(get_base64(&spki, json_object_get(doc, "signature"), "public_key", e));
	TRY(check_with(doc, &spki, key, out, e));
	out->operator_key = strcmp(whose, KEY_OF_OPERATOR) == 0;
	return ACSR_OK;
}
