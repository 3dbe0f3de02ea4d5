/*
 * snapshot [--inside] DIR PID...: copies the memory and the registers of these processes into DIR (target.h), each stopped
 * meanwhile. With --inside also what only the process itself can read. Exit status 1: one of them could not be copied;
 * one that is gone meanwhile is no failure, and has no file.
 */
#include "target.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool snapshot(const char *dir, pid_t pid, bool inside)
{
	struct target t;
	struct copy c;
	bool ok;

	if (!target_stop(&t, pid)) {
		target_release(&t);
		return kill(pid, 0) != 0;
	}
	ok = copy_open(&c, dir, pid) && copy_registers(&c, &t) && copy_memory(&c, pid) &&
	     (!inside || copy_inside(&c, pid, false));
	ok = copy_close(&c) && ok;
	target_release(&t);
	return ok;
}

int main(int argc, char **argv)
{
	bool inside = argc > 1 && strcmp(argv[1], "--inside") == 0, ok = true;
	int first = inside ? 2 : 1;

	if (argc < first + 2) {
		fprintf(stderr, "usage: snapshot [--inside] DIR PID...\n");
		return 2;
	}
	for (int i = first + 1; i < argc; i++) {
		bool this = snapshot(argv[first], (pid_t)strtol(argv[i], NULL, 10), inside);

		if (!this)
			fprintf(stderr, "cannot copy process %s\n", argv[i]);
		ok = ok && this;
	}
	return ok ? 0 : 1;
}
