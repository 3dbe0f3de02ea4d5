/*
 * How many CSRs a second: OpenSSL parsing and verifying, and nothing else, against our reading and every rule
 * of the public policy. csr_loop SECONDS FILE.der… prints one line a file: file, OpenSSL's and our CSRs a
 * second, the ratio. The two take turns, so that both see the same machine.
 */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autocsr/check.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int openssl(const unsigned char *der, long n)
{
	X509_REQ *x = d2i_X509_REQ(NULL, &der, n);
	int ok = x != NULL && X509_REQ_verify(x, X509_REQ_get0_pubkey(x)) == 1;

	X509_REQ_free(x);
	return ok;
}

static int ours(const unsigned char *der, long n, const struct acsr_check *how)
{
	struct acsr_findings all = { NULL, 0 };
	struct acsr_csr_view *v = NULL;
	struct acsr_err e;
	int ok = acsr_csr_read(&v, der, (size_t)n, &e) == ACSR_OK &&
		 acsr_csr_check(v, how, &all, &e) == ACSR_OK && v->signature == ACSR_SIGNATURE_GOOD;

	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	return ok;
}

static long slurp(const char *path, unsigned char *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n = f != NULL ? fread(out, 1, cap, f) : 0;

	if (f != NULL)
		fclose(f);
	return (long)n;
}

int main(int argc, char **argv)
{
	struct acsr_check how = { .at = 1795000000, .broken_only = true };
	struct acsr_check_policy *policy = NULL;
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	if (argc < 3 || acsr_check_policy_load(&policy, "public", NULL, NULL) != ACSR_OK)
		return 2;
	how.policy = policy;
	for (int i = 2; i < argc; i++) {
		unsigned char der[65536];
		long n = slurp(argv[i], der, sizeof(der)), count[2] = { 0 };
		double spent[2] = { 0 };

		if (!openssl(der, n) || !ours(der, n, &how))
			return 1;
		while (spent[0] + spent[1] < seconds) {
			for (int who = 0; who < 2; who++) {
				double t = now();

				for (int k = 0; k < 50; k++)
					(void)(who == 0 ? openssl(der, n) : ours(der, n, &how));
				spent[who] += now() - t;
				count[who] += 50;
			}
		}
		printf("%s openssl %.0f ours %.0f ratio %.2f\n", argv[i], (double)count[0] / spent[0],
			(double)count[1] / spent[1],
			((double)count[1] / spent[1]) / ((double)count[0] / spent[0]));
	}
	acsr_check_policy_free(policy);
	return 0;
}
