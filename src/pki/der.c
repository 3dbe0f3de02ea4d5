/* Strict DER reading, and writing into caller memory. */
#include "der.h"

#include <stdio.h>
#include <string.h>

static enum acsr_result fail(struct acsr_err *e, const char *area, const char *what, const char *text)
{
	char id[64];

	snprintf(id, sizeof(id), "%s.%s", area, what);
	return err_rule(e, id, NULL, "X.690 10", "%s", text);
}

/* Length octets: definite, minimal, at most four, within the input. */
static enum acsr_result read_length(
	struct bytes in, size_t *header, size_t *len, const char *area, struct acsr_err *e)
{
	size_t n, v = 0;

	if (in.len < 2)
		return fail(e, area, "der", "the DER ends in the middle of an element");
	*header = 2;
	*len = in.p[1];
	if (in.p[1] < 0x80)
		return ACSR_OK;
	if (in.p[1] == 0x80)
		return fail(e, area, "der.indefinite", "an indefinite length is BER, not DER");
	n = in.p[1] & 0x7fu;
	if (n > 4)
		return fail(e, area, "der.length", "a DER length of more than four octets");
	if (in.len < 2 + n)
		return fail(e, area, "der", "the DER ends in the middle of a length");
	for (size_t i = 0; i < n; i++)
		v = v << 8 | in.p[2 + i];
	if (v < 0x80 || in.p[2] == 0)
		return fail(e, area, "der.length", "a DER length is not in its shortest form");
	*header = 2 + n;
	*len = v;
	return ACSR_OK;
}

enum acsr_result der_next(struct bytes *in, struct der_tlv *out, const char *area, struct acsr_err *e)
{
	size_t header = 0, len = 0;

	TRY(read_length(*in, &header, &len, area, e));
	if ((in->p[0] & 0x1fu) == 0x1fu || in->p[0] == 0)
		return fail(e, area, "der", "a DER tag that has no place here");
	if (len > in->len - header)
		return fail(e, area, "der", "a DER element is longer than what contains it");
	out->tag = in->p[0];
	out->body = (struct bytes){ in->p + header, len };
	out->whole = (struct bytes){ in->p, header + len };
	in->p += header + len;
	in->len -= header + len;
	return ACSR_OK;
}

enum acsr_result der_expect(
	struct bytes *in, unsigned tag, struct der_tlv *out, const char *area, struct acsr_err *e)
{
	TRY(der_next(in, out, area, e));
	if (out->tag != tag)
		return fail(e, area, "der", "a DER element of another type than expected");
	return ACSR_OK;
}

static enum acsr_result check_integer(struct bytes b, const char *area, struct acsr_err *e)
{
	if (b.len == 0 || b.len > DER_MAX_INTEGER)
		return fail(e, area, "der.integer", "an integer is empty or too large");
	if (b.len > 1 && ((b.p[0] == 0 && b.p[1] < 0x80) || (b.p[0] == 0xff && b.p[1] >= 0x80)))
		return fail(e, area, "der.integer", "an integer is not in its shortest form");
	return ACSR_OK;
}

static enum acsr_result check_primitive(const struct der_tlv *t, const char *area, struct acsr_err *e)
{
	switch (t->tag) {
	case DER_BOOLEAN:
		if (t->body.len != 1 || (t->body.p[0] != 0 && t->body.p[0] != 0xff))
			return fail(e, area, "der", "a boolean that is neither 00 nor FF");
		return ACSR_OK;
	case DER_INTEGER:
		return check_integer(t->body, area, e);
	case DER_NULL:
		if (t->body.len != 0)
			return fail(e, area, "der", "a NULL that is not empty");
		return ACSR_OK;
	case DER_BIT_STRING:
		if (t->body.len == 0 || t->body.p[0] > 7 || (t->body.len == 1 && t->body.p[0] != 0))
			return fail(e, area, "der", "a bit string without its count of unused bits");
		return ACSR_OK;
	default:
		return ACSR_OK;
	}
}

/* Walk without recursion: ends[] holds where each open constructed element ends. */
static enum acsr_result walk(struct bytes in, const char *area, struct acsr_err *e)
{
	const uint8_t *ends[DER_MAX_DEPTH];
	size_t depth = 0;
	struct der_tlv t;

	while (in.len > 0 || depth > 0) {
		if (in.len == 0) {
			const uint8_t *outer = ends[--depth];

			in.len = (size_t)(outer - in.p);
			continue;
		}
		TRY(der_next(&in, &t, area, e));
		if ((t.tag & 0x20u) == 0) {
			TRY(check_primitive(&t, area, e));
			continue;
		}
		if (depth == DER_MAX_DEPTH)
			return fail(e, area, "der.depth", "the DER is nested too deeply");
		ends[depth++] = in.p + in.len;
		in = t.body;
	}
	return ACSR_OK;
}

enum acsr_result der_check(struct bytes in, const char *area, struct acsr_err *e)
{
	struct bytes rest = in;
	struct der_tlv first;

	TRY(der_next(&rest, &first, area, e));
	if (rest.len != 0)
		return fail(e, area, "trailing", "there are bytes after the end of the DER");
	return walk(in, area, e);
}

void der_out_init(struct der_out *w, void *p, size_t cap)
{
	*w = (struct der_out){ .p = p, .pos = cap, .cap = cap };
}

void der_put(struct der_out *w, const void *p, size_t n)
{
	if (w->failed || n > w->pos) {
		w->failed = true;
		return;
	}
	w->pos -= n;
	if (n > 0)
		memcpy(w->p + w->pos, p, n);
}

void der_wrap(struct der_out *w, unsigned tag, size_t end)
{
	size_t len = end - w->pos;
	uint8_t head[6];
	size_t n = sizeof(head);

	if (len < 0x80) {
		head[--n] = (uint8_t)len;
	} else {
		size_t octets = 0;

		for (size_t v = len; v != 0; v >>= 8, octets++)
			head[--n] = (uint8_t)v;
		head[--n] = (uint8_t)(0x80u | octets);
	}
	head[--n] = (uint8_t)tag;
	der_put(w, head + n, sizeof(head) - n);
}

void der_put_tlv(struct der_out *w, unsigned tag, const void *p, size_t n)
{
	size_t end = w->pos;

	der_put(w, p, n);
	der_wrap(w, tag, end);
}

void der_put_uint(struct der_out *w, const uint8_t *p, size_t n)
{
	static const uint8_t zero = 0;
	size_t end = w->pos;

	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	der_put(w, p, n);
	if (n == 0 || p[0] >= 0x80)
		der_put(w, &zero, 1);
	der_wrap(w, DER_INTEGER, end);
}

void der_put_small(struct der_out *w, uint32_t v)
{
	uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	der_put_uint(w, be, sizeof(be));
}
