/* Requests as data: settings, files, JSON, OpenSSL configurations, renewal. */
#include "ca.h"

#include "autocsr/draft.h"

#define PUBLIC ACSR_NAMES_PUBLIC
#define PRIVATE ACSR_NAMES_PRIVATE

static enum acsr_result read_text(struct acsr_csr_draft *d, const char *text, struct acsr_err *e)
{
	return acsr_csr_draft_read(d, text, strlen(text), PRIVATE, e);
}

static char *json_of(const struct acsr_csr_draft *d)
{
	struct acsr_blob out = { 0 };

	OK(acsr_csr_draft_json(d, &out, &e));
	return (char *)out.p;
}

static struct acsr_csr_view *made(const struct acsr_csr_draft *d)
{
	struct acsr_csr_request req;
	struct acsr_csr_view *v = NULL;
	struct acsr_blob der = { 0 };

	acsr_csr_draft_request(d, &req);
	OK(acsr_csr_build(&req, a_key(d->key_type != NULL ? d->key_type : "ec:p256"), &der, &e));
	OK(acsr_csr_parse(&v, der.p, der.len, &e));
	acsr_blob_free(&der);
	return v;
}

static bool noted(const struct acsr_csr_draft *d, const char *part)
{
	for (size_t i = 0; i < d->n_notes; i++)
		if (strstr(d->notes[i], part) != NULL)
			return true;
	return false;
}

static const char ini[] = "; a comment\n"
			  "key = ec:p256\n"
			  "digest=sha256\r\n"
			  "host = www.demo.test, b\xc3\xbc"
			  "cher.example 192.0.2.1\n"
			  "dns = *.demo.test\n"
			  "ip = 2001:DB8::1\n"
			  "email = Ann@Example.com\n"
			  "email = m\xc3\xbcller@B\xc3\xbc"
			  "cher.example\n"
			  "uri = https://demo.test/a;b # not a comment\n"
			  "[request]\n"
			  "uri = spiffe://demo.test/x\n"
			  "upn = ann@corp.test\n"
			  "rid = 1.2.3\n"
			  "dirname = CN=a+OU=b,O=Demo\\, Inc\n"
			  "other = 1.2.3.4;UTF8:x = y\n"
			  "key_usage = digitalSignature keyEncipherment\n"
			  "eku = serverAuth, clientAuth\n"
			  "eku = 1.2.3.4\n"
			  "must_staple = yes\n"
			  "ca = no\n"
			  "policy = 1.2.3 https://demo.test/cps\n"
			  "policy = 1.2.4\n"
			  "template_name = WebServer\n"
			  "template_oid = 1.3.6.1.4.1.311.21.8.1:100:3\n"
			  "ski = yes\n"
			  "extension = 1.2.3.9:critical:0500\n"
			  "unstructured_name = a name\n"
			  "# another\n"
			  "[subject]\n"
			  "CN = www.demo.test\n"
			  "C = DE\n"
			  "OU = one\n"
			  "O = Demo, Inc\n"
			  "OU = two\n";

static void ini_file(void **state)
{
	char *text, *again, *subject = NULL;
	struct acsr_csr_draft d, back;
	struct acsr_csr_view *v;

	(void)state;
	acsr_csr_draft_init(&d);
	acsr_csr_draft_init(&back);
	text = strdup(ini);
	/* a blank in a URI is refused, so the line that looks like a comment is one that is seen */
	FAILS("name.ascii", read_text(&d, text, &e));
	memcpy(strstr(text, " # not a comment"), "                ", 16);
	OK(read_text(&d, text, &e));
	free(text);
	OK(acsr_dn_print(&subject, &d.subject, &e));
	assert_string_equal(subject, "CN=www.demo.test,OU=two,OU=one,O=Demo\\, Inc,C=DE");
	free(subject);
	v = made(&d);
	assert_int_equal(v->sans.n, 13);
	assert_string_equal(v->sans.v[1].value, "xn--bcher-kva.example");
	assert_string_equal(v->sans.v[4].value, "2001:db8::1");
	assert_string_equal(v->sans.v[5].value, "Ann@Example.com");
	assert_int_equal(v->sans.v[6].type, ACSR_SAN_SMTPUTF8);
	assert_string_equal(v->sans.v[6].value, "m\xc3\xbcller@xn--bcher-kva.example");
	assert_string_equal(v->sans.v[7].value, "https://demo.test/a;b");
	assert_string_equal(v->sans.v[12].value, "1.2.3.4;UTF8:x = y");
	assert_int_equal(v->ku, ACSR_KU_DIGITAL_SIGNATURE | ACSR_KU_KEY_ENCIPHERMENT);
	assert_int_equal(v->n_ekus, 3);
	assert_true(v->must_staple && v->has_basic_constraints && !v->ca && v->ski_len == 20);
	assert_string_equal(v->policies[0].cps, "https://demo.test/cps");
	assert_int_equal(v->ms_template.minor, 3);
	acsr_csr_view_free(v);

	/* as JSON, read back, as JSON: the same */
	text = json_of(&d);
	OK(read_text(&back, text, &e));
	again = json_of(&back);
	assert_string_equal(text, again);
	free(text);
	free(again);
	acsr_csr_draft_free(&d);
	acsr_csr_draft_free(&back);
}

