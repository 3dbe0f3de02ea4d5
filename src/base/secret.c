/* Secrets in OpenSSL's secure heap (mlocked, guarded, left out of core dumps). */
#include "base/secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/rnd.h"

struct acsr_secret {
	size_t len;
	uint8_t data[];
};

enum acsr_result secret_heap_init(size_t size, bool *locked, struct acsr_err *e)
{
	int r = CRYPTO_secure_malloc_init(size, 64);

	if (r == 0)
		return err_set(e, "sys.secure-heap", "cannot set up the secure heap");
	*locked = r == 1;
	return ACSR_OK;
}

enum acsr_result secret_zeroed(struct acsr_secret **out, size_t n, struct acsr_err *e)
{
	struct acsr_secret *s = OPENSSL_secure_zalloc(sizeof(*s) + n + 1);

	if (s == NULL)
		return err_nomem(e);
	s->len = n;
	*out = s;
	return ACSR_OK;
}

enum acsr_result acsr_secret_new(struct acsr_secret **out, const void *p, size_t n, struct acsr_err *e)
{
	TRY(secret_zeroed(out, n, e));
	if (n > 0)
		memcpy((*out)->data, p, n);
	return ACSR_OK;
}

enum acsr_result secret_random(struct acsr_secret **out, size_t n, struct acsr_err *e)
{
	struct acsr_secret *s;

	TRY(secret_zeroed(&s, n, e));
	if (rnd_fill(s->data, n, e) != ACSR_OK) {
		acsr_secret_free(s);
		return ACSR_FAIL;
	}
	*out = s;
	return ACSR_OK;
}

void acsr_secret_free(struct acsr_secret *s)
{
	if (s != NULL)
		OPENSSL_secure_clear_free(s, sizeof(*s) + s->len + 1);
}

void secret_cleanup(struct acsr_secret **s)
{
	acsr_secret_free(*s);
	*s = NULL;
}

const uint8_t *acsr_secret_bytes(const struct acsr_secret *s)
{
	return s->data;
}

uint8_t *secret_data(struct acsr_secret *s)
{
	return s->data;
}

size_t acsr_secret_len(const struct acsr_secret *s)
{
	return s->len;
}

bool secret_equal(const struct acsr_secret *a, const struct acsr_secret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

void wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
