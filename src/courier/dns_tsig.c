/* Signing and checking by HMAC over the message and the record's own fields. */
#include "courier/dns_tsig.h"

#include <arpa/nameser.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "courier/dns_message.h"

enum { CLASS_ANY = 255, TYPE_TSIG = 250, BADSIG = 16, BADKEY = 17, BADTIME = 18, BADTRUNC = 22 };

/* --- keys --- */

static const struct tsig_algorithm {
	const char *name, *digest;
} algorithms[] = {
	{ "hmac-sha224", "SHA224" },
	{ "hmac-sha256", "SHA256" },
	{ "hmac-sha384", "SHA384" },
	{ "hmac-sha512", "SHA512" },
};

static const struct tsig_algorithm *algorithm_of(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcasecmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* The next word; what stands around words in either format is skipped, comments too. False: the end. */
static bool next_word(const char **at, char out[512])
{
	static const char around[] = " \t\r\n{};\",-[]";
	size_t n;

	for (;;) {
		*at += strspn(*at, around);
		if (**at != '#' && strncmp(*at, "//", 2) != 0)
			break;
		*at += strcspn(*at, "\n");
	}
	n = strcspn(*at, " \t\r\n{};\",");
	if (n == 0 || n >= 512)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n;
	if (n > 1 && out[n - 1] == ':')
		out[n - 1] = '\0';
	return true;
}

static enum acsr_result begin_key(struct tsig_keys *keys, char *name, struct acsr_err *e)
{
	size_t n = strlen(name);
	struct tsig_key *k;

	if (n > 0 && name[n - 1] == '.')
		name[n - 1] = '\0';
	str_lower(name);
	if (!dns_is_name(name))
		return err_set(e, "config.tsig", "\"%s\" is no name of a TSIG key", name);
	if (keys->n == TSIG_KEYS_MAX)
		return err_set(e, "config.tsig", "there are more than %d TSIG keys", TSIG_KEYS_MAX);
	k = &keys->v[keys->n++];
	*k = (struct tsig_key){ 0 };
	snprintf(k->name, sizeof(k->name), "%s", name);
	return ACSR_OK;
}

static enum acsr_result set_algorithm(struct tsig_key *k, const char *name, struct acsr_err *e)
{
	k->algorithm = algorithm_of(name);
	if (k->algorithm == NULL)
		return err_set(e, "config.tsig",
			"TSIG key %s: the algorithm %s is not used any more; make one with hmac-sha256",
			k->name, name);
	return ACSR_OK;
}

static enum acsr_result set_secret(struct tsig_key *k, const char *text, struct acsr_err *e)
{
	CLEANUP_BUF struct buf raw = { 0 };

	buf_init(&raw, 512);
	if (k->secret != NULL || b64_decode(text, strlen(text), false, &raw, NULL) != ACSR_OK || raw.len < 16)
		return err_set(e, "config.tsig",
			"TSIG key %s: its secret is no base64, too short, or there are two", k->name);
	return acsr_secret_new(&k->secret, raw.p, raw.len, e);
}

static enum acsr_result take_word(
	struct tsig_keys *keys, const char *what, char *value, bool *used, struct acsr_err *e)
{
	struct tsig_key *last = keys->n > 0 ? &keys->v[keys->n - 1] : NULL;

	*used = true;
	if (strcmp(what, "id") == 0 || (strcmp(what, "key") == 0 && strcmp(value, "id") != 0))
		return begin_key(keys, value, e);
	if (last != NULL && strcmp(what, "algorithm") == 0)
		return set_algorithm(last, value, e);
	if (last != NULL && strcmp(what, "secret") == 0)
		return set_secret(last, value, e);
	*used = false;
	return ACSR_OK;
}

static enum acsr_result read_words(
	const char *text, struct tsig_keys *keys, char what[512], char value[512], struct acsr_err *e)
{
	bool have = next_word(&text, what), used;

	while (have && next_word(&text, value)) {
		TRY(take_word(keys, what, value, &used, e));
		if (used)
			have = next_word(&text, what);
		else
			memcpy(what, value, 512);
	}
	return ACSR_OK;
}

static enum acsr_result check_keys(const struct tsig_keys *keys, struct acsr_err *e)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->v[i].algorithm == NULL || keys->v[i].secret == NULL)
			return err_set(e, "config.tsig", "TSIG key %s has no algorithm or no secret",
				keys->v[i].name);
	if (keys->n == 0)
		return err_set(e, "config.tsig",
			"there is no TSIG key in it; make one with: tsig-keygen -a hmac-sha256 NAME");
	return ACSR_OK;
}

enum acsr_result tsig_read_keys(const char *text, struct tsig_keys *out, struct acsr_err *e)
{
	char what[512] = "", value[512] = "";
	struct tsig_keys keys = { .n = 0 };
	enum acsr_result r = read_words(text, &keys, what, value, e);

	wipe(what, sizeof(what));
	wipe(value, sizeof(value));
	if (r == ACSR_OK)
		r = check_keys(&keys, e);
	if (r == ACSR_OK)
		*out = keys;
	else
		tsig_keys_clear(&keys);
	return r;
}

