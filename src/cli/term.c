/* Talking to /dev/tty. */
#include "cli/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 1024

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void put(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) < 0)
		return; /* a terminal that is gone has nobody to tell */
}

/* One line into p, without its end; false at end of file, at a signal, or when it is too long. Signals come
 * through only while it waits, so that none is lost between a look and the wait. */
static bool read_line(int fd, const sigset_t *waiting, char *p, size_t cap, size_t *n)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };

	for (*n = 0; *n + 1 < cap;) {
		if (ppoll(&in, 1, NULL, waiting) < 0 || caught != 0 || read(fd, p + *n, 1) <= 0)
			return false;
		if (p[*n] == '\n') {
			p[*n] = '\0';
			return true;
		}
		*n += 1;
	}
	return false;
}

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define N_FATAL (sizeof(fatal) / sizeof(fatal[0]))

/* Signals that would leave the terminal without echo are held until it is mended. */
static void hold_signals(struct sigaction old[N_FATAL], sigset_t *mask)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t held;

	caught = 0;
	sigemptyset(&held);
	for (size_t i = 0; i < N_FATAL; i++) {
		sigaddset(&held, fatal[i]);
		sigaction(fatal[i], &sa, &old[i]);
	}
	sigprocmask(SIG_BLOCK, &held, mask);
}

static void release_signals(const struct sigaction old[N_FATAL], const sigset_t *mask)
{
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (caught != 0)
		raise(caught);
}

static bool ask(int fd, const char *prompt, bool echo, char *p, size_t cap, size_t *n)
{
	struct sigaction old[N_FATAL];
	struct termios before, quiet;
	bool have = tcgetattr(fd, &before) == 0;
	sigset_t mask;
	bool ok;

	hold_signals(old, &mask);
	if (have && !echo) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fd, TCSAFLUSH, &quiet);
	}
	put(fd, prompt, strlen(prompt));
	ok = read_line(fd, &mask, p, cap, n);
	if (have && !echo) {
		tcsetattr(fd, TCSAFLUSH, &before);
		put(fd, "\n", 1);
	}
	release_signals(old, &mask);
	return ok;
}

static enum acsr_result open_terminal(int *fd, const char *instead, struct acsr_err *e)
{
	*fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return err_set(e, "usage.terminal", "there is no terminal to ask on; use %s", instead);
	return ACSR_OK;
}

enum acsr_result term_ask_line(
	char *out, size_t cap, const char *prompt, const char *instead, struct acsr_err *e)
{
	size_t n = 0;
	int fd;
	bool ok;

	TRY(open_terminal(&fd, instead, e));
	ok = ask(fd, prompt, true, out, cap, &n);
	close(fd);
	if (!ok)
		return err_set(e, "usage.answer", "no answer was given; use %s", instead);
	return ACSR_OK;
}

enum acsr_result term_ask(char *out, size_t cap, const char *prompt, const char *instead, struct acsr_err *e)
{
	TRY(term_ask_line(out, cap, prompt, instead, e));
	if (out[0] == '\0')
		return err_set(e, "usage.answer", "no answer was given; use %s", instead);
	return ACSR_OK;
}

enum acsr_result term_ask_new_secret(
	struct acsr_secret **out, const char *prompt, const char *instead, bool *empty, struct acsr_err *e)
{
	char line[ANSWER_MAX];
	enum acsr_result r;
	size_t n = 0;
	int fd;
	bool ok;

	*empty = false;
	TRY(open_terminal(&fd, instead, e));
	ok = ask(fd, prompt, false, line, sizeof(line), &n);
	close(fd);
	*empty = ok && n == 0;
	if (*empty)
		r = err_set(e, "usage.answer", "the answer is empty; give one, or use %s", instead);
	else if (!ok)
		r = err_set(e, "usage.answer", "no answer was given; use %s", instead);
	else
		r = acsr_secret_new(out, line, n, e);
	wipe(line, sizeof(line));
	return r;
}

enum acsr_result term_ask_secret(
	struct acsr_secret **out, const char *prompt, const char *instead, struct acsr_err *e)
{
	bool empty = false;
	enum acsr_result r = term_ask_new_secret(out, prompt, instead, &empty, e);

	return empty ? err_set(e, "usage.answer", "no answer was given; use %s", instead) : r;
}

void term_show_secret(const char *label, const struct acsr_secret *s, const char *suffix)
{
	int fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int to = fd >= 0 ? fd : STDERR_FILENO;

	put(to, label, strlen(label));
	put(to, acsr_secret_bytes(s), acsr_secret_len(s));
	put(to, suffix, strlen(suffix));
	put(to, "\n", 1);
	if (fd >= 0)
		close(fd);
}
