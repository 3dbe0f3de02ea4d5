/* The table of a receipt's members, and the canonical text by it. */
#include "pki/receipt.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define AT(field) offsetof(struct receipt, field), sizeof(((struct receipt *)NULL)->field)

/* In the order of RFC 8785 3.2.3: groups and members at the top by name, and within each group. */
static const struct receipt_member members[] = {
	{ NULL, "account", RECEIPT_ID, AT(account), true, NULL },
	{ "archive", "sha256", RECEIPT_HEX, AT(archive_sha256), false, NULL },
	{ "archive", "size", RECEIPT_COUNT, AT(archive_size), false, NULL },
	{ "audit", "checkpoint_root", RECEIPT_HEX, AT(checkpoint_root), false, NULL },
	{ "audit", "checkpoint_size", RECEIPT_COUNT, AT(checkpoint_size), false, NULL },
	{ "audit", "destroyed_entry", RECEIPT_COUNT, AT(destroyed.seq), false, NULL },
	{ "audit", "destroyed_leaf", RECEIPT_HEX, AT(destroyed.leaf), false, NULL },
	{ "audit", "handed_over_entry", RECEIPT_COUNT, AT(handed_over.seq), true, NULL },
	{ "audit", "handed_over_leaf", RECEIPT_HEX, AT(handed_over.leaf), true, NULL },
	{ "audit", "log", RECEIPT_TEXT, AT(log), false, NULL },
	{ "audit", "made_entry", RECEIPT_COUNT, AT(made.seq), false, NULL },
	{ "audit", "made_leaf", RECEIPT_HEX, AT(made.leaf), false, NULL },
	{ "authorised", "at", RECEIPT_TIME, AT(authorised_at), false, NULL },
	{ "authorised", "by", RECEIPT_TEXT, AT(authorised_by), false, NULL },
	{ "authorised", "kind", RECEIPT_TEXT, AT(authorised_kind), false, "session token" },
	{ "authorised", "network", RECEIPT_TEXT, AT(authorised_network), false, NULL },
	{ "authorised", "token", RECEIPT_TEXT, AT(authorised_token), false, NULL },
	{ "authorised", "wording", RECEIPT_TEXT, AT(authorised_wording), false, NULL },
	{ NULL, "format", RECEIPT_TEXT, 0, 0, true, RECEIPT_FORMAT },
	{ "hand_over", "delivery", RECEIPT_TEXT, AT(delivery), false, "download email" },
	{ "hand_over", "format", RECEIPT_TEXT, AT(format), true, "zip pkcs8 p12 p12-legacy age cms" },
	{ "hand_over", "grade", RECEIPT_TEXT, AT(grade), true, "browser sealed code" },
	{ "hand_over", "recipient", RECEIPT_TEXT, AT(recipient), false, NULL },
	{ "hand_over", "recipient_sha256", RECEIPT_HEX, AT(recipient_sha256), false, NULL },
	{ "issuer", "kind", RECEIPT_TEXT, AT(issuer_kind), true, "private public" },
	{ "issuer", "name", RECEIPT_TEXT, AT(issuer), false, NULL },
	{ "key", "made_by", RECEIPT_TEXT, AT(made_by), true, "service browser" },
	{ "key", "spki_sha256", RECEIPT_HEX, AT(spki_sha256), true, NULL },
	{ "key", "type", RECEIPT_TEXT, AT(key_type), true, NULL },
	{ NULL, "names", RECEIPT_LIST, AT(names), true, NULL },
	{ NULL, "order", RECEIPT_ID, AT(order), true, NULL },
	{ NULL, "part", RECEIPT_TEXT, AT(part), true, "hand-over final" },
	{ NULL, "product", RECEIPT_TEXT, AT(product), true, NULL },
	{ NULL, "request", RECEIPT_ID, AT(request), true, NULL },
	{ NULL, "sandbox", RECEIPT_TEXT, AT(sandbox), false, NULL },
	{ NULL, "service", RECEIPT_TEXT, AT(service), true, NULL },
	{ NULL, "signed_at", RECEIPT_TIME, AT(signed_at), true, NULL },
	{ NULL, "software", RECEIPT_TEXT, AT(software), true, NULL },
	{ "statement", "at", RECEIPT_TIME, AT(statement_at), false, NULL },
	{ "statement", "author", RECEIPT_TEXT, AT(statement_author), false, NULL },
	{ "statement", "text", RECEIPT_LINES, AT(statement), false, NULL },
	{ "times", "code_destroyed", RECEIPT_TIME, AT(destroyed_at), false, NULL },
	{ "times", "handed_over", RECEIPT_TIME, AT(handed_over_at), true, NULL },
	{ "times", "made", RECEIPT_TIME, AT(made_at), false, NULL },
	{ "times", "worker_gone", RECEIPT_TIME, AT(gone_at), false, NULL },
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

const struct receipt_member *receipt_member_at(size_t i)
{
	return i < MEMBERS ? &members[i] : NULL;
}

void receipt_clear(struct receipt *r)
{
	strv_free(&r->names);
	*r = (struct receipt){ 0 };
}

/* --- members --- */

static bool is_format(const struct receipt_member *m)
{
	return m->cap == 0;
}

static const char *text_of(const struct receipt *r, const struct receipt_member *m)
{
	return is_format(m) ? RECEIPT_FORMAT : (const char *)r + m->offset;
}

static int64_t number_of(const struct receipt *r, const struct receipt_member *m)
{
	int64_t n;

	memcpy(&n, (const char *)r + m->offset, sizeof(n));
	return n;
}

static bool applies(const struct receipt *r, const struct receipt_member *m)
{
	switch (m->kind) {
	case RECEIPT_TIME:
	case RECEIPT_COUNT:
		return number_of(r, m) != 0;
	case RECEIPT_LIST:
		return r->names.n > 0;
	default:
		return text_of(r, m)[0] != '\0';
	}
}

/* --- checking --- */

static enum acsr_result bad(struct acsr_err *e, const struct receipt_member *m, const char *what)
{
	return err_set(e, "receipt.field", "%s%s%s of the receipt %s", m->group != NULL ? m->group : "",
		m->group != NULL ? "." : "", m->name, what);
}

static bool is_hex(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* "ord_1a2b3c" */
static bool is_id(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(s);
}

static bool is_choice(const char *s, const char *choices)
{
	size_t n = strlen(s);

	if (strchr(s, ' ') != NULL)
		return false;
	for (const char *p = choices; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, s, n) == 0 && (p[n] == ' ' || p[n] == '\0'))
			return true;
	}
	return false;
}

