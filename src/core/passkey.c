/* Challenges, options and checks of passkeys, with the database. */
#include "core/passkey.h"

#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/identity.h"

static const struct {
	enum passkey_purpose purpose;
	const char *name;
} purposes[] = { { PASSKEY_REGISTER, "register" }, { PASSKEY_LOGIN, "login" }, { PASSKEY_SECOND, "second" },
	{ PASSKEY_AGAIN, "again" } };

static const char *name_of(enum passkey_purpose p)
{
	size_t i = 0;

	while (purposes[i].purpose != p)
		i++;
	return purposes[i].name;
}

static bool is_among(const char *name, unsigned wanted)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if ((wanted & purposes[i].purpose) != 0 && strcmp(purposes[i].name, name) == 0)
			return true;
	return false;
}

enum acsr_result passkey_site(struct core *c, struct passkey_site *out, struct acsr_err *e)
{
	return passkey_site_of(conf_str(&c->proc->conf, "server.public_url"), out, e);
}

/* --- asking --- */

static enum acsr_result new_challenge(struct core *c, enum passkey_purpose purpose, const char *user_id,
	char text[B64_LEN(32)], struct acsr_err *e)
{
	struct challenge ch = { .expires_at = c->now + PASSKEY_LIFETIME };
	uint8_t raw[32];

	rnd_bytes(raw, sizeof(raw));
	b64_encode(raw, sizeof(raw), true, text);
	TRY(credential_hash(raw, sizeof(raw), ch.hash, e));
	snprintf(ch.purpose, sizeof(ch.purpose), "%s", name_of(purpose));
	snprintf(ch.user_id, sizeof(ch.user_id), "%s", user_id);
	TRY(challenges_prune(c->db, c->now, e));
	return challenges_add(c->db, &ch, e);
}

/* PublicKeyCredentialDescriptorJSON of each; the transports let the browser offer the right way. */
static enum acsr_result add_descriptor(void *list, const struct passkey *p, struct acsr_err *e)
{
	char id[B64_LEN(PASSKEY_ID_MAX)], words[sizeof(p->transports)], *save = NULL;
	json_t *transports = json_array();

	b64_encode(p->credential, p->credential_len, true, id);
	snprintf(words, sizeof(words), "%s", p->transports);
	for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		json_array_append_new(transports, json_string(w));
	return json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "type", "public-key", "id", id,
						   "transports", transports)) == 0
		       ? ACSR_OK
		       : err_nomem(e);
}

static enum acsr_result user_handle(
	struct core *c, const char *user_id, char text[B64_LEN(PASSKEY_HANDLE)], struct acsr_err *e)
{
	uint8_t fresh[PASSKEY_HANDLE], handle[PASSKEY_HANDLE];

	rnd_bytes(fresh, sizeof(fresh));
	TRY(passkeys_handle(c->db, user_id, fresh, handle, e));
	b64_encode(handle, sizeof(handle), true, text);
	return ACSR_OK;
}

enum acsr_result passkey_creation_options(
	struct core *c, const char *user_id, const char *email, json_t **out, struct acsr_err *e)
{
	char challenge[B64_LEN(32)], handle[B64_LEN(PASSKEY_HANDLE)];
	struct passkey_site site;
	json_t *exclude;

	TRY(passkey_site(c, &site, e));
	TRY(new_challenge(c, PASSKEY_REGISTER, user_id, challenge, e));
	TRY(user_handle(c, user_id, handle, e));
	exclude = json_array();
	*out = json_pack(
		"{s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:s, s:i, s:s, s:[{s:s, s:i}, {s:s, s:i}, {s:s, s:i}],"
		" s:{s:s, s:b, s:s}, s:o}",
		"rp", "id", site.host, "name", "AutoCSR", "user", "id", handle, "name", email, "displayName",
		email, "challenge", challenge, "timeout", PASSKEY_LIFETIME * 1000, "attestation", "none",
		"pubKeyCredParams", "type", "public-key", "alg", -7, "type", "public-key", "alg", -8, "type",
		"public-key", "alg", -257, "authenticatorSelection", "residentKey", "preferred",
		"requireResidentKey", 0, "userVerification", "preferred", "excludeCredentials", exclude);
	if (*out == NULL)
		return err_nomem(e);
	if (passkeys_each(c->db, user_id, add_descriptor, exclude, e) == ACSR_OK)
		return ACSR_OK;
	json_decref(*out);
	return ACSR_FAIL;
}

enum acsr_result passkey_request_options(
	struct core *c, enum passkey_purpose purpose, const char *user_id, json_t **out, struct acsr_err *e)
{
	const char *verification = purpose == PASSKEY_SECOND ? "discouraged" : "required";
	char challenge[B64_LEN(32)];
	struct passkey_site site;
	json_t *allow;

	TRY(passkey_site(c, &site, e));
	TRY(new_challenge(c, purpose, user_id, challenge, e));
	allow = json_array();
	*out = json_pack("{s:s, s:s, s:i, s:s, s:o}", "challenge", challenge, "rpId", site.host, "timeout",
		PASSKEY_LIFETIME * 1000, "userVerification", verification, "allowCredentials", allow);
	if (*out == NULL)
		return err_nomem(e);
	if (passkeys_each(c->db, user_id, add_descriptor, allow, e) == ACSR_OK)
		return ACSR_OK;
	json_decref(*out);
	return ACSR_FAIL;
}

