/* The courier process against a real SMTP server (sink.py), with core and keymaker played. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "role_harness.h"

static struct {
	pid_t pid;
	int in;
	FILE *out;
	char dir[64];
	unsigned port;
} sink;
static struct harness h;

/* --- the mail server --- */

static void sink_child(const int in[2], const int out[2], char **argv)
{
	dup2(in[0], 0);
	dup2(out[1], 1);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	execv(argv[0], argv);
	_exit(127);
}

static void sink_start(const char *a, const char *b)
{
	/* By its whole path: another python3 on PATH would find its own libraries, not Debian's. */
	char *argv[] = { (char *)(uintptr_t) "/usr/bin/python3", (char *)(uintptr_t) "-E",
		(char *)(uintptr_t)SINK, sink.dir, (char *)(uintptr_t)a, (char *)(uintptr_t)b, NULL };
	int in[2], out[2];

	snprintf(sink.dir, sizeof(sink.dir), "/tmp/autocsr-sink-XXXXXX");
	assert_non_null(mkdtemp(sink.dir));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	sink.pid = fork();
	if (sink.pid == 0)
		sink_child(in, out, argv);
	close(in[0]);
	close(out[1]);
	sink.in = in[1];
	sink.out = fdopen(out[0], "r");
	assert_int_equal(fscanf(sink.out, " PORT %u", &sink.port), 1);
}

/* It ends with its standard input. */
static void sink_quit(void)
{
	if (sink.pid == 0)
		return;
	close(sink.in);
	fclose(sink.out);
	waitpid(sink.pid, NULL, 0);
	sink.pid = 0;
}

static void sink_stop(void)
{
	char command[128];

	sink_quit();
	snprintf(command, sizeof(command), "rm -rf %s", sink.dir);
	assert_int_equal(system(command), 0);
}

/* The next mail that arrived, as a string. */
static const char *sink_mail(struct buf *b)
{
	struct acsr_err e;
	char path[128];
	unsigned n;

	assert_int_equal(fscanf(sink.out, " MAIL %u", &n), 1);
	snprintf(path, sizeof(path), "%s/%u.eml", sink.dir, n);
	buf_init(b, 1 << 20);
	assert_int_equal(buf_read_file(b, path, &e), ACSR_OK);
	return buf_cstr(b);
}

/* --- the process --- */

static void begin(const char *scheme, const char *starttls, const char *more, const char *last)
{
	char server[64], roots[96], tls[64];
	const char *keys[] = { server, roots, tls, "mail.from=ca@demo.test", more, last, NULL };

	snprintf(server, sizeof(server), "mail.smtp=%s://localhost:%u", scheme, sink.port);
	snprintf(roots, sizeof(roots), "mail.ca_file=%s/ca.pem", sink.dir);
	snprintf(tls, sizeof(tls), "mail.starttls=%s", starttls);
	harness_start(&h, COURIER_BINARY, ROLE_COURIER, NULL, keys);
	harness_peer(&h, ROLE_CORE);
	harness_peer(&h, ROLE_KEYMAKER);
}

static void end(void)
{
	harness_stop(&h);
	sink_stop();
}

#define TEXT(s) (char *)(uintptr_t)(s)

static struct msg_mail a_mail(void)
{
	return (struct msg_mail){ .mail_id = TEXT("mail_1"),
		.to = TEXT("ann@example.test"),
		.subject = TEXT("Ihr Schl\xc3\xbcssel"),
		.text = TEXT("Gr\xc3\xbc\xc3\x9f"
			     "e\n.\nend\n"),
		.html = TEXT("<p>Gr\xc3\xbc\xc3\x9f"
			     "e</p>\n") };
}

static void ask(uint64_t id, const struct msg_mail *m)
{
	harness_send(&h, ROLE_CORE, MSG_mail, id, m, -1);
}

static void sent(uint64_t id, const char *reply)
{
	struct msg_mail_sent m = { 0 };
	uint64_t got;

	harness_recv(&h, ROLE_CORE, MSG_mail_sent, &m, &got, NULL);
	assert_int_equal(got, id);
	assert_string_equal(m.reply, reply);
	harness_clear(MSG_mail_sent, &m);
}

static void has(const char *mail, const char *what)
{
	if (strstr(mail, what) == NULL)
		fail_msg("no %s in: %s", what, mail);
}

/* --- what arrives --- */

static void a_mail_arrives_over_tls(void **state)
{
	struct msg_mail m = a_mail();
	struct buf b;
	const char *got;

	(void)state;
	sink_start("starttls", NULL);
	begin("smtp", "required", NULL, NULL);
	ask(7, &m);
	sent(7, "250 2.0.0 queued as sink-1");
	got = sink_mail(&b);
	has(got, "TLS yes\nFROM ca@demo.test\nTO ann@example.test\n");
	has(got, "\r\nFrom: <ca@demo.test>\r\n");
	has(got, "\r\nTo: <ann@example.test>\r\n");
	has(got, "\r\nMessage-ID: <mail_1@demo.test>\r\n");
	has(got, "\r\nAuto-Submitted: auto-generated\r\n");
	has(got, "\r\nSubject: =?UTF-8?B?SWhyIFNjaGzDvHNzZWw=?=\r\n");
	has(got, "Mime-Version: 1.0\r\n");
	has(got, "TO ann@example.test\nContent-Type: multipart/alternative; boundary=");
	has(got, "Content-Type: text/plain; charset=utf-8\r\n");
	has(got, "Content-Type: text/html; charset=utf-8\r\n");
	has(got, "Gr=C3=BC=C3=9Fe\r\n.\r\nend");
	buf_free(&b);
	end();
}

