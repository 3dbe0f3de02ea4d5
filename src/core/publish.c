/* What is wanted: who may have it published, where it belongs, and the row that stands for it. */
#include "core/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rnd.h"
#include "base/str.h"
#include "store/jobs.h"
#include "store/publications.h"
#include "store/validation.h"

static const char challenge_path[] = "/.well-known/acme-challenge/";

static const char *setting(struct core *c, const char *key)
{
	return conf_str(&c->proc->conf, key);
}

static bool is_dns(const char *method)
{
	return strcmp(method, "dns") == 0 || strcmp(method, "dns-account") == 0;
}

bool publish_can(struct core *c, const char *automation, const char *method)
{
	bool dns = is_dns(method), http = strcmp(method, "http") == 0;

	if (strcmp(automation, "dns-update") == 0)
		return dns && (*setting(c, "publish.dns_server") != '\0' ||
				      *setting(c, "publish.dns_zones") != '\0');
	if (strcmp(automation, "hook") == 0)
		return (dns || http) && *setting(c, "publish.hook") != '\0';
	if (strcmp(automation, "responder") == 0)
		return http;
	return strcmp(automation, "directory") == 0 && http && *setting(c, "publish.directory") != '\0';
}

/* --- where it belongs --- */

static bool below(const char *name, const char *zone, size_t n)
{
	size_t len = strlen(name);

	return n > 0 && len >= n && strncasecmp(name + len - n, zone, n) == 0 &&
	       (len == n || name[len - n - 1] == '.');
}

/* In a zone of dns_zones? */
static bool in_zones(struct core *c, const char *name)
{
	const char *s = setting(c, "publish.dns_zones");

	while (*(s += strspn(s, " \t")) != '\0') {
		if (below(name, s, strcspn(s, " \t=")))
			return true;
		s += strcspn(s, " \t");
	}
	return false;
}

enum acsr_result publish_delegation(
	struct core *c, const char *account_id, const char *name, char cname[256], struct acsr_err *e)
{
	const char *zone = setting(c, "publish.delegate_zone");
	char label[40];

	cname[0] = '\0';
	if (*zone == '\0' || strchr(name, '.') == NULL)
		return ACSR_OK;
	TRY(delegation_label(c->db, account_id, name, c->now, label, e));
	if (snprintf(cname, 256, "%s.%s", label, zone) >= 256)
		return err_set(e, "config.value", "[publish] delegate_zone is too long");
	return ACSR_OK;
}

/* Where everybody's proofs go, one account could have those of another's name published: only names that the operator
 * vouches for are, for this account. */
static enum acsr_result is_vouched(struct core *c, const struct publish *p, bool *vouched, struct acsr_err *e)
{
	*vouched = strcmp(setting(c, "publish.names"), "any") == 0;
	return *vouched ? ACSR_OK : preauthorised_has(c->db, p->account_id, p->name, vouched, e);
}

/* No place: row->place stays "". */
static void not_vouched(const struct publish *p, struct publish_state *out)
{
	(void)err_set(&out->why, "publish.not-vouched",
		"%s is not on the account's list of names that the operator vouches for, so its proof is not "
		"published automatically; publish it by hand, or ask the operator",
		p->name);
}

static void place_direct(
	const struct publish *p, bool open, bool vouched, struct publication *row, struct publish_state *out)
{
	if (!open)
		(void)err_set(&out->why, "publish.zone",
			"%s is in no zone that the service may change; publish the record by hand", p->where);
	else if (!vouched)
		not_vouched(p, out);
	else
		snprintf(row->place, sizeof(row->place), "%s", p->where);
}

static enum acsr_result place_dns(struct core *c, const struct publish *p, bool vouched,
	struct publication *row, struct publish_state *out, struct acsr_err *e)
{
	bool ours = in_zones(c, p->where), all = *setting(c, "publish.dns_zones") == '\0';

	if ((ours && vouched) || *setting(c, "publish.delegate_zone") == '\0') {
		place_direct(p, ours || all, vouched, row, out);
		return ACSR_OK;
	}
	TRY(publish_delegation(c, p->account_id, p->name, out->cname, e));
	snprintf(row->place, sizeof(row->place), "%s", out->cname);
	return ACSR_OK;
}

