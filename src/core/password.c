/* Checking and making passwords: argon2id (t=2, m=19 MiB, p=1) in the pool, guesses counted on the loop. */
#include "core/password.h"

#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rnd.h"
#include "core/device.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/mail.h"
#include "core/passkey.h"
#include "core/pool.h"
#include "core/second.h"
#include "core/throttle.h"
#include "core/turn.h"
#include "store/sessions.h"

enum { PASSES = 2, MEMORY_KIB = 19 * 1024, LANES = 1, SALT = 16, HASH = 32, ENCODED = 200 };

/* Nobody's: what an unknown address is checked against, so that it costs the same time. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
			     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* --- rules --- */

/* Those of the commonest that are long enough to pass the other rules. */
static const char *const common[] = { "1234567890", "12345678910", "0123456789", "0987654321", "9876543210",
	"1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "qwertyuiop", "qwerty12345", "qwerty123456",
	"qwertzuiop", "azertyuiop", "asdfghjkl;", "abcdefghij", "abcdefghijk", "abc123456789", "password12",
	"password123", "password1234", "passwordpassword", "p@ssword123", "p@ssw0rd123", "passw0rd123",
	"iloveyou12", "iloveyou123", "welcome123", "welcome1234", "letmein123", "letmein1234",
	"administrator", "admin12345", "admin123456", "changeme123", "changeit123", "football123",
	"baseball123", "superman123", "princess123", "sunshine123", "dragon12345", "monkey12345",
	"trustno1trustno1", "secret12345", "test123456", "testtest123", "correcthorsebatterystaple",
	"autocsr123", "autocsrautocsr" };

static bool is_common(const char *password)
{
	char lower[LIMIT_PASSWORD_MAX * 4 + 1];
	bool found = false;

	snprintf(lower, sizeof(lower), "%s", password);
	str_lower(lower);
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		found = found || strcmp(lower, common[i]) == 0;
	wipe(lower, sizeof(lower));
	return found || password[strspn(password, (char[]){ password[0], '\0' })] == '\0';
}

enum acsr_result password_acceptable(
	const char *password, const char *email, const char *field, struct acsr_err *e)
{
	size_t n = text_characters(password);

	if (n < LIMIT_PASSWORD_MIN)
		return err_rule(e, "request.field.password.short", field, NULL,
			"a password has at least %d characters; a few words make a good one",
			LIMIT_PASSWORD_MIN);
	if (n > LIMIT_PASSWORD_MAX)
		return err_rule(e, "request.field.password.long", field, NULL,
			"a password has at most %d characters", LIMIT_PASSWORD_MAX);
	if (email != NULL && strcasecmp(password, email) == 0)
		return err_rule(e, "request.field.password.email", field, NULL,
			"the password must not be the e-mail address");
	if (is_common(password))
		return err_rule(e, "request.field.password.common", field, NULL,
			"this password is among the first that anybody would guess; a few words make a good "
			"one");
	return ACSR_OK;
}

/* --- making --- */

static int encode(const struct acsr_secret *password, char out[ENCODED])
{
	uint8_t salt[SALT];

	rnd_bytes(salt, sizeof(salt));
	return argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, acsr_secret_bytes(password),
		acsr_secret_len(password), salt, sizeof(salt), HASH, out, ENCODED);
}

struct making {
	struct request *q;
	struct acsr_secret *password;
	password_hashed_fn *then;
	char encoded[ENCODED];
	int result;
};

static void making_free(void *arg)
{
	struct making *m = arg;

	acsr_secret_free(m->password);
	free(m);
}

static void making_work(void *arg)
{
	struct making *m = arg;

	m->result = encode(m->password, m->encoded);
}

static enum acsr_result making_step(struct core *c, void *arg, struct acsr_err *e)
{
	struct making *m = arg;

	if (m->result != ARGON2_OK)
		return err_set(e, "busy.argon2", "cannot hash a password right now: %s",
			argon2_error_message(m->result));
	return m->then(c, m->q, m->encoded, e);
}

enum acsr_result password_hash(
	struct core *c, struct request *q, const char *password, password_hashed_fn *then, struct acsr_err *e)
{
	struct making *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_nomem(e);
	m->q = q;
	m->then = then;
	if (acsr_secret_new(&m->password, password, strlen(password), e) == ACSR_OK &&
		pool_run(c, q, making_work, making_step, m, making_free, e) == ACSR_OK)
		return ACSR_OK;
	making_free(m);
	return ACSR_FAIL;
}

