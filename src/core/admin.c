/* What the operator sees and sets: the state of the service, pre-authorised names. */
#include "core/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "core/account.h"
#include "core/handlers.h"
#include "core/jsontext.h"
#include "core/openapi.h"
#include "store/accounts.h"
#include "store/audit.h"
#include "store/mails.h"
#include "store/status.h"

enum { PREAUTHORISED_MAX = 1000 };

/* --- how it is doing --- */

/* Its socket is there from the beginning; whether it is past its own start, autocsrd knows. */
static bool is_starting(const struct core *c, enum role role)
{
	size_t n = strlen(role_name(role));

	for (size_t i = 0; i < c->roles.n; i++) {
		const char *line = c->roles.v[i], *last = strrchr(line, ' ');

		if (strncmp(line, role_name(role), n) == 0 && line[n] == ' ')
			return last != NULL && strcmp(last, " starting") == 0;
	}
	return false;
}

enum acsr_result admin_ready(struct core *c, struct acsr_err *e)
{
	static const enum role needed[] = { ROLE_FRONT, ROLE_SIGNER, ROLE_KEYMAKER };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		char id[32];

		if (c->proc->peers[needed[i]] != NULL && !is_starting(c, needed[i]))
			continue;
		snprintf(id, sizeof(id), "busy.%s", role_name(needed[i]));
		return err_set(e, id, "the %s process is not running right now", role_name(needed[i]));
	}
	return status_ping(c->db, e);
}

enum acsr_result ready_show(struct core *c, struct request *q, struct acsr_err *e)
{
	TRY(admin_ready(c, e));
	return request_answer(q, 200, json_pack("{s:s}", "status", "ready"));
}

/* "front 123 0" as autocsrd says it. */
static json_t *role_json(const char *line)
{
	char name[32] = "";
	long long pid = 0, restarts = 0;

	if (sscanf(line, "%31s %lld %lld", name, &pid, &restarts) != 3)
		return json_pack("{s:s}", "role", line);
	return json_pack(
		"{s:s, s:I, s:I}", "role", name, "pid", (json_int_t)pid, "restarts", (json_int_t)restarts);
}

static enum acsr_result add_state(void *orders, const char *state, int64_t n, struct acsr_err *e)
{
	return json_object_set_new(orders, state, json_integer(n)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result admin_status(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *roles = json_array(), *orders = json_object();
	int64_t due, waiting, queued, entries;

	(void)request_answer(q, 200,
		json_pack("{s:s, s:o, s:o}", "version", AUTOCSR_VERSION, "roles", roles, "orders", orders));
	for (size_t i = 0; i < c->roles.n; i++)
		json_array_append_new(roles, role_json(c->roles.v[i]));
	TRY(status_jobs(c->db, c->now, &due, &waiting, e));
	TRY(status_orders(c->db, add_state, orders, e));
	TRY(mails_queued(c->db, &queued, e));
	json_object_set_new(q->answer, "jobs",
		json_pack("{s:I, s:I}", "due", (json_int_t)due, "waiting", (json_int_t)waiting));
	json_object_set_new(q->answer, "mail", json_pack("{s:I}", "queued", (json_int_t)queued));
	TRY(audit_size(c->db, &entries, e));
	json_object_set_new(q->answer, "audit",
		json_pack("{s:I, s:I, s:o}", "entries", (json_int_t)entries, "signed_entries",
			(json_int_t)c->checkpoint.size, "trouble", json_text_or_null(c->checkpoint.trouble)));
	return ACSR_OK;
}

/* --- pre-authorised names --- */

static enum acsr_result read_name(json_t *v, size_t i, struct strv *out, struct acsr_err *e)
{
	const char *s = json_string_value(v);
	struct acsr_name name;

	if (s == NULL)
		return err_rule(e, "request.field.kind", "names", NULL, "names[%zu] must be a string", i);
	if (acsr_name_check(s, json_string_length(v), ACSR_NAMES_PRIVATE, &name, e) != ACSR_OK) {
		err_at(e, "names[%zu]", i);
		return ACSR_FAIL;
	}
	return strv_has(out, name.ascii) ? ACSR_OK : strv_add(out, name.ascii, e);
}

static enum acsr_result set_names(
	struct core *c, struct request *q, const struct strv *names, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_init(&text, 1024 * 1024);
	for (size_t i = 0; i < names->n; i++)
		TRY(buf_printf(&text, e, "%s%s", i > 0 ? " " : "", names->v[i]));
	TRY(preauthorised_set(c->db, q->param[0], names, e));
	TRY(core_audit(c, q->who.email, q->param[0], "account.preauthorised", q->param[0], e, "%zu names: %s",
		names->n, buf_cstr(&text)));
	return account_answer(c, q, q->param[0], e);
}

enum acsr_result admin_preauthorised(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	json_t *list = NULL, *v;
	const struct field fields[] = { { "names", FIELD_LIST, true, &list, PREAUTHORISED_MAX }, { 0 } };
	struct account a;
	bool have;
	size_t i;

	TRY(request_fields(q, fields, e));
	TRY(accounts_find(c->db, q->param[0], &a, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such account");
	json_array_foreach(list, i, v) TRY(read_name(v, i, &names, e));
	return set_names(c, q, &names, e);
}

/* --- the description of the API --- */

enum acsr_result openapi_show(struct core *c, struct request *q, struct acsr_err *e)
{
	(void)c;
	q->content_type = "application/json";
	q->status = 200;
	return buf_put(&q->raw, openapi_json, openapi_json_len, e);
}
