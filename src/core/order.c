/* States and what leads from one to the next. */
#include "core/order.h"
#include "core/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mail.h"
#include "core/upstream/upstream.h"
#include "core/upstream/issuer.h"
#include "core/upstream/offline.h"
#include "store/certificate.h"

/* Everything that may happen to an order; anything else is refused. */
static const struct {
	const char *from, *to;
} moves[] = {
	{ "new", "handover" },   /* the key is to be made */
	{ "new", "validating" }, /* own CSR */
	{ "new", "cancelled" },
	{ "handover", "validating" }, /* acknowledged, or accepted by the mail server */
	{ "handover", "cancelled" },
	{ "handover", "issued" }, /* a reissue that was cancelled */
	{ "handover", "failed" },
	{ "validating", "vetting" }, /* OV, EV */
	{ "validating", "issuing" },
	{ "validating", "cancelled" },
	{ "validating", "issued" },
	{ "validating", "failed" },
	{ "vetting", "issuing" },
	{ "vetting", "validating" }, /* it took longer than a validation lasts */
	{ "vetting", "cancelled" },
	{ "vetting", "issued" },
	{ "vetting", "failed" },
	{ "issuing", "validating" }, /* another CA wants control shown anew, or another issuer takes over */
	{ "issuing", "issued" },
	{ "issuing", "failed" },
	{ "issuing", "cancelled" }, /* at another CA that has not got the CSR from us (upstream_may_cancel) */
	{ "issued", "handover" },   /* reissue with a key of ours */
	{ "issued", "validating" }, /* reissue with an own CSR */
	{ "issued", "revoked" },
	{ "issued", "expired" },
	{ "revoked", "handover" },
	{ "revoked", "validating" },
	{ "expired", "handover" },
	{ "expired", "validating" },
};

bool order_may_move(const char *from, const char *to)
{
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (strcmp(moves[i].from, from) == 0 && strcmp(moves[i].to, to) == 0)
			return true;
	return false;
}

static void stop_waiting(struct order *o)
{
	free(o->waiting_reason);
	o->waiting_reason = NULL;
	o->waiting_since = o->next_try_at = 0;
}

/* Nothing is validated in these. */
static bool rests(const char *state)
{
	static const char *const at_rest[] = { "issued", "cancelled", "failed", "revoked", "expired" };

	for (size_t i = 0; i < sizeof(at_rest) / sizeof(at_rest[0]); i++)
		if (strcmp(at_rest[i], state) == 0)
			return true;
	return false;
}

enum acsr_result order_move(struct core *c, struct order *o, const char *state, const char *actor,
	const char *detail, struct acsr_err *e)
{
	char action[40];

	if (!order_may_move(o->state, state))
		return err_set(
			e, "state.transition", "this order is %s, so it cannot become %s", o->state, state);
	snprintf(o->state, sizeof(o->state), "%s", state);
	snprintf(action, sizeof(action), "order.%s", state);
	stop_waiting(o);
	TRY(order_save(c->db, o, c->now, e));
	if (rests(state))
		TRY(publish_drop_order(c, o->id, e));
	return core_audit(c, actor, o->account_id, action, o->id, e, "%s", detail);
}

enum acsr_result order_wait(
	struct core *c, struct order *o, int64_t next_try_at, struct acsr_err *e, const char *fmt, ...)
{
	char reason[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	str_whole(reason);
	if (o->waiting_reason == NULL || strcmp(o->waiting_reason, reason) != 0) {
		free(o->waiting_reason);
		o->waiting_reason = NULL;
		TRY(str_dup(&o->waiting_reason, reason, e));
		o->waiting_since = c->now;
	}
	o->next_try_at = next_try_at;
	return order_save(c->db, o, c->now, e);
}

/* --- texts about the order --- */

enum acsr_result order_mail(struct core *c, const struct order *o, const char *what, const char *name1,
	const char *value1, const char *name2, const char *value2, struct acsr_err *e)
{
	CLEANUP_STR char *url = NULL;
	struct mail_value values[6] = { { "order", o->id }, { "names", o->names } };
	size_t n = 2;

	if (o->email[0] == '\0')
		return ACSR_OK; /* an ACME client's: it asks by itself */
	TRY(str_printf(&url, e, "%s/#/orders/%s", conf_str(&c->proc->conf, "server.public_url"), o->id));
	values[n++] = (struct mail_value){ "url", url };
	if (name1 != NULL)
		values[n++] = (struct mail_value){ name1, value1 };
	if (name2 != NULL)
		values[n++] = (struct mail_value){ name2, value2 };
	values[n] = (struct mail_value){ 0 };
	return mail_queue(c, what, o->email, o->id, values, e);
}

enum { TASKS_SHOWN = 30000, TASKS_MAX = 60000 }; /* bytes: what one mail takes */

/* What another CA wants to see: whichever of its challenges the customer likes best. */
static enum acsr_result describe_upstream(const struct validation *v, struct buf *out, struct acsr_err *e)
{
	json_t *offers = json_loads(v->offers, 0, NULL), *one;
	const char *before = "", *host = v->wildcard ? v->name + 2 : v->name;
	enum acsr_result r = buf_printf(out, e, "%s%s\n", out->len > 0 ? "\n" : "", v->name);
	size_t i;

