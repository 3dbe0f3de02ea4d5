/* Mails: what they say, that values cannot break them, and that each is sent until it is settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/clock.h"
#include "core/mail.h"
#include "core/mail_templates.h"
#include "core_world.h"

struct parts {
	char *subject, *text, *html;
};

static void render(const char *what, const struct mail_value *values, struct parts *p)
{
	assert_int_equal(mail_render(what, values, &p->subject, &p->text, &p->html, NULL), ACSR_OK);
}

static void drop(struct parts *p)
{
	free(p->subject);
	free(p->text);
	free(p->html);
}

static void every_template_renders_in_both_forms(void **state)
{
	static const struct mail_value values[] = { { "link", "https://certs.test/#/reset/abc" },
		{ "account", "Acme" }, { "by", "ann@example.com" }, { "order", "ord_1" },
		{ "names", "www.example.com" }, { "url", "https://certs.test/#/orders/ord_1" },
		{ "at", "2026-11-23T08:15:00Z" }, { "filename", "f.zip" }, { "key_filename", "f.key" },
		{ "sha256", "00ff" }, { "tasks", "a\n  b" }, { "serial", "0a" }, { "not_after", "2027" },
		{ "reason", "because" }, { "service", "https://certs.test" }, { 0 } };

	(void)state;
	for (const struct mail_template *t = mail_templates(); t->what != NULL; t++) {
		struct parts p;

		render(t->what, values, &p);
		assert_true(strlen(p.subject) > 10 && strlen(p.subject) < 191);
		assert_null(strstr(p.text, "{{"));
		assert_null(strstr(p.html, "{{"));
		assert_null(strstr(p.subject, "{{"));
		assert_non_null(strstr(p.html, "<html lang=\"en\">"));
		assert_non_null(strstr(p.text, "AutoCSR"));
		assert_true(str_is_utf8(p.text, strlen(p.text)) && str_is_utf8(p.html, strlen(p.html)));
		drop(&p);
	}
}

static void there_are_the_mails_that_the_contract_names(void **state)
{
	static const char *const names[] = { "confirm", "known-address", "reset", "invite",
		"password-changed", "always-second", "code-revealed", "archive", "key-pkcs8", "key-p12", "key-p12-legacy",
		"key-age", "key-cms", "validation", "issued", "failed", "waiting", "revoked", "expiring" };
	static const struct mail_value none[] = { { 0 } };
	struct acsr_err e;
	struct parts p;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		render(names[i], none, &p);
		drop(&p);
	}
	assert_int_equal(mail_render("nothing", none, &p.subject, &p.text, &p.html, &e), ACSR_FAIL);
	assert_string_equal(e.id, "sys.mail-template");
}

static void links_can_be_followed_in_both_forms(void **state)
{
	static const struct mail_value values[] = { { "link", "https://certs.test/#/confirm/a_b-c" }, { 0 } };
	struct parts p;

	(void)state;
	render("confirm", values, &p);
	assert_non_null(strstr(p.text, "\n\nhttps://certs.test/#/confirm/a_b-c\n\n"));
	assert_non_null(
		strstr(p.html, "<p><a href=\"https://certs.test/#/confirm/a_b-c\">https://certs.test/"));
	drop(&p);
}

static void values_cannot_break_header_or_html(void **state)
{
	static const struct mail_value values[] = { { "names", "a\r\nBcc: x@y.de\r\n\r\n<b>" },
		{ "by", "<script>alert(1)</script>" }, { "at", "\"'&" }, { "order", "{{by}}" },
		{ "url", "x\" onclick=\"y" }, { 0 } };
	struct parts p;

	(void)state;
	render("code-revealed", values, &p);
	assert_null(strpbrk(p.subject, "\r\n"));
	assert_non_null(strstr(p.subject, "Bcc: x@y.de"));
	assert_null(strstr(p.html, "<script>"));
	assert_non_null(strstr(p.html, "&lt;script&gt;alert(1)"));
	assert_non_null(strstr(p.html, "&quot;&#39;&amp;"));
	assert_non_null(strstr(p.html, "href=\"x&quot; onclick=&quot;y\""));
	/* a value is not a template */
	assert_non_null(strstr(p.text, "{{by}}"));
	drop(&p);
}

