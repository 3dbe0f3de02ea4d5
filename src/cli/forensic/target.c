/* Finding the service on this machine. */
#include "cli/forensic/target.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/forensic/processes.h"

enum { CONFIG_MAX = 1024 * 1024, CMDLINE_MAX = 8192 };

void target_clear(struct target *t)
{
	free(t->server);
	free(t->config);
	free(t->state);
	free(t->database);
	*t = (struct target){ 0 };
}

unsigned target_port(const char *server)
{
	const char *host = strstr(server, "://"), *colon;
	uint64_t port = 443;

	if (host == NULL || strncmp(server, "https://", 8) != 0)
		return 0;
	host += 3;
	colon = host[0] == '[' ? strchr(host, ']') : host;
	colon = colon != NULL ? strchr(colon, ':') : NULL;
	if (colon != NULL) {
		char digits[8] = "";

		snprintf(digits, sizeof(digits), "%.*s", (int)strspn(colon + 1, "0123456789"), colon + 1);
		if (str_u64(digits, 65535, &port, NULL) != ACSR_OK)
			return 0;
	}
	return (unsigned)port;
}

/* --- the configuration --- */

static const char *trimmed(const char *from, size_t n, size_t *len)
{
	while (n > 0 && strchr(" \t\r", *from) != NULL) {
		from++;
		n--;
	}
	while (n > 0 && strchr(" \t\r", from[n - 1]) != NULL)
		n--;
	*len = n;
	return from;
}

/* "value ; remark": a remark begins behind a blank. */
static size_t without_remark(const char *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i] == ';' && (v[i - 1] == ' ' || v[i - 1] == '\t'))
			return i;
	return n;
}

bool target_ini(const char *text, const char *section, const char *key, char *out, size_t cap)
{
	bool inside = false, found = false;

	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n, len;
		const char *at = trimmed(line, strcspn(line, "\n"), &n), *equals;

		if (n > 1 && at[0] == '[') {
			inside = strlen(section) == n - 2 && strncmp(at + 1, section, n - 2) == 0;
			continue;
		}
		equals = inside && n > 0 && at[0] != ';' && at[0] != '#' ? memchr(at, '=', n) : NULL;
		if (equals == NULL)
			continue;
		(void)trimmed(at, (size_t)(equals - at), &len);
		if (len != strlen(key) || strncmp(at, key, len) != 0)
			continue;
		n -= (size_t)(equals + 1 - at);
		at = trimmed(equals + 1, without_remark(equals + 1, n), &len);
		snprintf(out, cap, "%.*s", (int)len, at);
		found = true;
	}
	return found;
}

/* The word behind --config of the running supervisor, as a path of this machine. */
static char *config_of(pid_t pid)
{
	char words[CMDLINE_MAX], path[PATH_MAX + 32];
	size_t at = 0, n;
	ssize_t got;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "re");
	got = f != NULL ? (ssize_t)fread(words, 1, sizeof(words) - 1, f) : 0;
	if (f != NULL)
		fclose(f);
	n = got > 0 ? (size_t)got : 0;
	words[n] = '\0';
	for (; at < n; at += strlen(words + at) + 1) {
		const char *value = NULL;

		if (strcmp(words + at, "--config") == 0)
			value = words + at + strlen(words + at) + 1;
		else if (str_starts(words + at, "--config="))
			value = words + at + 9;
		if (value == NULL || value >= words + n)
			continue;
		if (value[0] == '/')
			snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, value);
		else
			snprintf(path, sizeof(path), "/proc/%d/cwd/%s", (int)pid, value);
		return realpath(path, NULL);
	}
	return NULL;
}

/* A path of the configuration: relative ones belong to the supervisor's working directory. */
static char *real(pid_t pid, const char *value)
{
	char path[PATH_MAX + 64];

	if (value[0] == '/')
		snprintf(path, sizeof(path), "%s", value);
	else
		snprintf(path, sizeof(path), "/proc/%d/cwd/%s", (int)pid, value);
	return realpath(path, NULL);
}

static void take_database(struct target *t, const char *url)
{
	if (!str_starts(url, "sqlite:")) {
		t->other_database = url[0] != '\0';
		return;
	}
	if (url[7] == '/')
		t->database = realpath(url + 7, NULL);
}

static enum acsr_result read_config(struct target *t, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	char value[PATH_MAX];

	buf_init(&text, CONFIG_MAX);
	TRY(buf_read_file(&text, t->config, e));
	if (t->state == NULL)
		t->state = real(t->pid, target_ini(buf_cstr(&text), "server", "state", value, sizeof(value))
						? value
						: "./state");
	if (target_ini(buf_cstr(&text), "database", "url", value, sizeof(value)))
		take_database(t, value);
	return ACSR_OK;
}

/* --- all of it --- */

static enum acsr_result find_pid(struct target *t, const struct args *a, struct acsr_err *e)
{
	const char *text = args_one(a, "pid");
	unsigned port = target_port(t->server);
	uint64_t pid = 0;

	if (text != NULL && (str_u64(text, INT_MAX, &pid, NULL) != ACSR_OK || pid < 2))
		return err_set(e, "usage.pid", "--pid is the number of autocsrd's process, not %.20s", text);
	t->pid = (pid_t)pid;
	if (text != NULL)
		return ACSR_OK;
	if (port == 0)
		return err_set(e, "usage.server", "give --server https://HOST:PORT, or --pid of autocsrd");
	return process_listening(&t->pid, port, e);
}

enum acsr_result target_find(struct target *out, const struct args *a, struct acsr_err *e)
{
	const char *server = args_one(a, "server"), *state = args_one(a, "state"),
		   *config = args_one(a, "config");

	if (server == NULL)
		server = getenv("AUTOCSR_SERVER");
	TRY(str_dup(&out->server, server != NULL ? server : "", e));
	TRY(find_pid(out, a, e));
	if (state != NULL) {
		out->state = realpath(state, NULL);
		if (out->state == NULL)
			return err_set(e, "usage.state", "--state %.80s is not there", state);
	}
	out->config = config != NULL ? realpath(config, NULL) : config_of(out->pid);
	if (config != NULL && out->config == NULL)
		return err_set(e, "usage.config", "--config %.80s is not there", config);
	return out->config != NULL ? read_config(out, e) : ACSR_OK;
}
