/* What a CSR can ask for: made by us, read by us, and what is refused. */
#include "ca.h"

#include "base/str.h"
#include "pki/attr.h"

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

/* What Windows puts into its requests, in words. */
static void attributes_of_windows(void **state)
{
	static const struct {
		const char *name, *text, *hex;
	} rows[] = {
		{ "osVersion", "10.0.19041.2",
			"301c060a2b0601040182370d0203310e160c31302e302e31393034312e32" },
		{ "clientInfo", "client 9, machine pc.corp.test, user CORP\\ann, process certreq.exe",
			"303706092b0601040182371514312a30280201090c0c70632e636f72702e746573740c08434f"
			"52505c616e6e0c0b636572747265712e657865" },
		{ "enrollmentCSP", "key spec 1, provider Microsoft RSA SChannel",
			"3044060a2b0601040182370d0202313630340201011e2c004d006900630072006f0073006f00"
			"660074002000520053004100200053004300680061006e006e0065006c030100" },
		{ "enrollmentNameValuePair", "name CertificateTemplate, value WebServer; name a, value b",
			"3056060a2b0601040182370d02013148303c1e26004300650072007400690066006900630061"
			"0074006500540065006d0070006c0061007400651e1200570065006200530065007200760065"
			"007230081e0200611e020062" },
		{ "unstructuredName", "line\\0Afeed",
			"301806092a864886f70d010902310b0c096c696e650a66656564" },
		{ "osVersion", NULL, "3011060a2b0601040182370d02033103020101" },
		{ "clientInfo", NULL, "300f06092b060104018237151431023000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acsr_attr *it = calloc(1, sizeof(*it));
		uint8_t der[256];
		const unsigned char *p = der;
		X509_ATTRIBUTE *a;
		size_t n;

		OK(hex_decode(rows[i].hex, der, sizeof(der), &n, &e));
		a = d2i_X509_ATTRIBUTE(NULL, &p, (long)n);
		assert_non_null(a);
		OK(attr_take(it, a, &e));
		assert_string_equal(it->name, rows[i].name);
		if (rows[i].text == NULL)
			assert_null(it->text);
		else
			assert_string_equal(it->text, rows[i].text);
		assert_true(it->der.len > 0);
		X509_ATTRIBUTE_free(a);
		attr_free_list(it, 1);
	}
}

/* Kinds that cannot be asked for are still named. */
static void uncommon_names(void **state)
{
	uint8_t edi[] = { 0x30, 7, 0xa5, 5, 0xa1, 3, 0x0c, 1, 'a' };
	uint8_t x400[] = { 0x30, 4, 0xa3, 2, 0x30, 0 };
	struct acsr_raw_ext san = { (char *)(uintptr_t) "2.5.29.17", false, { edi, sizeof(edi) } };
	struct acsr_csr_request req = { .exts = &san, .n_exts = 1 };
	struct acsr_csr_view *v = made(&req);

	(void)state;
	assert_int_equal(v->sans.v[0].type, ACSR_SAN_UNKNOWN);
	assert_string_equal(v->sans.v[0].value, "ediPartyName;a505a1030c0161");
	acsr_csr_view_free(v);
	san.der = (struct acsr_blob){ x400, sizeof(x400) };
	v = made(&req);
	assert_string_equal(v->sans.v[0].value, "x400Address;a3023000");
	acsr_csr_view_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_name),
		cmocka_unit_test(names_that_are_none), cmocka_unit_test(every_extension),
		cmocka_unit_test(end_entity), cmocka_unit_test(challenge_password),
		cmocka_unit_test(contradictions), cmocka_unit_test(names_of_usages),
		cmocka_unit_test(attributes_of_windows), cmocka_unit_test(uncommon_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
