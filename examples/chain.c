/*
 * chain.h: does a certificate lead to a root, and does it cover a host? If not, which certificate fails, and
 * why?
 *
 * Run: chain leaf.pem root.pem www.example.com
 * Prints: leaf: CN=www.example.com
 * Prints: roots[0]: CN=Example Root,O=Example
 * Prints: good for www.example.com
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <autocsr/chain.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

/* Every certificate of a PEM file; the caller's, acsr_certs_free. */
static struct acsr_blob *load(const char *path, size_t *n)
{
	static uint8_t text[1 << 16];
	struct acsr_blob *certs;
	struct acsr_err e;
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	*n = fread(text, 1, sizeof(text), f);
	fclose(f);
	check(acsr_input_certs(text, *n, &certs, n, &e), &e);
	return certs;
}

int main(int argc, char **argv)
{
	struct acsr_chain_report *report;
	struct acsr_blob *leaf, *roots;
	size_t n_leaf, n_roots;
	struct acsr_err e;

	if (argc != 4)
		return fprintf(stderr, "usage: chain CERTIFICATE ROOTS HOST\n"), 2;
	leaf = load(argv[1], &n_leaf);
	roots = load(argv[2], &n_roots);
	struct acsr_chain chain = { .leaf = leaf,
		.intermediates = leaf + 1, /* whatever follows in the same file */
		.n_intermediates = n_leaf - 1,
		.roots = roots,
		.n_roots = n_roots,
		.at = (int64_t)time(NULL),
		.names = (const char *const *)&argv[3],
		.n_names = 1,
		.eku = "serverAuth" };

	check(acsr_chain_check(&chain, &report, &e), &e);
	for (size_t i = 0; i < report->n_links; i++) {
		const struct acsr_chain_link *link = &report->links[i];
		char *subject = NULL;

		if (link->view != NULL)
			check(acsr_dn_print(&subject, &link->view->subject, &e), &e);
		printf("%s: %s\n", link->where, subject != NULL ? subject : "unreadable");
		for (size_t k = 0; k < link->findings.n; k++)
			printf("  %s %s: %s\n", acsr_severity_name(link->findings.v[k].severity),
				link->findings.v[k].id, link->findings.v[k].text);
		free(subject);
	}
	for (size_t k = 0; k < report->findings.n; k++)
		printf("%s %s: %s\n", acsr_severity_name(report->findings.v[k].severity),
			report->findings.v[k].id, report->findings.v[k].text);
	printf("%s for %s\n", report->ok ? "good" : "not good", argv[3]);

	int status = report->ok ? 0 : 1;
	acsr_chain_report_free(report);
	acsr_certs_free(leaf, n_leaf);
	acsr_certs_free(roots, n_roots);
	return status;
}
