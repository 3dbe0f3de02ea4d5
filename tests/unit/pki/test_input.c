/* What people paste: every form of a CSR, and the wrong things, each with its own answer. */
#include "ca.h"

#include "base/buf.h"
#include "autocsr/input.h"
#include "base/str.h"

static struct acsr_blob csr, pem;
static char body[4096]; /* base64 on one line */

static void prepare(void)
{
	struct acsr_dn d = dn("CN=www.demo.test");
	struct acsr_csr_request req = { .subject = &d };

	OK(acsr_csr_build(&req, a_key("rsa:2048"), &csr, &e));
	OK(acsr_csr_pem(csr.p, csr.len, &pem, &e));
	assert_true(B64_LEN(csr.len) < sizeof(body));
	b64_encode(csr.p, csr.len, false, body);
	acsr_dn_free(&d);
}

static void taken_bytes(const void *p, size_t n)
{
	struct acsr_blob der = { 0 };

	OK(acsr_input_csr(p, n, &der, &e));
	assert_int_equal(der.len, csr.len);
	assert_memory_equal(der.p, csr.p, csr.len);
	acsr_blob_free(&der);
}

static void taken(const char *fmt, ...)
{
	static char text[20000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	taken_bytes(text, strlen(text));
}

#define BEGIN "-----BEGIN CERTIFICATE REQUEST-----"
#define END "-----END CERTIFICATE REQUEST-----"

static void every_form(void **state)
{
	char wrapped[8192], utf16[20000];
	size_t n = 0;

	(void)state;
	taken_bytes(csr.p, csr.len);
	taken("%s", (char *)pem.p);
	taken("%s", body);
	taken("\n\n  %s  \r\n", body);
	taken(BEGIN "\n%s\n" END, body);
	taken(BEGIN "%s" END, body);
	taken(BEGIN " %s " END "\n", body);
	taken(BEGIN "\r\n%s\r\n" END "\r\n", body);
	taken("\xef\xbb\xbf" BEGIN "\n%s\n" END "\n", body);
	taken("-----BEGIN NEW CERTIFICATE REQUEST-----\n%s\n-----END NEW CERTIFICATE REQUEST-----\n", body);
	taken("Dear CA,\nhere it is:\n" BEGIN "\n%s\n" END "\nregards\n", body);
	taken(BEGIN "\\n%s\\n" END "\\n", body);
	taken(BEGIN "\n%s\n", body);  /* END lost */
	taken("%s\n" END "\n", body); /* BEGIN lost */

	/* wrapped at 7 columns, with tabs and blanks */
	for (size_t i = 0; body[i] != '\0'; i += 7)
		n += (size_t)snprintf(wrapped + n, sizeof(wrapped) - n, "\t%.7s \r\n", body + i);
	taken("%s", wrapped);

	/* Notepad's "Unicode" */
	memcpy(utf16, "\xff\xfe", 2);
	for (size_t i = 0; i < pem.len; i++) {
		utf16[2 + 2 * i] = (char)pem.p[i];
		utf16[3 + 2 * i] = 0;
	}
	taken_bytes(utf16, 2 + 2 * pem.len);
}

static void refused(const char *id, const void *p, size_t n)
{
	struct acsr_blob der = { 0 };

	FAILS(id, acsr_input_csr(p, n, &der, &e));
	assert_null(der.p);
}

static void refused_text(const char *id, const char *fmt, ...)
{
	static char text[20000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	refused(id, text, strlen(text));
}

static void not_a_csr(void **state)
{
	static char big[300000];

	(void)state;
	refused_text("input.empty", "%s", "");
	refused_text("input.empty", "%s", " \r\n\t");
	refused_text("input.unknown", "%s", "hello, world!");
	refused_text("input.unknown", "%s", "-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n");
	refused_text("input.base64", BEGIN "\n%.101s\n" END, body);
	refused_text("input.base64", BEGIN "\n!!%s\n" END, body);
	refused_text("input.base64", BEGIN "\n" END "%s", "");
	refused_text("input.base64", "%s", "AAAAA");
	refused_text("input.several", "%s%s", (char *)pem.p, (char *)pem.p);
	refused("csr.too-large", big, sizeof(big));
}

/* Keys in every shape: never decoded further, the advice in the text. */
static void private_keys(void **state)
{
	struct acsr_secret *key = NULL, *der = NULL, *code = NULL;
	struct acsr_blob encrypted = { 0 }, out = { 0 };
	struct acsr_err why = { 0 };
	char b64[8192];

	(void)state;
	OK(acsr_key_pkcs8_pem(a_key("rsa:2048"), &key, &e));
	OK(acsr_key_pkcs8_der(a_key("rsa:2048"), &der, &e));
	OK(acsr_secret_new(&code, "abcdefgh", 8, &e));
	OK(acsr_key_pkcs8_pem_encrypted(a_key("ec:p256"), code, &encrypted, &e));
	refused("input.private-key", acsr_secret_bytes(key), acsr_secret_len(key));
	refused("input.private-key", acsr_secret_bytes(der), acsr_secret_len(der));
	refused("input.private-key", encrypted.p, encrypted.len);
	refused_text("input.private-key", "%s\n%s", (char *)pem.p, (const char *)acsr_secret_bytes(key));
	b64_encode(acsr_secret_bytes(der), acsr_secret_len(der), false, b64);
	refused_text("input.private-key", "%s", b64);
	refused_text("input.private-key", BEGIN "\n%s\n" END, b64);
	assert_int_equal(acsr_input_csr(acsr_secret_bytes(key), acsr_secret_len(key), &out, &why), ACSR_FAIL);
	assert_non_null(strstr(why.text, "compromised"));
	acsr_secret_free(key);
	acsr_secret_free(der);
	acsr_secret_free(code);
	acsr_blob_free(&encrypted);
}

static void other_objects(void **state)
{
	struct ca ca = make_ca();
	struct acsr_blob cert = { 0 }, spki = { 0 }, *list = NULL;
	char dir[64], b64[8192], path[128];
	struct buf b;
	size_t n = 0;

	(void)state;
	OK(acsr_cert_pem(ca.root.p, ca.root.len, &cert, &e));
	refused("input.certificate", cert.p, cert.len);
	refused("input.certificate", ca.root.p, ca.root.len);
	OK(acsr_key_spki(a_key("rsa:2048"), &spki, &e));
	b64_encode(spki.p, spki.len, false, b64);
	refused("input.public-key", spki.p, spki.len);
	refused_text("input.public-key", "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", b64);

	/* and where certificates are wanted */
	OK(acsr_input_certs(cert.p, cert.len, &list, &n, &e));
	assert_int_equal(n, 1);
	assert_memory_equal(list[0].p, ca.root.p, ca.root.len);
	acsr_certs_free(list, n);
	OK(acsr_input_certs(ca.root.p, ca.root.len, &list, &n, &e));
	acsr_certs_free(list, n);
	FAILS("input.csr", acsr_input_certs(pem.p, pem.len, &list, &n, &e));
	FAILS("input.empty", acsr_input_certs((const uint8_t *)" ", 1, &list, &n, &e));
	FAILS("input.unknown", acsr_input_certs((const uint8_t *)"x", 1, &list, &n, &e));

	temp_dir(dir);
	write_file(dir, "c.pem", cert.p, cert.len);
	assert_int_equal(sh("cd %s && openssl crl2pkcs7 -nocrl -certfile c.pem -out p.pem", dir), 0);
	snprintf(path, sizeof(path), "%s/p.pem", dir);
	buf_init(&b, 65536);
	OK(buf_read_file(&b, path, &e));
	refused("input.pkcs7", b.p, b.len);
	buf_free(&b);
	assert_int_equal(sh("rm -r %s", dir), 0);
	acsr_blob_free(&cert);
	acsr_blob_free(&spki);
	free_ca(&ca);
}

/* --- the recogniser itself --- */

static struct acsr_input *opened(const char *text)
{
	struct acsr_input *in = NULL;

	OK(acsr_input_open(&in, (const uint8_t *)text, strlen(text), &e));
	return in;
}

static void is_next(struct acsr_input *in, enum acsr_input_kind kind, const char *form, unsigned line,
	const char *problem)
{
	const struct acsr_input_object *o = acsr_input_next(in);

	assert_non_null(o);
	assert_int_equal(o->kind, kind);
	assert_string_equal(o->form, form);
	assert_int_equal(o->line, line);
	assert_string_equal(o->err.id, problem);
	if (problem[0] == '\0' && kind == ACSR_INPUT_PRIVATE_KEY)
		assert_true(o->secret != NULL && o->der == NULL);
}

static void a_mixed_text(void **state)
{
	static char text[20000];
	struct acsr_secret *key = NULL;
	struct acsr_input *in;

	(void)state;
	OK(acsr_key_pkcs8_pem(a_key("ec:p256"), &key, &e));
	snprintf(text, sizeof(text),
		"hello\n%s" BEGIN "\n!!\n" END "\n%s-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" BEGIN
		"\n%.40s\n" BEGIN "\n",
		(char *)pem.p, (const char *)acsr_secret_bytes(key), body);
	in = opened(text);
	is_next(in, ACSR_INPUT_CSR, "PKCS#10", 2, "");
	is_next(in, ACSR_INPUT_CSR, "PKCS#10", 17, "input.base64");
	is_next(in, ACSR_INPUT_PRIVATE_KEY, "PKCS#8", 20, "");
	is_next(in, ACSR_INPUT_CRL, "X.509", 25, "");
	is_next(in, ACSR_INPUT_PARAMETERS, "EC", 28, "");
	is_next(in, ACSR_INPUT_CSR, "PKCS#10", 31, "");
	is_next(in, ACSR_INPUT_CSR, "PKCS#10", 33, "input.base64");
	assert_null(acsr_input_next(in));
	assert_null(acsr_input_next(in));
	acsr_input_close(in);
	acsr_input_close(NULL);
	acsr_secret_free(key);
}

static void what_is_called_a_private_key_is_treated_as_one(void **state)
{
	const struct acsr_input_object *o;
	static char text[10000];
	struct acsr_input *in;

	(void)state;
	snprintf(text, sizeof(text),
		"-----BEGIN STRANGE PRIVATE KEY-----\n%s\n-----END STRANGE PRIVATE KEY-----\n", body);
	in = opened(text);
	o = acsr_input_next(in);
	assert_int_equal(o->kind, ACSR_INPUT_PRIVATE_KEY);
	assert_null(o->der);
	acsr_input_close(in);
	in = opened(
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
		"-----END RSA PRIVATE KEY-----\n");
	o = acsr_input_next(in);
	assert_true(o->encrypted && strcmp(o->form, "encrypted PKCS#1") == 0);
	assert_memory_equal(acsr_secret_bytes(o->secret), "-----BEGIN RSA", 14);
	acsr_input_close(in);
}

static void too_much(void **state)
{
	static const char block[] = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
	size_t n = ACSR_INPUT_MAX_OBJECTS + 5, i = 0;
	char *text = malloc(n * strlen(block) + 1), *at = text;
	const struct acsr_input_object *o;
	struct acsr_input *in;

	(void)state;
	assert_non_null(text);
	for (size_t k = 0; k < n; k++)
		at = stpcpy(at, block);
	in = opened(text);
	while ((o = acsr_input_next(in)) != NULL && o->err.id[0] == '\0')
		i++;
	assert_int_equal(i, ACSR_INPUT_MAX_OBJECTS);
	assert_true(o != NULL && err_is(&o->err, "input.several"));
	assert_null(acsr_input_next(in));
	acsr_input_close(in);
	free(text);
	FAILS("input.too-large", acsr_input_open(&in, (const uint8_t *)block, ACSR_INPUT_MAX + 1, &e));
	FAILS("input.empty", acsr_input_open(&in, (const uint8_t *)" \n", 2, &e));
	FAILS("input.empty", acsr_input_open(&in, (const uint8_t *)"", 0, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(not_a_csr),
		cmocka_unit_test(private_keys),
		cmocka_unit_test(other_objects),
		cmocka_unit_test(a_mixed_text),
		cmocka_unit_test(what_is_called_a_private_key_is_treated_as_one),
		cmocka_unit_test(too_much),
	};

	prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
