/* Where each key of a run was, and whether it was there before, by its SPKI SHA-256. */
#ifndef CLI_KEY_SEEN_H
#define CLI_KEY_SEEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct key_seen;

ACSR_MUST_USE enum acsr_result key_seen_new(struct key_seen **out, struct acsr_err *e);
void key_seen_free(struct key_seen *s); /* NULL is fine */
/* *id is the number of the key, ascending; *first that of the same key's first place, its own when new. About
 * 60 bytes a key, and each file's name once. */
ACSR_MUST_USE enum acsr_result key_seen_add(struct key_seen *s, const char *path, unsigned object,
	const uint8_t spki_sha256[32], uint32_t *id, uint32_t *first, struct acsr_err *e);
/* {"file", "object", "spki_sha256"}. A new reference. */
ACSR_MUST_USE enum acsr_result key_seen_json(
	const struct key_seen *s, uint32_t id, json_t **out, struct acsr_err *e);

#endif