static void json_file(void **state)
{
	struct acsr_csr_draft d;
	struct acsr_csr_view *v;

	(void)state;
	acsr_csr_draft_init(&d);
	OK(read_text(&d,
		"\xef\xbb\xbf {\"subject\": {\"CN\": \"Sub CA\", \"OU\": [\"a\", \"b\"], \"C\": \"DE\"},\n"
		"\"ca\": true, \"path_length\": 0, \"key_usage\": [\"keyCertSign\", \"cRLSign\"],"
		"\"must_staple\": false}",
		&e));
	v = made(&d);
	assert_true(v->ca && v->path_len == 0 && !v->must_staple);
	assert_int_equal(v->subject.n, 4);
	assert_string_equal(v->subject.v[0].name, "C");
	assert_string_equal(v->subject.v[3].name, "CN");
	acsr_csr_view_free(v);
	acsr_csr_draft_free(&d);
}

static void files_that_are_none(void **state)
{
	static const struct {
		const char *id, *field, *text;
	} rows[] = {
		{ "request.key", "line 2", "key = ec:p256\nhots = a\n" },
		{ "request.key", "line 1", "challenge_password = x\n" },
		{ "request.file.syntax", "line 1", "hello\n" },
		{ "request.file.syntax", "line 2", "\n[names]\n" },
		{ "request.file.syntax", "line 1", "[subject\n" },
		{ "request.file.syntax", "line 1", "= a\n" },
		{ "request.value", "line 1", "must_staple = maybe" },
		{ "request.value", "line 1", "ca = 1" },
		{ "request.value", "line 1", "path_length = 256" },
		{ "request.value", "line 1", "path_length = -1" },
		{ "request.value", "line 1", "key_usage = signing" },
		{ "request.value", "line 1", "host = ,\n" },
		{ "request.value", "line 1", "dns = 192.0.2.1\n" },
		{ "request.value", "line 1", "ip = www.demo.test\n" },
		{ "request.value", "line 1", "digest = SHA1\n" },
		{ "request.value", "line 1", "template_oid = 1.2.3:x\n" },
		{ "request.value", "line 1", "template_oid = 1.2.3:1:2:3\n" },
		{ "request.value", "line 1", "template_oid = 1.2.3:4294967296\n" },
		{ "csr.new.eku", "line 1", "eku = hello\n" },
		{ "csr.new.policy", "line 1", "policy = hello\n" },
		{ "csr.new.extension", "line 1", "extension = 1.2.3:05\n" },
		{ "csr.new.extension", "line 1", "extension = 1.2.3\n" },
		{ "csr.new.extension", "line 1", "extension = hello:0500\n" },
		{ "key.type", "line 1", "key = rsa:1234\n" },
		{ "name.email", "line 1", "email = hello\n" },
		{ "name.upn", "line 1", "upn = hello\n" },
		{ "name.uri", "line 1", "uri = //demo.test/\n" },
		{ "name.uri", "line 1", "uri = mailto:\n" },
		{ "name.oid", "line 1", "rid = hello\n" },
		{ "name.underscore", "line 3", "\n\nhost = a_b.demo.test\n" },
		{ "subject.field", "line 2", "[subject]\nXX = a\n" },
		{ "subject.country", "line 1", "subject.C = Germany\n" },
		{ "request.file.syntax", "line 2", "{\"ca\": true,\n}" },
		{ "request.file.syntax", "line 1", "{\"ca\": true, \"ca\": false}" },
		{ "request.key", "hots", "{\"hots\": \"a\"}" },
		{ "request.value", "dns", "{\"dns\": null}" },
		{ "request.value", "dns", "{\"dns\": {}}" },
		{ "request.value", "dns[1]", "{\"dns\": [\"a.demo.test\", 1]}" },
		{ "name.underscore", "dns[1]", "{\"dns\": [\"a.demo.test\", \"a_b.test\"]}" },
		{ "subject.field", "subject.XX", "{\"subject\": {\"XX\": \"a\"}}" },
		{ "request.file.syntax", "", "\xff\xff" },
	};
	struct acsr_csr_draft d;
	char *big = malloc(256 * 1024 + 2);

	(void)state;
	acsr_csr_draft_init(&d);
	OK(read_text(&d, "host = kept.demo.test\n", &e));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acsr_err why = { 0 };

		assert_int_equal(read_text(&d, rows[i].text, &why), ACSR_FAIL);
		if (strcmp(why.id, rows[i].id) != 0 || strcmp(why.field, rows[i].field) != 0)
			fail_msg("%s: %s (%s): %s", rows[i].text, why.id, why.field, why.text);
		assert_int_equal(d.sans.n, 1); /* untouched */
	}
	memset(big, '\n', 256 * 1024 + 1);
	FAILS("request.file.large", acsr_csr_draft_read(&d, big, 256 * 1024 + 1, PUBLIC, &e));
	OK(acsr_csr_draft_read(&d, big, 256 * 1024, PUBLIC, &e));
	FAILS("request.file.syntax", acsr_csr_draft_read(&d, "a\0b", 3, PUBLIC, &e));
	free(big);
	acsr_csr_draft_free(&d);
}

