/* OpenSSL's secure heap, moved onto memfd_secret(2) pages where the kernel has them. */
#include "heap.h"

#include <openssl/crypto.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/secret.h"

static int secret_pages(size_t size)
{
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
#endif
	(void)size;
	return -1;
}

/* A block of the heap's whole size is the heap itself, and while it is taken OpenSSL keeps nothing inside:
 * so the pages can be exchanged. */
static bool move_to_secret_pages(size_t size)
{
	int fd = secret_pages(size);
	void *all, *got;

	if (fd < 0)
		return false;
	all = OPENSSL_secure_malloc(size);
	if (all == NULL) {
		close(fd);
		return false;
	}
	got = mmap(all, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	OPENSSL_secure_free(all);
	return got != MAP_FAILED;
}

enum acsr_result heap_enter(size_t size, const char **how, struct acsr_err *e)
{
	bool locked;

	TRY(secret_heap_init(size, &locked, e));
	if (move_to_secret_pages(size))
		*how = "memfd_secret";
	else
		*how = locked ? "mlock" : "not locked";
	return ACSR_OK;
}