enum acsr_result password_hash_now(const char *password, char *encoded, size_t cap, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	char out[ENCODED];
	int r;

	TRY(acsr_secret_new(&s, password, strlen(password), e));
	r = encode(s, out);
	if (r != ARGON2_OK)
		return err_set(e, "busy.argon2", "cannot hash a password: %s", argon2_error_message(r));
	snprintf(encoded, cap, "%s", out);
	return ACSR_OK;
}

/* --- checking --- */

struct check {
	struct core *c;
	struct request *q;
	struct acsr_secret *password;
	char user_id[40]; /* "": nobody has this address */
	char account_id[40], email[256], totp[70], encoded[ENCODED];
	json_t *passkey;
	bool right;
	struct throttle throttle;
	struct turn turn;
	proof_then_fn *then;
};

static void check_free(void *arg)
{
	struct check *k = arg;

	turn_end(k->c, &k->turn);
	acsr_secret_free(k->password);
	json_decref(k->passkey);
	wipe(k, sizeof(*k));
	free(k);
}

static void check_work(void *arg)
{
	struct check *k = arg;

	k->right = argon2id_verify(k->encoded, acsr_secret_bytes(k->password),
			   acsr_secret_len(k->password)) == ARGON2_OK;
}

/* The attempt has been counted already; it is only told and recorded here. */
static enum acsr_result refuse(struct core *c, struct check *k, const char *id, const char *field,
	const char *text, struct acsr_err *e)
{
	struct acsr_err why;

	(void)err_rule(&why, id, field, NULL, "%s", text);
	return proof_wrong(c, k->q, k->email, k->account_id, k->user_id, &why, e);
}

static enum acsr_result refuse_wrong(struct core *c, struct check *k, struct acsr_err *e)
{
	return refuse(c, k, "auth.wrong", NULL, "the e-mail address or the password is wrong", e);
}

static enum acsr_result ask_for_second(
	struct core *c, struct check *k, const struct user *u, struct acsr_err *e)
{
	TRY(proof_ask_second(c, k->q, u, e));
	return throttle_undo(c, &k->throttle, e);
}

/* With the password, seeing that somebody is there is enough: the authenticator need not know who. */
static enum acsr_result check_second(
	struct core *c, struct check *k, const struct user *u, bool *right, struct acsr_err *e)
{
	const struct passkey_wanted wanted = { .user_id = u->id, .purposes = PASSKEY_SECOND | PASSKEY_AGAIN };
	struct acsr_err why = { 0 };
	struct passkey used;

	if (k->passkey != NULL) {
		TRY(passkey_check(c, k->passkey, &wanted, &used, right, &why, e));
		return *right ? ACSR_OK : proof_wrong(c, k->q, k->email, k->account_id, k->user_id, &why, e);
	}
	TRY(second_check(c, u, k->totp, right, e));
	if (*right)
		return ACSR_OK;
	return refuse(c, k, u->totp ? "auth.totp" : "auth.second-factor", "totp",
		"this code is wrong or was used already", e);
}

static enum acsr_result check_step(struct core *c, void *arg, struct acsr_err *e)
{
	struct check *k = arg;
	bool have = false, right = true, second;
	struct user u;

	/* The user may have been changed, disabled or deleted while the thread was busy. Nobody is looked for
	 * too, so that it takes as long. */
	TRY(users_by_id(c->db, k->user_id, &u, &have, e));
	if (!k->right || !have || u.disabled || strcmp(u.password, k->encoded) != 0)
		return refuse_wrong(c, k, e);
	second = proof_has_second(&u);
	if (second && k->totp[0] == '\0' && k->passkey == NULL)
		return ask_for_second(c, k, &u, e);
	if (second)
		TRY(check_second(c, k, &u, &right, e));
	if (!right)
		return ACSR_OK;
	TRY(throttle_right(c, &k->throttle, e));
	return proof_right(c, k->q, k->user_id, second, k->then, e);
}

static enum acsr_result look_up(struct core *c, struct check *k, struct acsr_err *e)
{
	struct user u;
	bool have;

