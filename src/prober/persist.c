/* One record of dns-persist-01. */
#include "prober/persist.h"

#include <string.h>

#include "prober/caa.h"

/* The parameters that are known here, each NULL when it is absent. */
struct persist_record {
	struct bytes account_uri, policy, until;
};

/* Unknown parameters are passed over; a known one that stands there twice says nothing clear. */
static bool collect(const struct caa_issue *issue, struct persist_record *r)
{
	const struct {
		const char *tag;
		struct bytes *to;
	} known[] = { { "accounturi", &r->account_uri }, { "policy", &r->policy },
		{ "persistUntil", &r->until } };

	for (size_t i = 0; i < issue->n; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			if (!caa_same_text(issue->parameter[i].tag, known[k].tag))
				continue;
			if (known[k].to->p != NULL)
				return false;
			*known[k].to = issue->parameter[i].value;
		}
	return r->account_uri.p != NULL && r->account_uri.len > 0;
}

/* Digits only; later than any clock when there are too many of them. */
static bool read_seconds(struct bytes b, int64_t *out)
{
	int64_t v = 0;

	if (b.len == 0)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (b.p[i] < '0' || b.p[i] > '9')
			return false;
		v = v > INT64_MAX / 10 - 10 ? v : v * 10 + (b.p[i] - '0');
	}
	*out = v;
	return true;
}

static bool same_bytes(struct bytes b, const char *s)
{
	return b.len == strlen(s) && memcmp(b.p, s, b.len) == 0;
}

enum persist_verdict persist_judge(struct bytes text, const struct persist_asker *who)
{
	struct persist_record r = { 0 };
	struct caa_issue issue;
	int64_t until = INT64_MAX;

	if (!caa_read_issue(text, &issue))
		return PERSIST_MALFORMED;
	if (who->identity[0] == '\0' || !caa_same_text(issue.domain, who->identity))
		return PERSIST_OTHER_CA;
	if (!collect(&issue, &r) || (r.until.p != NULL && !read_seconds(r.until, &until)))
		return PERSIST_MALFORMED;
	if (!same_bytes(r.account_uri, who->account_uri))
		return PERSIST_OTHER_ACCOUNT;
	if (who->now > until)
		return PERSIST_OVER;
	if (who->wildcard && (r.policy.p == NULL || !caa_same_text(r.policy, "wildcard")))
		return PERSIST_NO_WILDCARD;
	return PERSIST_YES;
}
