/* Randomness for the library, which reports and never ends the program; apart from rnd.c, which may. */
#include <errno.h>
#include <sys/random.h>

#include "base/rnd.h"

enum acsr_result rnd_fill(void *p, size_t n, struct acsr_err *e)
{
	unsigned char *out = p;

	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "sys.random", errno, "the kernel gives no randomness");
		out += got;
		n -= (size_t)got;
	}
	return ACSR_OK;
}
