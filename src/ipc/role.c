/* The start and the life of a role process. */
#include "ipc/role.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker reads /proc/PID/task, which the sandbox closes; the unit tests look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Descriptors that autocsrd leaves open for us. */
enum { FD_CONTROL = 3, FD_HTTPS = 4, FD_HTTP = 5 };

static void on_message(void *arg, struct chan *c, struct msg *m);
static void on_closed(void *arg, struct chan *c, const struct acsr_err *why);

static const struct chan_ops ops = { on_message, on_closed };

enum acsr_result role_send(struct proc *r, enum role to, unsigned type, uint64_t id, const void *body, int fd,
	struct acsr_err *e)
{
	char id_text[32];

	if (r->peers[to] != NULL)
		return chan_send(r->peers[to], type, id, body, fd, e);
	if (fd >= 0)
		close(fd);
	snprintf(id_text, sizeof(id_text), "busy.%s", role_name(to));
	return err_set(
		e, id_text, "the %s process is not running right now, try again in a moment", role_name(to));
}

void role_send_failed(struct proc *r, uint64_t id, const struct acsr_err *why)
{
	struct acsr_err copy = *why, e;
	struct msg_failed m = {
		.id = copy.id, .text = copy.text, .field = copy.field, .source = copy.source
	};

	if (role_send(r, ROLE_CORE, MSG_failed, id, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "answer.lost", &e);
}

void role_ready(struct proc *r)
{
	struct msg_ready m = { 0 };
	struct acsr_err e;

	if (role_send(r, ROLE_AUTOCSRD, MSG_ready, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_ERROR, "ready.lost", &e);
}

void role_stop(struct proc *r)
{
	loop_stop(r->loop);
}

void role_fault(struct proc *r, enum role peer, const struct acsr_err *why)
{
	struct acsr_err copy = *why, e;
	struct msg_fault m = { .role = peer, .reason = copy.text };

	log_event(
		LOG_ERROR, "peer.fault", "peer", role_name(peer), "error", why->id, "text", why->text, NULL);
	if (peer == ROLE_AUTOCSRD || role_send(r, ROLE_AUTOCSRD, MSG_fault, 0, &m, -1, &e) != ACSR_OK)
		role_stop(r);
}

/* --- what autocsrd says --- */

static void take_peer(struct proc *r, struct msg *m)
{
	enum role peer = (enum role)((struct msg_peer *)m->body)->role;
	struct acsr_err e;

	if (peer <= ROLE_AUTOCSRD || peer >= ROLE_COUNT) {
		close(m->fd);
		return;
	}
	if (r->peers[peer] != NULL) {
		chan_free(r->peers[peer]);
		r->peers[peer] = NULL;
		if (r->spec->peer_closed != NULL)
			r->spec->peer_closed(r, peer);
	}
	if (chan_new(&r->peers[peer], r->loop, m->fd, r->spec->role, peer, &ops, r, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "peer.channel", &e);
		return;
	}
	if (r->spec->peer_opened != NULL)
		r->spec->peer_opened(r, peer);
}

static void take_reload(struct proc *r, struct msg *m)
{
	struct msg_reload *reload = m->body;

	strv_free(&r->conf.pairs);
	r->conf.pairs = reload->keys;
	reload->keys = (struct strv){ 0 };
	if (r->spec->reload != NULL)
		r->spec->reload(r);
}

static bool from_autocsrd(struct proc *r, struct msg *m)
{
	switch (m->type) {
	case MSG_peer:
		take_peer(r, m);
		return true;
	case MSG_reload:
		take_reload(r, m);
		return true;
	case MSG_stop:
		if (r->spec->stopping != NULL)
			r->spec->stopping(r);
		else
			role_stop(r);
		return true;
	default:
		return false;
	}
}

/* --- dispatch --- */

static void on_message(void *arg, struct chan *c, struct msg *m)
{
	struct proc *r = arg;
	struct acsr_err e;

	if (m->from == ROLE_AUTOCSRD && from_autocsrd(r, m))
		return;
	for (const struct role_handler *h = r->spec->handlers; h != NULL && h->type != 0; h++) {
		if (h->peer == m->from && h->type == m->type) {
			h->fn(r, c, m);
			return;
		}
	}
	if (m->fd >= 0)
		close(m->fd);
	(void)err_set(&e, "ipc.unexpected", "message 0x%02x is not handled here", m->type);
	role_fault(r, m->from, &e);
}

static void on_closed(void *arg, struct chan *c, const struct acsr_err *why)
{
	struct proc *r = arg;
	enum role peer = chan_peer(c);

	r->peers[peer] = NULL;
	if (peer == ROLE_AUTOCSRD) {
		role_stop(r);
		return;
	}
	if (why != NULL)
		role_fault(r, peer, why);
	if (r->spec->peer_closed != NULL)
		r->spec->peer_closed(r, peer);
}

/* --- start --- */

static void take_config(struct proc *r, struct msg_config *m)
{
	r->conf.pairs = m->keys;
	m->keys = (struct strv){ 0 };
	snprintf(r->dir, sizeof(r->dir), "%s", m->state_dir);
	r->first_start = m->first_start != 0;
	log_init(role_name(r->spec->role), log_level_named(conf_str(&r->conf, "server.log_level")));
}

static int inherited(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return fd;
}

static enum acsr_result start_loop(struct proc *r, struct acsr_err *e)
{
	TRY(loop_new(&r->loop, e));
	if (fcntl(FD_CONTROL, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(e, "sys.control", errno, "no control channel; autocsrd starts this program");
	return chan_new(
		&r->peers[ROLE_AUTOCSRD], r->loop, FD_CONTROL, r->spec->role, ROLE_AUTOCSRD, &ops, r, e);
}

static enum acsr_result enter(struct proc *r, const struct msg_config *m, struct acsr_err *e)
{
	TRY(sandbox_enter(
		&r->spec->needs, r->dir, (uid_t)m->uid, (gid_t)m->gid, r->sandbox, sizeof(r->sandbox), e));
	if (m->uid != 0 && r->dir[0] != '\0')
		snprintf(r->dir, sizeof(r->dir), "/.");
	return ACSR_OK;
}

/* Code that only the start ran need not stay mapped: drop the pages of read-only segments. What is used again
 * comes back from the page cache. It takes a third off the resident size of an idle service. */
static int drop_code(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t from = (info->dlpi_addr + ph->p_vaddr + page - 1) / page * page;
		uintptr_t to = (info->dlpi_addr + ph->p_vaddr + ph->p_filesz) / page * page;

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_W) == 0 && from < to)
			(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

static enum acsr_result start(struct proc *r, struct msg_config *m, struct acsr_err *e)
{
	bool locked = true;

	if (r->spec->secure_heap != 0)
		TRY(secret_heap_init(r->spec->secure_heap, &locked, e));
	if (!locked)
		log_event(LOG_WARN, "secure-heap.not-locked", "remedy", "raise RLIMIT_MEMLOCK", NULL);
	if (r->spec->open != NULL)
		TRY(r->spec->open(r, e));
	TRY(start_loop(r, e));
	TRY(enter(r, m, e));
	if (r->spec->start != NULL)
		TRY(r->spec->start(r, e));
	dl_iterate_phdr(drop_code, NULL);
	log_event(LOG_INFO, "role.started", "sandbox", r->sandbox, NULL);
	if (!r->hold_ready)
		role_ready(r);
	return ACSR_OK;
}

int role_main(const struct role_spec *spec, void *own)
{
	static struct proc r;
	struct msg_config m = { 0 };
	struct acsr_err e = { 0 };
	enum acsr_result ok;

	r = (struct proc){ .spec = spec, .own = own, .listeners = { -1, -1 } };
	log_init(role_name(spec->role), LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, role_name(spec->role), 0, 0, 0);
	ok = chan_read_first(FD_CONTROL, spec->role, ROLE_AUTOCSRD, MSG_config, &m, &e);
	if (ok == ACSR_OK) {
		(void)inherited(FD_CONTROL);
		take_config(&r, &m);
		if (spec->role == ROLE_FRONT) {
			r.listeners[0] = inherited(FD_HTTPS);
			r.listeners[1] =
				*conf_str(&r.conf, "server.http_listen") != '\0' ? inherited(FD_HTTP) : -1;
		}
		ok = start(&r, &m, &e);
	}
	if (ok == ACSR_OK)
		ok = loop_run(r.loop, &e);
	if (ok != ACSR_OK)
		log_error(LOG_ERROR, "role.failed", &e);
	return ok == ACSR_OK ? 0 : 1;
}
