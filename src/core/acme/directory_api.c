/* ACME directories over REST: everybody sees what is offered, the operator decides it. */
#include <stdio.h>
#include <string.h>

#include "core/acme/acme_int.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "store/accounts.h"
#include "store/products.h"

static const char nameless[] = "default"; /* how people call the one at /acme/directory */

const char *directory_shown_name(const char *name)
{
	return *name != '\0' ? name : nameless;
}

const char *directory_stored_name(const char *shown)
{
	return strcmp(shown, nameless) == 0 ? "" : shown;
}

void directory_url(struct core *c, const char *name, char out[700])
{
	char service[600];

	acme_service_url(c, service);
	snprintf(out, 700, "%s/acme%s%s/directory", service, *name != '\0' ? "/" : "", name);
}

json_t *json_words(const char *words)
{
	json_t *list = json_array();

	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n > 0)
			json_array_append_new(list, json_stringn(words, n));
		words += n + (words[n] == ' ');
	}
	return list;
}

bool directory_is_for(const struct acme_directory *d, const char *account_id)
{
	return d->open_to_all || strcmp(d->account_id, account_id) == 0;
}

/* --- showing --- */

static json_t *directory_json(struct core *c, const struct who *w, const struct acme_directory *d)
{
	bool mine = w->role == USER_ADMIN || strcmp(w->account_id, d->account_id) == 0;
	char url[700];

	directory_url(c, d->name, url);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o}", "name",
		directory_shown_name(d->name), "title", d->title, "url", url, "products",
		json_words(d->products), "challenges", json_words(d->challenges), "eab", d->eab, "terms",
		json_text_or_null(d->terms), "website", json_text_or_null(d->website), "account_id",
		json_text_or_null(mine ? d->account_id : ""), "open", (int)d->open_to_all, "active",
		(int)d->active, "terms_at", json_time(d->terms_at), "created_at", json_time(d->created_at));
}

struct listing {
	struct core *c;
	const struct who *who;
	json_t *list;
};

static enum acsr_result append(void *arg, const struct acme_directory *d, struct acsr_err *e)
{
	struct listing *l = arg;

