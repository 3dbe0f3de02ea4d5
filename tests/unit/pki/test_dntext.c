/* Subjects as text (RFC 4514), and whether their DER comes back the same. */
#include <openssl/x509.h>

#include "ca.h"
#include "pki/subject_int.h"

static const struct reading strict = { "csr", NULL };

static struct acsr_blob encode(const struct acsr_dn *d)
{
	struct acsr_blob out = { 0 };
	X509_NAME *name = NULL;
	unsigned char *p = NULL;
	int n;

	OK(subject_to_name(&name, d, &e));
	n = i2d_X509_NAME(name, &p);
	assert_true(n > 0);
	OK(acsr_blob_copy(&out, p, (size_t)n, &e));
	OPENSSL_free(p);
	X509_NAME_free(name);
	return out;
}

static struct acsr_dn decode(const struct acsr_blob *der)
{
	const unsigned char *p = der->p;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der->len);
	struct acsr_dn out = { 0 };

	assert_non_null(name);
	OK(subject_from_name(&out, name, &strict, &e));
	X509_NAME_free(name);
	return out;
}

/* text → list → DER → list → text → list → DER; `printed` is the text in the middle. */
static void comes_back(const char *text, const char *printed)
{
	struct acsr_dn first = dn(text), read, again;
	struct acsr_blob der = encode(&first), der_again;
	char *out = NULL;

	read = decode(&der);
	OK(acsr_dn_print(&out, &read, &e));
	assert_string_equal(out, printed);
	again = dn(out);
	der_again = encode(&again);
	assert_int_equal(der.len, der_again.len);
	assert_memory_equal(der.p, der_again.p, der.len);
	free(out);
	acsr_blob_free(&der);
	acsr_blob_free(&der_again);
	acsr_dn_free(&first);
	acsr_dn_free(&read);
	acsr_dn_free(&again);
}

