/* Making the report. */
#include "cli/forensic/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/forensic/programs.h"
#include "cli/say.h"

enum { SMALL_FILE = 4096 };

const char *const report_outside[] = {
	"physical pages after they were freed and before they are used again",
	"snapshots and memory of a hypervisor, and firmware",
	"a kernel that is compromised or lies about memory, registers or files",
	"this program itself: it plays the customer, so it holds the keys of its own orders, and is not "
	"searched",
	"orders of other customers: what is not known cannot be looked for",
	"copies in another form: encrypted, compressed, blinded, or transformed in a way not listed",
	"machines that the service talks to: mail servers, an upstream CA, a database or log server "
	"elsewhere",
	NULL,
};

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *text_of(const char *path)
{
	CLEANUP_BUF struct buf b = { 0 };
	char *safe;
	json_t *s;

	buf_init(&b, SMALL_FILE);
	if (buf_read_file(&b, path, NULL) != ACSR_OK)
		return json_null();
	while (b.len > 0 && b.p[b.len - 1] == '\n')
		b.len--;
	safe = say_safe(buf_cstr(&b));
	s = json_string(safe != NULL ? safe : "");
	free(safe);
	return s;
}

/* Lines of /proc/swaps behind its heading. */
static uint64_t swaps(void)
{
	CLEANUP_BUF struct buf b = { 0 };
	uint64_t lines = 0;

	buf_init(&b, 64 * SMALL_FILE);
	if (buf_read_file(&b, "/proc/swaps", NULL) != ACSR_OK)
		return 0;
	for (size_t i = 0; i < b.len; i++)
		lines += b.p[i] == '\n';
	return lines > 0 ? lines - 1 : 0;
}

static enum acsr_result put_machine(json_t *report, struct acsr_err *e)
{
	struct utsname u = { 0 };
	json_t *o = json_object();
	char kernel[300];

	TRY(command_put(report, "machine", o, e));
	(void)uname(&u);
	snprintf(kernel, sizeof(kernel), "%.64s %.64s %.64s", u.sysname, u.release, u.machine);
	TRY(command_put_str(o, "host", u.nodename, e));
	TRY(command_put_str(o, "kernel", kernel, e));
	TRY(command_put(o, "core_pattern", text_of("/proc/sys/kernel/core_pattern"), e));
	return command_put(o, "swap_areas", number(swaps()), e);
}

static enum acsr_result put_time(json_t *o, const char *name, int64_t t, struct acsr_err *e)
{
	char text[21];

	clock_rfc3339(t, text);
	return command_put_str(o, name, text, e);
}

static enum acsr_result put_service(json_t *report, const struct run *r, struct acsr_err *e)
{
	json_t *o = json_object();

	TRY(command_put(report, "service", o, e));
	TRY(command_put_str(o, "server", r->target.server, e));
	TRY(command_put_str(o, "version", r->version, e));
	TRY(command_put(o, "pid", number((uint64_t)r->target.pid), e));
	TRY(command_put_str(o, "state", r->target.state, e));
	TRY(command_put(o, "longest_hold_ms", number((uint64_t)r->held_ms), e));
	return command_put(o, "served_afterwards", json_boolean(r->still_served), e);
}

static enum acsr_result put_orders(json_t *report, const struct run *r, struct acsr_err *e)
{
	json_t *o = json_object();

	TRY(command_put(report, "orders", o, e));
	TRY(command_put_str(o, "product", r->product, e));
	TRY(command_put(o, "placed", number(r->placed), e));
	TRY(command_put(o, "judged", number(r->judged), e));
	for (int i = 0; i < FATES; i++)
		TRY(command_put(o, fate_name((enum fate)i), number(r->by_fate[i]), e));
	TRY(command_put_str(o, "key_types", r->key_types, e));
	return command_put_str(o, "forms", r->forms, e);
}

static enum acsr_result put_needles(json_t *report, const struct run *r, struct acsr_err *e)
{
	static const char *const names[] = { "key", "code", "archive_key", "archive" };
	json_t *o = json_object();

	TRY(command_put(report, "needles", o, e));
	for (int i = 0; i < NEEDLE_KINDS; i++)
		TRY(command_put(o, names[i], number(r->needles[i]), e));
	return command_put(o, "dropped", number(r->needles_dropped), e);
}

static enum acsr_result put_surfaces(json_t *report, const struct run *r, struct acsr_err *e)
{
	static const char *const controls[] = { "none", "found", "missed" };
	json_t *list = json_array();

	TRY(command_put(report, "surfaces", list, e));
	for (int i = 0; i < SURFACES; i++) {
		const struct surface_state *x = &r->search.surfaces[i];
		json_t *o = json_object();

		if (o == NULL || json_array_append_new(list, o) != 0)
			return err_nomem(e);
		TRY(command_put_str(o, "surface", surface_name((enum surface)i), e));
		TRY(command_put(o, "bytes", number(x->bytes), e));
		TRY(command_put(o, "parts", number(x->parts), e));
		TRY(command_put(o, "found", number(x->found), e));
		TRY(command_put(o, "by_design", number(x->by_design), e));
		TRY(command_put(o, "unread", number(x->unread), e));
		TRY(command_put_str(o, "control", controls[x->control], e));
		TRY(command_put_str(o, "note", x->why, e));
	}
	return ACSR_OK;
}

