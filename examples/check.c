/*
 * check.h: every rule that a public CA will apply to a CSR, and whether it covers a host.
 *
 * Run: check www.csr mail.example.com
 * Prints: … rules
 * Prints: fail host.not-covered: …
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <autocsr/check.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static size_t read_file(const char *path, uint8_t *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(out, 1, cap, f);
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t text[1 << 16];
	struct acsr_check_policy *policy;
	struct acsr_findings all = { 0 };
	struct acsr_csr_view *view;
	struct acsr_blob der = { 0 };
	struct acsr_err e;

	if (argc < 2)
		return fprintf(stderr, "usage: check CSR [HOST…]\n"), 2;
	check(acsr_input_csr(text, read_file(argv[1], text, sizeof(text)), &der, &e), &e);
	check(acsr_csr_parse(&view, der.p, der.len, &e), &e);
	check(acsr_check_policy_load(&policy, "public", NULL, &e), &e);

	struct acsr_check how = { .policy = policy, .at = (int64_t)time(NULL) };
	check(acsr_csr_check(view, &how, &all, &e), &e);
	check(acsr_csr_check_hosts(view, &how, (const char *const *)&argv[2], (size_t)argc - 2, &all, &e),
		&e);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].severity >= ACSR_WARN)
			printf("%s %s: %s; %s\n", acsr_severity_name(all.v[i].severity), all.v[i].id,
				all.v[i].text, all.v[i].remedy);
	printf("%zu rules\n", all.n);

	acsr_findings_free(&all);
	acsr_check_policy_free(policy);
	acsr_csr_view_free(view);
	acsr_blob_free(&der);
	return 0;
}