static void round_trips(void **state)
{
	static const char *const rows[][2] = {
		{ "CN=www.demo.test,O=Demo\\, Inc,C=DE", NULL },
		{ "C=DE", NULL },
		{ "CN=a+OU=b,O=c", NULL },            /* multi-valued */
		{ "OU=b+CN=a,O=c", "CN=a+OU=b,O=c" }, /* DER sorts a SET */
		{ "UID=u+CN=a+OU=b,DC=demo,DC=test", "CN=a+OU=b+UID=u,DC=demo,DC=test" },
		{ "OU=one,OU=two,OU=three,O=c", NULL }, /* repeated */
		{ "O=\\ lead and trail\\ ", NULL },
		{ "O=\\#no hex", NULL },
		{ "O=quote\\\"plus\\+less\\<more\\>semi\\;back\\\\", NULL },
		{ "O=M\\C3\\BCller", "O=M\xc3\xbcller" },
		{ "O=\"Demo, Inc\";C=DE", "O=Demo\\, Inc,C=DE" }, /* RFC 2253 forms */
		{ "  CN = a , O = b ", "CN=a,O=b" },
		{ "commonName=a,countryName=de", "CN=a,C=de" },
		{ "S=Berlin,E=a@example.com,G=Ann", "ST=Berlin,emailAddress=a@example.com,GN=Ann" },
		{ "OID.2.5.4.3=a,2.5.4.10=b", "CN=a,O=b" },
		{ "1.2.3.4=x,C=DE", NULL },
		{ "1.2.3.4=#3003020105", NULL }, /* a SEQUENCE */
		{ "x500UniqueIdentifier=#03020780,C=DE", NULL },
		{ "CN=#0C0161", "CN=a" }, /* a UTF8String, spelled out */
		{ "jurisdictionC=DE,jurisdictionST=Bayern,jurisdictionL=Fürth,businessCategory=Private "
		  "Organization,serialNumber=HRB 1",
			NULL },
		{ "organizationIdentifier=VATDE-123456789,pseudonym=p,title=Dr.,postalCode=90762,street=Weg "
		  "1",
			NULL },
		{ "/C=DE/O=Demo, Inc/CN=a+OU=b", "CN=a+OU=b,O=Demo\\, Inc,C=DE" }, /* as after -subj */
		{ "/CN=a\\/b", "CN=a/b" },
		{ "O=a=b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		comes_back(rows[i][0], rows[i][1] != NULL ? rows[i][1] : rows[i][0]);
}

static void encoded_order_and_types(void **state)
{
	struct acsr_dn d = dn("CN=a+OU=b,emailAddress=a@b,DC=demo,serialNumber=1,C=DE"), back;
	struct acsr_blob der = encode(&d);

	(void)state;
	back = decode(&der);
	assert_string_equal(back.v[0].name, "C"); /* the text starts with the last */
	assert_int_equal(back.v[0].string_type, V_ASN1_PRINTABLESTRING);
	assert_int_equal(back.v[1].string_type, V_ASN1_PRINTABLESTRING); /* serialNumber */
	assert_int_equal(back.v[2].string_type, V_ASN1_IA5STRING);       /* DC */
	assert_int_equal(back.v[3].string_type, V_ASN1_IA5STRING);       /* emailAddress */
	assert_int_equal(back.v[4].string_type, V_ASN1_UTF8STRING);
	assert_false(back.v[4].joined);
	assert_true(back.v[5].joined);
	acsr_dn_free(&d);
	acsr_dn_free(&back);
	acsr_blob_free(&der);
}

static void refused(void **state)
{
	static const char *const rows[][2] = {
		{ "subject.syntax", "hello" },
		{ "subject.syntax", "CN=a," },
		{ "subject.syntax", "CN=a+" },
		{ "subject.syntax", "=a" },
		{ "subject.syntax", "CN=\"a" },
		{ "subject.syntax", "CN=\"a\"b" },
		{ "subject.syntax", "CN=a\"b\"" },
		{ "subject.syntax", "CN=a\\x" },
		{ "subject.syntax", "CN=a\\" },
		{ "subject.syntax", "CN=a\\4" },
		{ "subject.syntax", "1.2.3=#" },
		{ "subject.syntax", "1.2.3=#04" },
		{ "subject.syntax", "1.2.3=#040" },
		{ "subject.syntax", "1.2.3=#0401ff00" },
		{ "subject.syntax", "1.2.3=#zz" },
		{ "subject.syntax", "CN=a+CN=b" }, /* X.501 9.3 */
		{ "subject.control", "CN=a\\00b" },
		{ "subject.control", "CN=a\\0ab" },
		{ "subject.control", "CN=\\ff" },
		{ "subject.length", "CN=" },
		{ "subject.length", "CN= " },
		{ "subject.field", "XX=a" },
		{ "subject.country", "C=DEU" },
		{ "subject.country", "jurisdictionC=1A" },
		{ "subject.charset", "x500UniqueIdentifier=1960" },
		{ "subject.charset", "dnQualifier=a_b" },
		{ "subject.charset", "emailAddress=\xc3\xbc@b" },
		{ "subject.charset", "x121Address=abc" },
	};
	struct acsr_dn d = { 0 };
	X509_NAME *name = NULL;

	(void)state;
	OK(acsr_dn_add(&d, "O", "kept", &e));
	FAILS("subject.syntax", acsr_dn_parse(&d, "CN=fine,hello", &e));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FAILS(rows[i][0], acsr_dn_parse(&d, rows[i][1], &e));
		assert_int_equal(d.n, 1); /* nothing of it was added */
	}
	acsr_dn_free(&d);
	FAILS("subject.syntax", acsr_dn_join(&d, "OU", "nothing before it", &e));

	/* OpenSSL's names hold no OCTET STRING */
	d = dn("1.2.3.4=#04024869");
	FAILS("subject.field", subject_to_name(&name, &d, &e));
	acsr_dn_free(&d);
}

static void upper_bounds(void **state)
{
	static const struct {
		const char *name;
		size_t max;
	} rows[] = { { "CN", 64 }, { "O", 64 }, { "OU", 64 }, { "L", 128 }, { "ST", 128 }, { "title", 64 },
		{ "serialNumber", 64 }, { "emailAddress", 255 }, { "pseudonym", 128 }, { "GN", 32768 },
		{ "street", 128 }, { "postalCode", 40 }, { "1.2.3.4", 256 } };
	char *text = malloc(32770);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct acsr_dn d = { 0 };

		memset(text, 'a', 32769);
		text[rows[i].max] = '\0';
		OK(acsr_dn_add(&d, rows[i].name, text, &e));
		text[rows[i].max] = 'a';
		text[rows[i].max + 1] = '\0';
		FAILS("subject.length", acsr_dn_add(&d, rows[i].name, text, &e));
		acsr_dn_free(&d);
	}
	free(text);
}

