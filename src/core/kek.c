/* Wrapping with AES-256-GCM; several keys for reading, one for writing. */
#include "core/kek.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rnd.h"

enum { KEY = 32, ID = 4, NONCE = 12, TAG = 16, VERSION = 1, HEAD = 1 + ID + NONCE, KEKS = 8 };

struct kek {
	struct acsr_secret *key[KEKS]; /* the first is current; NULL until kek_first has made it */
	uint8_t id[KEKS][ID];
	size_t n;
};

static enum acsr_result load_key(struct kek *k, size_t at, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	uint8_t digest[32];
	char *hex;
	size_t n;

	if (at == KEKS)
		return err_set(e, "config.kek", "more than %d key-encryption keys", KEKS);
	buf_init(&text, 4096);
	TRY(buf_read_file(&text, path, e));
	hex = (char *)(uintptr_t)buf_cstr(&text);
	hex[strcspn(hex, " \r\n")] = '\0';
	TRY(secret_zeroed(&k->key[at], KEY, e));
	if (hex_decode(hex, secret_data(k->key[at]), KEY, &n, NULL) != ACSR_OK || n != KEY)
		return err_set(e, "config.kek",
			"%s does not hold 64 hex digits; make one with: openssl rand -hex 32", path);
	if (EVP_Digest(acsr_secret_bytes(k->key[at]), KEY, digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	memcpy(k->id[at], digest, ID);
	return ACSR_OK;
}

static enum acsr_result write_all(int fd, const char *path, const char *s, size_t n, struct acsr_err *e)
{
	if (write(fd, s, n) != (ssize_t)n || fsync(fd) != 0)
		return err_errno(e, "sys.write", errno, "cannot write %s", path);
	return ACSR_OK;
}

/* Made under another name and renamed, so that a crash leaves no half of a key. */
static enum acsr_result make_key_file(const char *path, struct acsr_err *e)
{
	uint8_t key[KEY];
	char hex[2 * KEY + 2], fresh[4208];
	enum acsr_result r;
	int fd;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "sys.write", errno, "cannot make %s", fresh);
	rnd_bytes(key, sizeof(key));
	hex_encode(key, sizeof(key), hex);
	hex[2 * KEY] = '\n';
	r = write_all(fd, fresh, hex, 2 * KEY + 1, e);
	wipe(key, sizeof(key));
	wipe(hex, sizeof(hex));
	close(fd);
	TRY(r);
	if (rename(fresh, path) != 0)
		return err_errno(e, "sys.write", errno, "cannot rename %s", fresh);
	return ACSR_OK;
}

/* true: the path is our own to make; it stands in the state directory. */
static bool current_path(struct proc *p, char path[4200])
{
	const char *set = conf_str(&p->conf, "secrets.kek_file");
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	snprintf(path, 4200, "%s", set);
	if (*set != '\0')
		return false;
	snprintf(path, 4200, "%s/autocsr-kek", credentials != NULL ? credentials : "");
	if (credentials != NULL && access(path, R_OK) == 0)
		return false;
	snprintf(path, 4200, "%s/kek", p->dir);
	return true;
}

enum acsr_result kek_open(struct kek **out, struct proc *p, struct acsr_err *e)
{
	const char *old = conf_str(&p->conf, "secrets.kek_old_files");
	struct kek *k = calloc(1, sizeof(*k));
	CLEANUP_STR char *copy = NULL;
	char path[4200], *rest, *word;

	if (k == NULL)
		return err_nomem(e);
	if (!current_path(p, path) || access(path, F_OK) == 0)
		TRY(load_key(k, 0, path, e));
	k->n = 1;
	TRY(str_dup(&copy, old, e));
	rest = copy;
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			TRY(load_key(k, k->n++, word, e));
	*out = k;
	return ACSR_OK;
}

enum acsr_result kek_first(struct kek *k, struct proc *p, bool database_is_new, struct acsr_err *e)
{
	char path[4200];

	if (k->key[0] != NULL)
		return ACSR_OK;
	(void)current_path(p, path);
	if (!database_is_new)
		return err_set(e, "config.kek",
			"%s is missing, and what the database holds under it (unlock codes, TOTP secrets) "
			"cannot be "
			"read without it; put it back from the backup, or name it with [secrets] kek_file",
			path);
	TRY(make_key_file(path, e));
	return load_key(k, 0, path, e);
}

static enum acsr_result seal(EVP_CIPHER_CTX *ctx, const struct kek *k, const char *owner,
	const struct acsr_secret *s, uint8_t *to, struct acsr_err *e)
{
	uint8_t *nonce = to + 1 + ID, *ct = to + HEAD;
	int n, size = (int)acsr_secret_len(s);

	to[0] = VERSION;
	memcpy(to + 1, k->id[0], ID);
	rnd_bytes(nonce, NONCE);
	if (EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), acsr_secret_bytes(k->key[0]), nonce, NULL) != 1 ||
		EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)owner, (int)strlen(owner)) != 1 ||
		EVP_EncryptUpdate(ctx, ct, &n, acsr_secret_bytes(s), size) != 1 ||
		EVP_EncryptFinal_ex(ctx, ct + size, &n) != 1 ||
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, ct + size) != 1)
		return err_set(e, "sys.cipher", "cannot wrap a secret");
	return ACSR_OK;
}

