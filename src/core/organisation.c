/* Organisations: who a certificate names. Their details become subject fields, so they are checked here. */
#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/country.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "store/organisation.h"

enum { ORGANISATIONS_AN_ACCOUNT = 500 };

/* Characters, in the order of organisation_field_names; X.520's upper bounds where it has one. */
static const size_t longest[ORGANISATION_FIELDS] = { 64, 128, 128, 128, 40, 2, 64, 64, 2, 128, 32 };

/* EVG 7.1.4.2.3 */
static const char *const categories[] = { "Private Organization", "Government Entity", "Business Entity",
	"Non-Commercial Entity" };

/* What forms and OpenSSL fill in when nobody did. */
static const char *const placeholders[] = { "-", "--", ".", "..", "...", "?", "/", "_", "*", "n/a", "na",
	"n.a.", "none", "null", "nil", "undefined", "unknown", "test", "default", "default city",
	"default company ltd", "some-state", "some state", "internet widgits pty ltd", "my company",
	"your company", "company", "organization", "organisation", "city", "state", "locality", "xx", "xxx",
	"tbd", "todo" };

static json_t *organisation_json(const struct organisation *o)
{
	json_t *out = json_pack("{s:s}", "id", o->id);

	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		json_object_set_new(out, organisation_field_names[i], json_string(o->field[i]));
	return out;
}

/* --- checks --- */

static enum acsr_result check_placeholder(const char *field, const char *s, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (strcasecmp(s, placeholders[i]) == 0)
			return err_rule(e, "subject.placeholder", field, "BR 7.1.4.2.2",
				"\"%s\" is a placeholder; give the real %s or leave it empty", s, field);
	return ACSR_OK;
}

static enum acsr_result check_text(const char *field, const char *s, size_t most, struct acsr_err *e)
{
	if (*s == '\0')
		return ACSR_OK;
	if (s[0] == ' ' || s[strlen(s) - 1] == ' ')
		return err_rule(e, "subject.blank", field, NULL, "%s begins or ends with a blank", field);
	if (text_characters(s) > most)
		return err_rule(e, "subject.length", field, "RFC 5280 A.1",
			"%s is longer than %zu characters", field, most);
	return check_placeholder(field, s, e);
}

static enum acsr_result check_country(const char *field, const char *s, struct acsr_err *e)
{
	if (*s != '\0' && !country_known(s))
		return err_rule(e, "subject.country", field, "ISO 3166-1",
			"%s is not a country code of two capital letters, such as DE", field);
	return ACSR_OK;
}

static enum acsr_result check_category(const char *s, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (strcmp(s, categories[i]) == 0)
			return ACSR_OK;
	if (*s == '\0')
		return ACSR_OK;
	return err_rule(e, "subject.business-category", "business_category", "EVG 7.1.4.2.3",
		"business_category is one of: Private Organization, Government Entity, Business Entity, "
		"Non-Commercial Entity");
}

static enum acsr_result check_all(const struct organisation *o, struct acsr_err *e)
{
	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		if (longest[i] != 2)
			TRY(check_text(organisation_field_names[i], o->field[i], longest[i], e));
	TRY(check_country("country", o->country, e));
	TRY(check_country("jurisdiction_country", o->jurisdiction_country, e));
	TRY(check_category(o->business_category, e));
	if (o->name[0] == '\0')
		return err_rule(e, "request.field.missing", "name", NULL, "name is missing");
	if (o->country[0] == '\0')
		return err_rule(e, "request.field.missing", "country", NULL, "country is missing");
	if (o->locality[0] == '\0' && o->state[0] == '\0')
		return err_rule(e, "request.field.missing", "locality", "BR 7.1.4.2.2",
			"give the locality, or the state or province, or both");
	return ACSR_OK;
}

/* Members that are there replace what o has. */
static enum acsr_result read_fields(struct request *q, struct organisation *o, struct acsr_err *e)
{
	const char *text[ORGANISATION_FIELDS] = { NULL };
	struct field fields[ORGANISATION_FIELDS + 1] = { { 0 } };

	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		fields[i] = (struct field){ organisation_field_names[i], FIELD_TEXT, false, &text[i],
			ORGANISATION_TEXT - 1 };
	TRY(request_fields(q, fields, e));
	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		if (text[i] != NULL)
			snprintf(o->field[i], ORGANISATION_TEXT, "%s", text[i]);
	return check_all(o, e);
}

/* --- handlers --- */

static enum acsr_result add_to_list(void *list, const struct organisation *o, struct acsr_err *e)
{
	return json_array_append_new(list, organisation_json(o)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result organisation_list(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *list = json_array();

	(void)request_answer(q, 200, json_pack("{s:o}", "organisations", list));
	return organisation_each(c->db, q->who.account_id, add_to_list, list, e);
}

static enum acsr_result count_one(void *n, const struct organisation *o, struct acsr_err *e)
{
	(void)o;
	(void)e;
	++*(int64_t *)n;
	return ACSR_OK;
}

static enum acsr_result save(struct core *c, struct request *q, const struct organisation *o,
	const char *action, unsigned status, struct acsr_err *e)
{
	TRY(organisation_put(c->db, o, e));
	TRY(core_audit(c, q->who.email, o->account_id, action, o->id, e, "%s", o->name));
	return request_answer(q, status, organisation_json(o));
}

enum acsr_result organisation_make(struct core *c, struct request *q, struct acsr_err *e)
{
	struct organisation o = { .created_at = c->now };
	int64_t n = 0;

	TRY(read_fields(q, &o, e));
	TRY(organisation_each(c->db, q->who.account_id, count_one, &n, e));
	if (n >= ORGANISATIONS_AN_ACCOUNT)
		return err_set(e, "state.organisations",
			"the account has %d organisations, the most possible", ORGANISATIONS_AN_ACCOUNT);
	rnd_id("org_", o.id, sizeof(o.id));
	memcpy(o.account_id, q->who.account_id, sizeof(o.account_id));
	return save(c, q, &o, "organisation.made", 201, e);
}

enum acsr_result organisation_show(struct core *c, struct request *q, struct acsr_err *e)
{
	struct organisation o;

	TRY(organisation_load(c->db, q->param[0], q->who.account_id, &o, e));
	return request_answer(q, 200, organisation_json(&o));
}

enum acsr_result organisation_change(struct core *c, struct request *q, struct acsr_err *e)
{
	struct organisation o;

	TRY(organisation_load(c->db, q->param[0], q->who.account_id, &o, e));
	TRY(read_fields(q, &o, e));
	return save(c, q, &o, "organisation.changed", 200, e);
}

enum acsr_result organisation_delete(struct core *c, struct request *q, struct acsr_err *e)
{
	struct organisation o;
	int64_t orders;

	TRY(organisation_load(c->db, q->param[0], q->who.account_id, &o, e));
	TRY(organisation_open_orders(c->db, o.id, &orders, e));
	if (orders > 0)
		return err_set(e, "state.organisation-used",
			"%lld orders name this organisation; cancel them first", (long long)orders);
	TRY(organisation_remove(c->db, o.id, e));
	TRY(core_audit(c, q->who.email, o.account_id, "organisation.deleted", o.id, e, "%s", o.name));
	return request_answer(q, 204, NULL);
}
