/* Small things that all files about people need. */
#include "core/identity.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/rnd.h"
#include "core/jsontext.h"

static const char *const role_names[] = {
	[USER_AUDITOR] = "auditor",
	[USER_MEMBER] = "member",
	[USER_OWNER] = "owner",
	[USER_ADMIN] = "admin",
};

enum user_role user_role_of(const char *name)
{
	for (int r = USER_AUDITOR; r <= USER_ADMIN; r++)
		if (strcmp(role_names[r], name) == 0)
			return (enum user_role)r;
	return USER_NONE;
}

enum acsr_result user_role_check(const struct who *asker, const char *role, struct acsr_err *e)
{
	enum user_role r = user_role_of(role);

	if (r == USER_NONE)
		return err_rule(e, "request.field.role", "role", NULL,
			"there is no role \"%s\"; the roles are owner, member and auditor", role);
	if (r > asker->role)
		return err_set(e, "auth.forbidden", "you cannot give a role that you do not have yourself");
	return ACSR_OK;
}

json_t *user_json(const struct user *u)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:b, s:o, s:o}", "id", u->id, "email", u->email,
		"role", u->role, "account_id", u->account_id, "account_name", u->account_name, "totp",
		(int)u->totp, "passkeys", (json_int_t)u->passkeys, "disabled", (int)u->disabled, "created_at",
		json_time(u->created_at), "last_login_at", json_time(u->last_login_at));
}

static bool email_fits(const char *s)
{
	static const char refused[] = " \"(),:;<>[\\]";
	const char *at = strchr(s, '@'), *domain = at != NULL ? at + 1 : "";

	if (at == NULL || at == s || at - s > 64 || strchr(domain, '@') != NULL || strlen(s) > LIMIT_EMAIL)
		return false;
	for (const char *p = s; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr(refused, *p) != NULL)
			return false;
	return *domain != '.' && *domain != '-' && strchr(domain, '.') != NULL &&
	       strstr(domain, "..") == NULL && !str_ends(domain, ".") && strchr(domain, '/') == NULL;
}

enum acsr_result email_normalise(const char *in, char out[256], struct acsr_err *e)
{
	if (!email_fits(in))
		return err_rule(e, "request.field.email", "email", NULL,
			"this is not an e-mail address; it looks like ann@example.com");
	snprintf(out, 256, "%s", in);
	str_lower(out);
	return ACSR_OK;
}

size_t text_characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

enum acsr_result title_check(const char *field, const char *s, struct acsr_err *e)
{
	if (s[strspn(s, " ")] == '\0')
		return err_rule(e, "request.field.length", field, NULL, "%s is empty", field);
	if (text_characters(s) > 128)
		return err_rule(
			e, "request.field.length", field, NULL, "%s is longer than 128 characters", field);
	return ACSR_OK;
}

enum acsr_result credential_hash(const void *p, size_t n, uint8_t hash[32], struct acsr_err *e)
{
	if (EVP_Digest(p, n, hash, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash a credential");
	return ACSR_OK;
}

enum acsr_result credential_new(
	const char *prefix, char out[CREDENTIAL_TEXT], uint8_t hash[32], struct acsr_err *e)
{
	uint8_t raw[32];
	size_t n = strlen(prefix);

	if (n + B64_LEN(sizeof(raw)) > CREDENTIAL_TEXT)
		return err_set(e, "sys.credential", "the prefix %s is too long", prefix);
	memcpy(out, prefix, n);
	rnd_bytes(raw, sizeof(raw));
	b64_encode(raw, sizeof(raw), true, out + n);
	wipe(raw, sizeof(raw));
	return credential_hash(out, strlen(out), hash, e);
}
