/* Heads, skipping, and looking into maps. */
#include "core/passkey_cbor.h"

#include <string.h>

enum { DEPTH = 6, KIND_TAG = 6, KIND_OTHER = 7 };

static void advance(struct bytes *in, size_t n)
{
	in->p += n;
	in->len -= n;
}

/* The first byte says the kind and either the value or how many bytes of value follow. */
static bool take_head(struct bytes *in, unsigned *kind, uint64_t *value)
{
	unsigned info;
	size_t more;

	if (in->len == 0)
		return false;
	*kind = in->p[0] >> 5;
	info = in->p[0] & 31;
	advance(in, 1);
	*value = info;
	if (info < 24)
		return true;
	more = (size_t)1 << (info - 24);
	if (info > 27 || more > in->len)
		return false; /* indefinite, reserved, or cut off */
	*value = 0;
	for (size_t i = 0; i < more; i++)
		*value = *value << 8 | in->p[i];
	advance(in, more);
	return true;
}

static bool skip(struct bytes *in, int depth);

/* An item has a byte at least, so a count beyond the bytes that are left is a lie. */
static bool skip_items(struct bytes *in, uint64_t n, int depth)
{
	if (n > in->len)
		return false;
	for (; n > 0; n--)
		if (!skip(in, depth))
			return false;
	return true;
}

static bool skip(struct bytes *in, int depth)
{
	uint64_t value;
	unsigned kind;

	if (depth == 0 || !take_head(in, &kind, &value))
		return false;
	switch (kind) {
	case CBOR_BYTES:
	case CBOR_TEXT:
		if (value > in->len)
			return false;
		advance(in, (size_t)value);
		return true;
	case CBOR_ARRAY:
		return skip_items(in, value, depth - 1);
	case CBOR_MAP:
		return value <= in->len && skip_items(in, value * 2, depth - 1);
	case KIND_TAG:
		return false;
	case CBOR_UINT:
	case CBOR_NEGATIVE:
	case KIND_OTHER:
	default:
		return true;
	}
}

bool passkey_cbor_take(struct bytes *in, struct bytes *item)
{
	struct bytes rest = *in;

	if (!skip(&rest, DEPTH))
		return false;
	*item = (struct bytes){ in->p, in->len - rest.len };
	*in = rest;
	return true;
}

bool passkey_cbor_is_one(struct bytes item)
{
	return skip(&item, DEPTH) && item.len == 0;
}

bool passkey_cbor_string(struct bytes item, enum cbor_kind kind, struct bytes *out)
{
	uint64_t n;
	unsigned is;

	if (!take_head(&item, &is, &n) || is != kind || n != item.len)
		return false;
	*out = item;
	return true;
}

bool passkey_cbor_integer(struct bytes item, int64_t *out)
{
	uint64_t n;
	unsigned is;

	if (!take_head(&item, &is, &n) || is > CBOR_NEGATIVE || n > INT64_MAX)
		return false;
	*out = is == CBOR_UINT ? (int64_t)n : -1 - (int64_t)n;
	return true;
}

bool passkey_cbor_map_size(struct bytes item, uint64_t *out)
{
	unsigned is;

	return take_head(&item, &is, out) && is == CBOR_MAP;
}

bool passkey_cbor_member(struct bytes map, const char *key, struct bytes *value)
{
	struct bytes name, text, v;
	int found = 0;
	uint64_t n;
	unsigned is;

	if (!take_head(&map, &is, &n) || is != CBOR_MAP)
		return false;
	for (; n > 0; n--) {
		if (!passkey_cbor_take(&map, &name) || !passkey_cbor_take(&map, &v))
			return false;
		if (!passkey_cbor_string(name, CBOR_TEXT, &text) || text.len != strlen(key) ||
			memcmp(text.p, key, text.len) != 0)
			continue;
		*value = v;
		found++;
	}
	return found == 1;
}
