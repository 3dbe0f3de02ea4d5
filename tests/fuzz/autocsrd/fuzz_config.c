/* Configuration files: any bytes; what is accepted must give every role its keys. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf = { 0 };
	struct acsr_err e;
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_read(path, &conf, &e) == ACSR_OK) {
		for (int role = ROLE_FRONT; role < ROLE_COUNT; role++) {
			struct strv keys = { 0 };

			if (config_for_role(&conf, (enum role)role, &keys, &e) != ACSR_OK)
				abort();
			strv_free(&keys);
		}
	}
	strv_free(&conf.pairs);
	close(fd);
	return 0;
}
