/* A line that is drawn over and over. */
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { EVERY = 200 }; /* milliseconds */

void progress_start(struct progress *p)
{
	*p = (struct progress){ .on = isatty(STDERR_FILENO) == 1, .next = clock_mono_ms() + EVERY };
}

void progress_tell(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	if (!p->on || clock_mono_ms() < p->next)
		return;
	fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
	p->drawn = true;
	p->next = clock_mono_ms() + EVERY;
}

void progress_clear(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	p->drawn = false;
}
