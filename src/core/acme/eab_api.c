/* Keys for external account binding, and the ACME accounts that there are, over REST. Everybody for their own account. */
#include <stdio.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/clock.h"
#include "base/rnd.h"
#include "core/acme/acme_int.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/kek.h"

enum { MAC_KEY = 32, KEYS_AN_ACCOUNT = 1000, NAMES = 100, PAGE = 100 };

/* "" for all accounts: ?all=1 of an administrator. */
static const char *whose(const struct request *q)
{
	char all[4] = "";

	(void)request_query(q, "all", all, sizeof(all));
	return q->who.role == USER_ADMIN && strcmp(all, "1") == 0 ? "" : q->who.account_id;
}

static bool may_see(const struct request *q, const char *account_id)
{
	return q->who.role == USER_ADMIN || strcmp(q->who.account_id, account_id) == 0;
}

/* --- keys --- */

static const char *state_of(const struct core *c, const struct acme_eab *k)
{
	if (k->revoked_at != 0)
		return "revoked";
	if (k->expires_at != 0 && k->expires_at <= c->now)
		return "expired";
	return k->most_accounts != 0 && k->accounts >= k->most_accounts ? "used" : "valid";
}

static json_t *eab_json(const struct core *c, const struct acme_eab *k)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:o}", "kid", k->kid,
		"title", k->title, "directory", directory_shown_name(k->directory), "state", state_of(c, k),
		"names", json_words(k->names), "max_accounts", (json_int_t)k->most_accounts, "accounts",
		(json_int_t)k->accounts, "account_id", k->account_id, "user_id", k->user_id, "created_at",
		json_time(k->created_at), "expires_at", json_time(k->expires_at), "last_used_at",
		json_time(k->last_used_at), "revoked_at", json_time(k->revoked_at));
}

struct listing {
	struct core *c;
	json_t *list;
};

static enum acsr_result append_eab(void *arg, const struct acme_eab *k, struct acsr_err *e)
{
	struct listing *l = arg;

	return json_array_append_new(l->list, eab_json(l->c, k)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result acme_eab_list(struct core *c, struct request *q, struct acsr_err *e)
{
	struct listing l = { c, json_array() };

	(void)request_answer(q, 200, json_pack("{s:o}", "keys", l.list));
	return acme_eab_each(c->db, whose(q), append_eab, &l, e);
}

/* A domain stands for itself and all below it, so "*." says nothing more. */
static enum acsr_result add_name(const char *s, size_t i, struct acme_eab *k, struct acsr_err *e)
{
	struct acsr_name name;
	size_t n = strlen(k->names);
	const char *base;

	if (acsr_name_check(s, strlen(s), ACSR_NAMES_PRIVATE, &name, e) != ACSR_OK) {
		err_at(e, "names[%zu]", i);
		return ACSR_FAIL;
	}
	base = name.kind == ACSR_NAME_WILDCARD ? name.ascii + 2 : name.ascii;
	if (word_is_in(k->names, base))
		return ACSR_OK;
	if (n + strlen(base) + 2 > sizeof(k->names))
		return err_rule(e, "request.field.count", "names", NULL, "the names are too long together");
	snprintf(k->names + n, sizeof(k->names) - n, "%s%s", n > 0 ? " " : "", base);
	return ACSR_OK;
}

static enum acsr_result read_names(json_t *list, struct acme_eab *k, struct acsr_err *e)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (json_string_value(v) == NULL || strlen(json_string_value(v)) != json_string_length(v))
			return err_rule(e, "request.field.kind", "names", NULL, "names is a list of domains");
		TRY(add_name(json_string_value(v), i, k, e));
	}
	return ACSR_OK;
}

static enum acsr_result read_directory(
	struct core *c, const char *shown, struct acme_eab *k, struct acsr_err *e)
{
	struct acme_directory d;
	bool have;

