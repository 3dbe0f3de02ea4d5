/* Device cookies: knowing a browser again, and the list of them. */
#include "core/device.h"

#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "store/devices.h"

#define COOKIE "__Host-autocsr-device=%.*s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld"

enum { DEVICES_A_USER = 20, NEVER_BACK_ALIKE = 5 };

/* *have: q brings a cookie. */
static enum acsr_result hash_of(const struct request *q, uint8_t hash[32], bool *have, struct acsr_err *e)
{
	const struct acsr_secret *cookie = q->m.device;

	*have = cookie != NULL;
	return *have ? credential_hash(acsr_secret_bytes(cookie), acsr_secret_len(cookie), hash, e) : ACSR_OK;
}

enum acsr_result device_of(
	struct core *c, const struct request *q, const char *user_id, char id[40], struct acsr_err *e)
{
	uint8_t hash[32];
	bool have;

	id[0] = '\0';
	TRY(hash_of(q, hash, &have, e));
	return have ? devices_find(c->db, hash, user_id, id, e) : ACSR_OK;
}

enum acsr_result device_is_known(struct core *c, const struct request *q, bool *yes, struct acsr_err *e)
{
	uint8_t hash[32];

	TRY(hash_of(q, hash, yes, e));
	return *yes ? devices_known(c->db, hash, yes, e) : ACSR_OK;
}

static enum acsr_result give_cookie(struct request *q, const void *text, size_t n, struct acsr_err *e)
{
	return request_header(
		q, e, "Set-Cookie: " COOKIE, (int)n, (const char *)text, (long long)DEVICE_DAYS * 86400);
}

/* A cookie that nobody is known by is not taken over: it may have been planted. */
static enum acsr_result begin(struct core *c, struct request *q, struct device *v, struct acsr_err *e)
{
	char cookie[CREDENTIAL_TEXT];
	enum acsr_result r;
	bool have, known;

	TRY(hash_of(q, v->hash, &have, e));
	TRY(device_is_known(c, q, &known, e));
	if (known)
		return give_cookie(q, acsr_secret_bytes(q->m.device), acsr_secret_len(q->m.device), e);
	TRY(credential_new("", cookie, v->hash, e));
	r = give_cookie(q, cookie, strlen(cookie), e);
	wipe(cookie, sizeof(cookie));
	return r;
}

enum acsr_result device_note(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct device v = { .created_at = c->now, .used_at = c->now };

	snprintf(v.user_id, sizeof(v.user_id), "%s", user_id);
	snprintf(v.name, sizeof(v.name), "%s", q->m.user_agent != NULL ? q->m.user_agent : "");
	str_whole(v.name);
	TRY(device_of(c, q, user_id, v.id, e));
	if (v.id[0] != '\0') {
		TRY(give_cookie(q, acsr_secret_bytes(q->m.device), acsr_secret_len(q->m.device), e));
		return devices_used(c->db, v.id, v.name, c->now, e);
	}
	TRY(begin(c, q, &v, e));
	rnd_id("dev_", v.id, sizeof(v.id));
	TRY(devices_add(c->db, &v, e));
	return devices_keep_newest(c->db, user_id, DEVICES_A_USER, NEVER_BACK_ALIKE, e);
}

enum acsr_result device_forget(
	struct core *c, const struct request *q, const char *user_id, bool but_this, struct acsr_err *e)
{
	uint8_t hash[32];
	bool have = false;

	if (but_this)
		TRY(hash_of(q, hash, &have, e));
	return devices_delete_all(c->db, user_id, have ? hash : NULL, e);
}

/* --- the list --- */

static json_t *device_json(const struct db_rows *r, const uint8_t *own)
{
	struct bytes hash = db_blob(r, 4);
	bool current = own != NULL && hash.len == 32 && memcmp(hash.p, own, 32) == 0;

	return json_pack("{s:s, s:s, s:o, s:o, s:b}", "id", db_text(r, 0), "name", db_text(r, 1),
		"created_at", json_time(db_int(r, 2)), "used_at", json_time(db_int(r, 3)), "current",
		(int)current);
}

enum acsr_result device_list(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	json_t *list = json_array();
	uint8_t own[32];
	bool have, more;

	(void)request_answer(q, 200, json_pack("{s:o}", "devices", list));
	TRY(hash_of(q, own, &have, e));
	TRY(devices_of(c->db, q->who.user_id, &rows, e));
	for (;;) {
		TRY(db_next(rows, &more, e));
		if (!more)
			return ACSR_OK;
		json_array_append_new(list, device_json(rows, have ? own : NULL));
	}
}

enum acsr_result device_delete(struct core *c, struct request *q, struct acsr_err *e)
{
	bool gone;

	TRY(devices_delete(c->db, q->who.user_id, q->param[0], &gone, e));
	if (!gone)
		return err_set(e, "object.absent", "there is no such device");
	TRY(core_audit(
		c, q->who.email, q->who.account_id, "device.deleted", q->who.user_id, e, "%s", q->param[0]));
	return request_answer(q, 204, NULL);
}