/* Nothing that is invisible or moves what stands around it; `lines`: line feeds are fine. */
static bool is_plain(const char *s, bool lines)
{
	char copy[sizeof(((struct receipt *)NULL)->statement)];

	if (!str_is_utf8(s, strlen(s)) || strlen(s) >= sizeof(copy))
		return false;
	memcpy(copy, s, strlen(s) + 1);
	for (char *p = copy; lines && *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return !str_has_control(copy);
}

static enum acsr_result check_text(const struct receipt_member *m, const char *s, struct acsr_err *e)
{
	if (m->kind == RECEIPT_HEX && !is_hex(s))
		return bad(e, m, "is no SHA-256 in hex");
	if (m->kind == RECEIPT_ID && !is_id(s))
		return bad(e, m, "is no id");
	if (m->choices != NULL && !is_choice(s, m->choices))
		return bad(e, m, "is none of the words that can be there");
	return is_plain(s, m->kind == RECEIPT_LINES) ? ACSR_OK : bad(e, m, "has control characters");
}

static enum acsr_result check_number(const struct receipt_member *m, int64_t n, struct acsr_err *e)
{
	/* RFC 8785 3.2.2.3: what every reader of JSON holds exactly; and years of four digits */
	int64_t most = m->kind == RECEIPT_TIME ? INT64_C(253402300799) : INT64_C(9007199254740991);

	return n > 0 && n <= most ? ACSR_OK : bad(e, m, "is out of range");
}

static enum acsr_result check_names(
	const struct receipt_member *m, const struct strv *names, struct acsr_err *e)
{
	if (names->n > RECEIPT_NAMES)
		return bad(e, m, "has too many names");
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i][0] == '\0' || strlen(names->v[i]) > 255 || !is_plain(names->v[i], false))
			return bad(e, m, "has a name that is none");
	return ACSR_OK;
}

static enum acsr_result check_member(
	const struct receipt *r, const struct receipt_member *m, struct acsr_err *e)
{
	if (!applies(r, m))
		return m->needed ? bad(e, m, "is missing") : ACSR_OK;
	if (m->kind == RECEIPT_LIST)
		return check_names(m, &r->names, e);
	if (m->kind == RECEIPT_TIME || m->kind == RECEIPT_COUNT)
		return check_number(m, number_of(r, m), e);
	return check_text(m, text_of(r, m), e);
}

/* What one member says of another. */
static enum acsr_result check_sense(const struct receipt *r, struct acsr_err *e)
{
	bool ours = strcmp(r->made_by, "service") == 0, final = strcmp(r->part, "final") == 0;
	bool code = strcmp(r->grade, "code") == 0, sealed = strcmp(r->grade, "sealed") == 0;