/* --- judging --- */

enum acsr_result passkey_take_challenge(struct core *c, const uint8_t challenge[32], unsigned wanted,
	const char *user_id, bool *good, struct acsr_err *why, struct acsr_err *e)
{
	struct challenge ch = { 0 };
	uint8_t hash[32];

	TRY(credential_hash(challenge, 32, hash, e));
	TRY(challenges_take(c->db, hash, c->now, &ch, good, e));
	*good = *good && is_among(ch.purpose, wanted) && strcmp(ch.user_id, user_id) == 0;
	if (!*good)
		(void)err_rule(why, "passkey.challenge", "passkey", "WebAuthn 7.2 step 12",
			"this question was answered before, or too late; try again");
	return ACSR_OK;
}

/* One answer on its way through the checks. *why is filled by what refuses it. */
struct judging {
	struct core *c;
	const struct passkey_wanted *wanted;
	struct passkey_site site;
	struct passkey_answer answer;
	struct passkey *passkey;
	struct acsr_err *why;
};

static enum acsr_result refuse(struct judging *j, const char *id, const char *text)
{
	return err_rule(j->why, id, "passkey", NULL, "%s", text);
}

/* Client data first: its challenge is used up whatever comes then. */
static enum acsr_result check_question(struct judging *j, bool *good, struct acsr_err *e)
{
	const char *user_id = j->wanted->user_id != NULL ? j->wanted->user_id : "";
	uint8_t challenge[32];

	*good = passkey_check_client(&j->answer.client, "webauthn.get", &j->site, challenge, j->why) ==
		ACSR_OK;
	return *good ? passkey_take_challenge(j->c, challenge, j->wanted->purposes, user_id, good, j->why, e)
		     : ACSR_OK;
}

/* A handle comes where the authenticator found the passkey by itself; then it must be its owner's. */
static enum acsr_result check_handle(struct judging *j, bool *good, struct acsr_err *e)
{
	uint8_t fresh[PASSKEY_HANDLE], handle[PASSKEY_HANDLE];
	const struct buf *given = &j->answer.handle;

	*good = given->len == 0 && j->wanted->user_id != NULL;
	if (given->len != PASSKEY_HANDLE)
		return ACSR_OK;
	rnd_bytes(fresh, sizeof(fresh));
	TRY(passkeys_handle(j->c->db, j->passkey->user_id, fresh, handle, e));
	*good = memcmp(handle, given->p, PASSKEY_HANDLE) == 0;
	return ACSR_OK;
}

static enum acsr_result find_owner(struct judging *j, bool *good, struct acsr_err *e)
{
	TRY(passkeys_by_credential(
		j->c->db, (struct bytes){ j->answer.id.p, j->answer.id.len }, j->passkey, good, e));
	*good = *good && (j->wanted->user_id == NULL || strcmp(j->passkey->user_id, j->wanted->user_id) == 0);
	if (*good)
		TRY(check_handle(j, good, e));
	if (!*good)
		(void)refuse(j, "passkey.unknown", "this passkey is not known here, or is somebody else's");
	return ACSR_OK;
}

/* An equal or smaller counter means that there are two of it (WebAuthn 7.2 step 21). */
static enum acsr_result check_counter(struct judging *j, uint32_t count, bool *good, struct acsr_err *e)
{
	const struct passkey *p = j->passkey;

	TRY(passkeys_used(j->c->db, p->id, count, j->c->now, good, e));
	if (*good)
		return ACSR_OK;
	(void)refuse(j, "passkey.counter",
		"the passkey's counter went back, so there may be a copy of it; remove this passkey and use "
		"another way to log in");
	return core_audit(j->c, "system", "", "passkey.counter", p->id, e, "stored %lld, shown %lld, user %s",
		(long long)p->sign_count, (long long)count, p->user_id);
}

static enum acsr_result check_signature(struct judging *j, bool *good, struct acsr_err *e)
{
	struct passkey_credential credential = { .algorithm = (int)j->passkey->algorithm,
		.key_len = j->passkey->key_len };
	uint32_t count;

	memcpy(credential.key, j->passkey->key, j->passkey->key_len);
	*good = passkey_check_assertion(
			&j->answer, &j->site, &credential, j->wanted->verified, &count, j->why) == ACSR_OK;
	return *good ? check_counter(j, count, good, e) : ACSR_OK;
}

static enum acsr_result judge(struct judging *j, const json_t *response, bool *good, struct acsr_err *e)
{
	*good = passkey_site(j->c, &j->site, j->why) == ACSR_OK &&
		passkey_read_assertion(response, &j->answer, j->why) == ACSR_OK;
	if (*good)
		TRY(check_question(j, good, e));
	if (*good)
		TRY(find_owner(j, good, e));
	if (*good)
		TRY(check_signature(j, good, e));
	return ACSR_OK;
}

enum acsr_result passkey_check(struct core *c, const json_t *response, const struct passkey_wanted *wanted,
	struct passkey *used, bool *right, struct acsr_err *why, struct acsr_err *e)
{
	struct acsr_err inner = { 0 };
	struct judging j = { .c = c, .wanted = wanted, .passkey = used, .why = &inner };
	enum acsr_result r = judge(&j, response, right, e);

	passkey_answer_free(&j.answer);
	if (r == ACSR_OK && !*right)
		(void)err_rule(why, "auth.passkey", "passkey", inner.id, "%s", inner.text);
	return r;
}