	json_array_foreach(offers, i, one)
	{
		const char *method = json_string_value(json_object_get(one, "method"));
		const char *record = json_string_value(json_object_get(one, "record"));
		const char *value = json_string_value(json_object_get(one, "value"));

		if (r != ACSR_OK || strcmp(method, "tls-alpn") == 0)
			continue;
		r = strcmp(method, "http") == 0
			    ? buf_printf(out, e, "%sa file: http://%s%s with the content %s\n", before, host,
				      record, value)
			    : buf_printf(out, e, "%sa DNS record: %s TXT \"%s\"\n", before, record, value);
		before = "or ";
	}
	json_decref(offers);
	return r;
}

/* What to publish, for the mail: both ways for each pending name. */
static enum acsr_result describe_tasks(
	const struct validation *v, size_t n, struct buf *out, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = v[i].wildcard ? v[i].name + 2 : v[i].name;

		if (strcmp(v[i].state, "pending") != 0 || v[i].proved_at != 0)
			continue; /* nothing to publish: only CAA is asked again */
		if (out->len > TASKS_SHOWN)
			return buf_putstr(
				out, "\nThere are more names; the page of the order has them all.\n", e);
		if (v[i].offers[0] != '\0') {
			TRY(describe_upstream(&v[i], out, e));
			continue;
		}
		TRY(buf_printf(out, e, "%s%s\n", out->len > 0 ? "\n" : "", v[i].name));
		if (!v[i].wildcard)
			TRY(buf_printf(out, e,
				"either a file: http://%s/.well-known/pki-validation/%s.txt with the content "
				"%s\n",
				name, v[i].token, v[i].value));
		TRY(buf_printf(out, e, "%sa DNS record: _autocsr.%s TXT \"%s\"\n", v[i].wildcard ? "" : "or ",
			name, v[i].value));
	}
	return ACSR_OK;
}

static enum acsr_result mail_tasks(
	struct core *c, const struct order *o, const struct validation *v, size_t n, struct acsr_err *e)
{
	CLEANUP_BUF struct buf tasks = { 0 };

	buf_init(&tasks, TASKS_MAX);
	TRY(describe_tasks(v, n, &tasks, e));
	return tasks.len > 0 ? order_mail(c, o, "validation", "tasks", buf_cstr(&tasks), NULL, NULL, e)
			     : ACSR_OK;
}

/* --- going on --- */

static enum acsr_result start_checks(struct core *c, const struct validation *v, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].state, "pending") == 0)
			TRY(core_want_job(c, "validate", v[i].id, c->now, e));
	return ACSR_OK;
}

enum acsr_result order_check_names(struct core *c, const struct order *o, bool mail, struct acsr_err *e)
{
	struct validation *v;
	enum acsr_result r;
	size_t n;

	TRY(validations_of(c->db, o->id, &v, &n, e));
	r = start_checks(c, v, n, e);
	if (r == ACSR_OK && mail)
		r = mail_tasks(c, o, v, n, e);
	validations_free(v, n);
	return r;
}

enum acsr_result order_start_validation(
	struct core *c, struct order *o, const char *actor, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	bool theirs;

	TRY(upstream_of(c, o, &i, &theirs, e));
	if (theirs && strcmp(i.kind, "acme") == 0)
		return upstream_begin(c, o, e);
	TRY(order_check_names(c, o, true, e));
	return order_advance(c, o, actor, e);
}

enum acsr_result order_begin_validation(
	struct core *c, struct order *o, const char *actor, struct acsr_err *e)
{
	TRY(order_move(c, o, "validating", actor, "the names are being validated", e));
	return order_start_validation(c, o, actor, e);
}

static enum acsr_result all_valid(struct core *c, const struct order *o, bool *all, struct acsr_err *e)
{
	struct validation *v;
	size_t n;

