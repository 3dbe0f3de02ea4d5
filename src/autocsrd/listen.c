/* getaddrinfo, bind, listen. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "ipc/conf.h"

static int try_bind(const struct addrinfo *ai)
{
	int on = 1;
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, 1024) == 0)
		return fd;
	close(fd);
	return -1;
}

enum acsr_result listen_on(const char *address, int *fd, struct acsr_err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[256], port_text[8];
	uint16_t port;
	int got = -1, why;

	TRY(conf_address(address, host, &port, e));
	snprintf(port_text, sizeof(port_text), "%u", port);
	why = getaddrinfo(host, port_text, &hints, &found);
	if (why != 0)
		return err_set(e, "config.listen", "cannot resolve %s: %s", address, gai_strerror(why));
	errno = 0;
	for (const struct addrinfo *ai = found; ai != NULL && got < 0; ai = ai->ai_next)
		got = try_bind(ai);
	why = errno;
	freeaddrinfo(found);
	if (got < 0)
		return err_errno(e, "config.listen", why,
			"cannot listen on %s; is something else running there?", address);
	*fd = got;
	return ACSR_OK;
}
