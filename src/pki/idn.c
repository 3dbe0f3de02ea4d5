/* Internationalised names: A-labels and U-labels by libidn2, and what may mislead an eye. */
#include <idn2.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "name_int.h"

/* Not IDN2_USE_STD3_ASCII_RULES: with it libidn2 2.3 silently drops what maps to "/" or "@" (a fullwidth
 * solidus), so that one name turns into another. Without it the ASCII shows, and dnssyntax_check refuses it.
 */
#define FLAGS (IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT)

struct range {
	uint32_t from, to;
};

/* The next code point of valid UTF-8; advances *p. */
static uint32_t next(const unsigned char **p)
{
	const unsigned char *s = *p;
	unsigned extra = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	uint32_t c = extra == 0 ? s[0] : s[0] & (0x3fu >> extra);

	for (unsigned i = 1; i <= extra; i++)
		c = c << 6 | (s[i] & 0x3fu);
	*p = s + extra + 1;
	return c;
}

static bool any_in(const char *utf8, size_t n, const struct range *ranges, size_t count)
{
	const unsigned char *p = (const unsigned char *)utf8, *end = p + n;

	while (p < end) {
		uint32_t c = next(&p);

		for (size_t i = 0; i < count; i++)
			if (c >= ranges[i].from && c <= ranges[i].to)
				return true;
	}
	return false;
}

bool idn_has_invisible(const char *utf8, size_t n)
{
	static const struct range hidden[] = { { 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0xe0000, 0xe0fff } };

	return any_in(utf8, n, hidden, sizeof(hidden) / sizeof(hidden[0]));
}

bool idn_has_space(const char *utf8, size_t n)
{
	static const struct range blanks[] = { { 0x20, 0x20 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 },
		{ 0x2000, 0x200a }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 } };

	return any_in(utf8, n, blanks, sizeof(blanks) / sizeof(blanks[0]));
}

static enum acsr_result not_idna(int code, struct acsr_err *e)
{
	if (code == IDN2_MALLOC)
		return err_nomem(e);
	if (code == IDN2_TOO_BIG_LABEL || code == IDN2_PUNYCODE_BIG_OUTPUT)
		return err_rule(e, "name.label.length", NULL, "RFC 1034 3.1",
			"a part between two dots is longer than 63 characters when encoded");
	if (code == IDN2_TOO_BIG_DOMAIN)
		return err_rule(e, "name.length", NULL, "RFC 1035 2.3.4",
			"the name is longer than 253 characters when encoded");
	return err_rule(e, "name.idna", NULL, "RFC 5891 4",
		"the name cannot be written as an internationalised name (%s)", idn2_strerror(code));
}

enum acsr_result idn_to_ascii(const char *utf8, char *out, struct acsr_err *e)
{
	char *ascii = NULL;
	int r = idn2_to_ascii_8z(utf8, &ascii, FLAGS);

	if (r != IDN2_OK)
		return not_idna(r, e);
	if (strlen(ascii) >= 256) {
		idn2_free(ascii);
		return not_idna(IDN2_TOO_BIG_DOMAIN, e);
	}
	snprintf(out, 256, "%s", ascii);
	idn2_free(ascii);
	str_lower(out);
	return ACSR_OK;
}

/* One label: decode, encode, compare. */
static enum acsr_result check_alabel(const char *label, struct acsr_err *e)
{
	char *unicode = NULL, *back = NULL;
	int r = idn2_to_unicode_8z8z(label, &unicode, 0);
	bool same = false;

	if (r == IDN2_OK && strcmp(unicode, label) != 0)
		r = idn2_to_ascii_8z(unicode, &back, FLAGS);
	same = r == IDN2_OK && back != NULL && strcmp(back, label) == 0;
	idn2_free(unicode);
	idn2_free(back);
	if (r == IDN2_MALLOC)
		return err_nomem(e);
	return same ? ACSR_OK
		    : err_rule(e, "name.alabel", NULL, "RFC 5891 4.4",
			      "the label %s is not the encoding of an internationalised label", label);
}

static enum acsr_result check_alabels(const char *ascii, struct acsr_err *e)
{
	char label[64];

	for (const char *p = ascii;; p++) {
		size_t n = strcspn(p, ".");

		/* dnssyntax_check has seen to it that a label fits */
		memcpy(label, p, n < sizeof(label) ? n : 0);
		label[n < sizeof(label) ? n : 0] = '\0';
		if (str_starts(label, "xn--"))
			TRY(check_alabel(label, e));
		p += n;
		if (*p == '\0')
			return ACSR_OK;
	}
}

