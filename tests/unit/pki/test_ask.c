/* What a CSR can ask for: made by us, read by us, and what is refused. */
#include "ca.h"

static struct acsr_csr_view *made(const struct acsr_csr_request *req)
{
	struct acsr_csr_view *v = NULL;
	struct acsr_blob der = { 0 };

	OK(acsr_csr_build(req, a_key("ec:p256"), &der, &e));
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	acsr_blob_free(&der);
	return v;
}

static void not_made(const char *id, const struct acsr_csr_request *req)
{
	struct acsr_blob der = { 0 };

	FAILS(id, acsr_csr_build(req, a_key("ec:p256"), &der, &e));
	assert_null(der.p);
}

static const struct acsr_ext *find_ext(const struct acsr_csr_view *v, const char *oid)
{
	for (size_t i = 0; i < v->n_exts; i++)
		if (strcmp(v->exts[i].oid, oid) == 0)
			return &v->exts[i];
	return NULL;
}

static const struct acsr_attr *find_attr(const struct acsr_csr_view *v, const char *name)
{
	for (size_t i = 0; i < v->n_attrs; i++)
		if (strcmp(v->attrs[i].name, name) == 0)
			return &v->attrs[i];
	return NULL;
}

static void every_name(void **state)
{
	static const struct acsr_san want[] = {
		{ .type = ACSR_SAN_DNS, .value = (char *)(uintptr_t) "*.demo.test" },
		{ .type = ACSR_SAN_IP, .value = (char *)(uintptr_t) "2001:db8::1" },
		{ .type = ACSR_SAN_EMAIL, .value = (char *)(uintptr_t) "a@demo.test" },
		{ .type = ACSR_SAN_SMTPUTF8,
			.value = (char *)(uintptr_t) "m\xc3\xbcller@xn--bcher-kva.example" },
		{ .type = ACSR_SAN_URI, .value = (char *)(uintptr_t) "spiffe://demo.test/a" },
		{ .type = ACSR_SAN_UPN, .value = (char *)(uintptr_t) "m\xc3\xbc@corp.test" },
		{ .type = ACSR_SAN_RID, .value = (char *)(uintptr_t) "1.2.840.113549" },
		{ .type = ACSR_SAN_DIRNAME, .value = (char *)(uintptr_t) "CN=a+OU=b,O=Demo\\, Inc,C=DE" },
		{ .type = ACSR_SAN_OTHER, .value = (char *)(uintptr_t) "1.2.3.4;UTF8:text: with, all" },
		{ .type = ACSR_SAN_OTHER, .value = (char *)(uintptr_t) "1.2.3.4;IA5:ascii" },
		{ .type = ACSR_SAN_OTHER, .value = (char *)(uintptr_t) "1.2.3.5;DER:3003020105" },
	};
	struct acsr_sans list = { 0 };
	struct acsr_csr_request req = { .sans = &list };
	struct acsr_csr_view *v;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		OK(acsr_sans_add(&list, want[i].type, want[i].value, &e));
	v = made(&req);
	assert_int_equal(v->sans.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < v->sans.n; i++) {
		assert_int_equal(v->sans.v[i].type, want[i].type);
		assert_string_equal(v->sans.v[i].value, want[i].value);
	}
	assert_true(find_ext(v, "2.5.29.17")->critical); /* there is no subject */
	acsr_csr_view_free(v);
	acsr_sans_free(&list);
}

static void names_that_are_none(void **state)
{
	static const struct {
		const char *id;
		enum acsr_san_type type;
		const char *value;
	} rows[] = {
		{ "name.oid", ACSR_SAN_RID, "1" },
		{ "name.oid", ACSR_SAN_RID, "1.2.x" },
		{ "name.oid", ACSR_SAN_RID, "3.1" },
		{ "name.oid", ACSR_SAN_RID, "1..2" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "plain@demo.test" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "\xc3\xbc" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "\xc3\xbc@" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "\xc3\xbc@b\xc3\xbc.example" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "\xc3\xbc@EXAMPLE" },
		{ "name.email", ACSR_SAN_SMTPUTF8, "\xef\xbb\xbf\xc3\xbc@example" },
		{ "name.ascii", ACSR_SAN_URI, "http://b\xc3\xbc/" },
		{ "name.control", ACSR_SAN_UPN, "\xff" },
		{ "name.control", ACSR_SAN_UPN, "a\nb" },
		{ "subject.syntax", ACSR_SAN_DIRNAME, "hello" },
		{ "name.empty", ACSR_SAN_DIRNAME, " " },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;UTF8:" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;BMP:x" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;IA5:\xc3\xbc" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;DER:zz" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;DER:040" },
		{ "name.other", ACSR_SAN_OTHER, "1.2.3;DER:0401ff00" },
		{ "name.oid", ACSR_SAN_OTHER, "x;UTF8:a" },
		{ "name.type", ACSR_SAN_UNKNOWN, "a" },
	};
	struct acsr_sans list = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		FAILS(rows[i].id, acsr_sans_add(&list, rows[i].type, rows[i].value, &e));
	assert_int_equal(list.n, 0);
}

