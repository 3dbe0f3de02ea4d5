/* Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint). */
#include "autocsr/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "key_int.h"

enum { ED25519_KEY = 32, ED25519_SIG = 64, KEY_ID = 4, ALG_ED25519 = 1, SIGNATURES = 100 };

static const char dash[] = "\xe2\x80\x94 "; /* em dash and a blank */

static enum acsr_result check_name(const char *name, size_t n, struct acsr_err *e)
{
	bool bad = n == 0 || n > ACSR_NOTE_NAME;

	for (size_t i = 0; i < n; i++)
		bad = bad || (unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f;
	return bad ? err_set(e, "note.name", "a note's name is 1 to %d bytes without blanks and plus signs",
			     ACSR_NOTE_NAME)
		   : ACSR_OK;
}

/* The algorithm's number and the raw key. */
static enum acsr_result raw_key(const struct acsr_key *key, uint8_t out[1 + ED25519_KEY], struct acsr_err *e)
{
	size_t n = ED25519_KEY;

	if (key->alg != ACSR_KEY_ED25519 || EVP_PKEY_get_raw_public_key(key->pkey, out + 1, &n) != 1)
		return err_set(e, "note.key", "notes are signed with Ed25519 keys, not with %s", key->name);
	out[0] = ALG_ED25519;
	return ACSR_OK;
}

/* SHA-256(name | newline | algorithm | key), its first four bytes. */
static enum acsr_result key_id(const char *name, size_t n, const uint8_t key[1 + ED25519_KEY],
	uint8_t id[KEY_ID], struct acsr_err *e)
{
	uint8_t in[ACSR_NOTE_NAME + 1 + 1 + ED25519_KEY], digest[32];

	memcpy(in, name, n);
	in[n] = '\n';
	memcpy(in + n + 1, key, 1 + ED25519_KEY);
	if (EVP_Digest(in, n + 2 + ED25519_KEY, digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	memcpy(id, digest, KEY_ID);
	return ACSR_OK;
}

enum acsr_result acsr_note_verifier(
	const char *name, const struct acsr_key *key, struct acsr_blob *out, struct acsr_err *e)
{
	char line[ACSR_NOTE_NAME + 2 + 2 * KEY_ID + B64_LEN(1 + ED25519_KEY)], hex[2 * KEY_ID + 1],
		b64[B64_LEN(1 + ED25519_KEY)];
	uint8_t raw[1 + ED25519_KEY], id[KEY_ID];
	size_t n = strlen(name);

	TRY(check_name(name, n, e));
	TRY(raw_key(key, raw, e));
	TRY(key_id(name, n, raw, id, e));
	hex_encode(id, KEY_ID, hex);
	b64_encode(raw, sizeof(raw), false, b64);
	snprintf(line, sizeof(line), "%s+%s+%s", name, hex, b64);
	return acsr_blob_copy(out, line, strlen(line), e);
}

static enum acsr_result check_text(const char *text, size_t n, struct acsr_err *e)
{
	bool bad = n == 0 || text[n - 1] != '\n' || n > ACSR_NOTE_MAX / 2 || !str_is_utf8(text, n);

	for (size_t i = 0; i < n; i++)
		bad = bad || ((unsigned char)text[i] < ' ' && text[i] != '\n');
	return bad ? err_set(e, "note.text",
			     "a note's text is UTF-8, ends with a newline and has no other control character")
		   : ACSR_OK;
}

enum acsr_result acsr_note_sign(const char *text, const char *name, const struct acsr_key *key,
	struct acsr_blob *note, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob sig = { 0 };
	CLEANUP_BUF struct buf b = { 0 };
	uint8_t raw[1 + ED25519_KEY], token[KEY_ID + ED25519_SIG];
	char b64[B64_LEN(KEY_ID + ED25519_SIG)];
	size_t n = strlen(text);

	TRY(check_name(name, strlen(name), e));
	TRY(check_text(text, n, e));
	TRY(raw_key(key, raw, e));
	TRY(key_id(name, strlen(name), raw, token, e));
	TRY(acsr_key_sign(key, text, n, &sig, e));
	if (sig.len != ED25519_SIG)
		return err_set(e, "note.key", "the key's signature is %zu bytes long", sig.len);
	memcpy(token + KEY_ID, sig.p, ED25519_SIG);
	b64_encode(token, sizeof(token), false, b64);
	buf_init(&b, ACSR_NOTE_MAX);
	TRY(buf_printf(&b, e, "%s\n%s%s %s\n", text, dash, name, b64));
	return acsr_blob_copy(note, b.p, b.len, e);
}

/* --- checking --- */

struct verifier {
	const char *name;
	size_t name_len;
	uint8_t id[KEY_ID];
	uint8_t raw[1 + ED25519_KEY];
};

static enum acsr_result bad_verifier(struct acsr_err *e)
{
	return err_set(e, "note.verifier",
		"a verifier key looks like NAME+8 HEX DIGITS+BASE64, and is one of Ed25519");
}

static enum acsr_result parse_verifier(struct verifier *v, const char *text, struct acsr_err *e)
{
	const char *hash = strchr(text, '+'), *key = hash != NULL ? strchr(hash + 1, '+') : NULL;
	CLEANUP_BUF struct buf raw = { 0 };
	char hex[2 * KEY_ID + 1];
	uint8_t id[KEY_ID];
	size_t n;

	if (key == NULL || key - hash != 2 * KEY_ID + 1)
		return bad_verifier(e);
	v->name = text;
	v->name_len = (size_t)(hash - text);
	snprintf(hex, sizeof(hex), "%s", hash + 1);
	buf_init(&raw, 200);
	if (check_name(text, v->name_len, NULL) != ACSR_OK ||
		hex_decode(hex, v->id, KEY_ID, &n, NULL) != ACSR_OK || strlen(key + 1) > 200 ||
		b64_decode(key + 1, strlen(key + 1), false, &raw, NULL) != ACSR_OK ||
		raw.len != sizeof(v->raw) || raw.p[0] != ALG_ED25519)
		return bad_verifier(e);
	memcpy(v->raw, raw.p, raw.len);
	TRY(key_id(v->name, v->name_len, v->raw, id, e));
	return memcmp(id, v->id, KEY_ID) == 0 ? ACSR_OK : bad_verifier(e);
}

static enum acsr_result bad_note(struct acsr_err *e, const char *what)
{
	return err_set(e, "note.format", "this is not a signed note: %s", what);
}

/* Where the signatures begin: behind the last empty line. */
static enum acsr_result find_signatures(const uint8_t *p, size_t len, size_t *at, struct acsr_err *e)
{
	if (len == 0 || len > ACSR_NOTE_MAX || p[len - 1] != '\n' || !str_is_utf8((const char *)p, len))
		return bad_note(e, "it is empty, too long, not UTF-8, or lacks its last newline");
	for (size_t i = len - 1; i > 0; i--)
		if (p[i] == '\n' && p[i - 1] == '\n') {
			*at = i + 1;
			return *at < len ? ACSR_OK : bad_note(e, "no signature stands below the text");
		}
	return bad_note(e, "no empty line stands between its text and its signatures");
}

/* One signature line without its newline. *ours: by this verifier, raw is the signature. */
static enum acsr_result read_line(
	const struct verifier *v, const char *line, size_t n, struct buf *raw, bool *ours, struct acsr_err *e)
{
	const char *name = line + sizeof(dash) - 1, *blank;

	if (n < sizeof(dash) || memcmp(line, dash, sizeof(dash) - 1) != 0)
		return bad_note(e, "a line below the empty one does not begin with a dash");
	n -= sizeof(dash) - 1;
	blank = memchr(name, ' ', n);
	if (blank == NULL || check_name(name, (size_t)(blank - name), NULL) != ACSR_OK)
		return bad_note(e, "a signature has no name");
	buf_reset(raw);
	if (b64_decode(blank + 1, n - (size_t)(blank + 1 - name), false, raw, NULL) != ACSR_OK ||
		raw->len <= KEY_ID)
		return bad_note(e, "a signature is not base64");
	*ours = (size_t)(blank - name) == v->name_len && memcmp(name, v->name, v->name_len) == 0 &&
		memcmp(raw->p, v->id, KEY_ID) == 0;
	return ACSR_OK;
}

static enum acsr_result check_signature(
	const struct verifier *v, const uint8_t *text, size_t n, const struct buf *raw, struct acsr_err *e)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, v->raw + 1, ED25519_KEY);
	KEY_AUTO struct acsr_key *key = NULL;

	if (pkey == NULL)
		return ossl_err(e, "note.verifier", "cannot use the verifier key");
	TRY(key_adopt(&key, pkey, e));
	if (acsr_key_verify(key, text, n, raw->p + KEY_ID, raw->len - KEY_ID, NULL) != ACSR_OK)
		return err_set(e, "note.signature",
			"the note was changed: its signature by %.*s does not fit", (int)v->name_len,
			v->name);
	return ACSR_OK;
}

enum acsr_result acsr_note_verify(
	const uint8_t *note, size_t len, const char *verifier, size_t *text_len, struct acsr_err *e)
{
	CLEANUP_BUF struct buf raw = { 0 };
	bool ours = false, found = false;
	struct verifier v;
	size_t at = 0, n, seen = 0;

	TRY(parse_verifier(&v, verifier, e));
	TRY(find_signatures(note, len, &at, e));
	buf_init(&raw, ACSR_NOTE_MAX);
	n = at - 1;
	for (const uint8_t *end; at < len; at = (size_t)(end - note) + 1) {
		end = memchr(note + at, '\n', len - at);
		if (++seen > SIGNATURES)
			return bad_note(e, "it has too many signatures");
		TRY(read_line(&v, (const char *)note + at, (size_t)(end - note) - at, &raw, &ours, e));
		if (ours)
			TRY(check_signature(&v, note, n, &raw, e));
		found = found || ours;
	}
	if (!found)
		return err_set(e, "note.unsigned", "the note is not signed by %.*s", (int)v.name_len, v.name);
	*text_len = n;
	return ACSR_OK;
}

/* --- checkpoints --- */

enum acsr_result acsr_checkpoint_print(
	const struct acsr_checkpoint *c, struct acsr_blob *text, struct acsr_err *e)
{
	char root[B64_LEN(ACSR_MERKLE_HASH)], out[sizeof(c->origin) + 24 + sizeof(root)];

	TRY(check_name(c->origin, strlen(c->origin), e));
	b64_encode(c->root, ACSR_MERKLE_HASH, false, root);
	snprintf(out, sizeof(out), "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
	return acsr_blob_copy(text, out, strlen(out), e);
}

static enum acsr_result bad_checkpoint(struct acsr_err *e)
{
	return err_set(e, "note.checkpoint",
		"a checkpoint's text begins with the lines origin, number of entries, root in base64");
}

/* The next line, NUL-terminated, of at most cap - 1 bytes. */
static bool take_line(const uint8_t **p, const uint8_t *end, char *out, size_t cap)
{
	const uint8_t *nl = memchr(*p, '\n', (size_t)(end - *p));
	size_t n = nl != NULL ? (size_t)(nl - *p) : cap;

	if (n == 0 || n >= cap || memchr(*p, 0, n) != NULL)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p = nl + 1;
	return true;
}

enum acsr_result acsr_checkpoint_parse(
	struct acsr_checkpoint *out, const uint8_t *text, size_t len, struct acsr_err *e)
{
	const uint8_t *p = text, *end = text + len;
	char size[24], root[B64_LEN(ACSR_MERKLE_HASH)];
	CLEANUP_BUF struct buf raw = { 0 };
	struct acsr_checkpoint c = { 0 };

	buf_init(&raw, sizeof(root));
	if (!take_line(&p, end, c.origin, sizeof(c.origin)) || !take_line(&p, end, size, sizeof(size)) ||
		!take_line(&p, end, root, sizeof(root)) || (size[0] == '0' && size[1] != '\0') ||
		str_u64(size, INT64_MAX, &c.size, NULL) != ACSR_OK ||
		b64_decode(root, strlen(root), false, &raw, NULL) != ACSR_OK || raw.len != ACSR_MERKLE_HASH)
		return bad_checkpoint(e);
	memcpy(c.root, raw.p, ACSR_MERKLE_HASH);
	*out = c;
	return ACSR_OK;
}
