/* PEM writing and finding. */
#include "pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "base/str.h"

#define LINE_BYTES 48 /* 64 columns */

static size_t pem_size(const char *label, size_t n)
{
	size_t lines = (n + LINE_BYTES - 1) / LINE_BYTES;

	return 2 * strlen(label) + strlen("-----BEGIN -----\n-----END -----\n") + 4 * ((n + 2) / 3) + lines;
}

/* `out` has pem_size() bytes and one for a NUL. */
static void pem_write(const char *label, const uint8_t *p, size_t n, char *out)
{
	out = stpcpy(stpcpy(stpcpy(out, "-----BEGIN "), label), "-----\n");
	while (n > 0) {
		size_t now = n < LINE_BYTES ? n : LINE_BYTES;

		b64_encode(p, now, false, out);
		out += 4 * ((now + 2) / 3);
		*out++ = '\n';
		p += now;
		n -= now;
	}
	stpcpy(stpcpy(stpcpy(out, "-----END "), label), "-----\n");
}

enum acsr_result pem_encode(
	const char *label, const void *der, size_t n, struct acsr_blob *out, struct acsr_err *e)
{
	size_t size = pem_size(label, n);
	char *p = malloc(size + 1);

	if (p == NULL)
		return err_nomem(e);
	pem_write(label, der, n, p);
	out->p = (uint8_t *)p;
	out->len = size;
	return ACSR_OK;
}

enum acsr_result pem_encode_secret(
	const char *label, const struct acsr_secret *der, struct acsr_secret **out, struct acsr_err *e)
{
	struct acsr_secret *s;

	TRY(secret_zeroed(&s, pem_size(label, acsr_secret_len(der)), e));
	pem_write(label, acsr_secret_bytes(der), acsr_secret_len(der), (char *)secret_data(s));
	*out = s;
	return ACSR_OK;
}

static const uint8_t *find(struct bytes in, size_t from, const char *what)
{
	if (from > in.len)
		return NULL;
	return memmem(in.p + from, in.len - from, what, strlen(what));
}

static bool has_at(struct bytes in, const uint8_t *at, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(in.p + in.len - at) >= n && memcmp(at, what, n) == 0;
}

/* Everything up to the next dashes: there are none in base64. Headers may have some, but never five. */
static void take_text(struct bytes in, size_t start, struct pem_block *out, size_t *pos)
{
	const uint8_t *end = find(in, start, "-----"), *after = end;

	if (end == NULL)
		end = after = in.p + in.len;
	else if (has_at(in, end, "-----END ")) {
		after = find(in, (size_t)(end - in.p) + strlen("-----END "), "-----");
		after = after != NULL ? after + 5 : in.p + in.len;
	} else if (!has_at(in, end, "-----BEGIN "))
		after = end + 5;
	out->text = (struct bytes){ in.p + start, (size_t)(end - in.p) - start };
	out->whole.len = (size_t)(after - out->whole.p);
	*pos = (size_t)(after - in.p);
}

int pem_next(struct bytes in, size_t *pos, struct pem_block *out)
{
	const uint8_t *begin, *label, *dashes;

	for (;;) {
		begin = find(in, *pos, "-----BEGIN ");
		if (begin == NULL)
			return 0;
		label = begin + strlen("-----BEGIN ");
		*pos = (size_t)(label - in.p);
		for (dashes = label; dashes < in.p + in.len && *dashes != '-' && *dashes != '\n'; dashes++)
			if ((size_t)(dashes - label) == sizeof(out->label))
				break;
		if (has_at(in, dashes, "-----") && (size_t)(dashes - label) < sizeof(out->label))
			break;
	}
	snprintf(out->label, sizeof(out->label), "%.*s", (int)(dashes - label), (const char *)label);
	out->whole.p = begin;
	take_text(in, (size_t)(dashes - in.p) + 5, out, pos);
	out->encrypted =
		memmem(out->text.p, out->text.len < 200 ? out->text.len : 200, "4,ENCRYPTED", 11) != NULL;
	return 1;
}

/* Literal "\n" of a text that was once a string in some program; 0 when there is none here. */
static size_t literal_break(struct bytes in, size_t i)
{
	return in.p[i] == '\\' && i + 1 < in.len && strchr("nrt", in.p[i + 1]) != NULL && in.p[i + 1] != 0
		       ? 2
		       : 0;
}

static bool is_line_end(struct bytes in, size_t i)
{
	return in.p[i] == '\n' || in.p[i] == '\r' || literal_break(in, i) != 0;
}

/* Behind headers ("Proc-Type: 4,ENCRYPTED"), when the first line that is not empty is one. */
static size_t skip_headers(struct bytes in)
{
	size_t i = 0, behind = 0;

	for (;;) {
		bool colon = false, any = false;

		for (; i < in.len && !is_line_end(in, i); i++) {
			colon |= in.p[i] == ':';
			any |= !ascii_space(in.p[i]) && in.p[i] != '>';
		}
		if (any && !colon)
			return behind;
		if (i == in.len)
			return colon ? i : behind;
		i += literal_break(in, i) != 0 ? 2 : 1;
		if (colon)
			behind = i;
	}
}

/* "=" at the end of a line in the middle of the text: a mail program broke the line there (RFC 2045 6.7). */
static bool is_soft_break(struct bytes in, size_t i)
{
	if (i + 1 >= in.len || (in.p[i + 1] != '\n' && in.p[i + 1] != '\r'))
		return false;
	for (i++; i < in.len && (ascii_space(in.p[i]) || in.p[i] == '>'); i++)
		;
	return i < in.len && in.p[i] != '=';
}

/* The base64 characters alone; `out` has room for all of `in`. */
static size_t clean(struct bytes in, char *out)
{
	bool line_start = true;
	size_t n = 0;

	for (size_t i = skip_headers(in); i < in.len; i++) {
		uint8_t c = in.p[i];

		if (literal_break(in, i) != 0) {
			i++;
			continue;
		}
		if (ascii_space(c) || (c == '>' && line_start)) {
			line_start = line_start || c == '\n';
			continue;
		}
		line_start = false;
		if (c == '=' && i + 2 < in.len && in.p[i + 1] == '3' && in.p[i + 2] == 'D')
			i += 2;
		else if (c == '=' && is_soft_break(in, i))
			continue;
		out[n++] = (char)c;
	}
	return n;
}

static void free_clean(char *p, size_t n)
{
	if (p != NULL)
		wipe(p, n); /* it may be a private key */
	free(p);
}

bool pem_is_base64(struct bytes text)
{
	char *c = malloc(text.len + 1);
	size_t n = c != NULL ? clean(text, c) : 0;
	bool ok = n > 0;

	for (size_t i = 0; ok && i < n; i++)
		ok = ascii_alnum((unsigned char)c[i]) || strchr("+/=", c[i]) != NULL;
	free_clean(c, n);
	return ok;
}

enum acsr_result pem_decode(struct bytes text, struct buf *out, struct acsr_err *e)
{
	char *c = malloc(text.len + 1);
	struct acsr_err why = { 0 };
	enum acsr_result r;
	size_t n;

	if (c == NULL)
		return err_nomem(e);
	n = clean(text, c);
	if (n == 0) {
		free(c);
		return err_set(e, "input.base64", "there is no base64 text between the BEGIN and END lines");
	}
	r = b64_decode(c, n, false, out, &why);
	free_clean(c, n);
	if (r == ACSR_OK)
		return ACSR_OK;
	if (!err_is(&why, "input.base64"))
		return err_set(e, why.id, "%s", why.text);
	return err_set(e, "input.base64", "the base64 text is damaged or cut short");
}
