/* Listening sockets, bound while privileges last. */
#ifndef AUTOCSRD_LISTEN_H
#define AUTOCSRD_LISTEN_H

#include "base/err.h"

/* Bind and listen on "host:port" or "[v6]:port"; close-on-exec, non-blocking. */
ACSR_MUST_USE enum acsr_result listen_on(const char *address, int *fd, struct acsr_err *e);

#endif