void tsig_keys_clear(struct tsig_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		acsr_secret_free(k->v[i].secret);
	k->n = 0;
}

const struct tsig_key *tsig_key_find(const struct tsig_keys *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++)
		if (*name == '\0' || strcasecmp(k->v[i].name, name) == 0)
			return &k->v[i];
	return NULL;
}

/* --- the record's fields --- */

struct record {
	uint64_t time;
	uint16_t fudge, error, id;
	uint8_t mac[TSIG_MAC_MAX];
	size_t mac_len;
	uint8_t other[16];
	size_t other_len;
};

static enum acsr_result put_time(struct buf *out, const struct record *r, struct acsr_err *e)
{
	TRY(buf_put_u16(out, (uint16_t)(r->time >> 32), e));
	TRY(buf_put_u32(out, (uint32_t)r->time, e));
	return buf_put_u16(out, r->fudge, e);
}

/* RFC 8945 4.3.3 */
static enum acsr_result put_variables(
	struct buf *out, const struct tsig_key *k, const struct record *r, struct acsr_err *e)
{
	TRY(dns_put_name(out, k->name, e));
	TRY(buf_put_u16(out, CLASS_ANY, e));
	TRY(buf_put_u32(out, 0, e));
	TRY(dns_put_name(out, k->algorithm->name, e));
	TRY(put_time(out, r, e));
	TRY(buf_put_u16(out, r->error, e));
	TRY(buf_put_u16(out, (uint16_t)r->other_len, e));
	return buf_put(out, r->other, r->other_len, e);
}

static enum acsr_result hmac(
	const struct tsig_key *k, struct bytes data, struct tsig_mac *out, struct acsr_err *e)
{
	size_t n = 0;

	if (EVP_Q_mac(NULL, "HMAC", NULL, k->algorithm->digest, NULL, acsr_secret_bytes(k->secret),
		    acsr_secret_len(k->secret), data.p, data.len, out->v, sizeof(out->v), &n) == NULL)
		return err_set(e, "sys.crypto", "HMAC with %s cannot be computed", k->algorithm->digest);
	out->len = n;
	return ACSR_OK;
}

/* --- signing --- */

static enum acsr_result put_record(struct buf *out, const struct tsig_key *k, const struct record *r,
	const struct tsig_mac *mac, struct acsr_err *e)
{
	TRY(dns_put_name(out, k->name, e));
	TRY(buf_put_u16(out, TYPE_TSIG, e));
	TRY(buf_put_u16(out, CLASS_ANY, e));
	TRY(buf_put_u32(out, 0, e));
	TRY(buf_put_u16(out, (uint16_t)(strlen(k->algorithm->name) + 2 + 16 + mac->len), e));
	TRY(dns_put_name(out, k->algorithm->name, e));
	TRY(put_time(out, r, e));
	TRY(buf_put_u16(out, (uint16_t)mac->len, e));
	TRY(buf_put(out, mac->v, mac->len, e));
	TRY(buf_put_u16(out, r->id, e));
	TRY(buf_put_u16(out, 0, e));
	return buf_put_u16(out, 0, e);
}

enum acsr_result tsig_sign(
	struct buf *message, const struct tsig_key *k, int64_t now, struct tsig_mac *mac, struct acsr_err *e)
{
	struct record r = { .time = (uint64_t)now, .fudge = TSIG_FUDGE };
	CLEANUP_BUF struct buf data = { 0 };

	buf_init(&data, DNS_MESSAGE_MAX + 1024);
	if (message->len < DNS_HEADER)
		return err_set(e, "publish.dns-answer", "this is no DNS message");
	r.id = (uint16_t)(message->p[0] << 8 | message->p[1]);
	TRY(buf_put(&data, message->p, message->len, e));
	TRY(put_variables(&data, k, &r, e));
	TRY(hmac(k, (struct bytes){ data.p, data.len }, mac, e));
	TRY(put_record(message, k, &r, mac, e));
	message->p[DNS_ARCOUNT_AT + 1]++; /* it was 0 */
	return ACSR_OK;
}

/* --- checking --- */

static enum acsr_result unreadable(struct acsr_err *e)
{
	return err_set(e, "publish.dns-answer", "the signature in the DNS server's answer cannot be read");
}

/* A name inside the answer, taken from the cursor. */
static enum acsr_result get_name(struct buf *b, char out[NS_MAXDNAME], struct acsr_err *e)
{
	int n = ns_name_uncompress(b->p, b->p + b->len, b->p + b->off, out, NS_MAXDNAME);

	if (n < 0 || (size_t)n > b->len - b->off)
		return unreadable(e);
	b->off += (size_t)n;
	return ACSR_OK;
}

static enum acsr_result get_bytes(struct buf *b, uint8_t *out, size_t cap, size_t *len, struct acsr_err *e)
{
	uint16_t n;

	TRY(buf_get_u16(b, &n, e));
	if (n > cap)
		return unreadable(e);
	*len = n;
	return buf_get(b, out, n, e);
}

static enum acsr_result get_rdata(struct buf *b, struct record *r, struct acsr_err *e)
{
	uint16_t high;
	uint32_t low;

