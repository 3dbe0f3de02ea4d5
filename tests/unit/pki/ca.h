/* A small CA for the tests: root, intermediate, leaves, all made through the public headers. */
#ifndef TEST_PKI_CA_H
#define TEST_PKI_CA_H

#include "check.h"

#include "autocsr/cert.h"
#include "autocsr/csr.h"

#define NOW INT64_C(1795420800) /* 2026-11-23T08:00:00Z */
#define DAY INT64_C(86400)

struct ca {
	struct acsr_blob root, intermediate;
};

static inline const struct acsr_profile *profile(const char *name)
{
	const struct acsr_profile *p = NULL;

	OK(acsr_profile_find(&p, name, &e));
	return p;
}

static inline struct acsr_dn dn(const char *text)
{
	struct acsr_dn out = { 0 };

	OK(acsr_dn_parse(&out, text, &e));
	return out;
}

/* "dns:www.demo.test" … up to NULL */
static inline struct acsr_sans sans(const char *first, ...)
{
	struct acsr_sans out = { 0 };
	va_list ap;

	va_start(ap, first);
	for (const char *s = first; s != NULL; s = va_arg(ap, const char *)) {
		for (enum acsr_san_type t = ACSR_SAN_DNS; t < ACSR_SAN_UNKNOWN; t++) {
			size_t n = strlen(acsr_san_type_name(t));

			if (strncmp(s, acsr_san_type_name(t), n) == 0 && s[n] == ':')
				OK(acsr_sans_add(&out, t, s + n + 1, &e));
		}
	}
	va_end(ap);
	return out;
}

static inline struct acsr_blob issue(
	struct acsr_cert_spec *spec, const char *profile_name, int64_t now, const struct acsr_key *by)
{
	struct acsr_blob out = { 0 };

	OK(acsr_cert_serial(spec, &e));
	OK(acsr_cert_apply_profile(spec, profile(profile_name), now, 0, &e));
	OK(acsr_cert_sign(spec, by, &out, &e));
	return out;
}

/* The root has a P-384 key, the intermediate a P-256 one. */
static inline struct ca make_ca(void)
{
	struct acsr_dn root_dn = dn("CN=Test Root,O=Demo,C=DE"), sub_dn = dn("CN=Test Issuing,O=Demo,C=DE");
	struct acsr_cert_spec root = { .subject = &root_dn, .subject_key = a_key("ec:p384") };
	struct acsr_cert_spec sub = { .subject = &sub_dn, .subject_key = a_key("ec:p256") };
	struct ca ca;

	ca.root = issue(&root, "ca-root", NOW - 10 * DAY, a_key("ec:p384"));
	sub.issuer_der = ca.root.p;
	sub.issuer_len = ca.root.len;
	ca.intermediate = issue(&sub, "ca-intermediate", NOW - 5 * DAY, a_key("ec:p384"));
	acsr_dn_free(&root_dn);
	acsr_dn_free(&sub_dn);
	return ca;
}

static inline void free_ca(struct ca *ca)
{
	acsr_blob_free(&ca->root);
	acsr_blob_free(&ca->intermediate);
}

/* A spec for www.demo.test under the intermediate; its lists live as long as the program. */
static inline struct acsr_cert_spec leaf_spec(const struct ca *ca, const struct acsr_key *key)
{
	static struct acsr_dn subject;
	static struct acsr_sans names;
	struct acsr_cert_spec s = {
		.subject_key = key, .issuer_der = ca->intermediate.p, .issuer_len = ca->intermediate.len
	};

	if (subject.n == 0) {
		subject = dn("CN=www.demo.test");
		names = sans("dns:www.demo.test", "dns:demo.test", "ip:192.0.2.1", NULL);
	}
	s.subject = &subject;
	s.sans = &names;
	return s;
}

#endif
