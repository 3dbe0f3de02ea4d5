/* The clock. */
#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t test_offset(void)
{
#ifdef ACSR_TEST_CLOCK
	const char *s = getenv("AUTOCSR_TEST_CLOCK_OFFSET");

	return s != NULL ? strtoll(s, NULL, 10) : 0;
#else
	return 0;
#endif
}

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_ms(CLOCK_REALTIME) + test_offset() * 1000;
}

int64_t clock_now(void)
{
	return clock_now_ms() / 1000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}
