/* The steps of an update: SOA questions along CNAMEs, then the update itself. */
#include "courier/dns_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "base/str.h"
#include "courier/dns_message.h"

enum { CNAMES_MAX = 8, RCODE_OK = 0, RCODE_ABSENT = 3 };

struct dns_update {
	struct loop *loop;
	const struct dns_settings *s;
	dns_update_done_fn *done;
	void *arg;
	bool remove, updating;
	int cnames;
	int64_t until_ms;
	char name[256]; /* where the CNAMEs have led so far */
	char zone[256];
	char *value;
	const struct dns_server *server;
	const struct tsig_key *key; /* NULL: nothing is signed */
	uint16_t id;
	struct tsig_mac mac;
	struct dns_exchange *exchange;
};

static enum acsr_result next(struct dns_update *u, struct acsr_err *e);

/* --- settings --- */

static enum acsr_result read_zone(struct dns_settings *s, char *word, struct acsr_err *e)
{
	char *server = strchr(word, '='), *key = server != NULL ? strchr(server, ',') : NULL;
	struct dns_zone *z = &s->zones[s->n];

	if (s->n == DNS_ZONES_MAX)
		return err_set(e, "config.value", "more than %d zones", DNS_ZONES_MAX);
	if (server != NULL)
		*server++ = '\0';
	if (key != NULL)
		*key++ = '\0';
	*z = (struct dns_zone){ .server = s->server };
	if (!dns_is_name(word))
		return err_set(e, "config.value",
			"\"%s\" is no zone: write its name without a dot at the end", word);
	snprintf(z->name, sizeof(z->name), "%s", word);
	snprintf(z->key, sizeof(z->key), "%s", key != NULL ? key : "");
	if (server != NULL)
		TRY(dns_server_parse(server, &z->server, e));
	else if (!s->have_server)
		return err_set(e, "config.value", "set dns_server, or write %s=ADDRESS:PORT", word);
	s->n++;
	return ACSR_OK;
}

static bool listed(const struct dns_settings *s, const char *zone)
{
	for (size_t i = 0; i < s->n; i++)
		if (dns_below(zone, s->zones[i].name))
			return true;
	return false;
}

enum acsr_result dns_settings_read(struct dns_settings *out, const char *zones, const char *server,
	const char *delegate, struct acsr_err *e)
{
	CLEANUP_STR char *list = NULL;
	CLEANUP_STR char *more = NULL;
	char *rest, *word;

	out->n = 0;
	out->have_server = *server != '\0';
	if (out->have_server)
		TRY(dns_server_parse(server, &out->server, e));
	TRY(str_dup(&list, zones, e));
	rest = list;
	while ((word = strsep(&rest, " \t")) != NULL)
		if (*word != '\0')
			TRY(read_zone(out, word, e));
	if (*delegate == '\0' || listed(out, delegate))
		return ACSR_OK;
	TRY(str_dup(&more, delegate, e));
	return read_zone(out, more, e);
}

/* --- where to --- */

/* The most specific zone decides. */
static enum acsr_result choose_server(struct dns_update *u, struct acsr_err *e)
{
	const struct dns_zone *best = NULL;
	const char *key = "";

	for (size_t i = 0; i < u->s->n; i++) {
		const struct dns_zone *z = &u->s->zones[i];

		if (dns_below(u->name, z->name) && (best == NULL || strlen(z->name) > strlen(best->name)))
			best = z;
	}
	if (best == NULL && (u->s->n > 0 || !u->s->have_server))
		return err_set(e, "publish.dns-zone",
			"%s is in no zone that may be changed ([publish] dns_zones)", u->name);
	u->server = best != NULL ? &best->server : &u->s->server;
	key = best != NULL ? best->key : "";
	u->key = tsig_key_find(&u->s->keys, key);
	if (u->key == NULL && *key != '\0')
		return err_set(e, "publish.dns-key", "there is no TSIG key %s in [publish] dns_key", key);
	return ACSR_OK;
}

/* --- the end --- */

void dns_update_free(struct dns_update *u)
{
	if (u == NULL)
		return;
	dns_exchange_free(u->exchange);
	free(u->value);
	free(u);
}

static void fail(struct dns_update *u, const struct acsr_err *why)
{
	u->done(u->arg, u->name, "", why);
	dns_update_free(u);
}

static void succeed(struct dns_update *u)
{
	char detail[512];

	snprintf(detail, sizeof(detail), "%s by the DNS server %s, in the zone %s",
		u->remove ? "removed" : "added", u->server->text, u->zone);
	u->done(u->arg, u->name, detail, NULL);
	dns_update_free(u);
}