static void one_setting(void **state)
{
	struct acsr_csr_draft d;
	struct acsr_err why = { 0 };

	(void)state;
	acsr_csr_draft_init(&d);
	OK(acsr_csr_draft_set(&d, "host", "www.example.com", PUBLIC, &e));
	FAILS("name.special", acsr_csr_draft_set(&d, "host", "www.demo.test", PUBLIC, &e));
	FAILS("name.special", acsr_csr_draft_set(&d, "host", "a.example.com b.test", PUBLIC, &e));
	assert_int_equal(d.sans.n, 1); /* not half a list */
	OK(acsr_csr_draft_set(&d, "subject", "CN=a,O=b", PUBLIC, &e));
	OK(acsr_csr_draft_set(&d, "subject", "CN=c", PUBLIC, &e));
	assert_int_equal(d.subject.n, 1);
	OK(acsr_csr_draft_set(&d, "path_length", "3", PUBLIC, &e));
	OK(acsr_csr_draft_set(&d, "path_length", "none", PUBLIC, &e));
	assert_int_equal(d.path_len, -1);
	assert_int_equal(acsr_csr_draft_set(&d, "subject.O", "", PUBLIC, &why), ACSR_FAIL);
	assert_string_equal(why.field, "subject.O");
	assert_string_equal(acsr_csr_draft_key_at(0), "subject");
	assert_null(acsr_csr_draft_key_at(1000));
	acsr_csr_draft_free(&d);
	acsr_csr_draft_free(NULL);
}

static const char openssl_conf[] = "# as people have it\n"
				   "name = www.demo.test\n"
				   "[ req ]\n"
				   "default_bits = 3072\n"
				   "default_md = sha384\n"
				   "default_keyfile = privkey.pem\n"
				   "prompt = no\n"
				   "encrypt_key = no\n"
				   "string_mask = utf8only\n"
				   "distinguished_name = dn\n"
				   "req_extensions = v3\n"
				   "x509_extensions = v3_ca\n"
				   "attributes = attrs\n"
				   "[ dn ]\n"
				   "countryName = DE\n"
				   "0.organizationName = Demo, Inc\n"
				   "OU = one\n"
				   "+UID = joined\n"
				   "1.OU = two\n"
				   "commonName = $name\n"
				   "[attrs]\n"
				   "challengePassword = secret\n"
				   "unstructuredName = a name\n"
				   "[ v3 ]\n"
				   "subjectAltName = critical, @alt\n"
				   "keyUsage = critical, digitalSignature, keyEncipherment\n"
				   "extendedKeyUsage = serverAuth, 1.2.3.4\n"
				   "basicConstraints = CA:FALSE\n"
				   "tlsfeature = status_request\n"
				   "certificatePolicies = 1.2.3, @pol\n"
				   "subjectKeyIdentifier = hash\n"
				   "nsComment = \"made by hand\"\n"
				   "1.3.6.1.4.1.311.20.2 = ASN1:PRINTABLESTRING:WebServer\n"
				   "1.2.3.9 = critical,DER:30:03:02:01:05\n"
				   "[ pol ]\n"
				   "policyIdentifier = 1.2.4\n"
				   "CPS.1 = https://demo.test/cps\n"
				   "[ alt ]\n"
				   "DNS.1 = ${name}\n"
				   "DNS.2 = *.demo.test\n"
				   "IP.1 = 192.0.2.1\n"
				   "email.1 = a@demo.test\n"
				   "email.2 = copy\n"
				   "URI.1 = https://demo.test/\n"
				   "RID.1 = 1.2.3\n"
				   "otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:ann@corp.test\n"
				   "otherName.2 = 1.2.3.4;UTF8:x\n"
				   "dirName.1 = dir\n"
				   "[ dir ]\n"
				   "C = DE\n"
				   "CN = x\n";