static void arranged(void **state)
{
	struct acsr_dn d = { 0 };
	char *text = NULL;

	(void)state;
	OK(acsr_dn_add(&d, "CN", "a", &e));
	OK(acsr_dn_join(&d, "UID", "u", &e));
	OK(acsr_dn_add(&d, "OU", "first", &e));
	OK(acsr_dn_add(&d, "L", "Berlin", &e));
	OK(acsr_dn_add(&d, "OU", "second", &e));
	OK(acsr_dn_add(&d, "C", "DE", &e));
	OK(acsr_dn_add(&d, "O", "Demo", &e));
	acsr_dn_arrange(&d);
	OK(acsr_dn_print(&text, &d, &e));
	assert_string_equal(text, "CN=a+UID=u,OU=second,OU=first,O=Demo,L=Berlin,C=DE");
	free(text);
	acsr_dn_free(&d);
}

/* What Windows, old CAs and strangers write: all of it becomes UTF-8. */
static void foreign_strings(void **state)
{
	static const struct {
		int type;
		const char *bytes;
		size_t n;
		const char *want;
	} rows[] = {
		{ V_ASN1_BMPSTRING, "\0M\0\xfc\0l", 6, "M\xc3\xbcl" },
		{ V_ASN1_BMPSTRING, "\xd8\x3d\xde\x00", 4, "\xf0\x9f\x98\x80" }, /* a surrogate pair */
		{ V_ASN1_UNIVERSALSTRING, "\0\x01\xf6\0\0\0\0a", 8,
			"\xf0\x9f\x98\x80"
			"a" },
		{ V_ASN1_T61STRING, "M\xfcl", 3, "M\xc3\xbcl" },
		{ V_ASN1_PRINTABLESTRING, "abc", 3, "abc" },
		{ V_ASN1_BMPSTRING, "\xd8\x3d\0a", 4, NULL },      /* half a pair */
		{ V_ASN1_BMPSTRING, "\0a\0\0", 4, NULL },          /* NUL */
		{ V_ASN1_UNIVERSALSTRING, "\0\x11\0\0", 4, NULL }, /* beyond Unicode */
		{ V_ASN1_UTF8STRING, "\xff", 1, NULL },
		{ V_ASN1_UTF8STRING, "a\nb", 3, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509_NAME *name = X509_NAME_new();
		struct acsr_dn d = { 0 };

		/* through an entry, so that OpenSSL does not judge the bytes */
		ASN1_STRING *s = ASN1_STRING_type_new(rows[i].type);
		X509_NAME_ENTRY *entry = X509_NAME_ENTRY_new();
		assert_int_equal(ASN1_STRING_set(s, rows[i].bytes, (int)rows[i].n), 1);
		X509_NAME_ENTRY_set_object(entry, OBJ_nid2obj(NID_organizationName));
		assert_int_equal(X509_NAME_ENTRY_set_data(
					 entry, rows[i].type, ASN1_STRING_get0_data(s), (int)rows[i].n),
			1);
		assert_int_equal(X509_NAME_add_entry(name, entry, -1, 0), 1);
		X509_NAME_ENTRY_free(entry);
		ASN1_STRING_free(s);
		if (rows[i].want == NULL) {
			FAILS("csr.subject.control", subject_from_name(&d, name, &strict, &e));
		} else {
			OK(subject_from_name(&d, name, &strict, &e));
			assert_string_equal(d.v[0].value, rows[i].want);
			assert_int_equal(d.v[0].string_type, rows[i].type);
		}
		acsr_dn_free(&d);
		X509_NAME_free(name);
	}
}

static void table(void **state)
{
	const char *name, *text = NULL;
	size_t n = 0;

	(void)state;
	for (; (name = acsr_dn_name_at(n, &text)) != NULL; n++)
		assert_true(text != NULL && text[0] != '\0');
	assert_true(n > 40);
	assert_string_equal(acsr_dn_name_at(0, NULL), "CN");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trips),
		cmocka_unit_test(encoded_order_and_types), cmocka_unit_test(refused),
		cmocka_unit_test(upper_bounds), cmocka_unit_test(arranged), cmocka_unit_test(foreign_strings),
		cmocka_unit_test(table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
