/* What the files about people share: roles, addresses, random credentials, links in mails, sessions. */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "core/request.h"
#include "store/mail_tokens.h"
#include "store/users.h"

/* --- identity.c --- */
enum user_role user_role_of(const char *name); /* USER_NONE: unknown */
/* A role that can be given to somebody by this asker; error "request.field.role" or "auth.forbidden". */
ACSR_MUST_USE enum acsr_result user_role_check(const struct who *asker, const char *role, struct acsr_err *e);
/* As docs/API.md shows a user; a new reference. */
json_t *user_json(const struct user *u);
/* Lower case; one @, a domain with a dot, nothing that has a meaning in mail headers. "request.field.email"
 */
ACSR_MUST_USE enum acsr_result email_normalise(const char *in, char out[256], struct acsr_err *e);
/* A name for people: 1 to 128 characters that are not all blank. Error "request.field.length". */
ACSR_MUST_USE enum acsr_result title_check(const char *field, const char *s, struct acsr_err *e);
/* Characters of a UTF-8 text. */
size_t text_characters(const char *s);

/* `prefix` and 43 characters base64url (256 random bits); the SHA-256 of it all is what is stored. */
enum { CREDENTIAL_TEXT = 64 };
ACSR_MUST_USE enum acsr_result credential_new(
	const char *prefix, char out[CREDENTIAL_TEXT], uint8_t hash[32], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result credential_hash(const void *p, size_t n, uint8_t hash[32], struct acsr_err *e);

/* --- link.c: links sent by mail --- */
enum { LINK_URL = 900 };
/* data (taken over, may be NULL) is kept with the link, user_id may be NULL; url is what to mail. */
ACSR_MUST_USE enum acsr_result link_make(struct core *c, const char *purpose, const char *email,
	const char *user_id, json_t *data, int64_t lifetime, char url[LINK_URL], struct acsr_err *e);
/* Look without using it up, and use it up. Error "state.link": used before, too old, or never sent. */
ACSR_MUST_USE enum acsr_result link_look(
	struct core *c, const char *purpose, const char *token, struct mail_token *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result link_take(
	struct core *c, const char *purpose, const char *token, struct mail_token *out, struct acsr_err *e);

/* --- session.c --- */
/* Does this cookie belong to a session of that user that has not ended? */
ACSR_MUST_USE enum acsr_result session_is_of(
	struct core *c, const struct acsr_secret *cookie, const char *user_id, bool *yes, struct acsr_err *e);

/* Begin a session for q's user, whom a check has just proven (q->who.second says how), and answer with it. */
ACSR_MUST_USE enum acsr_result session_begin(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e);

/* --- housekeeping.c --- */
/* At start: what an earlier key-encryption key wrapped is wrapped with the current one. */
ACSR_MUST_USE enum acsr_result housekeeping_rewrap(struct core *c, struct acsr_err *e);
/* Job "housekeeping", once a day: drops what has ended. */
ACSR_MUST_USE enum acsr_result housekeeping_job(
	struct core *c, const char *object, int64_t attempts, struct acsr_err *e);

#endif
