/* Walking /proc. */
#include "cli/forensic/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_MAX = 32768, STATUS_MAX = 4096, INODES_MAX = 64, NAME_SHOWN = 16 };

struct parent {
	pid_t pid, parent;
	bool ours;
};

bool process_read(pid_t pid, const char *what, char *out, size_t cap)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, cap - 1);
	close(fd);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

const char *process_status(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}

/* What has no memory says nothing of its size. */
static bool is_gone(const char *status)
{
	const char *state = process_status(status, "State");

	return state == NULL || *state == 'Z' || *state == 'X' || process_status(status, "VmSize") == NULL;
}

bool process_is_gone(pid_t pid)
{
	char text[STATUS_MAX];

	return !process_read(pid, "status", text, sizeof(text)) || is_gone(text);
}

static uint64_t status_number(const char *text, const char *name)
{
	const char *v = process_status(text, name);

	return v != NULL ? strtoull(v, NULL, 10) : 0;
}

void process_name(const char *exe, const char *parent_exe, char *out, size_t cap)
{
	const char *base = strrchr(exe, '/') != NULL ? strrchr(exe, '/') + 1 : exe;
	bool worker = parent_exe != NULL && strcmp(exe, parent_exe) == 0;
	const char *end;

	if (strncmp(base, "autocsr-", 8) == 0)
		base += 8;
	end = strstr(base, " (deleted)");
	snprintf(out, cap, "%.*s%s", end != NULL && end - base < NAME_SHOWN ? (int)(end - base) : NAME_SHOWN,
		base, worker ? " worker" : "");
}

/* --- the tree --- */

/* Parents of all processes; returns how many. */
static size_t all_parents(struct parent *v)
{
	DIR *d = opendir("/proc");
	const struct dirent *x;
	size_t n = 0;

	while (d != NULL && (x = readdir(d)) != NULL && n < ALL_MAX) {
		char text[STATUS_MAX];
		pid_t pid = (pid_t)strtol(x->d_name, NULL, 10);

		if (pid <= 0 || !process_read(pid, "status", text, sizeof(text)))
			continue;
		v[n++] = (struct parent){ pid, (pid_t)status_number(text, "PPid"), false };
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static bool is_ours(const struct parent *v, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == pid)
			return v[i].ours;
	return false;
}

static void mark(struct parent *v, size_t n, pid_t root)
{
	bool more = true;

	for (size_t i = 0; i < n; i++)
		v[i].ours = v[i].pid == root;
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			if (!v[i].ours && is_ours(v, n, v[i].parent))
				v[i].ours = more = true;
	}
}

static void read_exe(pid_t pid, char *out, size_t cap)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, out, cap - 1);
	out[n > 0 ? n : 0] = '\0';
}

static void read_limits(struct process *p)
{
	char text[STATUS_MAX];
	const char *line;
	unsigned long long soft, hard;

	if (!process_read(p->pid, "limits", text, sizeof(text)))
		return;
	line = strstr(text, "Max core file size");
	if (line == NULL)
		return;
	p->core_known = true;
	p->no_core = sscanf(line + strlen("Max core file size"), "%llu %llu", &soft, &hard) == 2 &&
		     soft == 0 && hard == 0;
}

static void read_dumpable(struct process *p)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)p->pid);
	if (p->uid != 0 && stat(path, &st) == 0)
		p->dumpable = st.st_uid == 0 ? DUMPABLE_NO : DUMPABLE_YES;
}

static bool read_process(struct process *p, pid_t pid)
{
	char text[STATUS_MAX];
	const char *uid, *name;

	*p = (struct process){ .pid = pid, .seccomp = -1 };
	if (!process_read(pid, "status", text, sizeof(text)) || is_gone(text))
		return false;
	uid = process_status(text, "Uid");
	p->parent = (pid_t)status_number(text, "PPid");
	p->uid = uid != NULL ? (uid_t)strtoul(uid, NULL, 10) : 0;
	p->threads = (unsigned)status_number(text, "Threads");
	if (process_status(text, "Seccomp") != NULL)
		p->seccomp = (int)status_number(text, "Seccomp");
	p->no_new_privs = status_number(text, "NoNewPrivs") == 1;
	p->resident_kb = status_number(text, "VmRSS");
	p->locked_kb = status_number(text, "VmLck");
	p->swap_kb = status_number(text, "VmSwap");
	name = process_status(text, "Name");
	if (name != NULL)
		snprintf(p->name, sizeof(p->name), "%.*s", (int)strcspn(name, "\n"), name);
	read_exe(pid, p->exe, sizeof(p->exe));
	read_limits(p);
	read_dumpable(p);
	return true;
}

