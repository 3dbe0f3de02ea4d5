/*
 * Request files. INI is read here and not by inih, which cuts lines after 200 characters and takes " ;"
 * inside a value for a comment: both happen in names and extensions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "draft_int.h"

#define MAX_FILE (256 * 1024)

/* Blanks at both ends, in place. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
		s[--n] = '\0';
	return s;
}

struct ini {
	struct acsr_csr_draft *d;
	enum acsr_name_policy policy;
	bool in_subject; /* the section */
	bool fields;     /* there were single subject fields */
	unsigned line;
};

static enum acsr_result bad_line(const struct ini *in, struct acsr_err *e, const char *text)
{
	char field[32];

	snprintf(field, sizeof(field), "line %u", in->line);
	return err_rule(e, "request.file.syntax", field, NULL, "line %u: %s", in->line, text);
}

static enum acsr_result read_section(struct ini *in, char *text, struct acsr_err *e)
{
	size_t n = strlen(text);

	if (n < 2 || text[n - 1] != ']')
		return bad_line(in, e, "a section is written [subject]");
	text[n - 1] = '\0';
	text = trim(text + 1);
	in->in_subject = strcmp(text, "subject") == 0;
	if (!in->in_subject && strcmp(text, "request") != 0)
		return bad_line(in, e, "there are no sections but [request] and [subject]");
	return ACSR_OK;
}

static enum acsr_result read_setting(struct ini *in, char *key, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *full = NULL;
	struct acsr_err why;

	TRY(str_printf(&full, e, "%s%s", in->in_subject ? "subject." : "", key));
	in->fields = in->fields || str_starts(full, "subject.");
	if (acsr_csr_draft_set(in->d, full, value, in->policy, &why) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL)
		*e = why;
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "line %u", in->line);
	return ACSR_FAIL;
}

static enum acsr_result read_line(struct ini *in, char *text, struct acsr_err *e)
{
	char *eq;

	text = trim(text);
	if (*text == '\0' || *text == ';' || *text == '#')
		return ACSR_OK;
	if (*text == '[')
		return read_section(in, text, e);
	eq = strchr(text, '=');
	if (eq == NULL || eq == text)
		return bad_line(in, e, "a setting is written KEY = VALUE");
	*eq = '\0';
	return read_setting(in, trim(text), trim(eq + 1), e);
}

enum acsr_result draft_read_ini(
	struct acsr_csr_draft *d, char *text, enum acsr_name_policy policy, struct acsr_err *e)
{
	struct ini in = { .d = d, .policy = policy };

	while (text != NULL) {
		char *end = strchr(text, '\n');

		if (end != NULL)
			*end++ = '\0';
		in.line++;
		TRY(read_line(&in, text, e));
		text = end;
	}
	if (in.fields)
		acsr_dn_arrange(&d->subject);
	return ACSR_OK;
}

static enum acsr_result read_any(
	struct acsr_csr_draft *d, char *text, size_t len, enum acsr_name_policy policy, struct acsr_err *e)
{
	if (text[strspn(text, " \t\r\n")] == '{')
		return draft_read_json(d, text, len, policy, e);
	if (draft_is_openssl(text))
		return draft_read_openssl(d, text, policy, e);
	return draft_read_ini(d, text, policy, e);
}

static enum acsr_result check_file(const char *p, size_t len, struct acsr_err *e)
{
	if (len > MAX_FILE)
		return err_set(e, "request.file.large", "the request file has %zu bytes; at most %d are read",
			len, MAX_FILE);
	if (memchr(p, 0, len) != NULL || !str_is_utf8(p, len))
		return err_set(e, "request.file.syntax", "the request file is not text in UTF-8");
	return ACSR_OK;
}

enum acsr_result acsr_csr_draft_read(
	struct acsr_csr_draft *d, const void *p, size_t len, enum acsr_name_policy policy, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	struct acsr_csr_draft made;
	const char *s = p;

	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		s += 3;
		len -= 3;
	}
	TRY(check_file(s, len, e));
	text = strndup(s, len);
	if (text == NULL)
		return err_nomem(e);
	acsr_csr_draft_init(&made);
	if (read_any(&made, text, len, policy, e) != ACSR_OK) {
		acsr_csr_draft_free(&made);
		return ACSR_FAIL;
	}
	acsr_csr_draft_free(d);
	*d = made;
	return ACSR_OK;
}