enum acsr_result idn_to_unicode(const char *ascii, char *out, struct acsr_err *e)
{
	char *unicode = NULL;
	int r;

	TRY(check_alabels(ascii, e));
	r = idn2_to_unicode_8z8z(ascii, &unicode, 0);
	if (r != IDN2_OK || strlen(unicode) >= 1000) {
		idn2_free(unicode);
		return not_idna(r != IDN2_OK ? r : IDN2_TOO_BIG_DOMAIN, e);
	}
	snprintf(out, 1000, "%s", unicode);
	idn2_free(unicode);
	return ACSR_OK;
}

enum script {
	LATIN,
	GREEK,
	CYRILLIC,
	ARMENIAN,
	HEBREW,
	ARABIC,
	INDIC,
	THAI,
	GEORGIAN,
	HANGUL,
	KANA,
	HAN,
	BOPOMOFO,
	CHEROKEE
};

static const struct {
	struct range range;
	enum script script;
} scripts[] = {
	{ { 'a', 'z' }, LATIN },
	{ { 0xc0, 0x24f }, LATIN },
	{ { 0x250, 0x2af }, LATIN },
	{ { 0x1e00, 0x1eff }, LATIN },
	{ { 0x370, 0x3ff }, GREEK },
	{ { 0x1f00, 0x1fff }, GREEK },
	{ { 0x400, 0x52f }, CYRILLIC },
	{ { 0x2de0, 0x2dff }, CYRILLIC },
	{ { 0x530, 0x58f }, ARMENIAN },
	{ { 0x590, 0x5ff }, HEBREW },
	{ { 0x600, 0x77f }, ARABIC },
	{ { 0x900, 0xdff }, INDIC },
	{ { 0xe00, 0xeff }, THAI },
	{ { 0x10a0, 0x10ff }, GEORGIAN },
	{ { 0x13a0, 0x13ff }, CHEROKEE },
	{ { 0xab70, 0xabbf }, CHEROKEE },
	{ { 0x1100, 0x11ff }, HANGUL },
	{ { 0xac00, 0xd7af }, HANGUL },
	{ { 0x3040, 0x30ff }, KANA },
	{ { 0x3100, 0x312f }, BOPOMOFO },
	{ { 0x3400, 0x9fff }, HAN },
	{ { 0x20000, 0x3ffff }, HAN },
};

static unsigned script_bit(uint32_t c)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (c >= scripts[i].range.from && c <= scripts[i].range.to)
			return 1u << scripts[i].script;
	return 0;
}

/* Mixtures that are ordinary writing (Unicode TR 39, "highly restrictive"). */
static bool ordinary_mix(unsigned set)
{
	static const unsigned good[] = { 1u << LATIN | 1u << HAN | 1u << KANA,
		1u << LATIN | 1u << HAN | 1u << HANGUL, 1u << LATIN | 1u << HAN | 1u << BOPOMOFO };

	if ((set & (set - 1)) == 0)
		return true;
	for (size_t i = 0; i < 3; i++)
		if ((set & ~good[i]) == 0)
			return true;
	return false;
}

/* Cyrillic and Greek letters that read as Latin ones. */
static bool looks_latin(uint32_t c)
{
	static const uint32_t twins[] = { 0x430, 0x435, 0x43e, 0x440, 0x441, 0x443, 0x445, 0x455, 0x456,
		0x458, 0x501, 0x51b, 0x51d, 0x4bb, 0x4cf, 0x475, 0x433, 0x4af, 0x3bf, 0x3bd, 0x3c1, 0x3b9,
		0x3ba, 0x3c5, 0x3b1, 0x3f2, 0x3c7 };

	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (c == twins[i])
			return true;
	return c < 0x80;
}

unsigned idn_warnings(const char *utf8)
{
	const unsigned char *p = (const unsigned char *)utf8;
	unsigned found = 0;

	while (*p != '\0') {
		unsigned set = 0;
		bool twins = true;

		while (*p != '\0' && *p != '.') {
			uint32_t c = next(&p);

			set |= script_bit(c);
			twins = twins && looks_latin(c);
		}
		if (!ordinary_mix(set))
			found |= ACSR_NAME_WARN_SCRIPTS;
		if (twins && (set == 1u << CYRILLIC || set == 1u << GREEK))
			found |= ACSR_NAME_WARN_HOMOGRAPH;
		p += *p == '.';
	}
	return found;
}