	if (ours == (strcmp(r->grade, "browser") == 0))
		return err_set(e, "receipt.field", "the grade does not fit to who made the key");
	if (ours != (r->made_at != 0) || ours != (r->archive_sha256[0] != '\0') ||
		(!ours && (r->gone_at != 0 || r->authorised_at != 0 || r->archive_size != 0)))
		return err_set(e, "receipt.field",
			"a key that the service made has its time and archive, and no other has");
	if (sealed != (r->recipient_sha256[0] != '\0'))
		return err_set(
			e, "receipt.field", "who it is sealed to is told of a sealed key, and of no other");
	if ((code && final) != (r->destroyed_at != 0))
		return err_set(e, "receipt.field",
			"when the code was destroyed is told by the final receipt of a key under a code, and "
			"by no other");
	if (!code && !final)
		return err_set(
			e, "receipt.field", "a hand-over without a code has one receipt, the final one");
	return ACSR_OK;
}

enum acsr_result receipt_check(const struct receipt *r, struct acsr_err *e)
{
	for (size_t i = 0; i < MEMBERS; i++)
		TRY(check_member(r, &members[i], e));
	return check_sense(r, e);
}

bool receipt_in_order(const struct receipt *r, const char **why)
{
	*why = r->made_at > r->handed_over_at         ? "it was handed over before it was made"
	       : r->authorised_at > r->handed_over_at ? "it was handed over before it was authorised"
	       : r->destroyed_at != 0 && r->destroyed_at < r->made_at
		       ? "the code was destroyed before the key was made"
	       : r->gone_at != 0 && r->gone_at < r->made_at ? "the worker ended before it made the key"
	       : r->signed_at < r->handed_over_at || r->signed_at < r->destroyed_at ||
			       r->signed_at < r->gone_at
		       ? "it was signed before what it tells of"
		       : NULL;
	return *why == NULL;
}

/* --- printing --- */

/* RFC 8785 3.2.2.2; of control characters only the line feed can be there. */
static enum acsr_result put_string(struct buf *out, const char *s, struct acsr_err *e)
{
	TRY(buf_put_u8(out, '"', e));
	for (size_t n; *s != '\0'; s += n) {
		n = strcspn(s, "\"\\\n");
		if (n > 0) {
			TRY(buf_put(out, s, n, e));
			continue;
		}
		TRY(buf_printf(out, e, "\\%c", *s == '\n' ? 'n' : *s));
		n = 1;
	}
	return buf_put_u8(out, '"', e);
}

static enum acsr_result put_names(struct buf *out, const struct strv *names, struct acsr_err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		TRY(buf_put_u8(out, i == 0 ? '[' : ',', e));
		TRY(put_string(out, names->v[i], e));
	}
	return buf_put_u8(out, ']', e);
}

static enum acsr_result put_value(
	struct buf *out, const struct receipt *r, const struct receipt_member *m, struct acsr_err *e)
{
	char at[21];

	if (!applies(r, m))
		return buf_putstr(out, "null", e);
	switch (m->kind) {
	case RECEIPT_LIST:
		return put_names(out, &r->names, e);
	case RECEIPT_COUNT:
		return buf_printf(out, e, "%lld", (long long)number_of(r, m));
	case RECEIPT_TIME:
		clock_rfc3339(number_of(r, m), at);
		return put_string(out, at, e);
	default:
		return put_string(out, text_of(r, m), e);
	}
}

static bool same_group(const struct receipt_member *a, const struct receipt_member *b)
{
	return a != NULL && b != NULL && a->group != NULL && b->group != NULL &&
	       strcmp(a->group, b->group) == 0;
}

/* The first of a group, with the group's brace, or null for all of them: *skip are they. */
static enum acsr_result open_group(
	struct buf *out, const struct receipt *r, size_t i, size_t *skip, struct acsr_err *e)
{
	bool any = false;
	size_t n = 0;

	while (same_group(receipt_member_at(i), receipt_member_at(i + n))) {
		any = any || applies(r, &members[i + n]);
		n++;
	}
	*skip = any ? 0 : n;
	return buf_printf(out, e, "\"%s\":%s", members[i].group, any ? "{" : "null");
}

enum acsr_result receipt_print(const struct receipt *r, struct buf *out, struct acsr_err *e)
{
	TRY(receipt_check(r, e));
	for (size_t i = 0, skip = 0; i<MEMBERS; i += skip> 0 ? skip : 1) {
		const struct receipt_member *m = &members[i], *before = i > 0 ? m - 1 : NULL;
		bool inside = same_group(before, m);

		skip = 0;
		TRY(buf_put_u8(out, i == 0 ? '{' : ',', e));
		if (m->group != NULL && !inside)
			TRY(open_group(out, r, i, &skip, e));
		if (skip > 0)
			continue;
		TRY(buf_printf(out, e, "\"%s\":", m->name));
		TRY(put_value(out, r, m, e));
		if (m->group != NULL && !same_group(m, receipt_member_at(i + 1)))
			TRY(buf_put_u8(out, '}', e));
	}
	return buf_put_u8(out, '}', e);
}
