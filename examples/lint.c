/*
 * lint.h: every rule of a profile over a certificate; here the rules for public ones over one of a private
 * CA.
 *
 * Run: lint root.pem public-dv
 * Prints: … rules, … broken
 * Prints: fail lint.san.absent: …
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/lint.h>

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
	const struct acsr_profile *profile;
	struct acsr_findings all = { 0 };
	struct acsr_cert_view *view;
	struct acsr_blob *certs;
	struct acsr_err e;
	size_t n, broken = 0;

	if (argc != 3)
		return fprintf(stderr, "usage: lint CERTIFICATE PROFILE\n"), 2;
	check(acsr_profile_find(&profile, argv[2], &e), &e);
	check(acsr_input_certs(text, read_file(argv[1], text, sizeof(text)), &certs, &n, &e), &e);
	check(acsr_cert_parse(&view, certs[0].p, certs[0].len, &e), &e);
	if (acsr_lint_cert(view, profile, NULL, &all, &e) != ACSR_OK && all.n == 0)
		check(ACSR_FAIL, &e); /* it could not be judged */
	for (size_t i = 0; i < all.n; i++) {
		if (all.v[i].severity < ACSR_WARN)
			continue;
		broken++;
		printf("%s %s: %s (%s)\n", acsr_severity_name(all.v[i].severity), all.v[i].id, all.v[i].text,
			all.v[i].source);
	}
	printf("%zu rules, %zu broken\n", all.n, broken);
	acsr_findings_free(&all);
	acsr_cert_view_free(view);
	acsr_certs_free(certs, n);
	return 0;
}
