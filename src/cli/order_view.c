/* Showing orders. */
#include "cli/order_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/say.h"
#include "cli/view.h"
#include "pki/keyform.h"

#define NAMES_SHOWN 3

char *order_view_names(const json_t *order)
{
	const json_t *names = json_object_get(order, "names");
	size_t n = json_array_size(names);
	json_t *some = json_array();
	char *joined, *out;

	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
		json_array_append(some, json_array_get(names, i));
	joined = view_join(some);
	json_decref(some);
	if (n <= NAMES_SHOWN)
		return joined;
	if (joined == NULL || asprintf(&out, "%s and %zu more", joined, n - NAMES_SHOWN) < 0) {
		say_lost();
		out = NULL;
	}
	free(joined);
	return out;
}

/* The first certificate that is valid, or the newest of any state; NULL when there is none. */
static const json_t *current_certificate(const json_t *order)
{
	const json_t *list = json_object_get(order, "certificates");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(view_str(json_array_get(list, i), "state"), "valid") == 0)
			return json_array_get(list, i);
	return json_array_get(list, 0);
}

void order_view_line(const json_t *order)
{
	const json_t *cert = current_certificate(order);
	CLEANUP_STR char *names = order_view_names(order);

	say("%-31s %-10s %-12s %-20s %s", view_str(order, "id"), view_str(order, "state"),
		view_str(order, "product"), cert != NULL ? view_str(cert, "not_after") : "-",
		names != NULL ? names : "");
}

static bool to_be_published(const json_t *v)
{
	return strcmp(view_str(v, "state"), "pending") == 0 || strcmp(view_str(v, "state"), "failed") == 0;
}

/* One way to prove a name, in the lines of `out`: what exactly goes where. */
static void say_way(const json_t *way, void (*out)(const char *fmt, ...))
{
	const char *method = view_str(way, "method");

	if (strcmp(method, "http") == 0) {
		out("  file     %s", view_str(way, "url"));
		out("  content  %s", view_str(way, "content"));
	} else if (strcmp(method, "tls-alpn") == 0) {
		out("  tls      %s:443 answers the protocol acme-tls/1 with a certificate for this name "
		    "alone",
			view_str(way, "host"));
		out("           and with this extension (openssl req -x509 -addext):");
		out("           %s", view_str(way, "extension"));
	} else {
		out("  record   %s. %s \"%s\"", view_str(way, "record"), view_str(way, "type"),
			view_str(way, "value"));
		if (view_str(way, "cname")[0] != '\0')
			out("  or once  %s. CNAME %s.  (then the service publishes it itself)",
				view_str(way, "record"), view_str(way, "cname"));
	}
}

static void say_chosen(const json_t *v)
{
	const json_t *ways = json_object_get(v, "publish");

	for (size_t i = 0; i < json_array_size(ways); i++)
		if (strcmp(view_str(json_array_get(ways, i), "method"), view_str(v, "method")) == 0)
			say_way(json_array_get(ways, i), say_progress);
}

void order_view_publish(const json_t *order)
{
	const json_t *list = json_object_get(order, "validations");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (!to_be_published(v))
			continue;
		say_progress("publish for %s:", view_str(v, "name"));
		say_chosen(v);
	}
}

static const char *problem_text(const json_t *v)
{
	const json_t *error = json_object_get(v, "error");

	return json_is_string(error) ? json_string_value(error) : view_str(error, "text");
}

/* What each place saw that looked, when the others' CA is to look at the same. */
static void show_seen(const json_t *v)
{
	const json_t *list = json_object_get(json_object_get(v, "seen"), "perspectives");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);

		say("%-16s %s: %s", i == 0 ? "  seen from" : "", view_str(p, "name"),
			json_is_true(json_object_get(p, "ok")) ? "as it should be"
							       : view_str(p, "error_text"));
	}
}

static void show_ways(const json_t *v)
{
	const json_t *ways = json_object_get(v, "publish");

	for (size_t i = 0; i < json_array_size(ways); i++) {
		if (i > 0)
			say("  or");
		say_way(json_array_get(ways, i), say);
	}
}

static void show_validation(const json_t *v)
{
	bool by_ca = strcmp(view_str(v, "state"), "by-ca") == 0;

	say("\n%s: %s (%s)", view_str(v, "name"), by_ca ? "left to the CA" : view_str(v, "state"),
		view_str(v, "method"));
	if (to_be_published(v))
		show_ways(v);
	say_field("  problem", problem_text(v));
	show_seen(v);
	say_field("  CA was told", view_str(v, "told_at"));
	say_field("  checked", view_str(v, "checked_at"));
	say_field("  next check", view_str(v, "next_check_at"));
	say_field("  valid until", view_str(v, "valid_until"));
}

