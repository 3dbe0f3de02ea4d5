/*
 * The keymaker with faults built in, for the controls of the forensic tests: they must find them. Its sources are those of
 * autocsr-keymaker; the linker puts these wrappers around two functions. It is never installed. What goes wrong with an order
 * is in its first name, leak-KIND.anything:
 *   key, limbs, pem  the worker leaves 24 bytes of the key (as in DER, in limbs of this machine, as PEM) in a page that it
 *                    shares with the parent
 *   code, zip        the same with the unlock code, with the archive's AES key
 *   register         24 bytes of the key are only in a vector register of the parent
 *   log              the parent writes the code to its log
 * ALTERED=no-secret-pages in the environment: the kernel has no memfd_secret.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"
#include "keymaker/make.h"

enum { PIECE = 24, MASK = 0x5a, LOG_ROOM = 64 };

struct page {
	volatile uint8_t leaked[PIECE];
	char log[LOG_ROOM];
	volatile int log_ready;
};

static struct page *shared;
static const char *kind = "";
static bool no_secret_pages;

enum acsr_result __real_make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e);
enum acsr_result __wrap_make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static bool is(const char *name)
{
	size_t n = strlen(name);

	return strncmp(kind, name, n) == 0 && kind[n] == '.';
}

static const char *kind_of(const struct msg_key_make *order)
{
	static const char start[] = "DNS:leak-";

	if (order->sans.n == 0 || strncmp(order->sans.v[0], start, strlen(start)) != 0)
		return "";
	return order->sans.v[0] + strlen(start);
}

/* --- in the worker --- */

static void leak(const uint8_t *p, bool backwards, uint8_t mask)
{
	for (size_t i = 0; i < PIECE; i++)
		shared->leaked[i] = p[backwards ? PIECE - 1 - i : i] ^ mask;
}

/* Inside the private part of every RSA key, and of every EC key. */
static size_t private_at(size_t len)
{
	return len > 300 ? len * 7 / 10 : 40;
}

static void leak_key(const struct acsr_key *key)
{
	CLEANUP_SECRET struct acsr_secret *text = NULL;
	const uint8_t *p;
	size_t n;

	if ((is("pem") ? acsr_key_pkcs8_pem(key, &text, NULL) : acsr_key_pkcs8_der(key, &text, NULL)) !=
		ACSR_OK)
		return;
	p = acsr_secret_bytes(text);
	n = acsr_secret_len(text);
	leak(p + (is("pem") && n < 300 ? 96 : private_at(n)), is("limbs"), is("register") ? MASK : 0);
}

static void leak_zip_key(const struct made *m)
{
	const uint8_t *p = m->archive.bytes;
	size_t salt = 30 + (size_t)(p[26] | p[27] << 8) + (size_t)(p[28] | p[29] << 8);
	uint8_t derived[66];

	if (PKCS5_PBKDF2_HMAC_SHA1((const char *)acsr_secret_bytes(m->archive.code),
		    (int)acsr_secret_len(m->archive.code), p + salt, 16, 1000, sizeof(derived), derived) == 1)
		leak(derived, false, 0);
}

enum acsr_result __wrap_make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e)
{
	enum acsr_result r = __real_make_order(out, order, key, e);

	kind = kind_of(order);
	if (r != ACSR_OK)
		return r;
	if (is("key") || is("limbs") || is("pem") || is("register"))
		leak_key(key);
	if (is("code"))
		leak(acsr_secret_bytes(out->archive.code), false, 0);
	if (is("zip"))
		leak_zip_key(out);
	if (is("log")) {
		snprintf(shared->log, LOG_ROOM, "{\"event\":\"oops\",\"text\":\"%s\"}\n",
			(const char *)acsr_secret_bytes(out->archive.code));
		shared->log_ready = 1;
	}
	return r;
}

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
#ifdef SYS_memfd_secret
	if (number == SYS_memfd_secret && no_secret_pages) {
		errno = ENOSYS;
		return -1;
	}
#endif
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- in the parent --- */

#if defined(__x86_64__)
/* The unmasked piece is in xmm9 and nowhere in memory, for as long as the pause lasts; written without libc, which
 * would use the register. */
static void *hold_in_register(void *arg)
{
	static const struct timespec pause = { 0, 20000000 };
	static const uint8_t mask[16] __attribute__((aligned(16))) = { MASK, MASK, MASK, MASK, MASK, MASK,
		MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK, MASK };

	(void)arg;
	for (;;) {
		long number = SYS_nanosleep;

		__asm__ volatile("movdqu %1, %%xmm9\n\tpxor %2, %%xmm9\n\tsyscall"
				 : "+a"(number)
				 : "m"(*(const uint8_t(*)[16])(uintptr_t)shared->leaked), "m"(mask),
				 "D"(&pause), "S"(NULL)
				 : "xmm9", "rcx", "r11", "memory");
	}
	return NULL;
}
#else
static void *hold_in_register(void *arg)
{
	return arg;
}
#endif

static void *write_log(void *arg)
{
	const struct timespec pause = { 0, 20000000 };

	for (;;) {
		nanosleep(&pause, NULL);
		if (!shared->log_ready)
			continue;
		shared->log_ready = 0;
		if (write(STDERR_FILENO, shared->log, strlen(shared->log)) < 0)
			return arg;
		wipe(shared->log, LOG_ROOM);
	}
}

__attribute__((constructor)) static void set_up(void)
{
	const char *altered = getenv("ALTERED");
	pthread_t thread;
	void *p = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	shared = p;
	no_secret_pages = altered != NULL && strcmp(altered, "no-secret-pages") == 0;
	if (pthread_create(&thread, NULL, write_log, NULL) != 0 ||
		pthread_create(&thread, NULL, hold_in_register, NULL) != 0)
		abort();
}