static const struct process *find(const struct processes *ps, pid_t pid)
{
	for (size_t i = 0; i < ps->n; i++)
		if (ps->v[i].pid == pid)
			return &ps->v[i];
	return NULL;
}

bool processes_has(const struct processes *p, pid_t pid)
{
	return find(p, pid) != NULL;
}

static void name_all(struct processes *out)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct process *parent = find(out, out->v[i].parent);

		if (out->v[i].exe[0] == '\0')
			continue; /* the kernel's name for it stays */
		process_name(out->v[i].exe, parent != NULL ? parent->exe : NULL, out->v[i].name,
			sizeof(out->v[i].name));
	}
}

enum acsr_result processes_list(struct processes *out, pid_t root, struct acsr_err *e)
{
	struct parent *v = calloc(ALL_MAX, sizeof(*v));
	enum acsr_result r = ACSR_OK;
	size_t n;

	if (v == NULL)
		return err_nomem(e);
	n = all_parents(v);
	mark(v, n, root);
	out->n = 0;
	for (size_t i = 0; r == ACSR_OK && i < n; i++) {
		if (!v[i].ours)
			continue;
		if (out->n == PROCESSES_MAX)
			r = err_set(e, "forensic.processes", "the service has more than %d processes",
				PROCESSES_MAX);
		else if (read_process(&out->v[out->n], v[i].pid))
			out->n++;
	}
	free(v);
	TRY(r);
	if (find(out, root) == NULL)
		return err_set(e, "object.absent", "there is no process %d", (int)root);
	name_all(out);
	return ACSR_OK;
}

/* --- who listens --- */

/* Inodes of listening sockets on the port, from /proc/net/tcp or tcp6: "sl local rem st … inode". */
static size_t inodes_of(const char *path, unsigned port, unsigned long *v, size_t n)
{
	FILE *f = fopen(path, "re");
	char line[512];

	while (f != NULL && n < INODES_MAX && fgets(line, sizeof(line), f) != NULL) {
		unsigned local = 0, state = 0;
		unsigned long inode = 0;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu",
			    &local, &state, &inode) == 3 &&
			local == port && state == 0x0a && inode != 0)
			v[n++] = inode;
	}
	if (f != NULL)
		fclose(f);
	return n;
}

static bool holds_socket(pid_t pid, const unsigned long *inodes, size_t n)
{
	char path[64];
	const struct dirent *x;
	bool holds = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && !holds && (x = readdir(d)) != NULL) {
		char to[64];
		unsigned long inode;
		ssize_t len = readlinkat(dirfd(d), x->d_name, to, sizeof(to) - 1);

		to[len > 0 ? len : 0] = '\0';
		if (sscanf(to, "socket:[%lu]", &inode) != 1)
			continue;
		for (size_t i = 0; i < n; i++)
			holds = holds || inodes[i] == inode;
	}
	if (d != NULL)
		closedir(d);
	return holds;
}

/* Up the tree while the parent runs a program of the same folder, or is called autocsrd: front listens, and
 * autocsrd started it. */
static pid_t supervisor_of(pid_t pid)
{
	for (int depth = 0; depth < 8; depth++) {
		struct process p, parent;
		char name[32];

		if (!read_process(&p, pid) || !read_process(&parent, p.parent))
			return pid;
		process_name(p.exe, NULL, name, sizeof(name));
		if (strcmp(name, "autocsrd") == 0 || p.parent <= 1)
			return pid;
		process_name(parent.exe, NULL, name, sizeof(name));
		if (strcmp(name, "autocsrd") != 0 && strcmp(parent.exe, p.exe) != 0)
			return pid;
		pid = p.parent;
	}
	return pid;
}

enum acsr_result process_listening(pid_t *out, unsigned port, struct acsr_err *e)
{
	unsigned long inodes[INODES_MAX];
	size_t n = inodes_of("/proc/net/tcp", port, inodes, 0);
	DIR *d = opendir("/proc");
	const struct dirent *x;
	pid_t found = 0;

	n = inodes_of("/proc/net/tcp6", port, inodes, n);
	while (n > 0 && d != NULL && found == 0 && (x = readdir(d)) != NULL) {
		pid_t pid = (pid_t)strtol(x->d_name, NULL, 10);

		if (pid > 0 && holds_socket(pid, inodes, n))
			found = supervisor_of(pid);
	}
	if (d != NULL)
		closedir(d);
	if (found == 0)
		return err_set(e, "forensic.pid",
			"no process that may be looked at listens on port %u of this machine; run this where "
			"the "
			"service runs, with all rights of root, or give --pid of autocsrd",
			port);
	*out = found;
	return ACSR_OK;
}