/* Whose certificate it is to be, and how far that CA is with it. */
static void show_issuer(const json_t *order)
{
	const json_t *up = json_object_get(order, "upstream");

	say_field("issuer", view_str(order, "issuer"));
	if (json_is_object(up)) {
		say("%-16s %s, %s: %s", "at the CA", view_str(up, "title"), view_str(up, "kind"),
			view_str(up, "step"));
		say_field("its order", view_str(up, "url"));
		say_field("since", view_str(up, "since"));
	}
	if (view_str(order, "renew_from")[0] != '\0')
		say("%-16s from %s to %s", "renew", view_str(order, "renew_from"),
			view_str(order, "renew_until"));
}

static void show_code(const json_t *code)
{
	const json_t *left = json_object_get(code, "reveals_left");
	long long shown = json_integer_value(json_object_get(code, "reveals"));

	if (strcmp(view_str(code, "state"), "expired") == 0) {
		say("%-16s no longer shown: its window is over, and it is about to be destroyed",
			"unlock code");
		say("%-16s %s", "", "a reissue brings a new key, archive and code");
		return;
	}
	if (strcmp(view_str(code, "state"), "destroyed") == 0) {
		say("%-16s destroyed%s%s, shown %lld %s", "unlock code",
			view_str(code, "reason")[0] != '\0' ? ": " : "", view_str(code, "reason"), shown,
			shown == 1 ? "time" : "times");
		say("%-16s %s", "", "a reissue brings a new key, archive and code");
		return;
	}
	say("%-16s available until %s, shown %lld %s", "unlock code", view_str(code, "expires_at"), shown,
		shown == 1 ? "time" : "times");
	if (json_is_integer(left))
		say("%-16s destroyed after %lld more", "", (long long)json_integer_value(left));
}

/* Which of the three grades it is, in words. */
static void show_hand_over(const json_t *order)
{
	const json_t *h = json_object_get(order, "hand_over");
	const char *grade = view_str(h, "grade");
	const struct keyform *form = keyform_find(view_str(h, "format"));
	const char *words = form != NULL ? form->words : view_str(h, "format");

	if (strcmp(grade, "sealed") == 0)
		say("%-16s sealed to %s (%s): no code exists", "hand-over", view_str(h, "recipient"), words);
	else if (strcmp(grade, "browser") == 0)
		say("%-16s made in the browser and kept there (%s); it was never here", "hand-over", words);
	else if (strcmp(grade, "code") == 0)
		say("%-16s %s, opened by the unlock code", "hand-over", words);
}

static void show_archive(const json_t *order)
{
	const json_t *a = json_object_get(order, "archive"), *code = json_object_get(order, "code");

	if (json_is_object(a)) {
		say_field("archive", view_str(a, "state"));
		say_field("archive SHA-256", view_str(a, "sha256"));
		say_field("archive file", view_str(order, "archive_file"));
	}
	if (json_is_object(code))
		show_code(code);
}

static void show_certificates(const json_t *order)
{
	const json_t *list = json_object_get(order, "certificates");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *cert = json_array_get(list, i);

		say("%-16s %s, %s, %s to %s%s%s", i == 0 ? "certificates" : "", view_str(cert, "serial"),
			view_str(cert, "state"), view_str(cert, "not_before"), view_str(cert, "not_after"),
			view_str(cert, "reason")[0] != '\0' ? ", " : "", view_str(cert, "reason"));
	}
}

static const char *whence(const char *key_source)
{
	if (strcmp(key_source, "autocsr") == 0)
		return "made by the service";
	return strcmp(key_source, "browser") == 0 ? "made in the browser" : "from your CSR";
}

void order_view_show(const json_t *order)
{
	const json_t *names = json_object_get(order, "names"), *waiting = json_object_get(order, "waiting");
	const json_t *list = json_object_get(order, "validations");

	say_field("order", view_str(order, "id"));
	say_field("state", view_str(order, "state"));
	say_field("next", view_str(order, "next"));
	if (json_is_object(waiting)) {
		say_field("waiting for", view_str(waiting, "reason"));
		say_field("next try", view_str(waiting, "next_try_at"));
	}
	say_field("product", view_str(order, "product"));
	show_issuer(order);
	for (size_t i = 0; i < json_array_size(names); i++)
		say_field(i == 0 ? "names" : "", json_string_value(json_array_get(names, i)));
	say("%-16s %s, %s", "key", view_str(order, "key_type"), whence(view_str(order, "key_source")));
	say_field("SPKI SHA-256", view_str(order, "spki_sha256"));
	say_field("authorised by", view_str(json_object_get(order, "authorised"), "by"));
	say_field("receipt", view_str(json_object_get(order, "receipt"), "state"));
	show_hand_over(order);
	show_archive(order);
	show_certificates(order);
	say_field("certificate in", view_str(order, "certificate_file"));
	say_field("ordered", view_str(order, "created_at"));
	for (size_t i = 0; i < json_array_size(list); i++)
		show_validation(json_array_get(list, i));
}
