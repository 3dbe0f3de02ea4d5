/*
 * What the gate for weak keys costs, beside what OpenSSL's own check of the same key costs.
 * Prints "NAME KEY MICROSECONDS" lines. usage: keygate LIST
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "autocsr/key.h"
#include "autocsr/weakkey.h"

#define RUN_NS 300000000LL /* of each measurement */

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

struct job {
	struct acsr_key *key;
	struct acsr_key_policy policy;
};

static void must(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "keygate: %s (%s)\n", e->text, e->id);
	exit(1);
}

static void gate(struct job *j)
{
	struct acsr_err e;

	must(acsr_key_check_public(j->key, &j->policy, NULL, &e), &e);
}

static void openssl(struct job *j)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, acsr_key_evp(j->key), NULL);

	if (ctx == NULL || EVP_PKEY_public_check(ctx) != 1)
		exit(1);
	EVP_PKEY_CTX_free(ctx);
}

static void measure(const char *name, const char *type, void (*fn)(struct job *), struct job *j)
{
	long long start = now(), end = start;
	long n = 0;

	while (end - start < RUN_NS) {
		fn(j);
		n++;
		end = now();
	}
	printf("%s %s %.1f\n", name, type, (double)(end - start) / (double)n / 1000);
}

/* The public half alone: what a CSR carries. */
static void public_key(struct acsr_key **out, const char *type)
{
	struct acsr_key *pair = NULL;
	struct acsr_blob spki = { 0 };
	struct acsr_err e;

	must(acsr_key_generate(&pair, type, &e), &e);
	must(acsr_key_spki(pair, &spki, &e), &e);
	must(acsr_key_load_spki(out, spki.p, spki.len, &e), &e);
	acsr_blob_free(&spki);
	acsr_key_free(pair);
}

int main(int argc, char **argv)
{
	static const char *const types[] = { "rsa:2048", "rsa:4096", "ec:p256" };
	struct acsr_weaklist *list = NULL;
	struct acsr_err e;
	long long start;

	if (argc != 2)
		return 2;
	start = now();
	must(acsr_weaklist_open(&list, argv[1], &e), &e);
	printf("open-list - %.1f\n", (double)(now() - start) / 1000);
	for (size_t i = 0; i < 3; i++) {
		struct job j = { .policy.weak = list };

		public_key(&j.key, types[i]);
		measure("gate", types[i], gate, &j);
		j.policy.thorough = true;
		measure("thorough", types[i], gate, &j);
		measure("openssl", types[i], openssl, &j);
		acsr_key_free(j.key);
	}
	acsr_weaklist_free(list);
	return 0;
}
