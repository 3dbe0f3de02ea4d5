/*
 * One signed exchange with another CA (RFC 8555 6): its directory, a nonce, the signature of the account's key, the answer
 * read. A nonce that the CA does not take is replaced and the request sent again, a few times; nothing else is repeated
 * here. What the CA says is hostile: answers are bounded, JSON is strict (no member twice), redirects are refused, and URLs
 * must be https and of the CA's own hosts (upstream_url_ok).
 */
#ifndef CORE_UPSTREAM_CALL_H
#define CORE_UPSTREAM_CALL_H

#include "core/core.h"
#include "core/request.h"
#include "store/issuers.h"

enum { UPSTREAM_URL = 2048 };

/* A loan for the callback. */
struct upstream_reply {
	unsigned status;             /* 0: there was no answer */
	char location[UPSTREAM_URL]; /* checked; "" without */
	int64_t retry_at;            /* epoch seconds; 0: not said. Capped by [upstream] longest_wait */
	int64_t retry_after;         /* seconds as the CA said them */
	struct strv alternates;      /* Link rel="alternate", checked URLs */
	char next[UPSTREAM_URL];     /* Link rel="next", checked; "" without */
	char terms[UPSTREAM_URL]; /* Link rel="terms-of-service", for people; any https:// URL; "" without */
	struct bytes body;
	json_t *json;     /* the body as an object, or NULL when it is none */
	char problem[48]; /* last part of the problem's type: "rateLimited"; "" without */
};

/* why is NULL for an answer of 2xx; else what was wrong, in words for people: "net.*" (no answer), "upstream.limit"
 * "upstream.down" "upstream.answer" (senseless) "upstream.absent" (404) "upstream.refused.TYPE". Runs as a step. */
struct upstream_then;
typedef enum acsr_result upstream_fn(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e);
struct upstream_then {
	upstream_fn *fn;
	char object[64], detail[96]; /* what it is about */
	struct request *q;           /* that waits for it, or NULL */
};

struct upstream_ask {
	const char *issuer;
	const char *url;     /* absolute, or the name of a member of the directory: "newOrder" */
	const char *payload; /* JSON; "": POST-as-GET; NULL: a plain GET, without nonce and signature */
	const char *key;     /* in the signer's store; NULL: the account's */
	const char *kid;     /* NULL: the account's URL; "": the key itself (jwk) */
	const char *accept;  /* NULL: application/json */
};
/* Begin; t->fn is called later, or never when this fails: "upstream.paused",
 * "upstream.account" (none is registered), "upstream.kind", "upstream.url". payload and the rest are copied. */
ACSR_MUST_USE enum acsr_result upstream_call(
	struct core *c, const struct upstream_ask *a, const struct upstream_then *t, struct acsr_err *e);

/* Keep arg while several exchanges are about it; it goes with drop when it is let go of, or half an hour after it was looked
 * for last (its step was undone). Found by the number that it gets; NULL when it is gone. */
ACSR_MUST_USE enum acsr_result upstream_park(
	struct core *c, void *arg, void (*drop)(void *arg), uint64_t *id, struct acsr_err *e);
void *upstream_parked(struct core *c, uint64_t id);
void upstream_unpark(struct core *c, uint64_t id);

/* https, not too long, nothing in it that could mean two things? */
bool upstream_url_plain(const char *url);
/* The same, and of the directory's own hosts? */
bool upstream_url_ok(const struct upstream_issuer *i, const char *url);
/* A URL out of the directory; "" when it does not have that member. */
void upstream_directory_url(const struct upstream_issuer *i, const char *member, char out[UPSTREAM_URL]);
/* meta of the directory: a new reference, an empty object without. */
json_t *upstream_meta(const struct upstream_issuer *i);
/* Is it the CA's own trouble, so that another CA might do better? */
bool upstream_is_their_fault(const struct acsr_err *why);

#endif