static void openssl_file(void **state)
{
	struct acsr_csr_draft d;
	struct acsr_csr_view *v;
	char *subject = NULL;

	(void)state;
	acsr_csr_draft_init(&d);
	OK(read_text(&d, openssl_conf, &e));
	assert_string_equal(d.key_type, "rsa:3072");
	assert_string_equal(d.digest, "SHA384");
	OK(acsr_dn_print(&subject, &d.subject, &e));
	assert_string_equal(subject, "CN=www.demo.test,OU=two,OU=one+UID=joined,O=Demo\\, Inc,C=DE");
	free(subject);
	v = made(&d);
	assert_string_equal(v->signature_alg, "sha384WithRSAEncryption");
	assert_int_equal(v->sans.n, 9);
	assert_int_equal(v->sans.v[6].type, ACSR_SAN_UPN);
	assert_string_equal(v->sans.v[8].value, "CN=x,C=DE");
	assert_int_equal(v->n_ekus, 2);
	assert_true(v->must_staple && v->has_basic_constraints && !v->ca && v->ski_len == 20);
	assert_int_equal(v->n_policies, 2);
	assert_string_equal(v->policies[1].cps, "https://demo.test/cps");
	assert_string_equal(v->ms_template.name, "WebServer");
	assert_true(v->exts[v->n_exts - 1].critical);
	acsr_csr_view_free(v);
	assert_true(noted(&d, "default_keyfile") && noted(&d, "encrypt_key") && noted(&d, "x509_extensions"));
	assert_true(noted(&d, "challengePassword") && noted(&d, "nsComment") && noted(&d, "email.2:copy"));
	assert_int_equal(d.n_notes, 6); /* and nothing else */
	acsr_csr_draft_free(&d);
}

static void openssl_with_questions(void **state)
{
	struct acsr_csr_draft d;

	(void)state;
	acsr_csr_draft_init(&d);
	OK(read_text(&d,
		"[req]\ndistinguished_name = dn\n[dn]\ncountryName = Country (2 letter code)\n"
		"countryName_default = AU\ncountryName_min = 2\ncommonName = Common Name\n",
		&e));
	assert_int_equal(d.subject.n, 1);
	assert_true(noted(&d, "default \"AU\"") && noted(&d, "commonName"));
	acsr_csr_draft_free(&d);
}

static void openssl_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "request.file.openssl", "[req]\n.include /etc/passwd\n" },
		{ "request.file.openssl", "[req]\n.inc\\\nlude /etc/passwd\n" },
		{ "request.file.openssl", "[req]\n .inc\\\r\nlude = /etc/passwd\n" },
		{ "request.file.openssl", "[req]\nx::.include = /etc/passwd\n" },
		{ "request.file.openssl", "\xef\xbb\xbf\xef\xbb\xbf.include = /etc/passwd\n[req]\n" },
		{ "request.file.openssl", "[req]\nCN = ${EN\\\nV::HOME}\n" },
		{ "request.file.openssl", "[req]\ndefault_bits = ${ENV::HOME}\n" },
		{ "request.file.openssl", "[req]\ndistinguished_name = missing\n" },
		{ "request.file.openssl", "[req]\nreq_extensions = missing\n" },
		{ "request.file.openssl", "[req]\nreq_extensions = v\n[v]\nsubjectAltName = @missing\n" },
		{ "request.file.openssl", "[req]\nreq_extensions = v\n[v]\n1.2.3 = ASN1:SEQUENCE:v\n" },
		{ "csr.new.extension", "[req]\nreq_extensions = v\n[v]\n1.2.3 = DER:05\n" },
		{ "request.file.syntax", "[req]\nhello\n" },
		{ "request.file.syntax", "[req]\na = $nothing\n" },
		{ "name.ip", "[req]\nreq_extensions = v\n[v]\nsubjectAltName = IP:1.2.3\n" },
		{ "subject.field", "[req]\nprompt = no\ndistinguished_name = v\n[v]\nXX = a\n" },
		{ "key.type", "[req]\ndefault_bits = 1023\n" },
	};
	struct acsr_csr_draft d;

	(void)state;
	acsr_csr_draft_init(&d);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		FAILS(rows[i][0], read_text(&d, rows[i][1], &e));
	acsr_csr_draft_free(&d);
}