	if (l->who->role != USER_ADMIN && !(d->active && directory_is_for(d, l->who->account_id)))
		return ACSR_OK;
	return json_array_append_new(l->list, directory_json(l->c, l->who, d)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result acme_directories_list(struct core *c, struct request *q, struct acsr_err *e)
{
	struct listing l = { c, &q->who, json_array() };

	(void)request_answer(q, 200, json_pack("{s:o}", "directories", l.list));
	return acme_directory_each(c->db, append, &l, e);
}

/* --- reading what is wanted --- */

static enum acsr_result bad(struct acsr_err *e, const char *field, const char *why)
{
	char id[64];

	snprintf(id, sizeof(id), "request.field.%s", field);
	return err_rule(e, id, field, NULL, "%s", why);
}

/* Append a word to a space-separated text; one that is there already is passed over. */
static enum acsr_result add_word(
	char *to, size_t cap, const char *word, const char *field, struct acsr_err *e)
{
	size_t n = strlen(to);

	if (word_is_in(to, word))
		return ACSR_OK;
	if (n + strlen(word) + 2 > cap)
		return bad(e, field, "there are too many");
	snprintf(to + n, cap - n, "%s%s", n > 0 ? " " : "", word);
	return ACSR_OK;
}

bool word_is_in(const char *words, const char *word)
{
	size_t n = strlen(word);

	if (n == 0 || strchr(word, ' ') != NULL)
		return false;
	for (const char *p = words; (p = strstr(p, word)) != NULL; p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* What needs people to look at it cannot be had by a program at night. */
static enum acsr_result check_product(struct core *c, const char *id, struct acsr_err *e)
{
	struct product p;

	if (products_load(c->db, id, &p, NULL) != ACSR_OK)
		return err_rule(e, "request.field.products", "products", NULL,
			"there is no product \"%s\"; GET /api/v1/products lists them", id);
	if (strcmp(p.level, "dv") != 0)
		return err_rule(e, "request.field.products", "products", NULL,
			"%s is %s, which people must look at; ACME is for products of level dv", id, p.level);
	return ACSR_OK;
}

static enum acsr_result read_products(
	struct core *c, json_t *list, struct acme_directory *d, struct acsr_err *e)
{
	json_t *v;
	size_t i;

	d->products[0] = '\0';
	json_array_foreach(list, i, v)
	{
		if (json_string_value(v) == NULL)
			return bad(e, "products", "products is a list of ids");
		TRY(check_product(c, json_string_value(v), e));
		TRY(add_word(d->products, sizeof(d->products), json_string_value(v), "products", e));
	}
	return d->products[0] != '\0' ? ACSR_OK
				      : bad(e, "products", "a directory offers at least one product");
}

static enum acsr_result read_challenges(json_t *list, struct acme_directory *d, struct acsr_err *e)
{
	static const char known[] = "http-01 dns-01 tls-alpn-01 dns-account-01 dns-persist-01";
	json_t *v;
	size_t i;

	d->challenges[0] = '\0';
	json_array_foreach(list, i, v)
	{
		const char *type = json_string_value(v);

		if (type == NULL || !word_is_in(known, type))
			return err_rule(e, "request.field.challenges", "challenges", NULL,
				"challenges are some of %s", known);
		TRY(add_word(d->challenges, sizeof(d->challenges), type, "challenges", e));
	}
	return d->challenges[0] != '\0' ? ACSR_OK
					: bad(e, "challenges", "a directory offers at least one challenge");
}

/* It comes into a header and into JSON that other people's clients read. */
static enum acsr_result read_url(
	const char *text, const char *field, char *to, size_t cap, struct acsr_err *e)
{
	if (text == NULL)
		return ACSR_OK;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("<>\"\\^`{|}", *p) != NULL)
			return bad(e, field, "this is not a URL");
	if (*text != '\0' && !str_starts(text, "https://") && !str_starts(text, "http://"))
		return bad(e, field, "this must be an https:// or http:// URL, or empty");
	snprintf(to, cap, "%s", text);
	return ACSR_OK;
}

static enum acsr_result read_owner(
	struct core *c, const char *id, struct acme_directory *d, struct acsr_err *e)
{
	struct account a;
	bool have;

	if (id == NULL)
		return ACSR_OK;
	TRY(accounts_find(c->db, id, &a, &have, e));
	if (!have)
		return bad(e, "account_id", "there is no such account");
	snprintf(d->account_id, sizeof(d->account_id), "%s", id);
	return ACSR_OK;
}

static enum acsr_result read_eab(const char *eab, struct acme_directory *d, struct acsr_err *e)
{
	if (eab == NULL)
		return ACSR_OK;
	if (strcmp(eab, "required") != 0 && strcmp(eab, "optional") != 0 && strcmp(eab, "off") != 0)
		return bad(e, "eab", "eab is required, optional or off");
	snprintf(d->eab, sizeof(d->eab), "%s", eab);
	return ACSR_OK;
}

/* Who agreed in this very second had not seen it, and each time is another. */
static enum acsr_result ask_again(struct core *c, struct acme_directory *d, struct acsr_err *e)
{
	if (d->terms[0] == '\0')
		return bad(e, "ask_again", "this directory has no terms that could be agreed to");
	d->terms_at = c->now > d->terms_at ? c->now + 1 : d->terms_at + 1;
	return ACSR_OK;
}

static enum acsr_result read_directory(
	struct core *c, struct request *q, bool fresh, struct acme_directory *d, struct acsr_err *e)
{
	const char *name = NULL, *title = NULL, *eab = NULL, *owner = NULL, *terms = NULL, *website = NULL;
	json_t *products = NULL, *challenges = NULL;
	bool again = false;
	const struct field fields[] = { { "name", FIELD_TEXT, fresh, &name, 32 },
		{ "title", FIELD_TEXT, fresh, &title, 512 }, { "products", FIELD_LIST, fresh, &products, 20 },
		{ "challenges", FIELD_LIST, false, &challenges, 8 }, { "eab", FIELD_TEXT, false, &eab, 10 },
		{ "account_id", FIELD_TEXT, false, &owner, 39 }, { "terms", FIELD_TEXT, false, &terms, 500 },
		{ "website", FIELD_TEXT, false, &website, 500 },
		{ "open", FIELD_BOOL, false, &d->open_to_all, 0 },
		{ "ask_again", FIELD_BOOL, false, &again, 0 }, { "active", FIELD_BOOL, false, &d->active, 0 },
		{ 0 } };

	TRY(request_fields(q, fields, e));
	if (name != NULL && !fresh && strcmp(directory_stored_name(name), d->name) != 0)
		return bad(
			e, "name", "a directory's name is part of its accounts' URLs and cannot be changed");
	if (fresh && strcmp(name, nameless) != 0)
		TRY(directory_name_check(name, e));
	if (fresh)
		snprintf(d->name, sizeof(d->name), "%s", directory_stored_name(name));
	if (title != NULL) {
		TRY(title_check("title", title, e));
		snprintf(d->title, sizeof(d->title), "%s", title);
	}
	if (products != NULL)
		TRY(read_products(c, products, d, e));
	if (challenges != NULL)
		TRY(read_challenges(challenges, d, e));
	TRY(read_eab(eab, d, e));
	TRY(read_owner(c, owner, d, e));
	TRY(read_url(terms, "terms", d->terms, sizeof(d->terms), e));
	if (again)
		TRY(ask_again(c, d, e));
	return read_url(website, "website", d->website, sizeof(d->website), e);
}

/* --- changing --- */

enum acsr_result acme_directories_make(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_directory d = { .eab = "required",
		.challenges = "http-01 dns-01 tls-alpn-01",
		.active = true,
		.created_at = c->now };
	struct acme_directory other;
	bool have;

	memcpy(d.account_id, q->who.account_id, sizeof(d.account_id));
	TRY(read_directory(c, q, true, &d, e));
	TRY(acme_directory_find(c->db, d.name, &other, &have, e));
	if (have)
		return err_rule(e, "object.exists", "name", NULL, "there is a directory \"%s\" already",
			directory_shown_name(d.name));
	TRY(acme_directory_put(c->db, &d, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "acme.directory-made",
		directory_shown_name(d.name), e, "%s; offers %s; external account binding: %s%s", d.title,
		d.products, d.eab, d.open_to_all ? "; open to all accounts" : ""));
	return request_answer(q, 201, directory_json(c, &q->who, &d));
}

static enum acsr_result load(
	struct core *c, const struct request *q, struct acme_directory *d, struct acsr_err *e)
{
	bool have = false;

	TRY(acme_directory_find(c->db, directory_stored_name(q->param[0]), d, &have, e));
	return have ? ACSR_OK : err_set(e, "object.absent", "there is no directory \"%s\"", q->param[0]);
}

enum acsr_result acme_directories_change(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_directory d;
	char members[300];

	TRY(load(c, q, &d, e));
	TRY(read_directory(c, q, false, &d, e));
	TRY(acme_directory_put(c->db, &d, e));
	json_members(q->body, members, sizeof(members));
	TRY(core_audit(c, q->who.email, q->who.account_id, "acme.directory-changed",
		directory_shown_name(d.name), e, "%s", members));
	return request_answer(q, 200, directory_json(c, &q->who, &d));
}

enum acsr_result acme_directories_remove(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acme_directory d;
	int64_t accounts;

	TRY(load(c, q, &d, e));
	TRY(acme_directory_accounts(c->db, d.name, &accounts, e));
	if (accounts > 0)
		return err_set(e, "state.acme-directory",
			"%lld account%s been made under it, whose URLs would lead nowhere; switch it off "
			"instead "
			"(active: false)",
			(long long)accounts, accounts == 1 ? " has" : "s have");
	TRY(acme_eab_revoke_all(c->db, d.name, c->now, e));
	TRY(acme_directory_delete(c->db, d.name, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "acme.directory-removed",
		directory_shown_name(d.name), e, "%s", d.title));
	return request_answer(q, 204, NULL);
}