static void what_is_too_long_is_cut_between_lines_and_characters(void **state)
{
	char *tasks = malloc(200001), names[900];
	struct mail_value values[] = { { "tasks", tasks }, { "names", names }, { 0 } };
	struct parts p;

	(void)state;
	for (size_t i = 0; i < 200000; i++)
		tasks[i] = i % 50 == 49 ? '\n' : '<';
	tasks[200000] = '\0';
	for (size_t i = 0; i < 449; i++)
		memcpy(names + 2 * i, "ä", 2);
	names[898] = '\0';
	render("validation", values, &p);
	assert_true(strlen(p.text) <= 65536 && strlen(p.html) <= 131072 && strlen(p.subject) <= 200);
	assert_non_null(strstr(p.text, "\n… (more on the order's page)"));
	assert_true(str_is_utf8(p.subject, strlen(p.subject)));
	drop(&p);
	free(tasks);
}

static void lines_of_text_are_short(void **state)
{
	static const struct mail_value values[] = { { "names", "www.example.com" }, { 0 } };
	struct parts p;

	(void)state;
	render("archive", values, &p);
	for (const char *line = p.text; *line != '\0';
		line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
		assert_true(strcspn(line, "\n") <= 76);
	drop(&p);
}

/* --- sending --- */

static void queue(struct world *w, const char *order_id)
{
	static const struct mail_value values[] = { { "link", "https://certs.test/#/reset/secret" }, { 0 } };

	world_open(w, clock_now());
	assert_int_equal(mail_queue(&w->c, "reset", "ann@example.com", order_id, values, NULL), ACSR_OK);
	world_close(w);
	assert_int_equal(world_get(w, "/api/v1/openapi.json"), 200);
	world_turn(w);
}

static void a_sent_mail_is_blanked(void **state)
{
	struct world *w = *state;

	w->courier_does = COURIER_SENDS;
	world_turn(w);
	queue(w, NULL);
	assert_int_equal(w->mails, 1);
	assert_int_equal(
		world_number(w,
			"SELECT COUNT(*) FROM mails WHERE state = 'sent' AND text = '' AND html = '' AND "
			"reply = '250 thank you' AND sent_at IS NOT NULL"),
		1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail'"), 0);
}

static void a_mail_that_is_refused_is_not_tried_again(void **state)
{
	struct world *w = *state;

	w->courier_does = COURIER_REFUSES;
	world_turn(w);
	queue(w, "ord_1");
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM mails WHERE state = 'refused' AND text = ''"), 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail'"), 0);
}

static void a_mail_that_failed_waits_and_is_given_up_after_days(void **state)
{
	struct world *w = *state;

	w->courier_does = COURIER_FAILS;
	world_turn(w);
	queue(w, "ord_1");
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails WHERE state = 'queued' AND reply = "
					 "'down' AND text <> ''"),
		1);
	assert_int_equal(
		world_number(w,
			"SELECT COUNT(*) FROM jobs WHERE kind = 'mail' AND attempts = 1 AND lease_until = 0 "
			"AND due_at > strftime('%s','now') + 20"),
		1);
	world_exec(w, "UPDATE jobs SET due_at = 1");
	world_exec(w, "UPDATE mails SET created_at = created_at - 6 * 86400");
	assert_int_equal(world_get(w, "/api/v1/openapi.json"), 200);
	world_turn(w);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM mails WHERE state = 'refused' AND text = ''"), 1);
}

static void without_courier_a_mail_stays(void **state)
{
	struct world *w = *state;

	queue(w, NULL);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails WHERE state = 'queued'"), 1);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail' AND attempts = 1"), 1);
	w->courier_does = COURIER_SENDS;
	world_exec(w, "UPDATE jobs SET due_at = 1");
	world_turn(w);
	assert_int_equal(world_get(w, "/api/v1/openapi.json"), 200);
	world_turn(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails WHERE state = 'sent'"), 1);
}

static void nothing_is_queued_without_a_mail_server(void **state)
{
	struct world *w = *state;

	world_conf(w, "mail.smtp", "");
	assert_false(mail_possible(&w->c));
	queue(w, NULL);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails"), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_template_renders_in_both_forms),
		cmocka_unit_test(there_are_the_mails_that_the_contract_names),
		cmocka_unit_test(links_can_be_followed_in_both_forms),
		cmocka_unit_test(values_cannot_break_header_or_html),
		cmocka_unit_test(what_is_too_long_is_cut_between_lines_and_characters),
		cmocka_unit_test(lines_of_text_are_short),
		T(a_sent_mail_is_blanked),
		T(a_mail_that_is_refused_is_not_tried_again),
		T(a_mail_that_failed_waits_and_is_given_up_after_days),
		T(without_courier_a_mail_stays),
		T(nothing_is_queued_without_a_mail_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
