/* One encoder, one decoder, driven by the table that messages.def expands to. */
#include "ipc/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum kind { U64, TEXT, DATA, LIST, SECRET };

enum { LIST_ENTRY_MAX = 65536 };

struct msg_field {
	const char *name;
	enum kind kind;
	size_t at;
	uint64_t max;
};

struct msg_desc {
	const char *name;
	unsigned number;
	enum role from, to;
	int fds;
	size_t size;
	const struct msg_field *fields;
};

/* The last entry, without a name, ends the fields. */
#define MESSAGE(name, number, from, to, fd) static const struct msg_field fields_##name[] = {
#define FIELD(name, kind, field, max) { #field, kind, offsetof(struct msg_##name, field), max },
#define END(name)               \
	{                       \
		NULL, U64, 0, 0 \
	}                       \
	}                       \
	;
#include "ipc/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

static const struct msg_desc descs[] = {
#define MESSAGE(name, number, from, to, fd) \
	{ #name, number, ROLE_##from, ROLE_##to, fd, sizeof(struct msg_##name), fields_##name },
#define FIELD(name, kind, field, max)
#define END(name)
#include "ipc/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
};

const char *role_name(enum role r)
{
	static const char *const names[ROLE_COUNT] = { "any", "autocsrd", "front", "core", "keymaker",
		"signer", "prober", "courier", "hook" };

	return r < ROLE_COUNT ? names[r] : "unknown";
}

const struct msg_desc *msg_desc(unsigned type)
{
	for (size_t i = 0; i < sizeof(descs) / sizeof(descs[0]); i++)
		if (descs[i].number == type)
			return &descs[i];
	return NULL;
}

const char *msg_name(const struct msg_desc *d)
{
	return d->name;
}

unsigned msg_number(const struct msg_desc *d)
{
	return d->number;
}

int msg_fds(const struct msg_desc *d)
{
	return d->fds;
}

size_t msg_size(const struct msg_desc *d)
{
	return d->size;
}

static bool side_fits(enum role stated, enum role actual)
{
	return stated == actual || (stated == ROLE_ANY && actual != ROLE_AUTOCSRD);
}

bool msg_permitted(const struct msg_desc *d, enum role from, enum role to)
{
	return side_fits(d->from, from) && side_fits(d->to, to);
}

enum acsr_result blob_set(struct blob *b, const void *p, size_t n, struct acsr_err *e)
{
	uint8_t *copy = malloc(n + 1);

	if (copy == NULL)
		return err_nomem(e);
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = 0;
	*b = (struct blob){ copy, n };
	return ACSR_OK;
}

void blob_free(struct blob *b)
{
	if (b->p != NULL)
		wipe(b->p, b->len);
	free(b->p);
	*b = (struct blob){ 0 };
}

static enum acsr_result broken(
	const struct msg_desc *d, const struct msg_field *f, const char *what, struct acsr_err *e)
{
	return err_set(e, "ipc.field", "message %s: field %s %s", d->name, f->name, what);
}

/* --- encoding --- */

static enum acsr_result put_sized(struct buf *out, const void *p, size_t n, struct acsr_err *e)
{
	TRY(buf_put_u32(out, (uint32_t)n, e));
	return buf_put(out, p, n, e);
}

static enum acsr_result put_list(const struct strv *l, struct buf *out, struct acsr_err *e)
{
	TRY(buf_put_u32(out, (uint32_t)l->n, e));
	for (size_t i = 0; i < l->n; i++)
		TRY(put_sized(out, l->v[i], strlen(l->v[i]), e));
	return ACSR_OK;
}

static enum acsr_result put_field(const struct msg_desc *d, const struct msg_field *f, const void *at,
	struct buf *out, struct acsr_err *e)
{
	const char *text;
	const struct blob *data;
	const struct acsr_secret *secret;

	switch (f->kind) {
	case U64:
		if (*(const uint64_t *)at > f->max)
			return broken(d, f, "is too large", e);
		return buf_put_u64(out, *(const uint64_t *)at, e);
	case TEXT:
		text = *(char *const *)at != NULL ? *(char *const *)at : "";
		if (strlen(text) > f->max)
			return broken(d, f, "is too long", e);
		return put_sized(out, text, strlen(text), e);
	case DATA:
		data = at;
		if (data->len > f->max)
			return broken(d, f, "is too long", e);
		return put_sized(out, data->p, data->len, e);
	case SECRET:
		secret = *(struct acsr_secret *const *)at;
		if (secret != NULL && acsr_secret_len(secret) > f->max)
			return broken(d, f, "is too long", e);
		return put_sized(out, secret != NULL ? (const void *)acsr_secret_bytes(secret) : "",
			secret != NULL ? acsr_secret_len(secret) : 0, e);
	case LIST:
		if (((const struct strv *)at)->n > f->max)
			return broken(d, f, "has too many entries", e);
		return put_list(at, out, e);
	}
	return broken(d, f, "is of no known kind", e);
}

enum acsr_result msg_encode(
	const struct msg_desc *d, uint64_t id, const void *m, struct buf *out, struct acsr_err *e)
{
	size_t start = out->len;
	uint32_t n;

	TRY(buf_put_u32(out, 0, e));
	TRY(buf_put_u16(out, IPC_VERSION, e));
	TRY(buf_put_u16(out, (uint16_t)d->number, e));
	TRY(buf_put_u64(out, id, e));
	for (const struct msg_field *f = d->fields; f->name != NULL; f++)
		TRY(put_field(d, f, (const char *)m + f->at, out, e));
	n = (uint32_t)(out->len - start - 4);
	for (size_t i = 0; i < 4; i++)
		out->p[start + i] = (uint8_t)(n >> (8 * (3 - i)));
	return ACSR_OK;
}

/* --- decoding --- */

static enum acsr_result get_sized(const struct msg_desc *d, const struct msg_field *f, uint64_t max,
	struct buf *in, struct bytes *out, struct acsr_err *e)
{
	uint32_t n;

	TRY(buf_get_u32(in, &n, e));
	if (n > max)
		return broken(d, f, "is too long", e);
	return buf_take(in, n, out, e);
}

static enum acsr_result check_text(
	const struct msg_desc *d, const struct msg_field *f, struct bytes b, struct acsr_err *e)
{
	if (memchr(b.p, 0, b.len) != NULL || !str_is_utf8((const char *)b.p, b.len))
		return broken(d, f, "is not a text", e);
	return ACSR_OK;
}

static enum acsr_result get_text(
	const struct msg_desc *d, const struct msg_field *f, struct buf *in, char **out, struct acsr_err *e)
{
	struct bytes b;

	TRY(get_sized(d, f, f->max, in, &b, e));
	TRY(check_text(d, f, b, e));
	*out = strndup((const char *)b.p, b.len);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

static enum acsr_result get_list(const struct msg_desc *d, const struct msg_field *f, struct buf *in,
	struct strv *out, struct acsr_err *e)
{
	uint32_t n;

	TRY(buf_get_u32(in, &n, e));
	if (n > f->max || n > buf_unread(in) / 4)
		return broken(d, f, "has too many entries", e);
	out->v = calloc(n != 0 ? n : 1, sizeof(*out->v));
	if (out->v == NULL)
		return err_nomem(e);
	for (; out->n < n; out->n++) {
		struct bytes b;

		TRY(get_sized(d, f, LIST_ENTRY_MAX, in, &b, e));
		TRY(check_text(d, f, b, e));
		out->v[out->n] = strndup((const char *)b.p, b.len);
		if (out->v[out->n] == NULL)
			return err_nomem(e);
	}
	return ACSR_OK;
}

static enum acsr_result get_field(
	const struct msg_desc *d, const struct msg_field *f, struct buf *in, void *at, struct acsr_err *e)
{
	struct bytes b;

	switch (f->kind) {
	case U64:
		TRY(buf_get_u64(in, at, e));
		return *(uint64_t *)at <= f->max ? ACSR_OK : broken(d, f, "is too large", e);
	case TEXT:
		return get_text(d, f, in, at, e);
	case LIST:
		return get_list(d, f, in, at, e);
	case DATA:
		TRY(get_sized(d, f, f->max, in, &b, e));
		return blob_set(at, b.p, b.len, e);
	case SECRET:
		TRY(get_sized(d, f, f->max, in, &b, e));
		return b.len == 0 ? ACSR_OK : acsr_secret_new(at, b.p, b.len, e);
	}
	return broken(d, f, "is of no known kind", e);
}

static enum acsr_result get_fields(const struct msg_desc *d, struct buf *in, void *m, struct acsr_err *e)
{
	for (const struct msg_field *f = d->fields; f->name != NULL; f++)
		TRY(get_field(d, f, in, (char *)m + f->at, e));
	if (buf_unread(in) != 0)
		return err_set(e, "ipc.trailing", "message %s: %zu bytes too many", d->name, buf_unread(in));
	return ACSR_OK;
}

enum acsr_result msg_decode(const struct msg_desc *d, struct buf *in, void *m, struct acsr_err *e)
{
	enum acsr_result r = get_fields(d, in, m, e);

	if (r != ACSR_OK)
		msg_clear(d, m);
	return r;
}

static void clear_field(const struct msg_field *f, void *at)
{
	char *text;

	switch (f->kind) {
	case U64:
		break;
	case TEXT:
		text = *(char **)at;
		if (text != NULL)
			wipe(text, strlen(text));
		free(text);
		break;
	case DATA:
		blob_free(at);
		break;
	case LIST:
		strv_free(at);
		break;
	case SECRET:
		acsr_secret_free(*(struct acsr_secret **)at);
		break;
	}
}

void msg_clear(const struct msg_desc *d, void *m)
{
	for (const struct msg_field *f = d->fields; f->name != NULL; f++)
		clear_field(f, (char *)m + f->at);
	memset(m, 0, d->size);
}
