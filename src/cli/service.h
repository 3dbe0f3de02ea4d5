/*
 * The service's REST API (docs/API.md), as the commands see it: JSON in, JSON or an error out. A problem
 * document becomes an error with its type as id, so it is shown, and exits, like an error of this program.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include <jansson.h>

#include "cli/args.h"
#include "cli/https.h"

struct service;

/* Where and as whom: options, then environment (AUTOCSR_SERVER, AUTOCSR_TOKEN, AUTOCSR_CA_FILE), then the
 * stored login; a stored token and CA file are used for the stored server only. usage.server, usage.token
 * when there is none. */
ACSR_MUST_USE enum acsr_result service_open(struct service **out, const struct args *a, struct acsr_err *e);
/* The same without a token; for login. */
ACSR_MUST_USE enum acsr_result service_open_anonymous(
	struct service **out, const char *server, const char *ca_file, struct acsr_err *e);
void service_close(struct service *s);
void service_cleanup(struct service **s);
#define CLEANUP_SERVICE __attribute__((cleanup(service_cleanup)))

/* Send this token from now on (a loan that must outlive s), or this CSRF token with the session's cookie. */
void service_use_token(struct service *s, const struct acsr_secret *token);
ACSR_MUST_USE enum acsr_result service_use_csrf(struct service *s, const char *csrf, struct acsr_err *e);

struct service_call {
	const char *method;
	const char *path;                      /* "/api/v1/orders", escaped where needed */
	const json_t *body;                    /* a loan, or NULL */
	const struct acsr_secret *secret_body; /* JSON that holds a password; instead of body */
	const char *idempotency_key;
};

/*
 * One call. GET, and calls with an idempotency key, are tried again when the network fails or the service is
 * busy (503), a few times with growing pauses; others only when the service said that it is busy.
 * *answer (may be NULL) is a new reference; JSON null for an empty answer.
 */
ACSR_MUST_USE enum acsr_result service_call(
	struct service *s, const struct service_call *call, json_t **answer, struct acsr_err *e);
/* Bytes instead of JSON: a certificate, an archive, a CRL. Tried once. `a` is the caller's to free. */
ACSR_MUST_USE enum acsr_result service_download(
	struct service *s, const char *path, struct https_answer *a, struct acsr_err *e);

/* Shorthands. */
ACSR_MUST_USE enum acsr_result service_get(
	struct service *s, const char *path, json_t **answer, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result service_post(
	struct service *s, const char *path, const json_t *body, json_t **answer, struct acsr_err *e);

/* "/api/v1/orders/ID/what": refuses an id that is not one. `what` may be "". free() it. */
ACSR_MUST_USE enum acsr_result service_path(
	char **out, const char *kind, const char *id, const char *what, struct acsr_err *e);

/* {"email": …, "password": …, "totp": …}; members whose value is NULL are left out. */
ACSR_MUST_USE enum acsr_result service_password_body(struct acsr_secret **out, const char *email,
	const struct acsr_secret *password, const char *totp, struct acsr_err *e);

/* A problem document (or the lack of one) as an error; for tests. */
ACSR_MUST_USE enum acsr_result service_problem(long status, const char *body, size_t len, struct acsr_err *e);

#endif
