/* Certificates as people have them: PEM, DER, PKCS#7, PKCS#12, through the reader that takes a file. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/load.h"
#include "pki/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_certs l = { NULL, 0 };
	struct acsr_key *key = NULL;
	struct acsr_err e = { 0 };
	int fd = memfd_create("input", MFD_CLOEXEC);
	char path[40];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (load_bundle(&l, &key, path, NULL, &e) == ACSR_OK) {
		json_t *shown = NULL;

		if (show_cert(&shown, l.v[0].p, l.v[0].len, &e) == ACSR_OK)
			json_decref(shown);
	}
	load_certs_free(&l);
	acsr_key_free(key);
	close(fd);
	return 0;
}