static void every_extension(void **state)
{
	static const char *const ekus[] = { "serverAuth", "msSmartcardLogin", "1.2.3.4" };
	struct acsr_policy policies[] = { { (char *)(uintptr_t) "1.2.3", NULL },
		{ (char *)(uintptr_t) "2.23.140.1.2.1", (char *)(uintptr_t) "https://demo.test/cps" } };
	struct acsr_ms_template t = { .name = (char *)(uintptr_t) "WebServ\xc3\xa9r",
		.oid = (char *)(uintptr_t) "1.3.6.1.4.1.311.21.8.1.2",
		.has_major = true,
		.major = 100,
		.has_minor = true,
		.minor = 4294967295u };
	uint8_t null[] = { 5, 0 };
	struct acsr_raw_ext raw = { (char *)(uintptr_t) "1.2.3.4.5", true, { null, 2 } };
	struct acsr_dn subject = dn("CN=Sub CA,O=Demo");
	struct acsr_csr_request req = { .subject = &subject,
		.ekus = ekus,
		.n_ekus = 3,
		.ku = ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN,
		.ca = true,
		.path_len = 0,
		.must_staple = true,
		.policies = policies,
		.n_policies = 2,
		.ms_template = &t,
		.ski = true,
		.exts = &raw,
		.n_exts = 1,
		.unstructured_name = "host.demo.test" };
	struct acsr_csr_view *v = made(&req);

	(void)state;
	assert_int_equal(v->n_ekus, 3);
	assert_string_equal(v->ekus[1], "msSmartcardLogin");
	assert_string_equal(v->ekus[2], "1.2.3.4");
	assert_true(v->has_ku && v->ku == (ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN));
	assert_true(v->has_basic_constraints && v->ca && v->path_len == 0 && v->must_staple);
	assert_int_equal(v->n_policies, 2);
	assert_string_equal(v->policies[0].oid, "1.2.3");
	assert_null(v->policies[0].cps);
	assert_string_equal(v->policies[1].cps, "https://demo.test/cps");
	assert_string_equal(v->ms_template.name, "WebServ\xc3\xa9r");
	assert_string_equal(v->ms_template.oid, "1.3.6.1.4.1.311.21.8.1.2");
	assert_true(v->ms_template.has_minor && v->ms_template.major == 100 &&
		    v->ms_template.minor == 4294967295u);
	assert_int_equal(v->ski_len, 20);
	assert_true(find_ext(v, "1.2.3.4.5")->critical);
	assert_memory_equal(find_ext(v, "1.2.3.4.5")->der.p, null, 2);
	assert_string_equal(find_ext(v, "1.3.6.1.4.1.311.21.7")->name, "certificateTemplate");
	assert_string_equal(find_attr(v, "unstructuredName")->text, "host.demo.test");
	acsr_csr_view_free(v);
	acsr_dn_free(&subject);
}

static void end_entity(void **state)
{
	struct acsr_csr_request req = { .end_entity = true, .path_len = 7 };
	struct acsr_csr_view *v = made(&req);

	(void)state;
	assert_true(v->has_basic_constraints && !v->ca && v->path_len == -1);
	acsr_csr_view_free(v);
	req = (struct acsr_csr_request){ .ca = true, .path_len = -1 };
	v = made(&req);
	assert_true(v->ca && v->path_len == -1);
	acsr_csr_view_free(v);
	req = (struct acsr_csr_request){ 0 };
	v = made(&req);
	assert_int_equal(v->n_exts, 0);
	assert_int_equal(v->n_attrs, 0);
	acsr_csr_view_free(v);
}

static void challenge_password(void **state)
{
	struct acsr_secret *s = NULL;
	struct acsr_csr_request req = { 0 };
	struct acsr_csr_view *v;
	char lengthy[257];

	(void)state;
	OK(acsr_secret_new(&s, "p\xc3\xa4ss word", 10, &e));
	req.challenge_password = s;
	v = made(&req);
	assert_true(v->challenge_password);
	assert_null(find_attr(v, "challengePassword")->text); /* never kept */
	assert_null(find_attr(v, "challengePassword")->der.p);
	acsr_csr_view_free(v);
	acsr_secret_free(s);

	memset(lengthy, 'a', 256);
	OK(acsr_secret_new(&s, lengthy, 256, &e));
	req.challenge_password = s;
	not_made("csr.new.challenge-password", &req);
	acsr_secret_free(s);
	OK(acsr_secret_new(&s, lengthy, 255, &e));
	req.challenge_password = s;
	acsr_csr_view_free(made(&req));
	acsr_secret_free(s);
	OK(acsr_secret_new(&s, "", 0, &e));
	req.challenge_password = s;
	not_made("csr.new.challenge-password", &req);
	acsr_secret_free(s);
	OK(acsr_secret_new(&s, "a\0b", 3, &e));
	req.challenge_password = s;
	not_made("csr.new.challenge-password", &req);
	acsr_secret_free(s);
}

