/* Which URLs of another CA may be asked, and when, and whose trouble a failure is. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/upstream/reply.h"

static size_t host_length(const char *url)
{
	return strcspn(url + 8, "/?#");
}

bool upstream_url_plain(const char *url)
{
	if (!str_starts(url, "https://") || strlen(url) >= UPSTREAM_URL || host_length(url) == 0)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= 0x20 || *p > 0x7e || strchr("\"<>\\^`{|}@", *p) != NULL)
			return false;
	return true;
}

static bool same_host(const char *a, const char *b)
{
	return upstream_url_plain(b) && host_length(a) == host_length(b) &&
	       strncasecmp(a + 8, b + 8, host_length(a)) == 0;
}

json_t *upstream_meta(const struct upstream_issuer *i)
{
	json_t *directory = json_loads(i->directory, JSON_REJECT_DUPLICATES, NULL);
	json_t *meta = json_object_get(directory, "meta");

	meta = json_is_object(meta) ? json_incref(meta) : json_object();
	json_decref(directory);
	return meta;
}

void upstream_directory_url(const struct upstream_issuer *i, const char *member, char out[UPSTREAM_URL])
{
	json_t *directory = json_loads(i->directory, JSON_REJECT_DUPLICATES, NULL);
	const char *url = json_string_value(json_object_get(directory, member));

	snprintf(out, UPSTREAM_URL, "%s", url != NULL && upstream_url_plain(url) ? url : "");
	json_decref(directory);
}

bool upstream_url_ok(const struct upstream_issuer *i, const char *url)
{
	static const char *const members[] = { "newOrder", "newAccount", "renewalInfo" };
	char other[UPSTREAM_URL];

	if (!upstream_url_plain(url))
		return false;
	if (same_host(url, i->directory_url))
		return true;
	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
		upstream_directory_url(i, members[k], other);
		if (same_host(url, other))
			return true;
	}
	return false;
}

bool upstream_is_their_fault(const struct acsr_err *why)
{
	return err_is(why, "net.") || err_is(why, "upstream.down") || err_is(why, "upstream.answer") ||
	       err_is(why, "upstream.limit") || err_is(why, "upstream.paused") ||
	       err_is(why, "upstream.certificate") || err_is(why, "upstream.refused.serverInternal") ||
	       err_is(why, "upstream.refused.userActionRequired");
}

enum acsr_result upstream_may_ask(struct core *c, const struct upstream_ask *a, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	bool by_account = a->payload != NULL && a->kid == NULL;

	TRY(upstream_issuer_load(c->db, a->issuer, &i, e));
	if (strcmp(i.kind, "acme") != 0)
		return err_set(e, "upstream.kind", "%s is not reached by ACME", i.title);
	if (!upstream_url_plain(i.directory_url))
		return err_set(
			e, "upstream.url", "the directory URL of %s is not a plain https:// URL", i.title);
	if (i.paused_until > c->now) {
		char until[21];

		clock_rfc3339(i.paused_until, until);
		return err_set(e, "upstream.paused", "%s (it is asked again at %s)", i.paused_reason, until);
	}
	if (by_account && (i.account_url[0] == '\0' || strcmp(i.account_status, "valid") != 0))
		return err_set(e, "upstream.account",
			"this service has no account at %s; an administrator makes one: autocsr issuer "
			"register %s",
			i.title, i.name);
	return ACSR_OK;
}
