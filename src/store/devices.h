/* Browsers and programs that a user has logged in with: each has a random cookie, whose hash is kept here. */
#ifndef STORE_DEVICES_H
#define STORE_DEVICES_H

#include "db/db.h"

struct device {
	char id[40], user_id[40], name[128]; /* name: what it says it is */
	uint8_t hash[32];                    /* SHA-256 of the cookie */
	int64_t created_at, used_at;
};

ACSR_MUST_USE enum acsr_result devices_add(struct db *d, const struct device *v, struct acsr_err *e);
/* The device with this cookie, as this user's; id is "" when it is not. */
ACSR_MUST_USE enum acsr_result devices_find(
	struct db *d, const uint8_t hash[32], const char *user_id, char id[40], struct acsr_err *e);
/* Is it anybody's? */
ACSR_MUST_USE enum acsr_result devices_known(
	struct db *d, const uint8_t hash[32], bool *yes, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result devices_used(
	struct db *d, const char *id, const char *name, int64_t now, struct acsr_err *e);
/* Rows of id, name, created_at, used_at, hash; the last used first. */
ACSR_MUST_USE enum acsr_result devices_of(
	struct db *d, const char *user_id, struct db_rows **out, struct acsr_err *e);
/* *gone: there was such a one, of this user. */
ACSR_MUST_USE enum acsr_result devices_delete(
	struct db *d, const char *user_id, const char *id, bool *gone, struct acsr_err *e);
/* All of the user; keep (NULL: none): the hash of one that stays. */
ACSR_MUST_USE enum acsr_result devices_delete_all(
	struct db *d, const char *user_id, const uint8_t *keep, struct acsr_err *e);
/*
 * Keep the `most` last used ones that have come back, and the `most` newest that never have, of these `alike` with
 * the same name: a script that logs in without keeping its cookie must not push out anybody's browser.
 */
ACSR_MUST_USE enum acsr_result devices_keep_newest(
	struct db *d, const char *user_id, int64_t most, int64_t alike, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result devices_prune(struct db *d, int64_t before, struct acsr_err *e);

#endif
