/* Keys as files. Their bytes pass through the secure heap only. */
#include "key_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/str.h"
#include "durable.h"

enum { KEY_FILE_MAX = 16 * 1024 };

struct key_store {
	char *dir;
};

enum acsr_result key_store_open(struct key_store **out, const char *dir, struct acsr_err *e)
{
	struct key_store *ks = calloc(1, sizeof(*ks));

	if (ks == NULL)
		return err_nomem(e);
	if (str_dup(&ks->dir, dir, e) != ACSR_OK) {
		free(ks);
		return ACSR_FAIL;
	}
	*out = ks;
	return ACSR_OK;
}

void key_store_free(struct key_store *ks)
{
	if (ks == NULL)
		return;
	free(ks->dir);
	free(ks);
}

/* *len is what was read; a key that others may read is not used. */
static enum acsr_result read_key(
	int fd, const char *path, struct acsr_secret *room, size_t *len, struct acsr_err *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "sys.read", errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return err_set(e, "config.key-mode", "%s must be a file of mode 0600", path);
	*len = 0;
	while ((n = read(fd, secret_data(room) + *len, acsr_secret_len(room) - *len)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_errno(e, "sys.read", errno, "cannot read %s", path);
		*len += n > 0 ? (size_t)n : 0;
	}
	return *len < acsr_secret_len(room) ? ACSR_OK : err_set(e, "key.parse", "%s is too large", path);
}

enum acsr_result key_store_load(
	const struct key_store *ks, const char *name, struct acsr_key **out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	char path[PATH_MAX];
	enum acsr_result r;
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.key", ks->dir, name);
	TRY(secret_zeroed(&room, KEY_FILE_MAX, e));
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*out = NULL;
		return ACSR_OK;
	}
	if (fd < 0)
		return err_errno(e, "sys.open", errno, "cannot open %s", path);
	r = read_key(fd, path, room, &n, e);
	close(fd);
	TRY(r);
	if (acsr_key_load_private(out, acsr_secret_bytes(room), n, NULL, NULL) != ACSR_OK)
		return err_set(e, "key.parse", "%s does not hold a private key in PKCS#8", path);
	return ACSR_OK;
}

enum acsr_result key_store_make(const struct key_store *ks, const char *name, const char *type,
	struct acsr_key **out, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	struct acsr_key *key = NULL;
	char file[NAME_MAX];
	enum acsr_result r;

	snprintf(file, sizeof(file), "%s.key", name);
	TRY(acsr_key_generate(&key, type, e));
	r = acsr_key_pkcs8_pem(key, &pem, e);
	if (r == ACSR_OK)
		r = durable_write(ks->dir, file, acsr_secret_bytes(pem), acsr_secret_len(pem), e);
	if (r == ACSR_OK)
		*out = key;
	else
		acsr_key_free(key);
	return r;
}

enum acsr_result key_store_destroy(const struct key_store *ks, const char *name, struct acsr_err *e)
{
	char file[NAME_MAX];

	snprintf(file, sizeof(file), "%s.key", name);
	return durable_destroy(ks->dir, file, e);
}
