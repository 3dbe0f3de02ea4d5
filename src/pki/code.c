/* Unlock codes: Crockford base32 with the modulo-37 check symbol. */
#include "autocsr/code.h"

#include <string.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/rnd.h"
#include "base/secret.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/* A symbol's value, 0..31 for characters, to 36 for check symbols; -1: none. Walks the whole alphabet, so
 * that neither branches nor cache lines tell which character it was. */
static int value_of(char c)
{
	int v = -1;

	for (int i = 0; i < 37; i++) {
		unsigned d = (unsigned char)alphabet[i] ^ (unsigned char)c;
		int mask = (int)((d - 1u) >> 31) * -1;

		v = (mask & i) | (~mask & v);
	}
	return v;
}

static char canonical(char c)
{
	char up = ascii_upper(c);

	if (up == 'O')
		return '0';
	if (up == 'I' || up == 'L')
		return '1';
	return up;
}

enum acsr_result acsr_code_new(struct acsr_secret **code, struct acsr_err *e)
{
	struct acsr_secret *s;
	char *p;

	TRY(secret_random(&s, ACSR_CODE_CHARS, e));
	p = (char *)secret_data(s);
	for (size_t i = 0; i < ACSR_CODE_CHARS; i++)
		p[i] = alphabet[(unsigned char)p[i] & 31];
	*code = s;
	return ACSR_OK;
}

char acsr_code_check(const struct acsr_secret *code)
{
	const char *p = (const char *)acsr_secret_bytes(code);
	int rest = 0;

	if (acsr_secret_len(code) != ACSR_CODE_CHARS)
		return '?';
	for (size_t i = 0; i < ACSR_CODE_CHARS; i++) {
		int v = value_of(p[i]);

		if (v < 0 || v > 31)
			return '?';
		rest = (rest * 32 + v) % 37;
	}
	return alphabet[rest];
}

enum acsr_result acsr_code_show(
	const struct acsr_secret *code, char separator, struct acsr_secret **shown, struct acsr_err *e)
{
	struct acsr_secret *s;
	char *out;

	if (acsr_code_check(code) == '?')
		return err_set(e, "archive.code.character", "this is not an unlock code");
	TRY(secret_zeroed(&s, ACSR_CODE_SHOWN - 1, e));
	out = (char *)secret_data(s);
	for (size_t i = 0; i < ACSR_CODE_CHARS; i++) {
		if (i > 0 && i % 5 == 0 && i < 25)
			*out++ = separator;
		*out++ = (char)acsr_secret_bytes(code)[i];
	}
	*shown = s;
	return ACSR_OK;
}

/* Characters that people put between the groups. */
static bool is_separator(char c)
{
	return c != '\0' && strchr(" \t\r\n-_.:/", c) != NULL;
}

/* Collect up to 27 symbols; *n is their number. */
static enum acsr_result collect(const char *in, size_t len, char *out, size_t *n, struct acsr_err *e)
{
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = canonical(in[i]);

		if (is_separator(c))
			continue;
		if (*n > ACSR_CODE_CHARS)
			return err_set(e, "archive.code.length",
				"the unlock code has more than 26 characters and a check symbol");
		if (value_of(c) < 0 || (value_of(c) > 31 && *n < ACSR_CODE_CHARS))
			return err_set(e, "archive.code.character",
				"character %zu of the unlock code is none that it can have", *n + 1);
		out[(*n)++] = c;
	}
	return ACSR_OK;
}

enum acsr_result acsr_code_normalise(
	const char *in, size_t len, struct acsr_secret **code, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	char *p;
	size_t n;

	TRY(secret_zeroed(&room, ACSR_CODE_CHARS + 1, e));
	p = (char *)secret_data(room);
	TRY(collect(in, len, p, &n, e));
	if (n < ACSR_CODE_CHARS)
		return err_set(e, "archive.code.length",
			"the unlock code has %zu characters; it needs 26 (groups of 5-5-5-5-6)", n);
	TRY(acsr_secret_new(&s, p, ACSR_CODE_CHARS, e));
	if (n > ACSR_CODE_CHARS && p[ACSR_CODE_CHARS] != acsr_code_check(s))
		return err_set(e, "archive.code.check",
			"the check symbol does not fit: one or more characters are mistyped");
	*code = s;
	s = NULL;
	return ACSR_OK;
}
