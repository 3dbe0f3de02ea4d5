/* Products of a first start, and their REST calls. */
#include "core/product.h"

#include <stdio.h>
#include <string.h>

#include "autocsr/key.h"
#include "autocsr/rules.h"
#include "base/limits.h"
#include "core/handlers.h"
#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/upstream/issuer.h"

enum {
	LONGEST_VALIDITY = 398 * 86400, /* of the signer's profiles */
	SHORTEST_WINDOW = 60,
	LONGEST_WINDOW = 366 * 86400,
	MOST_REVEALS = 1000
};

/* Those that this OpenSSL lacks are not shown, and appear when a newer one is installed. */
static const char all_key_types[] =
	"rsa:2048 rsa:3072 rsa:4096 ec:p256 ec:p384 ec:p521 ed25519 ml-dsa-44 ml-dsa-65 ml-dsa-87";

/* BR 6.1.5 */
static const char public_key_types[] = "rsa:2048 rsa:3072 rsa:4096 ec:p256 ec:p384 ec:p521";

/* validity 0: the longest that the rules allow on the day of issue. */
static const struct product first[] = {
	{ .id = "dv",
		.title = "Domain validated",
		.level = "dv",
		.profile = "dv",
		.max_names = LIMIT_NAMES,
		.autocsr = true,
		.preauthorised = true,
		.active = true,
		.position = 1 },
	{ .id = "dv-wildcard",
		.title = "Domain validated, with wildcards",
		.level = "dv",
		.profile = "dv",
		.wildcard = true,
		.max_names = LIMIT_NAMES,
		.autocsr = true,
		.preauthorised = true,
		.active = true,
		.position = 2 },
	{ .id = "ov",
		.title = "Organisation validated",
		.level = "ov",
		.profile = "ov",
		.wildcard = true,
		.max_names = LIMIT_NAMES,
		.autocsr = true,
		.preauthorised = true,
		.active = true,
		.position = 3 },
	{ .id = "ev",
		.title = "Extended validation",
		.level = "ev",
		.profile = "ev",
		.max_names = LIMIT_NAMES,
		.autocsr = true,
		.active = true,
		.position = 4 },
};

enum acsr_result product_seed(struct core *c, struct acsr_err *e)
{
	int64_t n;

	TRY(products_count(c->db, &n, e));
	for (size_t i = 0; n == 0 && i < sizeof(first) / sizeof(first[0]); i++) {
		struct product p = first[i];

		snprintf(p.key_types, sizeof(p.key_types), "%s", all_key_types);
		snprintf(p.default_key_type, sizeof(p.default_key_type), "rsa:2048");
		TRY(products_put(c->db, &p, e));
	}
	return ACSR_OK;
}

enum acsr_result product_for_order(struct core *c, const char *id, struct product *out, struct acsr_err *e)
{
	struct acsr_err why;

	if (products_load(c->db, id, out, &why) == ACSR_OK && out->active)
		return product_fit_issuers(c, out, e);
	return err_rule(e, "request.field.product", "product", NULL,
		"there is no product \"%s\"; GET /api/v1/products lists them", id);
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; *at != '\0';) {
		size_t len = strcspn(at, " ");

		if (len == n && strncmp(at, word, n) == 0)
			return true;
		at += len + (at[len] == ' ');
	}
	return false;
}

bool product_has_key_type(const struct product *p, const char *key_type)
{
	return has_word(p->key_types, key_type);
}

/* --- what the issuers take --- */

enum acsr_result product_is_public(struct core *c, const struct product *p, bool *public, struct acsr_err *e)
{
	TRY(issuer_is_public(c, p->issuer, public, e));
	if (*public || p->fallback_issuer[0] == '\0')
		return ACSR_OK;
	return issuer_is_public(c, p->fallback_issuer, public, e);
}