static void give_archive(const char *ticket, const char *bytes, size_t n)
{
	struct msg_archive m = { .ticket = TEXT(ticket) };
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], bytes, n), n);
	close(p[1]);
	harness_send(&h, ROLE_KEYMAKER, MSG_archive, 0, &m, p[0]);
}

/* In both orders: the mail first, the archive first. */
static void an_archive_is_attached(void **state)
{
	struct msg_mail m = a_mail();
	struct buf b;
	const char *got;

	(void)state;
	m.ticket = TEXT("t1");
	m.attachment_name = TEXT("www.example.test.zip");
	m.attachment_type = TEXT("application/zip");
	sink_start("starttls", NULL);
	begin("smtp", "required", NULL, NULL);
	ask(1, &m);
	give_archive("t1", "PK\x03\x04 not really", 15);
	sent(1, "250 2.0.0 queued as sink-1");
	got = sink_mail(&b);
	has(got, "Content-Type: multipart/mixed; boundary=");
	has(got, "Content-Type: multipart/alternative; boundary=");
	has(got, "Content-Type: application/zip\r\n");
	has(got, "Content-Disposition: attachment; filename=\"www.example.test.zip\"\r\n");
	has(got, "\r\n\r\nUEsDBCBub3QgcmVhbGx5\r\n");
	buf_free(&b);
	m.ticket = TEXT("t2");
	give_archive("t2", "second", 6);
	ask(2, &m);
	sent(2, "250 2.0.0 queued as sink-1");
	has(sink_mail(&b), "\r\n\r\nc2Vjb25k\r\n");
	buf_free(&b);
	end();
}

static void a_lost_archive_is_no_mail(void **state)
{
	struct msg_ticket_drop drop = { .ticket = TEXT("t9") };
	struct msg_mail m = a_mail();

	(void)state;
	m.ticket = TEXT("t9");
	m.attachment_name = TEXT("a.zip");
	m.attachment_type = TEXT("application/zip");
	sink_start("starttls", NULL);
	begin("smtp", "required", NULL, NULL);
	ask(1, &m);
	harness_send(&h, ROLE_CORE, MSG_ticket_drop, 0, &drop, -1);
	harness_recv_failed(&h, ROLE_CORE, 1, "mail.archive-lost");
	give_archive("t9", "", 0); /* its worker died */
	ask(2, &m);
	harness_recv_failed(&h, ROLE_CORE, 2, "mail.archive-lost");
	ask(3, &m); /* never comes: ten seconds */
	harness_recv_failed(&h, ROLE_CORE, 3, "mail.archive-lost");
	end();
}

static void smtps_and_login_work(void **state)
{
	struct msg_mail m = a_mail();
	char password[128], key[160];
	struct buf b;
	FILE *f;

	(void)state;
	sink_start("smtps", "login");
	snprintf(password, sizeof(password), "%s/password", sink.dir);
	f = fopen(password, "w");
	assert_non_null(f);
	fputs("s3cret\n", f);
	fclose(f);
	snprintf(key, sizeof(key), "mail.password_file=%s", password);
	begin("smtps", "off", "mail.user=ann", key);
	ask(1, &m);
	sent(1, "250 2.0.0 queued as sink-1");
	has(sink_mail(&b), "FROM ca@demo.test\n");
	buf_free(&b);
	end();
}

/* --- bad days --- */

struct bad_day {
	const char *what, *modes[2], *scheme, *starttls, *more, *error;
};

static const struct bad_day days[] = {
	{ "no TLS offered", { "plain", NULL }, "smtp", "required", NULL, "net.mail-tls" },
	{ "certificate of another name", { "starttls", "wrong-name" }, "smtp", "required", NULL,
		"net.mail-tls" },
	{ "optional, but the certificate is wrong", { "starttls", "wrong-name" }, "smtp", "optional", NULL,
		"net.mail-tls" },
	{ "certificate of another name, smtps", { "smtps", "wrong-name" }, "smtps", "off", NULL,
		"net.mail-tls" },
	{ "unknown CA", { "starttls", NULL }, "smtp", "required", "mail.ca_file=", "net.mail-tls" },
	{ "4xx", { "starttls", "later" }, "smtp", "required", NULL, "net.mail-temporary" },
	{ "5xx to the recipient", { "starttls", "no-mailbox" }, "smtp", "required", NULL, "mail.refused" },
	{ "5xx to the data", { "starttls", "no-spam" }, "smtp", "required", NULL, "mail.refused" },
	{ "dropped after the data", { "starttls", "drop" }, "smtp", "required", NULL, "net.mail-temporary" },
	{ "says nothing", { "silent", NULL }, "smtp", "required", "mail.timeout=1s", "net.mail-temporary" },
	{ "login refused", { "smtps", "login" }, "smtps", "off", "mail.user=bob", "net.mail-temporary" },
};

