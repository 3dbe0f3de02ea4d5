/* Lists of hashes as text. */
#include "weaktext.h"

#include <string.h>

#include "base/str.h"

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes take_word(struct bytes *line)
{
	struct bytes w;

	while (line->len > 0 && blank(line->p[0])) {
		line->p++;
		line->len--;
	}
	w = (struct bytes){ line->p, 0 };
	while (w.len < line->len && !blank(line->p[w.len]))
		w.len++;
	line->p += w.len;
	line->len -= w.len;
	return w;
}

bool weak_line_next(struct weak_line *l)
{
	while (l->rest.len > 0) {
		const uint8_t *end = memchr(l->rest.p, '\n', l->rest.len);
		struct bytes line = { l->rest.p, end != NULL ? (size_t)(end - l->rest.p) : l->rest.len };
		const uint8_t *comment;

		l->rest.p += line.len + (end != NULL);
		l->rest.len -= line.len + (end != NULL);
		l->number++;
		comment = line.len > 0 ? memchr(line.p, '#', line.len) : NULL;
		if (comment != NULL)
			line.len = (size_t)(comment - line.p);
		l->word[0] = take_word(&line);
		l->word[1] = take_word(&line);
		if (l->word[0].len > 0)
			return true;
	}
	return false;
}

bool weak_hex(struct bytes word, uint8_t *out, size_t n)
{
	char text[2 * 32 + 1];
	size_t got;

	if (n > 32 || word.len != 2 * n || memchr(word.p, '\0', word.len) != NULL)
		return false;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	return hex_decode(text, out, n, &got, NULL) == ACSR_OK && got == n;
}

/* "ab:cd:…" without its colons. */
static bool hex_with_colons(struct bytes word, uint8_t out[32])
{
	uint8_t plain[64];

	if (word.len != 95)
		return false;
	for (size_t i = 0; i < 32; i++) {
		if (i < 31 && word.p[3 * i + 2] != ':')
			return false;
		memcpy(plain + 2 * i, word.p + 3 * i, 2);
	}
	return weak_hex((struct bytes){ plain, 64 }, out, 32);
}

static void strip(struct bytes *w, const char *prefix)
{
	size_t n = strlen(prefix);

	if (w->len >= n && memcmp(w->p, prefix, n) == 0) {
		w->p += n;
		w->len -= n;
	}
}

static bool base64(struct bytes word, uint8_t out[32])
{
	CLEANUP_BUF struct buf raw = { 0 };

	strip(&word, "pin-sha256=");
	strip(&word, "\"");
	strip(&word, "sha256//");
	if (word.len > 0 && (word.p[word.len - 1] == '"' || word.p[word.len - 1] == ';'))
		word.len--;
	buf_init(&raw, 64);
	if (word.len != 44 || b64_decode((const char *)word.p, 44, false, &raw, NULL) != ACSR_OK ||
		raw.len != 32)
		return false;
	memcpy(out, raw.p, 32);
	return true;
}

bool weak_sha256(struct bytes word, uint8_t out[32])
{
	return weak_hex(word, out, 32) || hex_with_colons(word, out) || base64(word, out);
}