/* --- answers --- */

/* Refusals are believed unsigned, as a key that the server does not know cannot sign; a yes is not. */
static enum acsr_result check_answer(
	struct dns_update *u, struct bytes wire, struct dns_answer *a, struct acsr_err *e)
{
	bool good;

	TRY(dns_read_answer(wire, u->id, u->name, a, e));
	good = a->rcode == RCODE_OK || (!u->updating && a->rcode == RCODE_ABSENT);
	if (u->key != NULL && (good || a->tsig_at != 0))
		TRY(tsig_check(wire, a->tsig_at, u->key, clock_now(), &u->mac, e));
	return good ? ACSR_OK : dns_explain(a->rcode, u->updating ? u->zone : u->name, e);
}

static enum acsr_result follow(struct dns_update *u, const char *cname, struct acsr_err *e)
{
	if (++u->cnames > CNAMES_MAX)
		return err_set(
			e, "publish.dns-cname", "%s leads through more than %d CNAMEs", u->name, CNAMES_MAX);
	snprintf(u->name, sizeof(u->name), "%s", cname);
	return ACSR_OK;
}

static enum acsr_result use_place(struct dns_update *u, const struct dns_answer *a, struct acsr_err *e)
{
	if (a->cname[0] != '\0' && !u->remove)
		return follow(u, a->cname, e);
	if (!a->authoritative || a->zone[0] == '\0')
		return err_set(e, "publish.dns-zone", "the DNS server %s has no zone for %s", u->server->text,
			u->name);
	snprintf(u->zone, sizeof(u->zone), "%s", a->zone);
	u->updating = true;
	return ACSR_OK;
}

static void on_answer(void *arg, struct bytes wire, const struct acsr_err *why)
{
	struct dns_update *u = arg;
	struct dns_answer a = { 0 };
	struct acsr_err e;

	u->exchange = NULL;
	if (wire.p == NULL) {
		struct acsr_err copy = *why;

		/* A question that is not answered changes nothing. */
		if (!u->updating)
			snprintf(copy.id, sizeof(copy.id), "publish.dns-unreachable");
		fail(u, &copy);
		return;
	}
	if (check_answer(u, wire, &a, &e) != ACSR_OK) {
		fail(u, &e);
		return;
	}
	if (u->updating)
		succeed(u);
	else if (use_place(u, &a, &e) != ACSR_OK || next(u, &e) != ACSR_OK)
		fail(u, &e);
}

/* --- questions --- */

static enum acsr_result make_message(struct dns_update *u, struct buf *out, struct acsr_err *e)
{
	struct dns_change c = {
		.zone = u->zone, .name = u->name, .value = u->value, .ttl = u->s->ttl, .remove = u->remove
	};

	rnd_bytes(&u->id, sizeof(u->id));
	TRY(u->updating ? dns_make_update(out, u->id, &c, e) : dns_make_question(out, u->id, u->name, e));
	return u->key != NULL ? tsig_sign(out, u->key, clock_now(), &u->mac, e) : ACSR_OK;
}

static enum acsr_result next(struct dns_update *u, struct acsr_err *e)
{
	CLEANUP_BUF struct buf message = { 0 };
	int64_t left = u->until_ms - clock_mono_ms();

	buf_init(&message, DNS_MESSAGE_MAX);
	if (!u->updating)
		TRY(choose_server(u, e));
	TRY(make_message(u, &message, e));
	return dns_exchange_start(&u->exchange, u->loop, u->server, (struct bytes){ message.p, message.len },
		left > 0 ? left : 0, on_answer, u, e);
}

enum acsr_result dns_update_start(struct dns_update **out, struct loop *l, const struct dns_settings *s,
	bool remove, const char *name, const char *value, dns_update_done_fn *done, void *arg,
	struct acsr_err *e)
{
	struct dns_update *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return err_nomem(e);
	*u = (struct dns_update){ .loop = l,
		.s = s,
		.done = done,
		.arg = arg,
		.remove = remove,
		.until_ms = clock_mono_ms() + s->timeout_ms };
	snprintf(u->name, sizeof(u->name), "%s", name);
	if (str_dup(&u->value, value, e) == ACSR_OK && next(u, e) == ACSR_OK) {
		*out = u;
		return ACSR_OK;
	}
	dns_update_free(u);
	return ACSR_FAIL;
}