	TRY(validations_of(c->db, o->id, &v, &n, e));
	*all = n > 0;
	for (size_t i = 0; i < n; i++)
		*all = *all &&
		       (strcmp(v[i].state, "valid") == 0 || strcmp(v[i].state, "preauthorised") == 0 ||
			       strcmp(v[i].state, VALIDATION_BY_CA) == 0);
	validations_free(v, n);
	return ACSR_OK;
}

/* At another CA by ACME none does: the state of its order says whether control is to be shown anew. */
static enum acsr_result any_lapsed(struct core *c, const struct order *o, bool *any, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	struct validation *v;
	bool theirs;
	size_t n;

	*any = false;
	TRY(upstream_of(c, o, &is, &theirs, e));
	if (theirs && strcmp(is.kind, "acme") == 0)
		return ACSR_OK;
	TRY(validations_of(c->db, o->id, &v, &n, e));
	for (size_t i = 0; i < n; i++)
		*any = *any || (v[i].valid_until != 0 && v[i].valid_until <= c->now);
	validations_free(v, n);
	return ACSR_OK;
}

/* With fresh random values; the approvals stay. */
static enum acsr_result validate_anew(
	struct core *c, struct order *o, const struct product *p, const char *actor, struct acsr_err *e)
{
	TRY(validations_delete(c->db, o->id, e));
	TRY(validate_prepare(c, o, p, e));
	return strcmp(o->state, "validating") == 0 ? order_start_validation(c, o, actor, e)
						   : order_begin_validation(c, o, actor, e);
}


enum { IDENTITY_REUSE = 398 * 86400 }; /* BR 4.2.1; in rules.c as identity.reuse.max */

static enum acsr_result is_vetted(
	struct core *c, const struct order *o, const struct product *p, bool *vetted, struct acsr_err *e)
{
	int64_t people, needed = strcmp(p->level, "ev") == 0 ? 2 : 1;

	*vetted = strcmp(p->level, "dv") == 0;
	if (*vetted)
		return ACSR_OK;
	TRY(approval_count(c->db, o->id, c->now - IDENTITY_REUSE, &people, e));
	*vetted = people >= needed;
	return ACSR_OK;
}

enum acsr_result order_advance(struct core *c, struct order *o, const char *actor, struct acsr_err *e)
{
	struct product p;
	bool ready, vetted, lapsed;

	if (strcmp(o->state, "validating") != 0 && strcmp(o->state, "vetting") != 0)
		return ACSR_OK;
	TRY(all_valid(c, o, &ready, e));
	if (!ready)
		return ACSR_OK;
	TRY(products_load(c->db, o->product_id, &p, e));
	TRY(is_vetted(c, o, &p, &vetted, e));
	if (!vetted) {
		if (strcmp(o->state, "validating") == 0)
			TRY(order_move(c, o, "vetting", actor, "every name is validated", e));
		return order_wait(c, o, 0, e, "a person checks the organisation's details%s",
			strcmp(p.level, "ev") == 0 ? "; two approvals are needed" : "");
	}
	TRY(any_lapsed(c, o, &lapsed, e));
	if (lapsed)
		return validate_anew(c, o, &p, actor, e);
	TRY(order_move(c, o, "issuing", actor, "everything is checked", e));
	return core_want_job(c, "issue", o->id, c->now, e);
}

enum acsr_result order_has_certificate(struct core *c, const struct order *o, bool *has, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have = true;

	*has = false;
	TRY(certificate_list(c->db, o->id, &rows, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		*has = *has || (strcmp(db_text(rows, 1), "valid") == 0 && db_int(rows, 3) >= c->now);
	}
}

enum acsr_result order_return(
	struct core *c, struct order *o, const char *actor, const char *why, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(certificate_list(c->db, o->id, &rows, e));
	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			break;
		if (strcmp(db_text(rows, 1), "valid") == 0)
			snprintf(o->request_id, sizeof(o->request_id), "%s", db_text(rows, 7));
	}
	return order_move(c, o, "issued", actor, why, e);
}

enum acsr_result order_fail(struct core *c, struct order *o, const char *reason, struct acsr_err *e)
{
	bool has;

	TRY(order_has_certificate(c, o, &has, e));
	TRY(has ? order_return(c, o, "system", reason, e) : order_move(c, o, "failed", "system", reason, e));
	TRY(order_wait(c, o, 0, e, "%s", reason));
	TRY(upstream_cancel(c, o, e));
	return order_mail(c, o, "failed", "reason", reason, NULL, NULL, e);
}
