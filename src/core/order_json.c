/* An order as the API shows it (docs/API.md, "Orders"). */
#include <stdio.h>
#include <string.h>

#include "autocsr/name.h"
#include "core/code.h"
#include "core/handover_choice.h"
#include "core/jsontext.h"
#include "core/order.h"
#include "core/receipt.h"
#include "core/upstream/order_view.h"
#include "core/upstream/upstream.h"
#include "store/audit.h"
#include "store/certificate.h"

static json_t *names_json(const struct strv *names, bool unicode)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++) {
		struct acsr_name n;

		if (unicode && acsr_name_check(names->v[i], strlen(names->v[i]), ACSR_NAMES_PRIVATE, &n,
				       NULL) == ACSR_OK)
			json_array_append_new(list, json_string(n.unicode));
		else
			json_array_append_new(list, json_string(names->v[i]));
	}
	return list;
}

static void put_archive(struct core *c, json_t *o, const struct csr_request *r)
{
	bool waits = strcmp(r->archive_state, "waiting") == 0 && r->ticket_expires_at > c->now;
	int64_t left = code_reveals_left(r);
	char url[128];

	snprintf(url, sizeof(url), "/api/v1/archives/%s", r->ticket);
	json_object_set_new(o, "archive_url", waits ? json_string(url) : json_null());
	if (strcmp(r->key_source, "autocsr") != 0) {
		json_object_set_new(o, "archive", json_null());
		json_object_set_new(o, "code", json_null());
		return;
	}
	json_object_set_new(o, "archive",
		json_pack("{s:s,s:o,s:I,s:s,s:s,s:o}", "state",
			strcmp(r->archive_state, "waiting") == 0 && !waits ? "lost" : r->archive_state,
			"sha256", json_text_or_null(r->archive_sha256), "size", (json_int_t)r->archive_size,
			"filename", r->filename, "key_filename", r->key_filename, "expires_at",
			waits ? json_time(r->ticket_expires_at) : json_null()));
	if (strcmp(r->grade, "sealed") == 0) {
		json_object_set_new(o, "code", json_null());
		return;
	}
	json_object_set_new(o, "code",
		json_pack("{s:s,s:o,s:I,s:o,s:o,s:o}", "state", code_state(c, r),
			"expires_at", json_time(r->code_expires_at), "reveals", (json_int_t)r->reveals,
			"reveals_left", left < 0 || !r->has_code ? json_null() : json_integer(left),
			"destroyed_at", json_time(r->code_destroyed_at), "reason",
			json_text_or_null(r->code_reason)));
}

static enum acsr_result put_request(struct core *c, json_t *out, const struct order *o, struct acsr_err *e)
{
	struct csr_request r = { 0 };

	if (*o->request_id != '\0')
		TRY(csr_request_load(c->db, o->request_id, &r, e));
	json_object_set_new(out, "key_source", json_text_or_null(r.key_source));
	json_object_set_new(out, "key_type", json_text_or_null(r.key_type));
	json_object_set_new(out, "spki_sha256", json_text_or_null(r.spki_sha256));
	json_object_set_new(out, "hand_over", handover_choice_json(&r));
	put_archive(c, out, &r);
	return ACSR_OK;
}

/* Our own two ways, in the form that upstream_publish_json has. */
static json_t *own_ways(const struct validation *v)
{
	const char *host = v->wildcard ? v->name + 2 : v->name;
	char url[600], path[200], record[300];
	json_t *list = json_array();

	snprintf(path, sizeof(path), "/.well-known/pki-validation/%s.txt", v->token);
	snprintf(url, sizeof(url), strchr(host, ':') != NULL ? "http://[%s]%s" : "http://%s%s", host, path);
	snprintf(record, sizeof(record), "_autocsr.%s", host);
	if (!v->wildcard)
		json_array_append_new(list, json_pack("{s:s,s:n,s:s,s:s,s:s}", "method", "http", "challenge",
						    "url", url, "path", path, "content", v->value));
	json_array_append_new(list, json_pack("{s:s,s:n,s:s,s:s,s:s}", "method", "dns", "challenge", "record",
					    record, "type", "TXT", "value", v->value));
	return list;
}

/* Those members of the way that was offered; null when it is not. */
static json_t *pick(json_t *ways, const char *method, const char *const members[3])
{
	json_t *one, *out;
	size_t i;

	json_array_foreach(ways, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "method")), method) != 0)
			continue;
		out = json_object();
		for (size_t k = 0; k < 3; k++)
			json_object_set(out, members[k], json_object_get(one, members[k]));
		return out;
	}
	return json_null();
}

