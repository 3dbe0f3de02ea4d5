/* The table: what was searched, what was found, what lies outside. */
#include "cli/forensic/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "cli/view.h"

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* "188 MB" */
static void amount(uint64_t bytes, char *out, size_t cap)
{
	if (bytes >= 10 * 1024 * 1024)
		snprintf(out, cap, "%" PRIu64 " MB", bytes / 1024 / 1024);
	else
		snprintf(out, cap, "%" PRIu64 " KB", (bytes + 1023) / 1024);
}

static const char *parts_of(const char *surface)
{
	static const char *const names[][2] = { { "memory", "mappings" }, { "registers", "register sets" },
		{ "secret-memory", "mappings" }, { "pipes", "pipes" }, { "network", "packets" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(surface, names[i][0]) == 0)
			return names[i][1];
	return "files";
}

static void show_surface(const json_t *s)
{
	const char *surface = view_str(s, "surface"), *note = view_str(s, "note");
	char searched[80], bytes[32];

	amount(number(s, "bytes"), bytes, sizeof(bytes));
	snprintf(searched, sizeof(searched), "%s in %" PRIu64 " %s", bytes, number(s, "parts"),
		parts_of(surface));
	if (number(s, "parts") == 0)
		snprintf(searched, sizeof(searched), "-");
	say("%-14s %-34s %7" PRIu64 " %9" PRIu64 "  %-8s%s%s", surface, searched, number(s, "found"),
		number(s, "by_design"), view_str(s, "control"), note[0] != '\0' ? " " : "", note);
}

static void show_finding(const json_t *f)
{
	say("  %s of order %s: %" PRIu64 " bytes of %s", view_str(f, "kind"), view_str(f, "order"),
		number(f, "bytes"), view_str(f, "what"));
	say("    %s, %s, at %#" PRIx64 ", first in scan %" PRIu64, view_str(f, "surface"),
		view_str(f, "where"), number(f, "offset"), number(f, "first_scan"));
}

static void show_findings(const json_t *report)
{
	const json_t *list = json_object_get(report, "findings");

	if (json_array_size(list) == 0)
		return;
	say("%s", "");
	say("found:");
	for (size_t i = 0; i < json_array_size(list); i++)
		show_finding(json_array_get(list, i));
	if (number(report, "more_findings") > 0)
		say("  and %" PRIu64 " more", number(report, "more_findings"));
}

static void show_process(const json_t *p)
{
	int64_t seccomp = json_integer_value(json_object_get(p, "seccomp"));

	say("  %-16s %-8" PRIu64 " uid %-6" PRIu64
	    " seccomp %-6s no_new_privs %-3s core files %-3s dumpable %s",
		view_str(p, "name"), number(p, "pid"), number(p, "uid"),
		seccomp == 2   ? "filter"
		: seccomp == 0 ? "off"
			       : "?",
		json_is_true(json_object_get(p, "no_new_privs")) ? "yes" : "no",
		json_is_true(json_object_get(p, "no_core_files")) ? "off" : "on", view_str(p, "dumpable"));
}

static const char *yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key)) ? "yes" : "no";
}

static const char *bound(const json_t *p)
{
	if (json_is_true(json_object_get(p, "bind_now")))
		return "yes";
	return json_is_true(json_object_get(p, "told_to_bind_now")) ? "LD_BIND_NOW" : "no";
}

static void show_program(const json_t *p)
{
	const char *path = view_str(p, "path"), *base = strrchr(path, '/');

	base = base != NULL ? base + 1 : path;
	if (view_str(p, "error")[0] != '\0')
		say("  %-24s %s", base, view_str(p, "error"));
	else
		say("  %-24s sha256 %.16s…  bound at start %-11s  read-only relocations %-3s  random place "
		    "%s",
			base, view_str(p, "sha256"), bound(p), yes(p, "relro"), yes(p, "pie"));
}

static void show_list(const char *title, const json_t *list, void (*show)(const json_t *))
{
	if (json_array_size(list) == 0)
		return;
	say("%s", "");
	say("%s", title);
	for (size_t i = 0; i < json_array_size(list); i++)
		show(json_array_get(list, i));
}

static void show_text(const json_t *text)
{
	say("  %s", json_string_value(text));
}

static void show_head(const json_t *report)
{
	const json_t *orders = json_object_get(report, "orders"),
		     *needles = json_object_get(report, "needles"),
		     *service = json_object_get(report, "service"),
		     *machine = json_object_get(report, "machine");

	say("service %s (version %s, autocsrd is process %" PRIu64 ") on %s", view_str(service, "server"),
		view_str(service, "version"), number(service, "pid"), view_str(machine, "kernel"));
	say("%" PRIu64 " orders (%s; %s): %" PRIu64 " completed, %" PRIu64 " never acknowledged, %" PRIu64
	    " left waiting; %" PRIu64 " keys known",
		number(orders, "placed"), view_str(orders, "key_types"), view_str(orders, "forms"),
		number(orders, "completed"), number(orders, "unacknowledged"), number(orders, "abandoned"),
		number(orders, "judged"));
	say("needles: %" PRIu64 " of keys, %" PRIu64 " of codes, %" PRIu64 " of archive keys, %" PRIu64
	    " of archives; %" PRIu64 " scans in %" PRIu64 " s, held still for %" PRIu64 " ms at most",
		number(needles, "key"), number(needles, "code"), number(needles, "archive_key"),
		number(needles, "archive"), number(report, "scans"), number(report, "seconds"),
		number(service, "longest_hold_ms"));
	say("swap areas %" PRIu64 ", core_pattern %s", number(machine, "swap_areas"),
		view_str(machine, "core_pattern"));
}

static void show_verdict(const json_t *report)
{
	const char *verdict = view_str(report, "verdict");

	say("%s", "");
	if (strcmp(verdict, "clean") == 0)
		say("clean: no piece of any key, code or archive key was found; every control was");
	else if (strcmp(verdict, "found") == 0)
		say("FOUND: the service holds what it may not hold");
	else
		say("cannot judge: nothing was found, but not everything could be searched");
}

void table_show(const json_t *doc)
{
	const json_t *report = json_object_get(doc, "report");
	const json_t *surfaces = json_object_get(report, "surfaces");

	show_head(report);
	say("%s", "");
	say("%-14s %-34s %7s %9s  %s", "surface", "searched", "found", "by design", "control");
	for (size_t i = 0; i < json_array_size(surfaces); i++)
		show_surface(json_array_get(surfaces, i));
	show_findings(report);
	show_list("cannot judge:", json_object_get(report, "cannot_judge"), show_text);
	show_list("processes:", json_object_get(report, "processes"), show_process);
	show_list("programs, and what the keymaker maps:", json_object_get(report, "programs"), show_program);
	show_list("outside the claim, not searched by this or any such test:",
		json_object_get(report, "outside_the_claim"), show_text);
	show_verdict(report);
}