static void keep_key_types(struct product *p, const char *taken)
{
	char all[PRODUCT_KEY_TYPES], *rest, *one;
	size_t used = 0;

	snprintf(all, sizeof(all), "%s", p->key_types);
	p->key_types[0] = '\0';
	for (one = strtok_r(all, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
		if (has_word(taken, one))
			used += (size_t)snprintf(p->key_types + used, sizeof(p->key_types) - used, "%s%s",
				used > 0 ? " " : "", one);
	if (!product_has_key_type(p, p->default_key_type))
		snprintf(p->default_key_type, sizeof(p->default_key_type), "%.*s",
			(int)strcspn(p->key_types, " "), p->key_types);
}

static enum acsr_result fit_issuer(struct core *c, struct product *p, const char *name, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	bool ours, other, public;

	TRY(issuer_is_public(c, name, &public, e));
	if (public)
		keep_key_types(p, public_key_types);
	TRY(issuer_exists(c, name, &ours, &other, e));
	if (!other)
		return ACSR_OK;
	TRY(upstream_issuer_load(c->db, name, &is, e));
	if (is.key_types[0] != '\0')
		keep_key_types(p, is.key_types);
	return ACSR_OK;
}

enum acsr_result product_fit_issuers(struct core *c, struct product *p, struct acsr_err *e)
{
	TRY(fit_issuer(c, p, p->issuer, e));
	return p->fallback_issuer[0] != '\0' ? fit_issuer(c, p, p->fallback_issuer, e) : ACSR_OK;
}

enum acsr_result product_issuer_on(struct core *c, const struct product *p, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	bool ours, other;

	if (p->issuer[0] == '\0')
		return ACSR_OK;
	TRY(issuer_exists(c, p->issuer, &ours, &other, e));
	if (!other)
		return ACSR_OK;
	TRY(upstream_issuer_load(c->db, p->issuer, &is, e));
	if (is.active)
		return ACSR_OK;
	return err_set(e, "state.issuer-off",
		"the operator has switched %.100s off: nothing is ordered there right now; choose another "
		"product",
		is.title);
}

static bool can_make(const char *key_type)
{
	const struct acsr_key_type *t;

	return acsr_key_type_find(&t, key_type, NULL) == ACSR_OK && acsr_key_type_available(t);
}

void product_key_types(const struct product *p, char out[PRODUCT_KEY_TYPES])
{
	char all[PRODUCT_KEY_TYPES], *rest, *one;
	size_t used = 0;

	snprintf(all, sizeof(all), "%s", p->key_types);
	out[0] = '\0';
	for (one = strtok_r(all, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
		if (can_make(one))
			used += (size_t)snprintf(
				out + used, sizeof(p->key_types) - used, "%s%s", used > 0 ? " " : "", one);
}

static json_t *key_types_json(const struct product *p)
{
	char all[PRODUCT_KEY_TYPES], *rest, *one;
	json_t *list = json_array();

	product_key_types(p, all);
	for (one = strtok_r(all, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest))
		json_array_append_new(list, json_string(one));
	return list;
}

enum acsr_result product_check_key_type(
	const struct product *p, const char *key_type, const char *field, struct acsr_err *e)
{
	const struct acsr_key_type *t;
	char offered[PRODUCT_KEY_TYPES];

	if (acsr_key_type_find(&t, key_type, e) != ACSR_OK) {
		err_at(e, "%s", field);
		return ACSR_FAIL;
	}
	product_key_types(p, offered);
	if (!product_has_key_type(p, key_type))
		return err_rule(e, "key.type", field, NULL, "the product %s does not allow %s, but %s", p->id,
			key_type, offered);
	if (acsr_key_type_require(t, e) == ACSR_OK)
		return ACSR_OK;
	err_at(e, "%s", field);
	return ACSR_FAIL;
}

int64_t product_code_window(struct core *c, const struct product *p)
{
	return p->code_window != 0 ? p->code_window : conf_span(&c->proc->conf, "orders.code_window");
}

static json_t *product_json(struct core *c, const struct product *p)
{
	int64_t most = acsr_rule_value("cert.validity.max", c->now, 200 * 86400);
	int64_t validity = p->validity != 0 ? p->validity : most;
	char text[160];

	snprintf(text, sizeof(text), "each certificate is valid for %lld days; a new one is a reissue away",
		(long long)(validity / 86400));
	return json_pack("{s:s,s:s,s:s,s:b,s:I,s:o,s:s,s:I,s:s,s:s,s:b,s:b,s:s,s:b,s:I,s:I,s:o,s:I}", "id",
		p->id, "title", p->title, "level", p->level, "wildcard", (int)p->wildcard, "max_names",
		(json_int_t)p->max_names, "key_types", key_types_json(p), "default_key_type",
		p->default_key_type, "validity_seconds", (json_int_t)validity, "issuer", p->issuer, "profile",
		p->profile, "autocsr", (int)p->autocsr, "preauthorised", (int)p->preauthorised,
		"validity_text", text, "active", (int)p->active, "code_window",
		(json_int_t)product_code_window(c, p), "code_reveals", (json_int_t)p->code_reveals,
		"fallback_issuer", json_text_or_null(p->fallback_issuer), "fallback_after",
		(json_int_t)p->fallback_after);
}

enum acsr_result product_list(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	json_t *list = json_array();
	bool have = true;

	request_answer(q, 200, json_pack("{s:o}", "products", list));
	TRY(products_list(c->db, &rows, e));
	for (;;) {
		struct product p;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(products_load(c->db, db_text(rows, 0), &p, e));
		TRY(product_fit_issuers(c, &p, e));
		if (p.active || q->who.role == USER_ADMIN)
			json_array_append_new(list, product_json(c, &p));
	}
}

static enum acsr_result check_key_types(json_t *list, struct product *p, struct acsr_err *e)
{
	size_t i, used = 0;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *name = json_string_value(v);
		const struct acsr_key_type *t;

		if (name == NULL)
			return err_rule(e, "request.field.kind", "key_types", NULL,
				"key_types must be a list of strings");
		TRY(acsr_key_type_find(&t, name, e));
		if (used + strlen(name) + 2 > sizeof(p->key_types))
			return err_rule(e, "request.field.count", "key_types", NULL, "too many key types");
		used += (size_t)snprintf(
			p->key_types + used, sizeof(p->key_types) - used, "%s%s", used > 0 ? " " : "", name);
	}
	return ACSR_OK;
}

static enum acsr_result check_issuer(struct core *c, const char *name, const char *field, struct acsr_err *e)
{
	const struct issuer *is = issuers_find(c->issuers, name);
	bool ours, other;

	if (*name == '\0')
		return ACSR_OK;
	if (is != NULL && strcmp(is->kind, "root") == 0)
		return err_rule(e, "request.field.issuer", field, NULL,
			"%s is a root, which certifies only other CAs", name);
	TRY(issuer_exists(c, name, &ours, &other, e));
	return ours || other
		       ? ACSR_OK
		       : err_rule(e, "request.field.issuer", field, NULL, "there is no issuer \"%s\"", name);
}

static enum acsr_result check_issuers(struct core *c, const struct product *p, struct acsr_err *e)
{
	struct product fit = *p;
	bool falls = p->fallback_issuer[0] != '\0';

	TRY(check_issuer(c, p->issuer, "issuer", e));
	TRY(check_issuer(c, p->fallback_issuer, "fallback_issuer", e));
	if (p->fallback_after != 0 &&
		(p->fallback_after < SHORTEST_WINDOW || p->fallback_after > LONGEST_WINDOW))
		return err_rule(e, "request.field.fallback_after", "fallback_after", NULL,
			"fallback_after is from %d to %d seconds, or 0 for never", SHORTEST_WINDOW,
			LONGEST_WINDOW);
	if (falls && strcmp(p->fallback_issuer, p->issuer) == 0)
		return err_rule(e, "request.field.fallback_issuer", "fallback_issuer", NULL,
			"an issuer cannot be its own fallback; name another one");
	if (falls && p->fallback_after == 0)
		return err_rule(e, "request.field.fallback_after", "fallback_after", NULL,
			"say after how many seconds %s takes over", p->fallback_issuer);
	TRY(product_fit_issuers(c, &fit, e));
	if (fit.key_types[0] == '\0')
		return err_rule(e, "request.field.key_types", "key_types", NULL,
			"the issuer takes none of the product's key types");
	return ACSR_OK;
}

static enum acsr_result check_product(struct core *c, const struct product *p, struct acsr_err *e)
{
	if (strcmp(p->level, "dv") != 0 && strcmp(p->level, "ov") != 0 && strcmp(p->level, "ev") != 0)
		return err_rule(e, "request.field.level", "level", NULL, "level is dv, ov or ev");
	if (p->wildcard && strcmp(p->level, "ev") == 0)
		return err_rule(e, "request.field.wildcard", "wildcard", "EVG 3.2.2",
			"EV certificates have no wildcards");
	if (strcmp(p->profile, p->level) != 0)
		return err_rule(e, "request.field.profile", "profile", NULL, "the profile of level %s is %s",
			p->level, p->level);
	if (p->validity < 0 || p->validity > LONGEST_VALIDITY)
		return err_rule(e, "request.field.validity", "validity_seconds", NULL,
			"validity_seconds is at most %d; 0 is the longest that the rules allow",
			LONGEST_VALIDITY);
	if (p->code_window != 0 && (p->code_window < SHORTEST_WINDOW || p->code_window > LONGEST_WINDOW))
		return err_rule(e, "request.field.code_window", "code_window", NULL,
			"code_window is from %d to %d seconds; 0 is the service's own", SHORTEST_WINDOW,
			LONGEST_WINDOW);
	if (p->code_reveals < 0 || p->code_reveals > MOST_REVEALS)
		return err_rule(e, "request.field.code_reveals", "code_reveals", NULL,
			"code_reveals is at most %d; 0 is no limit", MOST_REVEALS);
	if (p->max_names < 1 || p->max_names > LIMIT_NAMES)
		return err_rule(e, "request.field.max_names", "max_names", NULL, "max_names is from 1 to %d",
			LIMIT_NAMES);
	if (!product_has_key_type(p, p->default_key_type))
		return err_rule(e, "request.field.default_key_type", "default_key_type", NULL,
			"default_key_type is not among key_types");
	return check_issuers(c, p, e);
}

static void set_text(char *to, size_t cap, const char *from)
{
	if (from != NULL)
		snprintf(to, cap, "%s", from);
}

static enum acsr_result read_product(struct core *c, struct request *q, struct product *p, struct acsr_err *e)
{
	const char *id = NULL, *title = NULL, *level = NULL, *def = NULL, *issuer = NULL, *profile = NULL,
		   *fallback = NULL;
	json_t *key_types = NULL;
	const struct field fields[] = { { "id", FIELD_TEXT, *p->id == '\0', &id, 63 },
		{ "title", FIELD_TEXT, *p->id == '\0', &title, 127 },
		{ "level", FIELD_TEXT, false, &level, 4 }, { "wildcard", FIELD_BOOL, false, &p->wildcard, 0 },
		{ "max_names", FIELD_INT, false, &p->max_names, 0 },
		{ "key_types", FIELD_LIST, false, &key_types, 32 },
		{ "default_key_type", FIELD_TEXT, false, &def, 31 },
		{ "validity_seconds", FIELD_INT, false, &p->validity, 0 },
		{ "issuer", FIELD_TEXT, false, &issuer, 64 },
		{ "profile", FIELD_TEXT, *p->id == '\0', &profile, 64 },
		{ "autocsr", FIELD_BOOL, false, &p->autocsr, 0 },
		{ "preauthorised", FIELD_BOOL, false, &p->preauthorised, 0 },
		{ "active", FIELD_BOOL, false, &p->active, 0 },
		{ "code_window", FIELD_INT, false, &p->code_window, 0 },
		{ "code_reveals", FIELD_INT, false, &p->code_reveals, 0 },
		{ "fallback_issuer", FIELD_TEXT, false, &fallback, 64 },
		{ "fallback_after", FIELD_INT, false, &p->fallback_after, 0 }, { 0 } };

	TRY(request_fields(q, fields, e));
	if (id != NULL && *p->id != '\0' && strcmp(id, p->id) != 0)
		return err_rule(e, "request.field.id", "id", NULL, "the id of a product cannot be changed");
	set_text(p->id, sizeof(p->id), id);
	set_text(p->title, sizeof(p->title), title);
	set_text(p->level, sizeof(p->level), level);
	set_text(p->default_key_type, sizeof(p->default_key_type), def);
	set_text(p->issuer, sizeof(p->issuer), issuer);
	set_text(p->profile, sizeof(p->profile), profile);
	set_text(p->fallback_issuer, sizeof(p->fallback_issuer), fallback);
	if (p->fallback_issuer[0] == '\0')
		p->fallback_after = 0;
	if (key_types != NULL)
		TRY(check_key_types(key_types, p, e));
	return check_product(c, p, e);
}

enum acsr_result product_make(struct core *c, struct request *q, struct acsr_err *e)
{
	struct product p = { .level = "dv",
		.default_key_type = "rsa:2048",
		.max_names = LIMIT_NAMES,
		.autocsr = true,
		.active = true,
		.position = 100 };
	struct product other;
	struct acsr_err ignored;

	snprintf(p.key_types, sizeof(p.key_types), "%s", all_key_types);
	TRY(read_product(c, q, &p, e));
	if (products_load(c->db, p.id, &other, &ignored) == ACSR_OK)
		return err_rule(e, "object.exists", "id", NULL, "there is a product \"%s\" already", p.id);
	TRY(products_put(c->db, &p, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "product.made", p.id, e, "%s", p.title));
	TRY(product_fit_issuers(c, &p, e));
	return request_answer(q, 201, product_json(c, &p));
}

enum acsr_result product_change(struct core *c, struct request *q, struct acsr_err *e)
{
	char members[300];
	struct product p;

	TRY(products_load(c->db, q->param[0], &p, e));
	TRY(read_product(c, q, &p, e));
	TRY(products_put(c->db, &p, e));
	json_members(q->body, members, sizeof(members));
	TRY(core_audit(
		c, q->who.email, q->who.account_id, "product.changed", p.id, e, "%s: %s", p.title, members));
	TRY(product_fit_issuers(c, &p, e));
	return request_answer(q, 200, product_json(c, &p));
}