	TRY(buf_get_u16(b, &high, e));
	TRY(buf_get_u32(b, &low, e));
	r->time = (uint64_t)high << 32 | low;
	TRY(buf_get_u16(b, &r->fudge, e));
	TRY(get_bytes(b, r->mac, sizeof(r->mac), &r->mac_len, e));
	TRY(buf_get_u16(b, &r->id, e));
	TRY(buf_get_u16(b, &r->error, e));
	return get_bytes(b, r->other, sizeof(r->other), &r->other_len, e);
}

static enum acsr_result get_record(struct buf *b, char key[NS_MAXDNAME], char algorithm[NS_MAXDNAME],
	struct record *r, struct acsr_err *e)
{
	struct bytes fixed;

	TRY(get_name(b, key, e));
	TRY(buf_take(b, 10, &fixed, e)); /* type, class, TTL, length */
	TRY(get_name(b, algorithm, e));
	TRY(get_rdata(b, r, e));
	return buf_unread(b) == 0 ? ACSR_OK : unreadable(e);
}

/* What the server says against our signature (RFC 8945 5.2); nobody has signed that. */
static enum acsr_result explain(
	const struct record *r, const struct tsig_key *k, int64_t now, struct acsr_err *e)
{
	uint64_t theirs = 0;

	for (size_t i = 0; i < r->other_len; i++)
		theirs = theirs << 8 | r->other[i];
	switch (r->error) {
	case 0:
		return ACSR_OK;
	case BADKEY:
		return err_set(e, "publish.dns-key",
			"the DNS server does not know the TSIG key %s, does not let it change this zone, or "
			"has it with "
			"another algorithm (BADKEY)",
			k->name);
	case BADSIG:
	case BADTRUNC:
		return err_set(e, "publish.dns-key",
			"the DNS server has another secret for the TSIG key %s (BADSIG)", k->name);
	case BADTIME:
		return err_set(e, "publish.dns-clock",
			"the clocks differ by %lld seconds (BADTIME): ours says %lld, the DNS server's %llu; "
			"set "
			"the one that is wrong",
			(long long)((int64_t)theirs - now), (long long)now, (unsigned long long)theirs);
	default:
		return err_set(e, "publish.dns-key", "the DNS server refuses the TSIG key %s with error %u",
			k->name, r->error);
	}
}

static enum acsr_result expected(struct bytes answer, size_t at, const struct tsig_key *k,
	const struct record *r, const struct tsig_mac *request, struct tsig_mac *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf data = { 0 };
	unsigned additional = (unsigned)(answer.p[DNS_ARCOUNT_AT] << 8 | answer.p[DNS_ARCOUNT_AT + 1]) - 1;

	buf_init(&data, DNS_MESSAGE_MAX + 1024);
	TRY(buf_put_u16(&data, (uint16_t)request->len, e));
	TRY(buf_put(&data, request->v, request->len, e));
	TRY(buf_put_u16(&data, r->id, e));
	TRY(buf_put(&data, answer.p + 2, DNS_ARCOUNT_AT - 2, e));
	TRY(buf_put_u16(&data, (uint16_t)additional, e));
	TRY(buf_put(&data, answer.p + DNS_HEADER, at - DNS_HEADER, e));
	TRY(put_variables(&data, k, r, e));
	return hmac(k, (struct bytes){ data.p, data.len }, out, e);
}

static enum acsr_result judge(struct bytes answer, size_t at, const struct tsig_key *k,
	const struct record *r, int64_t now, const struct tsig_mac *request, struct acsr_err *e)
{
	struct tsig_mac good = { .len = 0 };
	int64_t apart = (int64_t)r->time - now;

	TRY(expected(answer, at, k, r, request, &good, e));
	if (r->mac_len != good.len || CRYPTO_memcmp(r->mac, good.v, good.len) != 0)
		return err_set(e, "publish.dns-key",
			"the answer is not signed with the TSIG key %s; is this the right server?", k->name);
	if (apart > r->fudge || apart < -(int64_t)r->fudge)
		return err_set(e, "publish.dns-clock", "the DNS server's clock is %lld seconds from ours",
			(long long)apart);
	return ACSR_OK;
}

enum acsr_result tsig_check(struct bytes answer, size_t at, const struct tsig_key *k, int64_t now,
	const struct tsig_mac *request, struct acsr_err *e)
{
	struct buf b = { .p = (uint8_t *)(uintptr_t)answer.p, .len = answer.len, .off = at };
	char key[NS_MAXDNAME], algorithm[NS_MAXDNAME];
	struct record r = { 0 };

	if (at < DNS_HEADER || at >= answer.len)
		return err_set(e, "publish.dns-key", "the DNS server's answer is not signed");
	if (get_record(&b, key, algorithm, &r, NULL) != ACSR_OK)
		return unreadable(e);
	TRY(explain(&r, k, now, e));
	if (strcasecmp(key, k->name) != 0 || strcasecmp(algorithm, k->algorithm->name) != 0)
		return err_set(
			e, "publish.dns-key", "the answer is signed with another key than %s", k->name);
	return judge(answer, at, k, &r, now, request, e);
}
