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

/* Would the kernel lock that much more? A failed MAP_FIXED may already have taken the old pages away. */
static bool can_map(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p != MAP_FAILED && munmap(p, size) == 0;
}

/* A block of the heap's whole size is the heap itself, and while it is taken OpenSSL keeps nothing inside:
 * so the pages can be exchanged. */
static enum acsr_result exchange(int fd, size_t size, bool *moved, struct acsr_err *e)
{
	void *all = OPENSSL_secure_malloc(size);

	*moved = false;
	if (all == NULL)
		return err_set(e, "sys.secure-heap", "the secure heap is smaller than asked");
	if (can_map(fd, size)) {
		if (mmap(all, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return err_set(e, "sys.secure-heap", "cannot put secret pages under the secure heap");
		*moved = true;
	}
	OPENSSL_secure_free(all);
	return ACSR_OK;
}

enum acsr_result heap_enter(size_t size, const char **how, struct acsr_err *e)
{
	bool locked, moved = false;
	enum acsr_result r = ACSR_OK;
	int fd;

	TRY(secret_heap_init(size, &locked, e));
	fd = secret_pages(size);
	if (fd >= 0) {
		r = exchange(fd, size, &moved, e);
		close(fd);
	}
	*how = moved ? "memfd_secret" : locked ? "mlock" : "not locked";
	return r;
}

const char *heap_expected(void)
{
	int fd = secret_pages(1);

	if (fd < 0)
		return "mlock";
	close(fd);
	return "memfd_secret";
}
