/* What every answer carries, and how an error looks in ACME (RFC 8555 6.7, RFC 9457). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/problem.h"
#include "core/acme/acme_int.h"
#include "core/jsontext.h"

#define NAMESPACE "urn:ietf:params:acme:error:"

/* The statuses of the REST API, where ACME's clients expect others. */
static unsigned status_of(const struct acsr_err *why)
{
	const struct err_face *face = err_face(why->id);

	if (strcmp(face->acme, "orderNotReady") == 0)
		return 403; /* 7.4 */
	return face->http == 422 ? 400 : (unsigned)face->http;
}

static json_t *identifier(const char *name)
{
	uint8_t room[16];
	bool ip = inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;

	return json_pack("{s:s, s:s}", "type", ip ? "ip" : "dns", "value", name);
}

json_t *acme_problem(const struct acsr_err *why, const char *name)
{
	const struct err_face *face = err_face(why->id);
	const struct acsr_err shown = request_shown(why);
	json_t *p = json_pack("{s:o, s:s, s:s, s:i}", "type", json_sprintf(NAMESPACE "%s", face->acme),
		"title", face->title, "detail", shown.text, "status", (int)status_of(why));

	if (why->source[0] != '\0')
		json_object_set_new(p, "source", json_string(why->source));
	if (name != NULL)
		json_object_set_new(p, "identifier", identifier(name));
	return p;
}

enum acsr_result acme_subproblem(
	struct acme_request *a, const char *name, const struct acsr_err *why, struct acsr_err *e)
{
	if (a->subproblems == NULL)
		a->subproblems = json_array();
	return json_array_append_new(a->subproblems, acme_problem(why, name)) == 0 ? ACSR_OK : err_nomem(e);
}

enum acsr_result answer_headers(struct acme_request *a, bool with_nonce, struct acsr_err *e)
{
	char nonce[ACME_NONCE_TEXT];

	if (with_nonce) {
		TRY(nonce_make(a->c, nonce, e));
		TRY(request_header(a->q, e, "Replay-Nonce: %s", nonce));
	}
	TRY(request_header(a->q, e, "Link: <%s/directory>;rel=\"index\"", a->base));
	return request_header(a->q, e, "Cache-Control: no-store");
}

static void refusal_headers(struct acme_request *a)
{
	struct request *q = a->q;
	int64_t wait = q->retry_after > 0 ? q->retry_after : q->status == 429 ? 60 : q->status == 503 ? 5 : 0;

	(void)!answer_headers(a, true, NULL);
	if (wait > 0)
		(void)!request_header(q, NULL, "Retry-After: %lld", (long long)wait);
	if (a->location[0] != '\0')
		(void)!request_header(q, NULL, "Location: %s", a->location);
	if (a->terms_link)
		(void)!request_header(q, NULL, "Link: <%s>;rel=\"terms-of-service\"", a->dir.terms);
}

static const char *instance_of(const struct acme_request *a)
{
	if (!a->terms_link)
		return a->q->instance;
	return a->instance[0] != '\0' ? a->instance : a->dir.terms;
}

void refusal_set(struct request *q, const struct acsr_err *shown)
{
	struct acme_request *a = q->own.p;
	CLEANUP_STR char *text = NULL;
	json_t *p = acme_problem(shown, NULL);

	q->status = status_of(shown);
	json_object_set_new(p, "instance", json_string(instance_of(a))); /* 7.3.3 */
	if (a->subproblems != NULL)
		json_object_set(p, "subproblems", a->subproblems);
	if (strcmp(err_face(shown->id)->acme, "badSignatureAlgorithm") == 0) /* 6.2 */
		json_object_set_new(
			p, "algorithms", json_pack("[s, s, s, s]", "RS256", "ES256", "ES384", "ES512"));
	if (json_text(p, &text, NULL) == ACSR_OK)
		(void)!buf_putstr(&q->raw, text, NULL);
	refusal_headers(a);
}
