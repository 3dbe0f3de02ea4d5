/*
 * It is not known whether the CA got the request for an order: its list of our orders is read (RFC 8555 7.1.2.1). A CA without
 * such a list is asked again, which leaves at worst an order there that nobody goes on with, and never a second certificate:
 * only the order whose URL is stored here is ever finalized.
 */
#include <stdlib.h>
#include <string.h>

#include "core/upstream/orders.h"

enum { LISTED_MOST = 30 };

static enum acsr_result look_at_next(struct core *c, struct errand *x, struct acsr_err *e);

static enum acsr_result on_candidate(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	static const char *const good[] = { "pending", "ready" };
	CLEANUP_ERRAND struct errand x = { 0 };
	const char *status = json_string_value(json_object_get(r->json, "status"));
	CLEANUP_STR char *url = NULL;
	bool have, fits = false;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !place_wanted(&x))
		return ACSR_OK;
	if (why != NULL && upstream_is_their_fault(why))
		return errand_trouble(c, &x, "upstream", x.o.id, why, r->retry_at, e);
	TRY(str_dup(&url, json_string_value(json_object_get(x.detail, "asking")), e));
	for (size_t i = 0; status != NULL && why == NULL && i < sizeof(good) / sizeof(good[0]); i++)
		fits = fits || strcmp(status, good[i]) == 0;
	if (fits && place_take(c, &x, url, r->json, &(struct acsr_err){ 0 }) == ACSR_OK)
		return authorize_next(c, &x, e);
	return look_at_next(c, &x, e);
}

/* Candidates are what the list has and no order of ours; the newest are asked about first. */
static enum acsr_result look_at_next(struct core *c, struct errand *x, struct acsr_err *e)
{
	json_t *list = json_object_get(x->detail, "candidates");
	struct upstream_ask a = { .payload = "" };
	CLEANUP_STR char *url = NULL;
	size_t n = json_array_size(list);

	if (n == 0) {
		json_object_del(x->detail, "candidates");
		return place_order(c, x, e);
	}
	TRY(str_dup(&url, json_string_value(json_array_get(list, n - 1)), e));
	json_array_remove(list, n - 1);
	json_object_set_new(x->detail, "asking", json_string(url));
	TRY(errand_save(c, x, e));
	a.url = url;
	return errand_ask(c, x, &a, "upstream", x->o.id, on_candidate, e);
}

static enum acsr_result add_candidates(struct core *c, struct errand *x, json_t *orders, struct acsr_err *e)
{
	json_t *list = json_object_get(x->detail, "candidates"), *one;
	size_t i;

	json_array_foreach(orders, i, one)
	{
		const char *url = json_string_value(one);
		bool known = true;

		if (url != NULL && upstream_url_ok(&x->i, url))
			TRY(upstream_order_known(c->db, x->i.name, url, &known, e));
		if (!known && json_array_size(list) < LISTED_MOST)
			json_array_append(list, one);
	}
	return ACSR_OK;
}

static enum acsr_result ask_for_list(struct core *c, struct errand *x, const char *url, struct acsr_err *e);

static enum acsr_result on_list(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	bool have;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !place_wanted(&x))
		return ACSR_OK;
	if (why != NULL && upstream_is_their_fault(why))
		return errand_trouble(c, &x, "upstream", x.o.id, why, r->retry_at, e);
	if (why == NULL)
		TRY(add_candidates(c, &x, json_object_get(r->json, "orders"), e));
	if (why == NULL && r->next[0] != '\0' &&
		json_array_size(json_object_get(x.detail, "candidates")) < LISTED_MOST)
		return ask_for_list(c, &x, r->next, e);
	return look_at_next(c, &x, e);
}

static enum acsr_result ask_for_list(struct core *c, struct errand *x, const char *url, struct acsr_err *e)
{
	struct upstream_ask a = { .url = url, .payload = "" };

	TRY(errand_save(c, x, e));
	return errand_ask(c, x, &a, "upstream", x->o.id, on_list, e);
}

static enum acsr_result on_account(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	const char *url = json_string_value(json_object_get(r->json, "orders"));
	bool have;

	TRY(errand_load(c, t->object, &x, &have, e));
	if (!have || !place_wanted(&x))
		return ACSR_OK;
	if (why != NULL)
		return errand_trouble(c, &x, "upstream", x.o.id, why, r->retry_at, e);
	if (url == NULL || !upstream_url_ok(&x.i, url))
		return place_order(c, &x, e);
	json_object_set_new(x.detail, "candidates", json_array());
	return ask_for_list(c, &x, url, e);
}

enum acsr_result recover_order(struct core *c, struct errand *x, struct acsr_err *e)
{
	struct upstream_ask a = { .url = x->i.account_url, .payload = "" };

	return errand_ask(c, x, &a, "upstream", x->o.id, on_account, e);
}
