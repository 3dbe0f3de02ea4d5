/* Certificates and CRLs as people have them: PEM, DER, PKCS#7, PKCS#12, through the readers that take a file. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/load.h"
#include "pki/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_certs l = { NULL, 0 }, crls = { NULL, 0 };
	struct acsr_err e = { 0 };
	int fd = memfd_create("input", MFD_CLOEXEC);
	char path[40];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (load_certs(&l, path, &e) == ACSR_OK) {
		json_t *shown = NULL;

		if (show_cert(&shown, l.v[0].p, l.v[0].len, &e) == ACSR_OK)
			json_decref(shown);
	}
	(void)load_crls(&crls, path, &e);
	(void)load_system_roots(&l, path, &e);
	load_certs_free(&l);
	load_certs_free(&crls);
	close(fd);
	return 0;
}
