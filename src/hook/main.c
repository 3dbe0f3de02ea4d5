/*
 * autocsr-hook: runs the operator's command that publishes proofs, one run at a time. It holds nothing and talks to core only.
 * What it may touch is the sandbox of the command too (sandbox.h, SYS_EXEC).
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/children.h"
#include "base/log.h"
#include "hook/run.h"
#include "ipc/role.h"

enum { WAITING_MAX = 8, PATHS_MAX = 32 };

struct job {
	struct job *next;
	uint64_t id;
	struct msg_hook_run m;
};

struct hook {
	struct proc *proc;
	int null_fd;
	struct job *waiting, **last;
	int nwaiting;
	struct run *run;
	uint64_t running; /* the id to answer; 0: nobody waits for it any more */
	bool stopping;
};

static struct hook hook;
/* The system's programs and what they read; then the command's own directory, and hook_paths. */
static struct sandbox_path paths[PATHS_MAX + 1];
static struct strv extra;

/* --- before the sandbox --- */

static enum acsr_result allow(const char *path, bool writable, struct acsr_err *e)
{
	size_t n = 0;

	while (paths[n].path != NULL)
		n++;
	if (n == PATHS_MAX)
		return err_set(e, "config.value", "[publish] hook_paths has too many paths");
	TRY(strv_add(&extra, path, e));
	paths[n] = (struct sandbox_path){ extra.v[extra.n - 1], writable };
	return ACSR_OK;
}

static enum acsr_result allow_system(struct acsr_err *e)
{
	static const char *const reading[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc",
		"/opt", "/proc", "/run", "/dev" };
	static const char *const writing[] = { "/dev/null", "/dev/full", "/dev/tty" };

	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++)
		if (access(reading[i], F_OK) == 0)
			TRY(allow(reading[i], false, e));
	for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]); i++)
		if (access(writing[i], F_OK) == 0)
			TRY(allow(writing[i], true, e));
	return ACSR_OK;
}

static enum acsr_result allow_own(const struct conf *conf, struct acsr_err *e)
{
	CLEANUP_STR char *folder = NULL;
	CLEANUP_STR char *list = NULL;
	char *rest, *word;

	TRY(str_dup(&folder, conf_str(conf, "publish.hook"), e));
	TRY(allow(dirname(folder), false, e));
	TRY(str_dup(&list, conf_str(conf, "publish.hook_paths"), e));
	rest = list;
	while ((word = strsep(&rest, " \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (*word != '/')
			return err_set(e, "config.value",
				"[publish] hook_paths: \"%s\" does not begin with a slash", word);
		TRY(allow(word, true, e));
	}
	return ACSR_OK;
}

static enum acsr_result open_all(struct proc *p, struct acsr_err *e)
{
	hook.proc = p;
	hook.last = &hook.waiting;
	hook.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (hook.null_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return err_set(e, "sys.open", "cannot open /dev/null, or become the reaper of orphans");
	if (!children_told())
		log_event(LOG_WARN, "orphans.not-listed", "text",
			"the kernel does not list children (CONFIG_PROC_CHILDREN): what leaves the hook's "
			"process "
			"group goes on after its end",
			NULL);
	TRY(allow_system(e));
	return allow_own(&p->conf, e);
}

/* --- one after the other --- */

static void job_free(struct job *j)
{
	msg_clear(msg_desc(MSG_hook_run), &j->m);
	free(j);
}

static void run_next(struct hook *h);

static void on_done(void *arg, const char *said, const struct acsr_err *why)
{
	struct hook *h = arg;
	struct msg_hook_ran m = { .output = (char *)(uintptr_t)said };
	uint64_t id = h->running;
	struct acsr_err e;

	h->run = NULL;
	h->running = 0;
	if (id != 0 && why != NULL)
		role_send_failed(h->proc, id, why);
	else if (id != 0 && role_send(h->proc, ROLE_CORE, MSG_hook_ran, id, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "hook.not-told", &e);
	log_event(why == NULL ? LOG_INFO : LOG_WARN, "hook.ran", "error", why != NULL ? why->id : NULL,
		"text", why != NULL ? why->text : said, NULL);
	if (h->stopping)
		role_stop(h->proc);
	else
		run_next(h);
}

static void run_one(struct hook *h, const struct job *j)
{
	struct run_order o = { .program = conf_str(&h->proc->conf, "publish.hook"),
		.action = j->m.remove ? "remove" : "add",
		.kind = j->m.kind,
		.name = j->m.name,
		.value = j->m.value,
		.limit_ms = conf_span(&h->proc->conf, "publish.hook_timeout") * 1000,
		.null_fd = h->null_fd };
	struct acsr_err why;

	h->running = j->id;
	if (run_start(&h->run, h->proc->loop, &o, on_done, h, &why) == ACSR_OK)
		return;
	h->running = 0;
	role_send_failed(h->proc, j->id, &why);
}

static void run_next(struct hook *h)
{
	while (h->run == NULL && h->waiting != NULL) {
		struct job *j = h->waiting;

		h->waiting = j->next;
		if (h->waiting == NULL)
			h->last = &h->waiting;
		h->nwaiting--;
		run_one(h, j);
		job_free(j);
	}
}

static enum acsr_result enqueue(struct hook *h, struct msg *m, struct acsr_err *e)
{
	struct job *j;

	if (h->stopping)
		return err_set(e, "busy.hook", "the service is stopping");
	if (h->nwaiting >= WAITING_MAX)
		return err_set(e, "busy.hook", "too many runs of the hook are waiting");
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return err_nomem(e);
	*j = (struct job){ .id = m->id, .m = *(struct msg_hook_run *)m->body };
	*(struct msg_hook_run *)m->body = (struct msg_hook_run){ 0 };
	*h->last = j;
	h->last = &j->next;
	h->nwaiting++;
	return ACSR_OK;
}

static void on_run(struct proc *p, struct chan *ch, struct msg *m)
{
	struct acsr_err why;

	(void)ch;
	if (enqueue(p->own, m, &why) != ACSR_OK)
		role_send_failed(p, m->id, &why);
	else
		run_next(p->own);
}

/* Core asks again for what it still wants. What runs is let run: a second run waits for its end. */
static void peer_closed(struct proc *p, enum role peer)
{
	struct hook *h = p->own;

	if (peer != ROLE_CORE)
		return;
	h->running = 0;
	while (h->waiting != NULL) {
		struct job *j = h->waiting;

		h->waiting = j->next;
		job_free(j);
	}
	h->last = &h->waiting;
	h->nwaiting = 0;
}

/* --- life --- */

static void stopping(struct proc *p)
{
	struct hook *h = p->own;

	h->stopping = true;
	if (h->run == NULL)
		role_stop(p);
	else
		run_stop(h->run);
}

/* The sandbox was made for the settings of the start: end, and be started again. */
static void reload(struct proc *p)
{
	log_event(LOG_INFO, "hook.reload", "text", "starting again with the new settings", NULL);
	stopping(p);
}

static const struct role_handler handlers[] = {
	{ ROLE_CORE, MSG_hook_run, on_run },
	{ 0 },
};

int main(void)
{
	static const struct role_spec spec = { .role = ROLE_HOOK,
		.needs = { .calls = SYS_EXEC, .paths = paths },
		.open = open_all,
		.peer_closed = peer_closed,
		.stopping = stopping,
		.reload = reload,
		.handlers = handlers };
	int status = role_main(&spec, &hook);

	run_kill(hook.run); /* autocsrd is gone, so nobody else would end it */
	strv_free(&extra);
	return status;
}
