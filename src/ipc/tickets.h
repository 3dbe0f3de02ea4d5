/*
 * Archives that wait to be fetched: ticket → the read end of a pipe, unread. The bytes stay in the kernel's
 * pipe until somebody who may have them asks. Bounded, and forgotten after their window. Front and courier
 * share this file.
 */
#ifndef IPC_TICKETS_H
#define IPC_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TICKETS_MAX = 1024 };

struct ticket {
	char name[65]; /* "": free */
	int fd;
	int64_t until; /* monotonic ms */
};

struct tickets {
	struct ticket v[TICKETS_MAX];
};

/* Keeps fd (closed here when it is refused). False: no room, the name is empty, too long, or already there.
 */
bool tickets_put(struct tickets *t, const char *name, int fd, int64_t until);
/* The descriptor, now yours; -1 when there is none. */
int tickets_take(struct tickets *t, const char *name);
void tickets_drop(struct tickets *t, const char *name);
void tickets_expire(struct tickets *t, int64_t now);
void tickets_clear(struct tickets *t);

#endif