static bool is_token(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 200 &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static void place_http(
	const struct publish *p, bool vouched, struct publication *row, struct publish_state *out)
{
	const char *token = p->where + sizeof(challenge_path) - 1;

	if (!str_starts(p->where, challenge_path) || !is_token(token))
		(void)err_set(&out->why, "publish.path", "files are published below %s only", challenge_path);
	else if (!vouched)
		not_vouched(p, out);
	else
		snprintf(row->place, sizeof(row->place), "%s", token);
}

static enum acsr_result find_place(struct core *c, const struct publish *p, struct publication *row,
	struct publish_state *out, struct acsr_err *e)
{
	bool vouched;

	if (!publish_can(c, p->automation, p->method)) {
		(void)err_set(&out->why, "publish.unable",
			"the service is not set up to publish this by %s; publish it by hand", p->automation);
		return ACSR_OK;
	}
	TRY(is_vouched(c, p, &vouched, e));
	if (is_dns(p->method))
		return place_dns(c, p, vouched, row, out, e);
	place_http(p, vouched, row, out);
	return ACSR_OK;
}

/* --- rows --- */

static enum acsr_result unwant(struct core *c, const char *id, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication row = { 0 };
	bool have;

	TRY(publication_load(c->db, id, &row, &have, e));
	if (!have || strcmp(row.state, "unwanted") == 0)
		return ACSR_OK;
	TRY(jobs_done(c->db, "publish", id, e));
	if (row.asked_at == 0 || strcmp(row.automation, "responder") == 0)
		return publication_delete(c->db, id, e);
	snprintf(row.state, sizeof(row.state), "unwanted");
	row.unwanted_at = c->now;
	TRY(publication_save(c->db, &row, e));
	return core_want_job(c, "unpublish", id, c->now, e);
}

/* All of them but `keep`. */
static enum acsr_result unwant_all(struct core *c, struct db_rows *rows, const char *keep, struct acsr_err *e)
{
	CLEANUP_STRV struct strv ids = { 0 };
	bool have;

	for (;;) {
		TRY(db_next(rows, &have, e));
		if (!have)
			break;
		TRY(strv_add(&ids, db_text(rows, 0), e));
	}
	for (size_t i = 0; i < ids.n; i++)
		if (strcmp(ids.v[i], keep) != 0)
			TRY(unwant(c, ids.v[i], e));
	return ACSR_OK;
}

static enum acsr_result drop_others(
	struct core *c, const char *validation_id, const char *keep, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(publications_of_validation(c->db, validation_id, &rows, e));
	return unwant_all(c, rows, keep, e);
}

enum acsr_result publish_drop(struct core *c, const char *validation_id, struct acsr_err *e)
{
	return drop_others(c, validation_id, "", e);
}

enum acsr_result publish_drop_order(struct core *c, const char *order_id, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(publications_of_order(c->db, order_id, &rows, e));
	return unwant_all(c, rows, "", e);
}

static enum acsr_result add_row(
	struct core *c, const struct publish *p, struct publication *row, struct acsr_err *e)
{
	bool responder = strcmp(p->automation, "responder") == 0;

	rnd_id("pub_", row->id, sizeof(row->id));
	snprintf(row->order_id, sizeof(row->order_id), "%s", p->order_id);
	snprintf(row->validation_id, sizeof(row->validation_id), "%s", p->validation_id);
	snprintf(row->automation, sizeof(row->automation), "%s", p->automation);
	snprintf(row->method, sizeof(row->method), "%s", is_dns(p->method) ? "dns" : "http");
	snprintf(row->wake, sizeof(row->wake), "%s", p->wake);
	snprintf(row->state, sizeof(row->state), "%s", responder ? "published" : "wanted");
	row->created_at = c->now;
	TRY(str_dup(&row->value, p->value, e));
	TRY(str_dup(&row->error_text, "", e));
	TRY(publication_insert(c->db, row, e));
	return core_want_job(c, "publish", row->id, c->now, e);
}

/* Wanted again, while it was to be taken away. */
static enum acsr_result want_again(struct core *c, struct publication *row, struct acsr_err *e)
{
	if (strcmp(row->state, "unwanted") != 0)
		return ACSR_OK;
	snprintf(row->state, sizeof(row->state), "wanted");
	row->unwanted_at = 0;
	TRY(publication_save(c->db, row, e));
	TRY(jobs_done(c->db, "unpublish", row->id, e));
	return core_want_job(c, "publish", row->id, c->now, e);
}

static void tell(const struct publication *row, struct publish_state *out)
{
	out->retry_at = row->retry_at;
	out->published_at = row->published_at;
	if (strcmp(row->state, "published") == 0)
		out->step = PUBLISH_DONE;
	else if (row->error[0] == '\0')
		out->step = PUBLISH_UNDER_WAY;
	else
		out->step = PUBLISH_FAILING;
	if (out->step == PUBLISH_FAILING)
		(void)err_set(&out->why, row->error, "%s", row->error_text);
}

enum acsr_result publish_want(
	struct core *c, const struct publish *p, struct publish_state *out, struct acsr_err *e)
{
	CLEANUP_PUBLICATION struct publication row = { 0 };
	struct publish_state state = { .step = PUBLISH_BY_HAND };
	char place[321];
	bool have;

	if (*p->automation != '\0')
		TRY(find_place(c, p, &row, &state, e));
	snprintf(place, sizeof(place), "%s", row.place);
	if (place[0] != '\0') {
		TRY(publication_find(
			c->db, p->validation_id, p->automation, place, p->value, &row, &have, e));
		snprintf(row.place, sizeof(row.place), "%s", place);
		TRY(have ? want_again(c, &row, e) : add_row(c, p, &row, e));
		tell(&row, &state);
	}
	TRY(drop_others(c, p->validation_id, row.id, e));
	*out = state;
	return ACSR_OK;
}