static void contradictions(void **state)
{
	static const char *const twice[] = { "serverAuth", "1.3.6.1.5.5.7.3.1" }, *const odd[] = { "hello" };
	struct acsr_policy same[] = { { (char *)(uintptr_t) "1.2.3", NULL },
		{ (char *)(uintptr_t) "1.2.3", NULL } };
	struct acsr_policy no_oid = { (char *)(uintptr_t) "x", NULL },
			   no_url = { (char *)(uintptr_t) "1.2.3", (char *)(uintptr_t) "a b" };
	struct acsr_ms_template no_major = { .oid = (char *)(uintptr_t) "1.2.3", .has_minor = true },
				version = { .has_major = true }, bad_oid = { .oid = (char *)(uintptr_t) "1" },
				empty = { .name = (char *)(uintptr_t) "" };
	uint8_t null[] = { 5, 0 }, junk[] = { 5, 1 };
	struct acsr_raw_ext ku = { (char *)(uintptr_t) "2.5.29.15", false, { null, 2 } },
			    broken = { (char *)(uintptr_t) "1.2.3", false, { junk, 2 } },
			    name = { (char *)(uintptr_t) "keyUsage", false, { null, 2 } },
			    two[] = { { (char *)(uintptr_t) "1.2.3", false, { null, 2 } },
				    { (char *)(uintptr_t) "1.2.3", true, { null, 2 } } };

	(void)state;
#define REFUSED(id, ...) not_made(id, &(struct acsr_csr_request){ __VA_ARGS__ })
	REFUSED("csr.new.ku-ca", .ku = ACSR_KU_KEY_CERT_SIGN);
	REFUSED("csr.new.ku-ca", .ku = ACSR_KU_KEY_CERT_SIGN, .end_entity = true);
	REFUSED("csr.new.ku-only", .ku = ACSR_KU_ENCIPHER_ONLY);
	REFUSED("csr.new.ku-only", .ku = ACSR_KU_DECIPHER_ONLY | ACSR_KU_DIGITAL_SIGNATURE);
	REFUSED("csr.new.ca", .ca = true, .end_entity = true, .path_len = -1);
	REFUSED("csr.new.ca", .ca = true, .path_len = -1, .ku = ACSR_KU_DIGITAL_SIGNATURE);
	REFUSED("csr.new.path-len", .ca = true, .path_len = 256);
	REFUSED("csr.new.path-len", .ca = true, .path_len = -2);
	REFUSED("csr.new.eku", .ekus = odd, .n_ekus = 1);
	REFUSED("csr.new.eku", .ekus = twice, .n_ekus = 2);
	REFUSED("csr.new.policy", .policies = same, .n_policies = 2);
	REFUSED("csr.new.policy", .policies = &no_oid, .n_policies = 1);
	REFUSED("csr.new.policy", .policies = &no_url, .n_policies = 1);
	REFUSED("csr.new.template", .ms_template = &no_major);
	REFUSED("csr.new.template", .ms_template = &version);
	REFUSED("csr.new.template", .ms_template = &bad_oid);
	REFUSED("csr.new.template", .ms_template = &empty);
	REFUSED("csr.new.extension-twice", .ku = ACSR_KU_DIGITAL_SIGNATURE, .exts = &ku, .n_exts = 1);
	REFUSED("csr.new.extension-twice", .exts = two, .n_exts = 2);
	REFUSED("csr.new.extension", .exts = &broken, .n_exts = 1);
	REFUSED("csr.new.extension", .exts = &name, .n_exts = 1);
	REFUSED("csr.new.unstructured-name", .unstructured_name = "");
	REFUSED("csr.new.unstructured-name", .unstructured_name = "a\nb");
	REFUSED("csr.digest", .digest = "SHA1");
}

static void names_of_usages(void **state)
{
	size_t n = 0;

	(void)state;
	for (; acsr_eku_at(n) != NULL; n++) {
		assert_ptr_equal(acsr_eku_find(acsr_eku_at(n)->name), acsr_eku_at(n));
		assert_ptr_equal(
			acsr_eku_find(acsr_eku_at(n)->oid), acsr_eku_at(n)); /* none is there twice */
	}
	assert_true(n > 60);
	assert_string_equal(acsr_eku_find("SERVERAUTH")->oid, "1.3.6.1.5.5.7.3.1");
	assert_null(acsr_eku_find("hello"));
	for (size_t bit = 0; bit < 9; bit++)
		assert_int_equal(acsr_ku_find(acsr_ku_name(bit)), 1u << bit);
	assert_null(acsr_ku_name(9));
	assert_int_equal(acsr_ku_find("contentCommitment"), ACSR_KU_NON_REPUDIATION);
	assert_int_equal(acsr_ku_find("hello"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_name),
		cmocka_unit_test(names_that_are_none), cmocka_unit_test(every_extension),
		cmocka_unit_test(end_entity), cmocka_unit_test(challenge_password),
		cmocka_unit_test(contradictions), cmocka_unit_test(names_of_usages) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