enum acsr_result kek_wrap(const struct kek *k, const char *owner, const struct acsr_secret *s,
	struct buf *out, struct acsr_err *e)
{
	size_t size = HEAD + acsr_secret_len(s) + TAG;
	EVP_CIPHER_CTX *ctx;
	enum acsr_result r;

	TRY(buf_reserve(out, size, e));
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return err_nomem(e);
	r = seal(ctx, k, owner, s, out->p + out->len, e);
	EVP_CIPHER_CTX_free(ctx);
	if (r == ACSR_OK)
		out->len += size;
	return r;
}

static const struct acsr_secret *find_key(const struct kek *k, struct bytes w)
{
	for (size_t i = 0; w.len > HEAD + TAG && w.p[0] == VERSION && i < k->n; i++)
		if (memcmp(k->id[i], w.p + 1, ID) == 0)
			return k->key[i];
	return NULL;
}

static enum acsr_result unseal(EVP_CIPHER_CTX *ctx, const struct acsr_secret *key, const char *owner,
	struct bytes w, uint8_t *to, struct acsr_err *e)
{
	int n, size = (int)(w.len - HEAD - TAG);

	if (EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), acsr_secret_bytes(key), w.p + 1 + ID, NULL) != 1 ||
		EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)owner, (int)strlen(owner)) != 1 ||
		EVP_DecryptUpdate(ctx, to, &n, w.p + HEAD, size) != 1 ||
		EVP_CIPHER_CTX_ctrl(
			ctx, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(uintptr_t)(w.p + HEAD + size)) != 1 ||
		EVP_DecryptFinal_ex(ctx, to + size, &n) != 1)
		return err_set(e, "kek.damaged", "a stored secret was changed or does not belong to its row");
	return ACSR_OK;
}

enum acsr_result kek_unwrap(const struct kek *k, const char *owner, struct bytes wrapped,
	struct acsr_secret **out, struct acsr_err *e)
{
	const struct acsr_secret *key = find_key(k, wrapped);
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	EVP_CIPHER_CTX *ctx;
	enum acsr_result r;

	if (key == NULL)
		return err_set(e, "kek.unknown",
			"the key that wrapped a stored secret is not configured; add it to [secrets] "
			"kek_old_files");
	TRY(secret_zeroed(&s, wrapped.len - HEAD - TAG, e));
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return err_nomem(e);
	r = unseal(ctx, key, owner, wrapped, secret_data(s), e);
	EVP_CIPHER_CTX_free(ctx);
	if (r == ACSR_OK) {
		*out = s;
		s = NULL;
	}
	return r;
}

bool kek_is_old(const struct kek *k, struct bytes wrapped)
{
	return wrapped.len > ID && memcmp(wrapped.p + 1, k->id[0], ID) != 0;
}
