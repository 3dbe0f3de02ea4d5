/* A chain of whatever certificates and CRLs are in the input: the first one judged against all the others. */
#include "autocsr/chain.h"
#include "autocsr/contents.h"

#define MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "www.example.com" };
	struct acsr_contents all = { 0 };
	struct acsr_blob certs[MAX], crls[MAX];
	struct acsr_chain c = { .at = 1795420800, .names = names, .n_names = 1, .eku = "serverAuth" };
	struct acsr_chain_report *report = NULL;
	struct acsr_err e;
	size_t n = 0;

	if (acsr_contents_read(&all, data, size, NULL, &e) != ACSR_OK)
		return 0;
	for (size_t i = 0; i < all.n; i++) {
		if (all.v[i].err.id[0] == '\0' && all.v[i].kind == ACSR_INPUT_CERT && n < MAX)
			certs[n++] = all.v[i].der;
		if (all.v[i].err.id[0] == '\0' && all.v[i].kind == ACSR_INPUT_CRL && c.n_crls < MAX)
			crls[c.n_crls++] = all.v[i].der;
	}
	c.leaf = &certs[0];
	c.intermediates = c.roots = &certs[1];
	c.n_intermediates = c.n_roots = n > 0 ? n - 1 : 0;
	c.crls = crls;
	if (n > 0 && acsr_chain_check(&c, &report, &e) == ACSR_OK)
		acsr_chain_report_free(report);
	acsr_contents_free(&all);
	return 0;
}
