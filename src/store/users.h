/* The people of accounts. Addresses are kept in lower case; a password only as its argon2id encoding. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "db/db.h"

struct user {
	char id[40], account_id[40], account_name[520], email[256], role[16], password[200];
	bool disabled, totp; /* totp: an authenticator app is enrolled */
	int64_t passkeys;    /* how many */
	int64_t totp_counter, created_at;
	int64_t last_login_at; /* 0: never */
};

/* *have is false when there is none. */
ACSR_MUST_USE enum acsr_result users_by_email(
	struct db *d, const char *email, struct user *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_by_id(
	struct db *d, const char *id, struct user *out, bool *have, struct acsr_err *e);
/* Each user of an account, or of all (account_id NULL), oldest first. u is a loan. */
typedef enum acsr_result users_each_fn(void *arg, const struct user *u, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_each(
	struct db *d, const char *account_id, users_each_fn *fn, void *arg, struct acsr_err *e);

/* id, account_id, email, role, password, created_at of u. Error "object.exists": the address is taken. */
ACSR_MUST_USE enum acsr_result users_add(struct db *d, const struct user *u, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_delete(struct db *d, const char *id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_set_password(
	struct db *d, const char *id, const char *encoded, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_set_role(
	struct db *d, const char *id, const char *role, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_set_disabled(
	struct db *d, const char *id, bool disabled, struct acsr_err *e);
/* What this person chose last about the hand-over of a key, as JSON; "": nothing yet. *out is yours. */
ACSR_MUST_USE enum acsr_result users_hand_over(struct db *d, const char *id, char **out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_set_hand_over(
	struct db *d, const char *id, const char *json, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_logged_in(struct db *d, const char *id, int64_t at, struct acsr_err *e);
/* All of them, and those of an account that have this role, are not disabled and have a password. */
ACSR_MUST_USE enum acsr_result users_count(struct db *d, int64_t *n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result users_count_role(
	struct db *d, const char *account_id, const char *role, int64_t *n, struct acsr_err *e);

#endif