	k->user_id[0] = k->account_id[0] = '\0';
	snprintf(k->encoded, sizeof(k->encoded), "%s", nobody);
	TRY(users_by_email(c->db, k->email, &u, &have, e));
	if (!have)
		return ACSR_OK;
	memcpy(k->user_id, u.id, sizeof(k->user_id));
	memcpy(k->account_id, u.account_id, sizeof(k->account_id));
	if (u.password[0] != '\0')
		snprintf(k->encoded, sizeof(k->encoded), "%s", u.password);
	return ACSR_OK;
}

static void again_done(void *arg)
{
	struct check *k = arg;

	if (!k->turn.listed)
		check_free(k);
}

static enum acsr_result begin(struct core *c, struct check *k, struct acsr_err *e);

static enum acsr_result again_step(struct core *c, void *arg, struct acsr_err *e)
{
	struct check *k = arg;

	k->q->later =
		false; /* not before: whoever sees to the end of its last step may not take it for answered */
	return begin(c, k, e);
}

/* Not now: others that are under way are to be judged first, or there were too many wrong ones. */
static enum acsr_result put_off(struct core *c, struct check *k, int64_t wait, struct acsr_err *e)
{
	if (turn_wait(c, &k->turn, &k->throttle, k->q, again_step, again_done, k))
		return ACSR_OK;
	c->count.passwords_slowed++;
	return throttle_refuse(k->q, wait, e);
}

static enum acsr_result begin(struct core *c, struct check *k, struct acsr_err *e)
{
	int64_t wait;

	TRY(look_up(c, k, e));
	TRY(throttle_begin(
		c, k->q, k->email, k->user_id[0] != '\0' ? k->user_id : NULL, &k->throttle, &wait, e));
	if (wait > 0)
		return put_off(c, k, wait, e);
	TRY(throttle_is_stranger(&k->throttle)
			? pool_run_last(c, k->q, check_work, check_step, k, check_free, e)
			: pool_run(c, k->q, check_work, check_step, k, check_free, e));
	turn_begin(c, &k->turn, &k->throttle);
	return ACSR_OK;
}

enum acsr_result password_check(struct core *c, struct request *q, const char *email, const struct proof *p,
	proof_then_fn *then, struct acsr_err *e)
{
	struct check *k = calloc(1, sizeof(*k));
	enum acsr_result r;

	if (k == NULL)
		return err_nomem(e);
	k->c = c;
	k->q = q;
	k->then = then;
	snprintf(k->email, sizeof(k->email), "%s", email);
	str_lower(k->email);
	snprintf(k->totp, sizeof(k->totp), "%s", p->totp != NULL ? p->totp : "");
	k->passkey = json_incref(p->passkey);
	r = acsr_secret_new(&k->password, p->password, strlen(p->password), e);
	if (r == ACSR_OK)
		r = begin(c, k, e);
	if (!k->turn.listed)
		check_free(k);
	return r;
}

/* --- changing one's own --- */

static enum acsr_result change_hashed(
	struct core *c, struct request *q, const char *encoded, struct acsr_err *e)
{
	const uint8_t *keep = q->who.kind == WHO_SESSION ? q->who.session_hash : NULL;

	TRY(users_set_password(c->db, q->who.user_id, encoded, e));
	TRY(sessions_end_all(c->db, q->who.user_id, keep, e));
	TRY(device_forget(c, q, q->who.user_id, true, e));
	TRY(mail_password_changed(c, q->who.email, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "password.changed", q->who.user_id, e,
		"all other sessions ended"));
	return request_answer(q, 204, NULL);
}

/* The current password is part of the proof. */
static enum acsr_result read_change(
	struct request *q, struct proof *p, const char **fresh, struct acsr_err *e)
{
	const struct field fields[] = { { "current", FIELD_TEXT, true, &p->password, 1000 },
		{ "new", FIELD_TEXT, true, fresh, 1000 }, PROOF_FACTORS(*p), { 0 } };

	return request_fields(q, fields, e);
}

static enum acsr_result change_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct proof p = { 0 };
	const char *fresh;

	(void)user_id;
	TRY(read_change(q, &p, &fresh, e));
	return password_hash(c, q, fresh, change_hashed, e);
}

enum acsr_result password_change(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const char *fresh;

	TRY(read_change(q, &p, &fresh, e));
	TRY(password_acceptable(fresh, q->who.email, "new", e));
	return password_check(c, q, q->who.email, &p, change_checked, e);
}