static enum acsr_result put_finding(
	json_t *list, const struct run *r, const struct finding *f, struct acsr_err *e)
{
	json_t *o = json_object();

	if (o == NULL || json_array_append_new(list, o) != 0)
		return err_nomem(e);
	TRY(command_put_str(o, "surface", surface_name(f->surface), e));
	TRY(command_put_str(o, "where", f->where, e));
	TRY(command_put(o, "offset", number(f->offset), e));
	TRY(command_put_str(o, "kind", needle_kind_name(f->kind), e));
	TRY(command_put_str(o, "what", f->what, e));
	TRY(command_put_str(o, "order", f->order <= NEEDLE_ORDERS_MAX ? r->order_ids[f->order] : "", e));
	TRY(command_put(o, "bytes", number(f->len), e));
	TRY(command_put(o, "first_scan", number(f->scan), e));
	return command_put(o, "times", number(f->times), e);
}

static enum acsr_result put_findings(json_t *report, const struct run *r, struct acsr_err *e)
{
	json_t *list = json_array();

	TRY(command_put(report, "findings", list, e));
	for (size_t i = 0; i < r->search.n_findings; i++)
		TRY(put_finding(list, r, &r->search.findings[i], e));
	return command_put(report, "more_findings", number(r->search.more), e);
}

static enum acsr_result put_process(json_t *list, const struct process *p, struct acsr_err *e)
{
	static const char *const dumpable[] = { "unknown", "no", "yes" };
	json_t *o = json_object();

	if (o == NULL || json_array_append_new(list, o) != 0)
		return err_nomem(e);
	TRY(command_put_str(o, "name", p->name, e));
	TRY(command_put(o, "pid", number((uint64_t)p->pid), e));
	TRY(command_put_str(o, "executable", p->exe, e));
	TRY(command_put(o, "uid", number(p->uid), e));
	TRY(command_put(o, "threads", number(p->threads), e));
	TRY(command_put(o, "seccomp", json_integer(p->seccomp), e));
	TRY(command_put(o, "no_new_privs", json_boolean(p->no_new_privs), e));
	TRY(command_put(o, "no_core_files", json_boolean(p->no_core), e));
	TRY(command_put_str(o, "dumpable", dumpable[p->dumpable], e));
	TRY(command_put(o, "resident_kb", number(p->resident_kb), e));
	TRY(command_put(o, "locked_kb", number(p->locked_kb), e));
	return command_put(o, "swapped_kb", number(p->swap_kb), e);
}

static enum acsr_result put_texts(
	json_t *report, const char *name, const char *const *v, size_t n, struct acsr_err *e)
{
	json_t *list = json_array();

	TRY(command_put(report, name, list, e));
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, json_string(v[i])) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result put_reasons(json_t *report, const struct run *r, struct acsr_err *e)
{
	const char *v[REASONS_MAX] = { NULL };

	for (size_t i = 0; i < r->n_reasons; i++)
		v[i] = r->reasons[i];
	return put_texts(report, "cannot_judge", v, r->n_reasons, e);
}

static enum acsr_result put_all(json_t *o, const struct run *r, struct acsr_err *e)
{
	json_t *list = json_array(), *programs = NULL;
	size_t outside = 0;

	while (report_outside[outside] != NULL)
		outside++;
	TRY(command_put(o, "processes", list, e));
	TRY(command_put_str(o, "format", REPORT_FORMAT, e));
	TRY(command_put_str(o, "tool_version", AUTOCSR_VERSION, e));
	TRY(command_put_str(o, "verdict", verdict_name(run_verdict(r)), e));
	TRY(put_reasons(o, r, e));
	TRY(put_time(o, "started_at", r->started, e));
	TRY(put_time(o, "ended_at", r->ended, e));
	TRY(command_put(o, "seconds", json_integer(r->ended - r->started), e));
	TRY(command_put(o, "scans", number(r->search.scan), e));
	TRY(put_machine(o, e));
	TRY(put_service(o, r, e));
	TRY(put_orders(o, r, e));
	TRY(put_needles(o, r, e));
	TRY(put_surfaces(o, r, e));
	TRY(put_findings(o, r, e));
	for (size_t i = 0; i < r->processes.n; i++)
		TRY(put_process(list, &r->processes.v[i], e));
	TRY(programs_json(&programs, &r->processes, e));
	TRY(command_put(o, "programs", programs, e));
	return put_texts(o, "outside_the_claim", report_outside, outside, e);
}

enum acsr_result report_make(json_t **out, const struct run *r, struct acsr_err *e)
{
	json_t *o = json_object();

	if (o == NULL)
		return err_nomem(e);
	if (put_all(o, r, e) != ACSR_OK) {
		json_decref(o);
		return ACSR_FAIL;
	}
	*out = say_safe_json(o);
	json_decref(o);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}
