/* New entropy for OpenSSL's generators, and proof that it arrived. */
#include "seed.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/secret.h"

enum { STRENGTH = 256, FRESH = 48, BLOCK = 32 };

static unsigned reseeds(EVP_RAND_CTX *ctx)
{
	unsigned n = 0;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_RESEED_COUNTER, &n),
		OSSL_PARAM_construct_end() };

	return EVP_RAND_CTX_get_params(ctx, params) == 1 ? n : 0;
}

/* The continuous test of old: a generator that is stuck repeats itself. */
static bool moves_on(EVP_RAND_CTX *ctx)
{
	uint8_t a[BLOCK], b[BLOCK];
	bool ok = EVP_RAND_generate(ctx, a, BLOCK, STRENGTH, 0, NULL, 0) == 1 &&
		  EVP_RAND_generate(ctx, b, BLOCK, STRENGTH, 0, NULL, 0) == 1 &&
		  CRYPTO_memcmp(a, b, BLOCK) != 0;

	wipe(a, sizeof(a));
	wipe(b, sizeof(b));
	return ok;
}

/* The system call itself: newer C libraries answer getrandom(3) from a state in this process's own memory. */
static bool from_kernel(uint8_t *p, size_t n)
{
	long got;

	do
		got = syscall(SYS_getrandom, p, n, 0);
	while (got < 0 && errno == EINTR);
	return got == (long)n;
}

static bool renew(EVP_RAND_CTX *ctx)
{
	uint8_t fresh[FRESH];
	unsigned before = reseeds(ctx);
	bool ok;

	ok = from_kernel(fresh, sizeof(fresh)) &&
	     EVP_RAND_reseed(ctx, 1, NULL, 0, fresh, sizeof(fresh)) == 1 && reseeds(ctx) != before &&
	     EVP_RAND_get_state(ctx) == EVP_RAND_STATE_READY && EVP_RAND_get_strength(ctx) >= STRENGTH &&
	     moves_on(ctx);
	wipe(fresh, sizeof(fresh));
	return ok;
}

enum acsr_result seed_fresh(struct acsr_err *e)
{
	EVP_RAND_CTX *all[] = { RAND_get0_primary(NULL), RAND_get0_public(NULL), RAND_get0_private(NULL) };
	static const char *const names[] = { "primary", "public", "private" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] == NULL || !renew(all[i]))
			return err_set(e, "sys.seed", "OpenSSL's %s generator takes no new seed", names[i]);
	return ACSR_OK;
}
