/* Time: epoch seconds in UTC for the world, monotonic milliseconds for waiting. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

/* Seconds since 1970. Tests move it with the environment variable AUTOCSR_TEST_CLOCK_OFFSET
 * (seconds, may be negative), honoured only in builds with -Dtest_clock=true. */
int64_t clock_now(void);
int64_t clock_now_ms(void);  /* the same in milliseconds */
int64_t clock_mono_ms(void); /* monotonic; only differences mean something */

/* "2026-11-23T08:15:00Z" (RFC 3339); out needs 21 bytes. */
void clock_rfc3339(int64_t t, char out[21]);
ACSR_MUST_USE enum acsr_result clock_parse_rfc3339(const char *s, int64_t *t, struct acsr_err *e);
/* "Mon, 23 Nov 2026 08:15:00 GMT" (RFC 9110 IMF-fixdate); out needs 30 bytes. */
void clock_http(int64_t t, char out[30]);

#endif
