/* Subject fields and alternative names as typed lists. */
#include "ca.h"

static void fields(void **state)
{
	struct acsr_dn d = { 0 };
	char *text = NULL, lengthy[70];

	(void)state;
	OK(acsr_dn_add(&d, "cn", "www.demo.test", &e));
	assert_string_equal(d.v[0].name, "CN"); /* the table's spelling */
	OK(acsr_dn_add(&d, "O", "A, B + \"C\"", &e));
	OK(acsr_dn_add(&d, "1.2.3.4", "x", &e));
	OK(acsr_dn_print(&text, &d, &e));
	assert_string_equal(text, "1.2.3.4=x,O=A\\, B \\+ \\\"C\\\",CN=www.demo.test");
	acsr_dn_free(&d);
	OK(acsr_dn_parse(&d, text, &e));
	assert_string_equal(acsr_dn_get(&d, "o"), "A, B + \"C\"");
	assert_null(acsr_dn_get(&d, "L"));
	free(text);

	memset(lengthy, 'a', 65);
	lengthy[65] = '\0';
	FAILS("subject.length", acsr_dn_add(&d, "CN", lengthy, &e));
	FAILS("subject.length", acsr_dn_add(&d, "O", "", &e));
	FAILS("subject.field", acsr_dn_add(&d, "XX", "a", &e));
	FAILS("subject.field", acsr_dn_add(&d, "1..2", "a", &e));
	FAILS("subject.field", acsr_dn_add(&d, "1.", "a", &e));
	FAILS("subject.control", acsr_dn_add(&d, "O", "a\nb", &e));
	FAILS("subject.control", acsr_dn_add(&d, "O", "\xff", &e));
	FAILS("subject.control", acsr_dn_add(&d, "O", "a\xe2\x80\xae", &e));
	FAILS("subject.country", acsr_dn_add(&d, "C", "Germany", &e));
	FAILS("subject.country", acsr_dn_add(&d, "C", "D1", &e));
	FAILS("subject.charset", acsr_dn_add(&d, "serialNumber", "a_b", &e));
	FAILS("subject.charset", acsr_dn_add(&d, "DC", "\xc3\xbc", &e));
	FAILS("subject.syntax", acsr_dn_parse(&d, "hello", &e));
	assert_int_equal(d.n, 3);
	acsr_dn_free(&d);

	/* characters count, not bytes */
	lengthy[0] = '\0';
	for (int i = 0; i < 32; i++)
		strcat(lengthy, "\xc3\xbc");
	OK(acsr_dn_add(&d, "O", lengthy, &e));
	acsr_dn_free(&d);
}

static void alternative_names(void **state)
{
	struct acsr_sans s = { 0 };

	(void)state;
	OK(acsr_sans_add(&s, ACSR_SAN_DNS, "www.demo.test", &e));
	OK(acsr_sans_add(&s, ACSR_SAN_IP, "2001:0DB8::0001", &e));
	assert_string_equal(s.v[1].value, "2001:db8::1");
	assert_true(acsr_sans_has(&s, ACSR_SAN_DNS, "WWW.demo.test"));
	assert_false(acsr_sans_has(&s, ACSR_SAN_EMAIL, "www.demo.test"));
	OK(acsr_sans_add(&s, ACSR_SAN_UPN, "m\xc3\xbcller@demo.test", &e));
	FAILS("name.empty", acsr_sans_add(&s, ACSR_SAN_DNS, "", &e));
	FAILS("name.control", acsr_sans_add(&s, ACSR_SAN_DNS, "a\nb", &e));
	FAILS("name.ascii", acsr_sans_add(&s, ACSR_SAN_DNS, "b\xc3\xbc", &e));
	FAILS("name.ascii", acsr_sans_add(&s, ACSR_SAN_EMAIL, "a b@x", &e));
	FAILS("name.ip", acsr_sans_add(&s, ACSR_SAN_IP, "1.2.3", &e));
	FAILS("name.ip", acsr_sans_add(&s, ACSR_SAN_IP, "1.2.3.04", &e));
	FAILS("name.type", acsr_sans_add(&s, ACSR_SAN_UNKNOWN, "x", &e));
	assert_int_equal(s.n, 3);
	acsr_sans_free(&s);
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fields), cmocka_unit_test(alternative_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
