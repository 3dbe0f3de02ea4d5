/* Judging codes of the second factor. */
#include "core/second.h"

#include <openssl/evp.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/kek.h"
#include "store/accounts.h"
#include "store/second_factor.h"

enum { STEP = 30, DIGITS = 6, RECOVERY_CHARS = 10 };

/* *step: the time step whose code it is, 0 when it is none of those around now. */
static enum acsr_result find_step(
	const struct acsr_secret *key, const char *code, int64_t now, int64_t *step, struct acsr_err *e)
{
	*step = 0;
	if (oath_init() != OATH_OK)
		return err_set(e, "sys.oath", "the TOTP library does not start");
	for (int64_t i = now / STEP - 1; i <= now / STEP + 1; i++) {
		char right[DIGITS + 1];

		if (oath_hotp_generate((const char *)acsr_secret_bytes(key), acsr_secret_len(key),
			    (uint64_t)i, DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, right) != OATH_OK)
			return err_set(e, "sys.oath", "cannot compute a TOTP code");
		if (str_equal_ct(right, code))
			*step = i;
	}
	return ACSR_OK;
}

enum acsr_result second_check_app(
	struct core *c, const struct user *u, const char *code, bool *right, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };
	int64_t step;

	*right = false;
	if (strlen(code) != DIGITS || strspn(code, "0123456789") != DIGITS)
		return ACSR_OK;
	buf_init(&wrapped, 4096);
	TRY(second_factor_get(c->db, u->id, &wrapped, e));
	if (wrapped.len == 0)
		return ACSR_OK;
	TRY(kek_unwrap(c->kek, u->id, (struct bytes){ wrapped.p, wrapped.len }, &key, e));
	TRY(find_step(key, code, c->now, &step, e));
	return step != 0 ? second_factor_use_step(c->db, u->id, step, right, e) : ACSR_OK;
}

/* As people may type it: any case, dashes and blanks, o for 0, l or i for 1. False: no recovery code at all.
 */
static bool normalise(const char *code, char out[RECOVERY_CHARS + 1])
{
	size_t n = 0;

	for (; *code != '\0'; code++) {
		char ch = *code;

		if (ch == '-' || ch == ' ')
			continue;
		if (ch >= 'A' && ch <= 'Z')
			ch = (char)(ch + ('a' - 'A'));
		if (n == RECOVERY_CHARS)
			return false;
		out[n++] = ch == 'o' ? '0' : ch == 'l' || ch == 'i' ? '1' : ch;
	}
	out[n] = '\0';
	return n == RECOVERY_CHARS;
}

/* The user's id goes in, so that equal codes of two users do not look equal. */
static enum acsr_result hash_recovery(
	const char *user_id, const char *code, uint8_t hash[32], struct acsr_err *e)
{
	char text[100];
	int n = snprintf(text, sizeof(text), "%s:%s", user_id, code);
	bool ok = EVP_Digest(text, (size_t)n, hash, NULL, EVP_sha256(), NULL) == 1;

	wipe(text, sizeof(text));
	return ok ? ACSR_OK : err_set(e, "sys.digest", "cannot hash a recovery code");
}

enum acsr_result second_check(
	struct core *c, const struct user *u, const char *code, bool *right, struct acsr_err *e)
{
	char text[RECOVERY_CHARS + 1];
	uint8_t hash[32];

	*right = false;
	if (u->totp)
		TRY(second_check_app(c, u, code, right, e));
	if (*right || !normalise(code, text))
		return ACSR_OK;
	TRY(hash_recovery(u->id, text, hash, e));
	return recovery_use(c->db, u->id, hash, c->now, right, e);
}

enum acsr_result second_make_recovery(
	struct core *c, const char *user_id, char out[RECOVERY_CODES][RECOVERY_TEXT], struct acsr_err *e)
{
	TRY(recovery_clear(c->db, user_id, e));
	for (int i = 0; i < RECOVERY_CODES; i++) {
		char code[RECOVERY_CHARS + 1];
		uint8_t hash[32];

		rnd_base32(code, RECOVERY_CHARS);
		TRY(hash_recovery(user_id, code, hash, e));
		TRY(recovery_add(c->db, user_id, hash, e));
		snprintf(out[i], RECOVERY_TEXT, "%.5s-%.5s", code, code + 5);
		wipe(code, sizeof(code));
	}
	return ACSR_OK;
}

enum acsr_result second_new_recovery(struct core *c, const char *user_id, json_t **out, struct acsr_err *e)
{
	char codes[RECOVERY_CODES][RECOVERY_TEXT];
	json_t *list;

	TRY(second_make_recovery(c, user_id, codes, e));
	list = json_array();
	for (int i = 0; i < RECOVERY_CODES; i++)
		json_array_append_new(list, json_string(codes[i]));
	wipe(codes, sizeof(codes));
	*out = list;
	return list != NULL ? ACSR_OK : err_nomem(e);
}

enum acsr_result second_may_lose(struct core *c, const struct user *u, struct acsr_err *e)
{
	struct account a;
	bool have;

	TRY(accounts_find(c->db, u->account_id, &a, &have, e));
	if (!have || !a.always_second || u->totp || u->passkeys > 0)
		return ACSR_OK;
	return err_set(e, "state.always-second",
		"this account always wants a second factor, and this is your only one; set up another one "
		"first");
}
