/* Headers of mails: what they look like, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "courier/mail_text.h"

#define TEXT(s) (char *)(uintptr_t)(s)

static struct msg_mail a_mail(void)
{
	return (struct msg_mail){ .mail_id = TEXT("mail_0abc"),
		.to = TEXT("ann@example.test"),
		.subject = TEXT("Hello"),
		.text = TEXT("text"),
		.html = TEXT("<p>"),
		.ticket = TEXT(""),
		.attachment_name = TEXT(""),
		.attachment_type = TEXT("") };
}

static void addresses(void **state)
{
	static const char *const good[] = { "a@b.test", "first.last+tag@sub.example.test", "o'neil@x.test",
		"a@localhost", "x_y-z@1.test" };
	static const char *const bad[] = { "", "a", "@b", "a@", "a@@b", "a@b@c", "a b@c", "a@b c", "<a@b>",
		"a@b,c@d", "a@b;c@d", "a@b>", ".a@b", "a.@b", "a..b@c", "a@.b", "a@b.", "a@b..c", "a@b\r\n",
		"a\n@b", "\"a\"@b", "a@[127.0.0.1]", "a(c)@b", "gr\xc3\xbcn@b", "a@gr\xc3\xbcn", "a:b@c",
		"a\\b@c", "a@b_c",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.test" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!mail_is_address(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (mail_is_address(bad[i]))
			fail_msg("accepted: %s", bad[i]);
}

static void refused(const struct msg_mail *m, const char *field)
{
	struct acsr_err e;

	assert_int_equal(mail_check(m, &e), ACSR_FAIL);
	assert_string_equal(e.id, "mail.refused");
	assert_string_equal(e.field, field);
}

static void fields_are_checked(void **state)
{
	static const char *const names[] = { "../a.zip", "a/b.zip", "a\"b.zip", "a\r\nb.zip", ".zip",
		"a b.zip", "a;b.zip" };
	static const char *const types[] = { "zip", "/zip", "a/b\r\nBcc: c@d", "a/b; name=\"x\"",
		"a/b, c/d" };
	char subject[202] = "";
	struct msg_mail m = a_mail();

	(void)state;
	assert_int_equal(mail_check(&m, NULL), ACSR_OK);
	m.to = TEXT("a@b\r\nBcc: c@d");
	refused(&m, "to");
	m = a_mail();
	m.mail_id = TEXT("x>\r\nBcc: <y");
	refused(&m, "mail_id");
	m.mail_id = TEXT("");
	refused(&m, "mail_id");
	m = a_mail();
	m.subject = TEXT("a\nb");
	refused(&m, "subject");
	m.subject = TEXT("a\x7f");
	refused(&m, "subject");
	m.subject = TEXT("a\xff");
	refused(&m, "subject");
	m.subject = TEXT("");
	refused(&m, "subject");
	memset(subject, 's', 201);
	m.subject = subject;
	refused(&m, "subject");
	subject[200] = '\0';
	assert_int_equal(mail_check(&m, NULL), ACSR_OK);
	m = a_mail();
	m.text = TEXT("");
	refused(&m, "text");
	m.text = TEXT("\xff");
	refused(&m, "text");
	m = a_mail();
	m.ticket = TEXT("t");
	refused(&m, "attachment_name");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		m.attachment_name = TEXT(names[i]);
		refused(&m, "attachment_name");
	}
	m.attachment_name = TEXT("www.example.test.zip");
	refused(&m, "attachment_type");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		m.attachment_type = TEXT(types[i]);
		refused(&m, "attachment_type");
	}
	m.attachment_type = TEXT("application/pkcs7-mime; smime-type=authEnveloped-data");
	assert_int_equal(mail_check(&m, NULL), ACSR_OK);
	m.attachment_type = TEXT("application/zip");
	assert_int_equal(mail_check(&m, NULL), ACSR_OK);
	m.ticket = TEXT("");
	refused(&m, "attachment_name");
}

static void encodes(const char *in, const char *want)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	buf_init(&b, 4096);
	assert_int_equal(mail_encode_words(in, &b, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&b), want);
}

static void subjects_are_encoded(void **state)
{
	(void)state;
	encodes("plain text", "plain text");
	encodes("=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
	encodes("\xc3\xbc", "=?UTF-8?B?w7w=?=");
	/* 44 bytes and a two-byte character: it is not split */
	encodes("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc",
		"=?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=?=\r\n "
		"=?UTF-8?B?w7w=?=");
}

static void line_ends_become_crlf(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_err e;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(mail_put_lines("a\nb\r\n\nc", &b, &e), ACSR_OK);
	assert_string_equal(buf_cstr(&b), "a\r\nb\r\n\r\nc");
}

static void the_header_is_whole(void **state)
{
	struct msg_mail m = a_mail();
	CLEANUP_STRV struct strv l = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(mail_headers(&m, "ca@demo.test", 1795421700, &l, &e), ACSR_OK);
	assert_int_equal(l.n, 6);
	assert_string_equal(l.v[0], "Date: Mon, 23 Nov 2026 08:15:00 +0000");
	assert_string_equal(l.v[1], "From: <ca@demo.test>");
	assert_string_equal(l.v[2], "To: <ann@example.test>");
	assert_string_equal(l.v[3], "Subject: Hello");
	assert_string_equal(l.v[4], "Message-ID: <mail_0abc@demo.test>");
	assert_string_equal(l.v[5], "Auto-Submitted: auto-generated");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(addresses), cmocka_unit_test(fields_are_checked),
		cmocka_unit_test(subjects_are_encoded), cmocka_unit_test(line_ends_become_crlf),
		cmocka_unit_test(the_header_is_whole) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
