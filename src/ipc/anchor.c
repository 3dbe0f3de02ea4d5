/* Words of a zone file, as far as trust anchors need them. */
#include "ipc/anchor.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

static const char hex[] = "0123456789abcdefABCDEF";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

/* Comments go, and with them the parentheses that let a record be of several lines (RFC 1035 5.1). */
static void plain(char *text)
{
	bool open = false, comment = false;

	for (char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			comment = false;
		else if (*p == ';')
			comment = true;
		else if (!comment && (*p == '(' || *p == ')'))
			open = *p == '(';
		if (comment || *p == '(' || *p == ')' || (open && *p == '\n'))
			*p = ' ';
	}
}

static bool number(const char *word, uint64_t most, uint64_t *out)
{
	return word != NULL && str_u64(word, most, out, NULL) == ACSR_OK;
}

static bool three_numbers(char **rest, uint64_t out[3])
{
	static const uint64_t most[] = { 65535, 255, 255 };

	for (size_t i = 0; i < 3; i++)
		if (!number(strtok_r(NULL, " \t\r", rest), most[i], &out[i]))
			return false;
	return true;
}

/* The words that are left, all of these characters: how many characters, 0 when there is another. */
static size_t data_length(char **rest, const char *characters)
{
	size_t n = 0;

	for (char *word = strtok_r(NULL, " \t\r", rest); word != NULL; word = strtok_r(NULL, " \t\r", rest)) {
		if (word[strspn(word, characters)] != '\0')
			return 0;
		n += strlen(word);
	}
	return n;
}

static bool digest_fits(uint64_t type, size_t digits)
{
	switch (type) {
	case 1:
		return digits == 40;
	case 2:
	case 3:
		return digits == 64;
	case 4:
		return digits == 96;
	default:
		return digits >= 2 && digits % 2 == 0;
	}
}

static bool good_ds(char **rest)
{
	uint64_t n[3]; /* key tag, algorithm, digest type */

	return three_numbers(rest, n) && digest_fits(n[2], data_length(rest, hex));
}

static bool good_dnskey(char **rest)
{
	uint64_t n[3]; /* flags, protocol (3), algorithm */

	return three_numbers(rest, n) && n[1] == 3 && data_length(rest, base64) >= 16;
}

enum kind {
	NOTHING, /* a comment, or nothing at all */
	ANCHOR,
	CUT_OFF, /* one that cannot be read */
	OTHER    /* libunbound would refuse the file, or at best pass over it */
};

static char *next_word(char **rest)
{
	return strtok_r(NULL, " \t\r", rest);
}

static enum kind directive(const char *name)
{
	return strcasecmp(name, "$ORIGIN") == 0 || strcasecmp(name, "$TTL") == 0 ? NOTHING : OTHER;
}

/* [owner] [TTL] [IN] type data. *word: what shows which line it is, a loan. */
static enum kind kind_of(char *line, const char **word)
{
	bool owner = *line != ' ' && *line != '\t' && *line != '\r';
	char *rest = NULL, *w = strtok_r(line, " \t\r", &rest);

	*word = w;
	if (w == NULL)
		return NOTHING;
	if (*w == '$')
		return directive(w);
	for (w = owner ? next_word(&rest) : w; w != NULL; w = next_word(&rest)) {
		*word = w;
		if (strcasecmp(w, "DS") == 0)
			return good_ds(&rest) ? ANCHOR : CUT_OFF;
		if (strcasecmp(w, "DNSKEY") == 0)
			return good_dnskey(&rest) ? ANCHOR : CUT_OFF;
		if (strcasecmp(w, "IN") != 0 && (*w < '0' || *w > '9'))
			return OTHER;
	}
	return OTHER;
}

static enum acsr_result refuse(enum kind kind, const char *path, const char *word, struct acsr_err *e)
{
	if (kind == CUT_OFF)
		return err_set(e, "config.value",
			"[validation] trust_anchor_file: %s has a %s record that is not whole; copy it anew",
			path, word);
	return err_set(e, "config.value",
		"[validation] trust_anchor_file: %s holds a line that is neither a DS nor a DNSKEY record "
		"(%.20s); "
		"take it out",
		path, str_has_control(word) ? "not text" : word);
}

enum acsr_result anchor_check(const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err why;
	size_t anchors = 0;
	const char *word;
	char *rest, *line;

	buf_init(&b, 65536);
	if (buf_read_file(&b, path, &why) != ACSR_OK)
		return err_set(e, "config.value", "[validation] trust_anchor_file: %s", why.text);
	rest = (char *)(uintptr_t)buf_cstr(&b);
	plain(rest);
	while ((line = strsep(&rest, "\n")) != NULL) {
		enum kind kind = kind_of(line, &word);

		if (kind == CUT_OFF || kind == OTHER)
			return refuse(kind, path, word, e);
		anchors += kind == ANCHOR;
	}
	if (anchors > 0)
		return ACSR_OK;
	return err_set(e, "config.value",
		"[validation] trust_anchor_file: %s holds no DS or DNSKEY record; copy the zone's own, one a "
		"line",
		path);
}