	snprintf(k->directory, sizeof(k->directory), "%s", shown != NULL ? directory_stored_name(shown) : "");
	TRY(acme_directory_find(c->db, k->directory, &d, &have, e));
	if (!have || !d.active || !directory_is_for(&d, k->account_id))
		return err_rule(e, "request.field.directory", "directory", NULL,
			"there is no directory \"%s\"; GET /api/v1/acme/directories lists them",
			shown != NULL ? shown : directory_shown_name(""));
	if (strcmp(d.eab, "off") == 0)
		return err_rule(e, "request.field.directory", "directory", NULL,
			"the directory \"%s\" takes no external account binding",
			directory_shown_name(d.name));
	return ACSR_OK;
}

static enum acsr_result read_key(struct core *c, struct request *q, struct acme_eab *k, struct acsr_err *e)
{
	const char *title = NULL, *directory = NULL, *expires = NULL;
	json_t *names = NULL;
	const struct field fields[] = { { "title", FIELD_TEXT, true, &title, 512 },
		{ "directory", FIELD_TEXT, false, &directory, 32 },
		{ "names", FIELD_LIST, false, &names, NAMES },
		{ "max_accounts", FIELD_INT, false, &k->most_accounts, 0 },
		{ "expires_at", FIELD_TEXT, false, &expires, 40 }, { 0 } };

	TRY(request_fields(q, fields, e));
	TRY(title_check("title", title, e));
	snprintf(k->title, sizeof(k->title), "%s", title);
	if (k->most_accounts < 0 || k->most_accounts > 1000000)
		return err_rule(e, "request.field.max_accounts", "max_accounts", NULL,
			"max_accounts is from 1 to 1000000; 0 is no limit");
	if (expires != NULL && clock_parse_rfc3339(expires, &k->expires_at, NULL) != ACSR_OK)
		return err_rule(e, "request.field.time", "expires_at", NULL,
			"expires_at is a time such as 2026-11-23T08:15:00Z");
	if (expires != NULL && k->expires_at <= c->now)
		return err_rule(e, "request.field.time", "expires_at", NULL, "expires_at is in the past");
	if (names != NULL)
		TRY(read_names(names, k, e));
	return read_directory(c, directory, k, e);
}

static enum acsr_result check_room(struct core *c, const struct request *q, struct acsr_err *e)
{
	int64_t n;

	TRY(acme_eab_count(c->db, q->who.account_id, c->now, &n, e));
	if (n >= KEYS_AN_ACCOUNT)
		return err_set(e, "state.eab-keys",
			"the account has %d keys, the most that there can be; revoke one", KEYS_AN_ACCOUNT);
	return ACSR_OK;
}

/* Not one whose base64url begins with a dash: certbot would take it for an option. */
static enum acsr_result make_mac_key(struct acsr_secret **out, struct acsr_err *e)
{
	enum { DASH = 62 };

	do {
		acsr_secret_free(*out);
		*out = NULL;
		TRY(secret_random(out, MAC_KEY, e));
	} while (acsr_secret_bytes(*out)[0] >> 2 == DASH);
	return ACSR_OK;
}

/* The answer is the only place where the MAC key ever stands. */
static enum acsr_result keep_and_show(
	struct core *c, struct request *q, struct acme_eab *k, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *key = NULL;
	CLEANUP_BUF struct buf wrapped = { 0 };
	char text[B64_LEN(MAC_KEY)], url[700];
	json_t *answer;

	buf_init(&wrapped, 1024);
	TRY(make_mac_key(&key, e));
	TRY(kek_wrap(c->kek, k->kid, key, &wrapped, e));
	TRY(acme_eab_insert(c->db, k, (struct bytes){ wrapped.p, wrapped.len }, e));
	b64_encode(acsr_secret_bytes(key), MAC_KEY, true, text);
	directory_url(c, k->directory, url);
	answer = eab_json(c, k);
	json_object_set_new(answer, "hmac_key", json_string(text));
	json_object_set_new(answer, "directory_url", json_string(url));
	wipe(text, sizeof(text));
	return request_answer(q, 201, answer);
}