static json_t *validation_json(struct core *c, const struct order *o, const struct validation *v)
{
	static const char *const http[] = { "url", "path", "content" }, *const dns[] = { "record", "type",
		"value" };
	bool theirs = v->offers[0] != '\0', known = theirs || v->token[0] != '\0';
	json_t *error = v->error[0] != '\0' ? json_loads(v->error, 0, NULL) : json_null();
	json_t *ways = theirs ? upstream_publish_json(c, o, v) : known ? own_ways(v) : json_array();
	json_t *seen = theirs && v->evidence[0] != '\0' ? json_loads(v->evidence, 0, NULL) : json_null();

	return json_pack("{s:s,s:s,s:s,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name", v->name, "state",
		v->state, "method", v->method, "wildcard", (int)v->wildcard, "http", pick(ways, "http", http),
		"dns", pick(ways, "dns", dns), "publish", ways, "seen", seen, "told_at",
		json_time(v->told_at), "error", error, "checked_at", json_time(v->checked_at),
		"next_check_at", strcmp(v->state, "pending") == 0 ? json_time(v->next_check_at) : json_null(),
		"valid_until", json_time(v->valid_until));
}

static enum acsr_result put_validations(
	struct core *c, json_t *out, const struct order *o, struct acsr_err *e)
{
	json_t *list = json_array();
	struct validation *v;
	size_t n;

	json_object_set_new(out, "validations", list);
	TRY(validations_of(c->db, o->id, &v, &n, e));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, validation_json(c, o, &v[i]));
	validations_free(v, n);
	return ACSR_OK;
}

static enum acsr_result put_certificates(
	struct core *c, json_t *out, const struct order *o, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	json_t *list = json_array();
	bool have;

	json_object_set_new(out, "certificates", list);
	TRY(certificate_list(c->db, o->id, &r, e));
	for (;;) {
		const char *state;

		TRY(db_next(r, &have, e));
		if (!have)
			return ACSR_OK;
		state = strcmp(db_text(r, 1), "revoked") != 0 && db_int(r, 3) < c->now ? "expired"
										       : db_text(r, 1);
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:o,s:o,s:s,s:o,s:o}", "serial", db_text(r, 0), "state",
				      state, "not_before", json_time(db_int(r, 2)), "not_after",
				      json_time(db_int(r, 3)), "spki_sha256", db_text(r, 4), "revoked_at",
				      json_time(db_int(r, 5)), "reason", json_text_or_null(db_text(r, 6))));
	}
}

static enum acsr_result put_events(struct core *c, json_t *out, const struct order *o, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	json_t *list = json_array();
	bool have;

	json_object_set_new(out, "events", list);
	TRY(audit_of_object(c->db, o->id, 200, &r, e));
	for (;;) {
		TRY(db_next(r, &have, e));
		if (!have)
			return ACSR_OK;
		json_array_append_new(
			list, json_pack("{s:o,s:s,s:s,s:s}", "at", json_time(db_int(r, 0)), "event",
				      db_text(r, 1), "by", db_text(r, 2), "detail", db_text(r, 3)));
	}
}

static enum acsr_result put_vetting(
	struct core *c, json_t *out, const struct order *o, const struct product *p, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *r = NULL;
	json_t *list;
	bool have;

	if (strcmp(p->level, "dv") == 0) {
		json_object_set_new(out, "vetting", json_null());
		return ACSR_OK;
	}
	list = json_array();
	json_object_set_new(out, "vetting",
		json_pack("{s:i,s:o}", "needed", strcmp(p->level, "ev") == 0 ? 2 : 1, "approvals", list));
	TRY(approval_list(c->db, o->id, &r, e));
	for (;;) {
		TRY(db_next(r, &have, e));
		if (!have)
			return ACSR_OK;
		json_array_append_new(
			list, json_pack("{s:I,s:s,s:s,s:s,s:o,s:s}", "round", (json_int_t)db_int(r, 0),
				      "decision", db_text(r, 1), "evidence", db_text(r, 2), "note",
				      db_text(r, 3), "at", json_time(db_int(r, 4)), "by", db_text(r, 5)));
	}
}

static const char *next_in_handover(const struct order *o, const char *archive_state, bool zip)
{
	if (strcmp(o->delivery, "email") == 0)
		return zip ? "wait for the mail with the archive" : "wait for the mail with the key file";
	if (strcmp(archive_state, "waiting") == 0)
		return zip ? "download the archive and acknowledge it"
			   : "download the key file and acknowledge it";
	if (strcmp(archive_state, "fetched") == 0)
		return zip ? "acknowledge that you have the archive, or ask for a new one"
			   : "acknowledge that you have the key file, or ask for a new one";
	if (strcmp(archive_state, "lost") == 0)
		return zip ? "ask for a new archive: the last one was lost, and with it its key"
			   : "ask for a new key file: the last one was lost, and with it its key";
	return "wait a moment: the key is being made";
}

