/*
 * What is looked for: secret bytes of the test's own orders, cut into windows of eight bytes, and one fast pass
 * over anything that finds them.
 *
 * Every source (a number, a text, an archive) is cut every `step` bytes; a window that also stands in public data
 * (needles_exclude) or that has hardly any entropy is dropped. A match is grown to both sides, and counts when it is
 * at least `least` bytes long. Sources and windows lie in memory that is locked where the kernel allows it, is not
 * inherited by children and is wiped by needles_free.
 */
#ifndef CLI_FORENSIC_NEEDLES_H
#define CLI_FORENSIC_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NEEDLE_WINDOW = 8, NEEDLE_OVERLAP = 64, NEEDLE_ORDERS_MAX = 1000 };

enum needle_kind {
	NEEDLE_KEY,         /* a piece of a private key, as bytes or as base64 */
	NEEDLE_CODE,        /* the unlock code as text */
	NEEDLE_ARCHIVE_KEY, /* what the code opens the archive with: its AES key, round keys, MAC key */
	NEEDLE_ARCHIVE,     /* the archive itself: ciphertext */
	NEEDLE_KINDS
};
const char *needle_kind_name(enum needle_kind kind); /* "key" "code" "archive-key" "archive" */

/* A source that is to be added. `what` is static text ("prime p, little-endian"). */
struct needle_source {
	enum needle_kind kind;
	const char *what;
	unsigned order; /* number of the order in this run */
	const uint8_t *p;
	size_t len;   /* at most 64 KB */
	size_t step;  /* a window begins every so many bytes */
	size_t least; /* shorter matches are chance; NEEDLE_WINDOW at least, NEEDLE_OVERLAP at most */
};

struct needles;

ACSR_MUST_USE enum acsr_result needles_new(struct needles **out, struct acsr_err *e);
void needles_free(struct needles *n); /* wipes; NULL is fine */

/* Bytes that are public: no window in them is a needle from now on. */
ACSR_MUST_USE enum acsr_result needles_exclude(
	struct needles *n, const uint8_t *p, size_t len, struct acsr_err *e);
/* Copies the source's bytes. Found from the next needles_ready on. */
ACSR_MUST_USE enum acsr_result needles_add(
	struct needles *n, const struct needle_source *s, struct acsr_err *e);
/* Builds what the scan works with; before the first scan and after every change. */
ACSR_MUST_USE enum acsr_result needles_ready(struct needles *n, struct acsr_err *e);

size_t needles_windows(const struct needles *n);
size_t needles_dropped(const struct needles *n); /* windows that were public or without entropy */
size_t needles_of_kind(const struct needles *n, enum needle_kind kind);

struct needle_hit {
	enum needle_kind kind;
	const char *what;
	unsigned order;
	size_t at;   /* where the match begins in the bytes that were scanned */
	size_t from; /* and in its source */
	size_t len;
};
typedef void needle_found(void *user, const struct needle_hit *hit);

/* Calls `found` for every match that begins before `limit` (at most len). Matches do not overlap. */
void needles_scan(
	const struct needles *n, const uint8_t *p, size_t len, size_t limit, needle_found *found, void *user);

enum { NEEDLE_PIECE = 16 };
/* The i-th of many pieces of the keys that were added, all of whose windows are looked for: what a control hides.
 * forensic.needles when there is none. */
ACSR_MUST_USE enum acsr_result needles_piece(
	const struct needles *n, size_t i, uint8_t out[NEEDLE_PIECE], struct acsr_err *e);

#endif
