/* String lists and the encodings. */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum acsr_result strv_add(struct strv *l, const char *s, struct acsr_err *e)
{
	char **v = realloc(l->v, (l->n + 1) * sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	l->v = v;
	TRY(str_dup(&l->v[l->n], s, e));
	l->n++;
	return ACSR_OK;
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void strv_free(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

void free_charp(char **p)
{
	free(*p);
	*p = NULL;
}

enum acsr_result str_dup(char **out, const char *s, struct acsr_err *e)
{
	char *copy = strdup(s);

	if (copy == NULL)
		return err_nomem(e);
	*out = copy;
	return ACSR_OK;
}

enum acsr_result str_set(char **text, const char *with, struct acsr_err *e)
{
	char *fresh = NULL;

	TRY(str_dup(&fresh, with, e));
	free(*text);
	*text = fresh;
	return ACSR_OK;
}

enum acsr_result str_printf(char **out, struct acsr_err *e, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_nomem(e);
	*out = s;
	return ACSR_OK;
}

void hex_encode(const void *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * n] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum acsr_result hex_decode(const char *s, uint8_t *out, size_t cap, size_t *n, struct acsr_err *e)
{
	size_t len = strlen(s);

	if (len % 2 != 0 || len / 2 > cap)
		return err_set(
			e, "input.hex", "%zu hex digits, expected at most %zu, in pairs", len, 2 * cap);
	for (size_t i = 0; i < len / 2; i++) {
		int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return err_set(e, "input.hex", "not a hex digit at position %zu", 2 * i);
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	*n = len / 2;
	return ACSR_OK;
}

static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void b64_encode(const void *p, size_t n, bool url, char *out)
{
	const char *alphabet = url ? b64_url : b64_std;
	const uint8_t *in = p;
	size_t o = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t w = (uint32_t)in[i] << 16;

		if (have > 1)
			w |= (uint32_t)in[i + 1] << 8;
		if (have > 2)
			w |= in[i + 2];
		for (size_t k = 0; k < 4; k++) {
			if (k <= have)
				out[o++] = alphabet[w >> (18 - 6 * k) & 63];
			else if (!url)
				out[o++] = '=';
		}
	}
	out[o] = '\0';
}

static int b64_digit(char c, bool url)
{
	const char *at = c != '\0' ? strchr(url ? b64_url : b64_std, c) : NULL;

	return at != NULL ? (int)(at - (url ? b64_url : b64_std)) : -1;
}

/* One group of 2 to 4 digits to 1 to 3 bytes; the bits that are left over must be zero. */
static enum acsr_result b64_group(const char *s, size_t digits, bool url, struct buf *out, struct acsr_err *e)
{
	uint32_t w = 0;
	uint8_t b[3];

	for (size_t k = 0; k < 4; k++) {
		int d = k < digits ? b64_digit(s[k], url) : 0;

		if (d < 0)
			return err_set(e, "input.base64", "a character that is not base64");
		w = w << 6 | (uint32_t)d;
	}
	if ((digits == 2 && (w & 0xffff) != 0) || (digits == 3 && (w & 0xff) != 0))
		return err_set(e, "input.base64", "stray bits behind the last character");
	b[0] = (uint8_t)(w >> 16);
	b[1] = (uint8_t)(w >> 8);
	b[2] = (uint8_t)w;
	return buf_put(out, b, digits - 1, e);
}

enum acsr_result b64_decode(const char *s, size_t len, bool url, struct buf *out, struct acsr_err *e)
{
	if (!url) {
		if (len % 4 != 0)
			return err_set(e, "input.base64", "the length is not a multiple of four");
		if (len > 0 && s[len - 1] == '=')
			len--;
		if (len > 0 && len % 4 == 3 && s[len - 1] == '=')
			len--;
	}
	if (len % 4 == 1)
		return err_set(e, "input.base64", "one character too many");
	for (size_t i = 0; i < len; i += 4)
		TRY(b64_group(s + i, len - i < 4 ? len - i : 4, url, out, e));
	return ACSR_OK;
}

/* The code point at s, or -1; *used is its length. */
static int32_t utf8_next(const uint8_t *s, size_t n, size_t *used)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	int32_t c;

	if (len == 0 || len > n)
		return -1;
	c = len == 1 ? s[0] : s[0] & (0xff >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*used = len;
	return c;
}

bool str_is_utf8(const char *s, size_t n)
{
	size_t used = 1;

	for (size_t i = 0; i < n; i += used)
		if (utf8_next((const uint8_t *)s + i, n - i, &used) < 0)
			return false;
	return true;
}

bool str_has_control(const char *s)
{
	size_t n = strlen(s), used = 1;

	for (size_t i = 0; i < n; i += used) {
		int32_t c = utf8_next((const uint8_t *)s + i, n - i, &used);

		if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
			return true;
		if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			return true;
	}
	return false;
}

void str_whole(char *s)
{
	size_t n = strlen(s), start = n;

	while (start > 0 && n - start < 4 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (unsigned char)s[start - 1] >= 0xc0)
		start--;
	if (!str_is_utf8(s + start, n - start))
		s[start] = '\0';
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

void str_lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + ('a' - 'A'));
}

bool str_equal_ct(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned diff = 0;

	if (n != strlen(b))
		return false;
	for (size_t i = 0; i < n; i++)
		diff |= (unsigned)(unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

enum acsr_result str_u64(const char *s, uint64_t max, uint64_t *out, struct acsr_err *e)
{
	uint64_t v = 0;

	if (*s == '\0')
		return err_set(e, "input.number", "a number is missing");
	for (const char *p = s; *p != '\0'; p++) {
		uint64_t d = (uint64_t)(unsigned char)*p - '0';

		if (d > 9)
			return err_set(e, "input.number", "\"%s\" is not a decimal number", s);
		if (d > max || v > (max - d) / 10)
			return err_set(e, "input.number", "%s is more than %llu", s, (unsigned long long)max);
		v = v * 10 + d;
	}
	*out = v;
	return ACSR_OK;
}