/* One sentence: what the customer does next. */
static const char *next_text(const struct order *o, json_t *out)
{
	const char *archive_state =
		json_string_value(json_object_get(json_object_get(out, "archive"), "state"));
	const char *format = json_string_value(json_object_get(json_object_get(out, "hand_over"), "format"));

	if (strcmp(o->state, "handover") == 0 && archive_state != NULL)
		return next_in_handover(o, archive_state, format != NULL && strcmp(format, "zip") == 0);
	if (strcmp(o->state, "validating") == 0)
		return "publish the file or the DNS record of each name that is not yet validated";
	if (strcmp(o->state, "vetting") == 0)
		return "wait: a person checks the organisation's details";
	if (strcmp(o->state, "issuing") == 0)
		return "wait a moment: the certificate is being issued";
	if (strcmp(o->method, "acme") == 0)
		return "nothing: the ACME client that ordered it sees to it";
	if (strcmp(o->state, "issued") == 0)
		return "install the certificate together with your private key";
	if (strcmp(o->state, "revoked") == 0 || strcmp(o->state, "expired") == 0)
		return "reissue it if you still need a certificate";
	return "nothing: place a new order if you need a certificate";
}

static json_t *waiting_json(const struct order *o)
{
	if (o->waiting_reason == NULL || *o->waiting_reason == '\0')
		return json_null();
	return json_pack("{s:s,s:o,s:o}", "reason", o->waiting_reason, "since", json_time(o->waiting_since),
		"next_try_at", json_time(o->next_try_at));
}

static enum acsr_result put_heads(
	struct core *c, json_t *out, const struct order *o, struct product *p, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };

	TRY(order_names_list(o, &names, e));
	TRY(products_load(c->db, o->product_id, p, e));
	json_object_set_new(out, "id", json_string(o->id));
	json_object_set_new(out, "account_id", json_string(o->account_id));
	json_object_set_new(out, "state", json_string(o->state));
	json_object_set_new(out, "product", json_string(o->product_id));
	json_object_set_new(out, "level", json_string(p->level));
	json_object_set_new(out, "names", names_json(&names, false));
	json_object_set_new(out, "names_unicode", names_json(&names, true));
	json_object_set_new(out, "subject", json_loads(o->subject, 0, NULL));
	json_object_set_new(out, "organisation_id", json_text_or_null(o->organisation_id));
	json_object_set_new(out, "delivery", json_string(o->delivery));
	json_object_set_new(out, "waiting", waiting_json(o));
	json_object_set_new(out, "expires_at", json_time(o->expires_at));
	json_object_set_new(out, "created_at", json_time(o->created_at));
	json_object_set_new(out, "updated_at", json_time(o->updated_at));
	return ACSR_OK;
}

static enum acsr_result fill(
	struct core *c, json_t *out, const struct order *o, bool brief, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	char room[200];
	struct product p;
	const char *next;

	TRY(put_heads(c, out, o, &p, e));
	TRY(put_request(c, out, o, e));
	TRY(put_certificates(c, out, o, e));
	TRY(receipt_put(c, out, o, brief, e));
	TRY(order_view_put(c, out, o, &p, &is, e));
	next = order_view_next(o, &is, room);
	json_object_set_new(out, "next", json_string(next != NULL ? next : next_text(o, out)));
	if (brief)
		return ACSR_OK;
	TRY(put_validations(c, out, o, e));
	TRY(put_vetting(c, out, o, &p, e));
	return put_events(c, out, o, e);
}

enum acsr_result order_json(
	struct core *c, const struct order *o, bool brief, json_t **out, struct acsr_err *e)
{
	json_t *j = json_object();

	if (fill(c, j, o, brief, e) != ACSR_OK) {
		json_decref(j);
		return ACSR_FAIL;
	}
	*out = j;
	return ACSR_OK;
}

enum acsr_result order_of_request(struct core *c, struct request *q, struct order *out, struct acsr_err *e)
{
	return order_load(c->db, q->param[0], q->who.role == USER_ADMIN ? NULL : q->who.account_id, out, e);
}

enum acsr_result order_answer(
	struct core *c, struct request *q, const char *order_id, unsigned status, struct acsr_err *e)
{
	CLEANUP_ORDER struct order o = { 0 };
	json_t *j;

	TRY(order_load(c->db, order_id, NULL, &o, e));
	TRY(order_json(c, &o, false, &j, e));
	return request_answer(q, status, j);
}
