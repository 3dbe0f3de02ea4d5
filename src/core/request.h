/*
 * One request of the REST API: what came, who asks, and the answer that is being made.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include <jansson.h>

#include "core/core.h"

enum who_kind { WHO_NOBODY, WHO_SESSION, WHO_TOKEN };
enum user_role { USER_NONE, USER_AUDITOR, USER_MEMBER, USER_OWNER, USER_ADMIN };

struct who {
	enum who_kind kind;
	enum user_role role;
	char user_id[40], account_id[40], email[256];
	char token[520];          /* the name of a token, for people */
	bool read_only;           /* of a token */
	int64_t authenticated_at; /* of a session: the last time that the password was given */
	bool second;              /* the second factor was shown along with it */
	uint8_t session_hash[32];
	char csrf[64];
};

/* What a route asks of the asker. */
enum route_auth {
	AUTH_NONE,  /* anyone */
	AUTH_READ,  /* any user, also read-only tokens and auditors */
	AUTH_WRITE, /* members and up, no read-only tokens */
	AUTH_SELF,  /* any user about themselves: logout, own password, TOTP; no read-only tokens */
	AUTH_OWNER, /* owner of the account, or admin */
	AUTH_ADMIN
};

struct request;
typedef enum acsr_result handler_fn(struct core *c, struct request *q, struct acsr_err *e);

struct route {
	const char *method;
	const char *path; /* below /api/v1 unless it starts with '='; {id} matches one segment */
	enum route_auth auth;
	handler_fn *handler;
	const char *operation; /* OpenAPI operationId */
};
const struct route *routes(void); /* ends with a NULL method */
/* Match one segment at a time; {…} takes any segment that fits its room. */
bool route_path_fits(const char *pattern, const char *path, char param[2][80]);

struct request {
	uint64_t id, front_life; /* of front's message; the front that sent it */
	struct msg_http_request m;
	char instance[40]; /* "req_…" in problems and logs */
	const struct route *route;
	char param[2][80]; /* the {…} segments in order */
	char allow[64];    /* of a path without this method: those that it has, "GET, POST" */
	json_t *body;      /* a JSON object, or NULL when there was none */
	struct who who;
	bool later;    /* a later step answers */
	bool answered; /* what still holds it must do nothing with it but let go */
	int holders;
	/* the answer */
	unsigned status; /* 200 unless set */
	json_t *answer;  /* owned; or raw: */
	struct buf raw;
	const char *content_type; /* of raw */
	struct strv headers;
	int64_t retry_after; /* seconds, for a problem with status 429 or 503; 0: as usual */
	char ticket[65];     /* front sends this archive as the body */
	/* What another protocol keeps with it (acme/acme.h); refuse makes of an error its form of answer. */
	struct {
		void *p;
		void (*refuse)(struct request *q, const struct acsr_err *shown);
		void (*free)(void *p);
	} own;
};

/* Take over what came in m (its body is emptied). */
struct request *request_new(struct core *c, struct msg *m);
/* Who keeps a pointer to q beyond a step holds it, and looks at q->answered before using it. */
void request_hold(struct request *q);    /* NULL is fine */
void request_release(struct request *q); /* NULL is fine; the last one frees */

/* A query parameter, percent-decoded into out; false when it is not there or does not fit. */
bool request_query(const struct request *q, const char *name, char *out, size_t cap);
ACSR_MUST_USE enum acsr_result request_header(struct request *q, struct acsr_err *e, const char *fmt, ...)
	ACSR_PRINTF(3, 4);
/* Set the answer: status and a JSON value that is taken over. */
enum acsr_result request_answer(struct request *q, unsigned status, json_t *answer);
/* `why` as whoever asks may see it: of our inner troubles only that there was one. */
struct acsr_err request_shown(const struct acsr_err *why);
/* Set the answer to the problem document of `why`. */
void request_problem(struct request *q, const struct acsr_err *why);
/* Add members (taken over) to the problem that request_problem has set. */
void request_problem_with(struct request *q, json_t *members);
/* Send the answer to front, if it is the front that asked. Only batch.c calls it. */
void request_send(struct core *c, struct request *q);

/* --- reading the body --- */
enum field_kind { FIELD_TEXT, FIELD_BOOL, FIELD_INT, FIELD_LIST, FIELD_OBJECT };
struct field {
	const char *name;
	enum field_kind kind;
	bool required;
	void *out; /* const char ** · bool * · int64_t * · json_t ** (a loan); left alone when absent or null
		    */
	size_t max; /* TEXT: bytes; LIST: entries */
};
/* Read the members of q->body. Members that are not in the table, of the wrong kind, too long, or texts with
 * control characters (line breaks are allowed where max > 1000) are errors "request.field.…". Ends with a
 * NULL name. */
ACSR_MUST_USE enum acsr_result request_fields(struct request *q, const struct field *f, struct acsr_err *e);

/* Find the route, check who asks, CSRF, body; then run the handler. The step of every http_request. */
enum acsr_result request_run(struct core *c, void *request, struct acsr_err *e);

/* Who asks, by cookie or bearer token (session.c, token.c). Error "auth.required" with neither. */
ACSR_MUST_USE enum acsr_result who_by_session(
	struct core *c, const struct acsr_secret *cookie, struct who *w, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result who_by_token(
	struct core *c, const struct acsr_secret *bearer, struct who *w, struct acsr_err *e);

#endif
