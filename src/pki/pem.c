/* PEM writing and finding. */
#include "pem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int pem_next(struct bytes in, size_t *pos, struct pem_block *out)
{
	const uint8_t *begin = find(in, *pos, "-----BEGIN ");
	const uint8_t *label, *dashes, *end, *after;
	size_t start;

	if (begin == NULL)
		return 0;
	label = begin + strlen("-----BEGIN ");
	dashes = find(in, (size_t)(label - in.p), "-----");
	if (dashes == NULL || (size_t)(dashes - label) >= sizeof(out->label))
		return 0;
	snprintf(out->label, sizeof(out->label), "%.*s", (int)(dashes - label), (const char *)label);

	start = (size_t)(dashes - in.p) + 5;
	end = find(in, start, "-----END ");
	if (end == NULL)
		end = in.p + in.len;
	out->text = (struct bytes){ in.p + start, (size_t)(end - in.p) - start };
	after = find(in, (size_t)(end - in.p) + (end < in.p + in.len ? 9 : 0), "-----");
	*pos = after != NULL ? (size_t)(after - in.p) + 5 : in.len;
	return 1;
}

enum acsr_result pem_decode(struct bytes text, struct buf *out, struct acsr_err *e)
{
	CLEANUP_STR char *clean = malloc(text.len + 1);
	struct acsr_err why;
	size_t n = 0;

	if (clean == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < text.len; i++) {
		if (isspace(text.p[i]))
			continue;
		if (text.p[i] == '\\' && i + 1 < text.len && strchr("nrt", text.p[i + 1]) != NULL) {
			i++;
			continue;
		}
		clean[n++] = (char)text.p[i];
	}
	if (n == 0)
		return err_set(e, "input.base64", "there is no base64 text between the BEGIN and END lines");
	if (b64_decode(clean, n, false, out, &why) == ACSR_OK)
		return ACSR_OK;
	if (!err_is(&why, "input.base64"))
		return err_set(e, why.id, "%s", why.text);
	return err_set(e, "input.base64", "the base64 text is damaged or cut short");
}
