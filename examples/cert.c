/*
 * cert.h: a private CA in memory: a root, and a certificate for www.example.com. Writes root.pem, leaf.pem,
 * leaf.key.
 *
 * Run: cert
 * Prints: root.pem
 * Prints: leaf.pem for www.example.com, serial …
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <autocsr/cert.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static void save(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		exit(1);
}

/* A certificate by a profile; `by` NULL: self-signed. */
static void issue(struct acsr_cert_spec *spec, const char *profile_name, const struct acsr_key *by,
	const char *path, struct acsr_blob *der)
{
	const struct acsr_profile *profile;
	struct acsr_blob pem = { 0 };
	struct acsr_err e;

	check(acsr_profile_find(&profile, profile_name, &e), &e);
	check(acsr_cert_serial(spec, &e), &e);
	check(acsr_cert_apply_profile(spec, profile, (int64_t)time(NULL), 0, &e), &e);
	check(acsr_cert_sign(spec, by, der, &e), &e);
	check(acsr_cert_pem(der->p, der->len, &pem, &e), &e);
	save(path, pem.p, pem.len);
	acsr_blob_free(&pem);
}

int main(void)
{
	struct acsr_dn root_name = { 0 }, leaf_name = { 0 };
	struct acsr_sans names = { 0 };
	struct acsr_key *root_key, *leaf_key;
	struct acsr_blob root = { 0 }, leaf = { 0 };
	struct acsr_secret *pem;
	struct acsr_cert_view *view;
	struct acsr_err e;

	check(acsr_key_generate(&root_key, "ec:p384", &e), &e);
	check(acsr_dn_parse(&root_name, "CN=Example Root,O=Example", &e), &e);
	struct acsr_cert_spec root_spec = { .subject = &root_name, .subject_key = root_key };
	issue(&root_spec, "ca-root", root_key, "root.pem", &root);

	check(acsr_key_generate(&leaf_key, "ec:p256", &e), &e);
	check(acsr_dn_parse(&leaf_name, "CN=www.example.com", &e), &e);
	check(acsr_sans_add(&names, ACSR_SAN_DNS, "www.example.com", &e), &e);
	struct acsr_cert_spec leaf_spec = { .subject = &leaf_name,
		.sans = &names,
		.subject_key = leaf_key,
		.crl_url = "http://ca.example.com/root.crl",
		.issuer_der = root.p,
		.issuer_len = root.len };
	issue(&leaf_spec, "dv", root_key, "leaf.pem", &leaf);
	check(acsr_key_pkcs8_pem(leaf_key, &pem, &e), &e);
	save("leaf.key", acsr_secret_bytes(pem), acsr_secret_len(pem));

	check(acsr_cert_parse(&view, leaf.p, leaf.len, &e), &e);
	printf("root.pem\nleaf.pem for %s, serial %s\n", view->sans.v[0].value, view->serial_hex);

	acsr_cert_view_free(view);
	acsr_secret_free(pem);
	acsr_blob_free(&leaf);
	acsr_blob_free(&root);
	acsr_key_free(leaf_key);
	acsr_key_free(root_key);
	acsr_sans_free(&names);
	acsr_dn_free(&leaf_name);
	acsr_dn_free(&root_name);
	return 0;
}
