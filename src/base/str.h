/*
 * Strings: lists of strings, and the encodings that the product uses.
 * Every returned pointer is the caller's to free() unless it says otherwise.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>

#include "base/buf.h"

/* An owned list of owned strings. */
struct strv {
	char **v;
	size_t n;
};

ACSR_MUST_USE enum acsr_result strv_add(struct strv *l, const char *s, struct acsr_err *e);
bool strv_has(const struct strv *l, const char *s);
void strv_free(struct strv *l); /* leaves an empty list */
#define CLEANUP_STRV __attribute__((cleanup(strv_free)))

void free_charp(char **p);
/* A copy of `with` takes the place of *text, which is freed. */
ACSR_MUST_USE enum acsr_result str_set(char **text, const char *with, struct acsr_err *e);
#define CLEANUP_STR __attribute__((cleanup(free_charp)))

ACSR_MUST_USE enum acsr_result str_dup(char **out, const char *s, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result str_printf(char **out, struct acsr_err *e, const char *fmt, ...)
	ACSR_PRINTF(3, 4);

/* Lower-case hex; out needs 2n+1 bytes. */
void hex_encode(const void *p, size_t n, char *out);
/* Strict: even length, hex digits only. */
ACSR_MUST_USE enum acsr_result hex_decode(
	const char *s, uint8_t *out, size_t cap, size_t *n, struct acsr_err *e);

/* RFC 4648; `url` chooses base64url without padding (section 5). out needs 4*((n+2)/3)+1 bytes. */
void b64_encode(const void *p, size_t n, bool url, char *out);
#define B64_LEN(n) (4 * (((n) + 2) / 3) + 1)
/* Strict: no white space, correct or (for url) absent padding, no stray bits.
 * Appends to out. */
ACSR_MUST_USE enum acsr_result b64_decode(
	const char *s, size_t len, bool url, struct buf *out, struct acsr_err *e);

bool str_is_utf8(const char *s, size_t n); /* RFC 3629: no surrogates, no over-long forms */
/* Take away the beginning of a character that was cut off at the end. */
void str_whole(char *s);
bool str_has_control(const char *s); /* C0, DEL, C1, and bidi controls U+202A-E, U+2066-9 */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* ASCII lower case in place. */
void str_lower(char *s);
/* Equal in time that depends on the lengths only. */
bool str_equal_ct(const char *a, const char *b);
/* Decimal digits only, in [0, max]. */
ACSR_MUST_USE enum acsr_result str_u64(const char *s, uint64_t max, uint64_t *out, struct acsr_err *e);

#endif