enum acsr_result acme_eab_make(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_eab k = { .created_at = c->now };

	memcpy(k.account_id, q->who.account_id, sizeof(k.account_id));
	TRY(read_key(c, q, &k, e));
	TRY(check_room(c, q, e));
	rnd_id("eab_", k.kid, sizeof(k.kid));
	memcpy(k.user_id, q->who.user_id, sizeof(k.user_id));
	TRY(keep_and_show(c, q, &k, e));
	return core_audit(c, q->who.email, k.account_id, "acme.eab-made", k.kid, e, "%s, for %s: %.700s",
		k.title, directory_shown_name(k.directory), k.names[0] != '\0' ? k.names : "any name");
}

enum acsr_result acme_eab_end(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_eab k;
	bool have;

	TRY(acme_eab_load(c->db, q->param[0], &k, &have, NULL, e));
	if (!have || !may_see(q, k.account_id))
		return err_set(e, "object.absent", "there is no such key");
	if (k.revoked_at == 0) {
		TRY(acme_eab_revoke(c->db, k.kid, c->now, e));
		TRY(core_audit(c, q->who.email, k.account_id, "acme.eab-revoked", k.kid, e, "%s", k.title));
	}
	return request_answer(q, 204, NULL);
}

/* --- accounts --- */

static json_t *acme_account_json(struct core *c, const struct acme_account *x)
{
	char url[700];

	acme_account_uri(c, x->directory, x->id, url);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id", x->id, "url", url,
		"directory", directory_shown_name(x->directory), "account_id", x->account_id, "status",
		x->status, "contacts", json_loads(x->contacts, 0, NULL), "thumbprint", x->thumbprint,
		"eab_kid", json_text_or_null(x->eab_kid), "terms_agreed_at", json_time(x->terms_agreed_at),
		"created_at", json_time(x->created_at), "last_seen_at", json_time(x->last_seen_at));
}

struct account_page {
	struct core *c;
	json_t *list;
	char cursor[80];
};

static enum acsr_result append_account(void *arg, const struct acme_account *x, struct acsr_err *e)
{
	struct account_page *p = arg;

	snprintf(p->cursor, sizeof(p->cursor), "%lld.%s", (long long)x->created_at, x->id);
	return json_array_append_new(p->list, acme_account_json(p->c, x)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result acme_accounts_list(struct core *c, struct request *q, struct acsr_err *e)
{
	struct account_page p = { .c = c, .list = json_array() };
	struct acme_listed after;

	(void)request_answer(q, 200, json_pack("{s:o, s:n}", "accounts", p.list, "next_cursor"));
	if (listed_cursor(q, &after) != ACSR_OK)
		return err_rule(e, "request.field.cursor", "cursor", NULL,
			"cursor is not one that this service gave");
	TRY(acme_account_each(c->db, whose(q), after.created_at, after.id, PAGE, append_account, &p, e));
	if (json_array_size(p.list) == PAGE)
		json_object_set_new(q->answer, "next_cursor", json_string(p.cursor));
	return ACSR_OK;
}

enum acsr_result acme_accounts_end(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_account x;
	bool have;

	TRY(acme_account_load(c->db, q->param[0], &x, &have, e));
	if (!have || !may_see(q, x.account_id))
		return err_set(e, "object.absent", "there is no such account");
	if (strcmp(x.status, "valid") == 0) {
		snprintf(x.status, sizeof(x.status), "revoked"); /* RFC 8555 7.1.6: by the server */
		TRY(acme_account_save(c->db, &x, e));
		TRY(acme_account_drop_open(c->db, x.id, e));
		TRY(core_audit(
			c, q->who.email, x.account_id, "acme.account-ended", x.id, e, "by %s", q->who.email));
	}
	return request_answer(q, 204, NULL);
}
