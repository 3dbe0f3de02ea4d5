/* Times as texts; without strftime and strptime, which follow the locale, because the library uses this. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/clock.h"

void clock_rfc3339(int64_t t, char out[21])
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL || tm.tm_year + 1900 > 9999 || tm.tm_year < -1900)
		snprintf(out, 21, "0000-00-00T00:00:00Z");
	else
		snprintf(out, 21, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(tm.tm_year + 1900) % 10000u,
			(unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u,
			(unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
}

/* n digits at s. */
static int number(const char *s, int n)
{
	int v = 0;

	while (n-- > 0)
		v = v * 10 + (*s++ - '0');
	return v;
}

static bool has_form(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	if (strlen(s) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !ascii_digit((unsigned char)s[i]) : s[i] != form[i])
			return false;
	return true;
}

enum acsr_result clock_parse_rfc3339(const char *s, int64_t *t, struct acsr_err *e)
{
	struct tm tm = { 0 };
	char again[21] = "";
	int64_t found = 0;
	bool form = has_form(s);

	if (form) {
		tm.tm_year = number(s, 4) - 1900;
		tm.tm_mon = number(s + 5, 2) - 1;
		tm.tm_mday = number(s + 8, 2);
		tm.tm_hour = number(s + 11, 2);
		tm.tm_min = number(s + 14, 2);
		tm.tm_sec = number(s + 17, 2);
		found = (int64_t)timegm(&tm);
		clock_rfc3339(found, again); /* 30 February becomes 2 March */
	}
	if (!form || tm.tm_year < -1900 || strcmp(s, again) != 0)
		return err_set(e, "input.time", "\"%s\" is not a time such as 2026-11-23T08:15:00Z", s);
	*t = found;
	return ACSR_OK;
}

void clock_http(int64_t t, char out[30])
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec" };
	time_t tt = (time_t)t;
	struct tm tm;

	gmtime_r(&tt, &tm);
	snprintf(out, 30, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
		(unsigned)tm.tm_mday % 100u, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000u,
		(unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
}
