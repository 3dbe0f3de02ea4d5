/* autocsrd: reads the configuration, binds the ports, starts and restarts the roles; keeps nothing itself. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "listen.h"
#include "roles.h"
#include "statedir.h"

struct daemon {
	const char *config_path;
	struct conf conf;
	struct loop *loop;
	struct roles *roles;
	int signals;
	struct loop_watch *signal_watch;
	bool said_ready;
};

/* systemd's notification, when it asks for one (sd_notify(3)). */
static void notify(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path != NULL ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, n);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, what, strlen(what), MSG_NOSIGNAL, (struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_event(LOG_WARN, "notify.failed", "text", strerror(errno), NULL);
	close(fd);
}

static void all_ready(void *arg)
{
	struct daemon *d = arg;

	log_event(LOG_INFO, "ready", "url", conf_str(&d->conf, "server.public_url"), NULL);
	if (!d->said_ready)
		notify("READY=1");
	d->said_ready = true;
}

static void all_gone(void *arg)
{
	loop_stop(((struct daemon *)arg)->loop);
}

static void reload(struct daemon *d)
{
	struct conf fresh = { 0 };
	struct acsr_err e;

	if (config_read(d->config_path, &fresh, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "reload.refused", &e);
		return;
	}
	strv_free(&d->conf.pairs);
	d->conf = fresh;
	roles_reload(d->roles);
	log_event(LOG_INFO, "reloaded", NULL);
}

static void on_signal(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(d->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			roles_reap(d->roles);
		} else if (si.ssi_signo == SIGHUP) {
			reload(d);
		} else {
			log_event(LOG_INFO, "stopping", NULL);
			notify("STOPPING=1");
			roles_stop(d->roles);
		}
	}
}

static enum acsr_result watch_signals(struct daemon *d, struct acsr_err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals < 0)
		return err_errno(e, "sys.signalfd", errno, "cannot watch signals");
	return loop_watch(d->loop, d->signals, EPOLLIN, on_signal, d, &d->signal_watch, e);
}

static enum acsr_result bind_all(const struct conf *c, int listeners[2], struct acsr_err *e)
{
	listeners[0] = listeners[1] = -1;
	if (*conf_str(c, "server.listen") == '\0')
		return err_set(e, "config.listen", "[server] listen is empty; give it HOST:PORT");
	TRY(listen_on(conf_str(c, "server.listen"), &listeners[0], e));
	if (*conf_str(c, "server.http_listen") != '\0')
		TRY(listen_on(conf_str(c, "server.http_listen"), &listeners[1], e));
	return ACSR_OK;
}

static enum acsr_result serve(struct daemon *d, struct acsr_err *e)
{
	struct roles_setup s = { .conf = &d->conf,
		.state = conf_str(&d->conf, "server.state"),
		.all_ready = all_ready,
		.all_gone = all_gone,
		.arg = d };
	CLEANUP_STR char *state = NULL;
	int lock;

	TRY(str_dup(&state, s.state, e)); /* a reload frees the configuration */
	s.state = state;
	TRY(statedir_prepare(s.state, &s.first_start, e));
	TRY(statedir_lock(s.state, &lock, e)); /* until we end */
	TRY(bind_all(&d->conf, s.listeners, e));
	TRY(loop_new(&d->loop, e));
	TRY(watch_signals(d, e));
	s.loop = d->loop;
	TRY(roles_start(&d->roles, &s, e));
	return loop_run(d->loop, e);
}

static int usage(FILE *out, int status)
{
	fputs("usage: autocsrd --config FILE [--check]\n"
	      "\n"
	      "  --config FILE  the configuration, see autocsrd.conf(5)\n"
	      "  --check        read it, say whether it is good, and end\n"
	      "  --version      print the version\n",
		out);
	return status;
}

static int fail(const struct acsr_err *e)
{
	fprintf(stderr, "autocsrd: %s\n", e->text);
	return err_face(e->id)->exit_code;
}

/* The configuration has passwords in it. */
static void leave_no_core(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
}

static int run(struct daemon *d, bool check)
{
	struct acsr_err e = { 0 };

	leave_no_core();

	if (config_read(d->config_path, &d->conf, &e) != ACSR_OK)
		return fail(&e);
	if (check)
		return printf("%s is good\n", d->config_path) < 0;
	log_init("autocsrd", LOG_INFO);
	umask(077);
	if (serve(d, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "start.failed", &e);
		return fail(&e);
	}
	log_event(LOG_INFO, "stopped", NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct daemon d = { .signals = -1 };
	bool check = false;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check") == 0)
			check = true;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			d.config_path = argv[++i];
		else if (strcmp(argv[i], "--version") == 0)
			return puts("autocsrd " AUTOCSR_VERSION) < 0;
		else if (strcmp(argv[i], "--help") == 0)
			return usage(stdout, 0);
		else
			return usage(stderr, 2);
	}
	if (d.config_path == NULL)
		return usage(stderr, 2);
	status = run(&d, check);
	roles_free(d.roles);
	loop_unwatch(d.signal_watch);
	loop_free(d.loop);
	strv_free(&d.conf.pairs);
	return status;
}