static void renewal_of_a_csr(void **state)
{
	struct acsr_csr_draft d, again;
	struct acsr_csr_view *v;
	char *first, *second;

	(void)state;
	acsr_csr_draft_init(&d);
	acsr_csr_draft_init(&again);
	OK(read_text(&d, openssl_conf, &e));
	v = made(&d);
	OK(acsr_csr_draft_from_csr(&again, v, &e));
	assert_string_equal(again.key_type, "rsa:3072");
	assert_null(again.challenge_password);
	/* all is as before but the digest, which is the key's own again; the template came as an extension */
	free(again.digest);
	again.digest = strdup("SHA384");
	assert_string_equal(again.ms_template.name, "WebServer");
	acsr_csr_view_free(v);
	v = made(&again);
	assert_int_equal(v->sans.n, 9);
	assert_int_equal(v->n_exts, 9);
	acsr_csr_view_free(v);
	acsr_csr_draft_free(&d);
	acsr_csr_draft_init(&d);
	first = json_of(&again);
	OK(read_text(&d, first, &e));
	second = json_of(&d);
	assert_string_equal(first, second);
	free(first);
	free(second);
	acsr_csr_draft_free(&d);
	acsr_csr_draft_free(&again);
}

/* What acsr_csr_read marks as broken is not asked for again; what is uncommon is left out with a note. */
static void renewal_of_what_is_broken(void **state)
{
	struct acsr_csr_draft d;
	struct acsr_csr_view *v;

	(void)state;
	acsr_csr_draft_init(&d);
	OK(read_text(&d, "host = a.demo.test b.demo.test\nsubject = CN=a\nextension = 1.2.3.4:0500\n", &e));
	v = made(&d);
	v->sans.v[0].type = ACSR_SAN_UNKNOWN;
	v->exts[1].bad = true;
	OK(acsr_csr_draft_from_csr(&d, v, &e));
	assert_int_equal(d.sans.n, 1);
	assert_int_equal(d.n_exts, 0);
	assert_true(noted(&d, "uncommon kind") && noted(&d, "1.2.3.4 cannot be read"));
	v->sans.v[0].broken = true;
	FAILS("name.control", acsr_csr_draft_from_csr(&d, v, &e));
	v->subject.v[0].broken = true;
	FAILS("subject.control", acsr_csr_draft_from_csr(&d, v, &e));
	assert_int_equal(d.sans.n, 1); /* as it was */
	acsr_csr_view_free(v);
	acsr_csr_draft_free(&d);
}

static void renewal_of_a_certificate(void **state)
{
	struct ca ca = make_ca();
	struct acsr_cert_spec spec = leaf_spec(&ca, a_key("rsa:2048"));
	struct acsr_blob leaf = { 0 };
	struct acsr_cert_view *v = NULL;
	struct acsr_csr_draft d;
	struct acsr_csr_view *csr;

	(void)state;
	spec.crl_url = "http://ca.demo.test/i.crl";
	leaf = issue(&spec, "dv", NOW, a_key("ec:p256"));
	OK(acsr_cert_parse(&v, leaf.p, leaf.len, &e));
	acsr_csr_draft_init(&d);
	OK(acsr_csr_draft_from_cert(&d, v, &e));
	csr = made(&d);
	assert_int_equal(csr->sans.n, v->sans.n);
	assert_int_equal(csr->n_policies, 0); /* the CA's */
	assert_int_equal(csr->ski_len, 0);
	assert_int_equal(csr->ku, v->ku);
	for (size_t i = 0; i < csr->n_exts; i++) { /* names, usages; nothing of the CA's */
		const char *oid = csr->exts[i].oid;

		assert_true(strcmp(oid, "2.5.29.17") == 0 || strcmp(oid, "2.5.29.37") == 0 ||
			    strcmp(oid, "2.5.29.15") == 0);
	}
	acsr_csr_view_free(csr);
	acsr_csr_draft_free(&d);
	acsr_cert_view_free(v);
	acsr_blob_free(&leaf);
	free_ca(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ini_file), cmocka_unit_test(json_file),
		cmocka_unit_test(files_that_are_none), cmocka_unit_test(one_setting),
		cmocka_unit_test(openssl_file), cmocka_unit_test(openssl_with_questions),
		cmocka_unit_test(openssl_refused), cmocka_unit_test(renewal_of_a_csr),
		cmocka_unit_test(renewal_of_what_is_broken), cmocka_unit_test(renewal_of_a_certificate) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