static void bad_days_have_their_errors(void **state)
{
	struct msg_mail m = a_mail();

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		const struct bad_day *d = &days[i];

		print_message("%s\n", d->what);
		sink_start(d->modes[0], d->modes[1]);
		begin(d->scheme, d->starttls, d->more, NULL);
		ask(i, &m);
		harness_recv_failed(&h, ROLE_CORE, i, d->error);
		end();
	}
}

static void without_starttls_optional_goes_on(void **state)
{
	struct msg_mail m = a_mail();
	struct buf b;

	(void)state;
	sink_start("plain", NULL);
	begin("smtp", "optional", NULL, NULL);
	ask(1, &m);
	sent(1, "250 2.0.0 queued as sink-1");
	has(sink_mail(&b), "TLS no\n");
	buf_free(&b);
	end();
}

static void nobody_listening_is_temporary(void **state)
{
	struct msg_mail m = a_mail();

	(void)state;
	sink_start("plain", NULL);
	begin("smtp", "required", NULL, NULL);
	sink_quit();
	ask(1, &m);
	harness_recv_failed(&h, ROLE_CORE, 1, "net.mail-temporary");
	end();
}

static void without_a_server_mail_is_off(void **state)
{
	struct msg_mail m = a_mail();

	(void)state;
	harness_start(&h, COURIER_BINARY, ROLE_COURIER, NULL, NULL);
	harness_peer(&h, ROLE_CORE);
	ask(1, &m);
	harness_recv_failed(&h, ROLE_CORE, 1, "mail.off");
	harness_stop(&h);
}

static void hostile_fields_are_refused(void **state)
{
	struct msg_mail m = a_mail();

	(void)state;
	sink_start("starttls", NULL);
	begin("smtp", "required", NULL, NULL);
	m.to = TEXT("ann@example.test>,<eve@example.test");
	ask(1, &m);
	harness_recv_failed(&h, ROLE_CORE, 1, "mail.refused");
	m = a_mail();
	m.subject = TEXT("x\r\nBcc: eve@example.test");
	ask(2, &m);
	harness_recv_failed(&h, ROLE_CORE, 2, "mail.refused");
	end();
}

static void many_mails_all_arrive(void **state)
{
	struct msg_mail m = a_mail();
	struct buf b;

	(void)state;
	sink_start("starttls", NULL);
	begin("smtp", "required", NULL, NULL);
	for (uint64_t i = 0; i < 30; i++)
		ask(i, &m);
	for (int i = 0; i < 30; i++) {
		struct msg_mail_sent s = { 0 };

		harness_recv(&h, ROLE_CORE, MSG_mail_sent, &s, NULL, NULL);
		harness_clear(MSG_mail_sent, &s);
		(void)sink_mail(&b);
		buf_free(&b);
	}
	end();
}

static void a_wrong_configuration_does_not_start(void **state)
{
	static const char *const wrong[][4] = {
		{ "mail.smtp=http://127.0.0.1:25", "mail.from=ca@demo.test", NULL },
		{ "mail.smtp=smtp://127.0.0.1:25", "mail.from=nobody", NULL },
		{ "mail.smtp=smtp://127.0.0.1:25", "mail.from=ca@demo.test", "mail.ca_file=/nonexistent",
			NULL },
		{ "mail.smtp=smtp://127.0.0.1:25", "mail.from=ca@demo.test",
			"mail.password_file=/nonexistent", NULL },
	};
	static const char *const downgrade[] = { "mail.smtp=smtp://127.0.0.1:25", "mail.from=ca@demo.test",
		"mail.user=ann", "mail.starttls=optional", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		harness_launch(&h, COURIER_BINARY, ROLE_COURIER, NULL, wrong[i]);
		assert_int_not_equal(harness_wait(&h), 0);
		harness_drop(&h);
	}
	harness_launch(&h, COURIER_BINARY, ROLE_COURIER, NULL, downgrade);
	assert_int_not_equal(harness_wait(&h), 0);
	harness_drop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_arrives_over_tls),
		cmocka_unit_test(an_archive_is_attached),
		cmocka_unit_test(a_lost_archive_is_no_mail),
		cmocka_unit_test(smtps_and_login_work),
		cmocka_unit_test(bad_days_have_their_errors),
		cmocka_unit_test(without_starttls_optional_goes_on),
		cmocka_unit_test(nobody_listening_is_temporary),
		cmocka_unit_test(without_a_server_mail_is_off),
		cmocka_unit_test(hostile_fields_are_refused),
		cmocka_unit_test(many_mails_all_arrive),
		cmocka_unit_test(a_wrong_configuration_does_not_start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
