/*
 * What is left in a worker's memory when its order is done. A child does what a worker does, tells this process the key
 * and the code, clears up, and stands still; then every readable page of it is searched for pieces of both: 8 bytes at
 * any place, as DER has them, backwards as limbs lie, and as PEM. A child that leaks on purpose must be caught.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "alloc.h"
#include "base/secret.h"
#include "base/clear.h"
#include "heap.h"
#include "make.h"
#include "orders.h"
#include "rehearse.h"
#include "seed.h"

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { WINDOW = 8, HEAP = 64 * 1024 };

/* --- the child --- */

struct task {
	const char *type;
	struct msg_key_make *order;
	size_t leak; /* where in the PEM a line is leaked; 0: it is not */
	int out;
};

static void tell(int fd, const struct acsr_secret *s)
{
	uint32_t n = s != NULL ? (uint32_t)acsr_secret_len(s) : 0;

	if (write(fd, &n, sizeof(n)) != sizeof(n) ||
		(n > 0 && write(fd, acsr_secret_bytes(s), n) != (ssize_t)n))
		_exit(9);
}

static void tell_key(const struct task *t, const struct acsr_key *key)
{
	struct acsr_secret *der, *pem;

	if (acsr_key_pkcs8_der(key, &der, NULL) != ACSR_OK || acsr_key_pkcs8_pem(key, &pem, NULL) != ACSR_OK)
		_exit(8);
	tell(t->out, der);
	tell(t->out, pem);
	acsr_secret_free(der);
	acsr_secret_free(pem);
}

static volatile char *leaked;

/* A quarter of a line of PEM, as a careless copy would leave it. */
static void leak(const struct acsr_key *key, size_t at)
{
	struct acsr_secret *pem;

	if (acsr_key_pkcs8_pem(key, &pem, NULL) != ACSR_OK)
		_exit(8);
	leaked = strndup((const char *)acsr_secret_bytes(pem) + at, 16);
	acsr_secret_free(pem);
}

/* As worker.c serves an order; its frame is gone when the stack is cleared. */
__attribute__((noinline)) static void serve(const struct task *t)
{
	struct acsr_key *key = NULL;
	struct made made = { 0 };

	if (acsr_key_generate(&key, t->type, NULL) != ACSR_OK ||
		make_order(&made, t->order, key, NULL) != ACSR_OK)
		_exit(7);
	tell_key(t, key);
	tell(t->out, made.archive.code);
	if (t->leak > 0)
		leak(key, t->leak);
	acsr_key_free(key);
	made_clear(&made);
}

_Noreturn static void child(const struct task *t)
{
	const char *how;

	if (heap_enter(HEAP, &how, NULL) != ACSR_OK || seed_fresh(NULL) != ACSR_OK)
		_exit(6);
	serve(t);
	clear_stack();
	clear_registers();
	close(t->out);
	for (;;)
		pause();
}

/* --- what to look for --- */

struct windows {
	uint64_t *v;
	size_t n, cap;
	uint8_t seen[8192]; /* by the low 16 bits */
};

static uint64_t load(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, WINDOW);
	return w;
}

static void add(struct windows *w, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + WINDOW <= n; i++) {
		if (w->n == w->cap) {
			w->cap = 2 * w->cap + 1024;
			w->v = realloc(w->v, w->cap * sizeof(*w->v));
			assert_non_null(w->v);
		}
		w->v[w->n++] = load(p + i);
	}
}

/* And backwards, as a little-endian machine holds the limbs of a number. */
static void add_both(struct windows *w, const uint8_t *p, size_t n)
{
	uint8_t *back = malloc(n);

	assert_non_null(back);
	for (size_t i = 0; i < n; i++)
		back[i] = p[n - 1 - i];
	add(w, p, n);
	add(w, back, n);
	free(back);
}

/* Lines of PEM; their ends, and its first and last line, are in every PEM. */
static void add_pem(struct windows *w, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;

	for (const uint8_t *line = p; line < end;) {
		const uint8_t *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = stop != NULL ? (size_t)(stop - line) : (size_t)(end - line);

		if (len > 0 && line[0] != '-')
			add(w, line, strcspn((const char *)line, "=\n"));
		line += len + 1;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool has(const struct windows *w, uint64_t v)
{
	return (w->seen[(v & 0xffff) >> 3] >> (v & 7) & 1) != 0 &&
	       bsearch(&v, w->v, w->n, sizeof(v), compare) != NULL;
}

static void settle(struct windows *w)
{
	qsort(w->v, w->n, sizeof(*w->v), compare);
	memset(w->seen, 0, sizeof(w->seen));
	for (size_t i = 0; i < w->n; i++)
		w->seen[(w->v[i] & 0xffff) >> 3] |= (uint8_t)(1u << (w->v[i] & 7));
}

/* Without what is public, and what every key of this type has. */
static void subtract(struct windows *w, const struct windows *known)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++)
		if (!has(known, w->v[i]))
			w->v[kept++] = w->v[i];
	w->n = kept;
	settle(w);
}

static void known_of(struct windows *known, const char *type, const struct acsr_key *key)
{
	struct acsr_blob spki = { 0 };
	struct acsr_secret *der, *pem;
	struct acsr_key *other;

	assert_int_equal(ACSR_OK, acsr_key_spki(key, &spki, NULL));
	add_both(known, spki.p, spki.len);
	acsr_blob_free(&spki);
	assert_int_equal(ACSR_OK, acsr_key_generate(&other, type, NULL));
	assert_int_equal(ACSR_OK, acsr_key_pkcs8_der(other, &der, NULL));
	assert_int_equal(ACSR_OK, acsr_key_pkcs8_pem(other, &pem, NULL));
	add_both(known, acsr_secret_bytes(der), acsr_secret_len(der));
	add_pem(known, acsr_secret_bytes(pem), acsr_secret_len(pem));
	settle(known);
	acsr_secret_free(der);
	acsr_secret_free(pem);
	acsr_key_free(other);
}

/* --- reading the child --- */

static size_t hear(int fd, uint8_t *out, size_t cap)
{
	uint32_t n = 0;
	size_t got = 0;

	assert_int_equal(sizeof(n), read(fd, &n, sizeof(n)));
	assert_true(n <= cap);
	while (got < n) {
		ssize_t r = read(fd, out + got, n - got);

		assert_true(r > 0);
		got += (size_t)r;
	}
	return n;
}

static size_t search(const uint8_t *p, size_t n, const struct windows *w, const char *where, bool loud)
{
	size_t hits = 0;

	for (size_t i = 0; i + WINDOW <= n; i++)
		if (has(w, load(p + i)) && hits++ < 3 && loud)
			print_message("%016" PRIx64 " at %zu of %s", load(p + i), i, where);
	return hits;
}

/* Pages that cannot be read, such as those of memfd_secret, are out of anybody's reach this way. */
static size_t search_all(pid_t pid, const struct windows *w, bool loud)
{
	char path[64], line[512];
	size_t hits = 0, readable = 0;
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	assert_non_null(maps);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long from, to;
		uint8_t *copy;
		ssize_t got;

		assert_int_equal(2, sscanf(line, "%lx-%lx", &from, &to));
		copy = malloc(to - from);
		assert_non_null(copy);
		got = pread(mem, copy, to - from, (off_t)from);
		if (got > 0) {
			readable += (size_t)got;
			hits += search(copy, (size_t)got, w, strrchr(line, ' ') != NULL ? line : "?", loud);
		}
		free(copy);
	}
	fclose(maps);
	close(mem);
	assert_true(readable > 1 << 20);
	return hits;
}

/* --- one order --- */

/* What was heard, made into windows. */
static void listen(int fd, const char *type, struct windows *w)
{
	static struct windows known;
	uint8_t der[8192], pem[12288], code[64];
	size_t n_der = hear(fd, der, sizeof(der)), n_pem = hear(fd, pem, sizeof(pem) - 1),
	       n_code = hear(fd, code, sizeof(code));
	struct acsr_key *key;
	char end;

	assert_int_equal(0, read(fd, &end, 1)); /* all is cleared */
	assert_int_equal(ACSR_OK, acsr_key_load_private(&key, der, n_der, NULL, NULL));
	known_of(&known, type, key);
	add_both(w, der, n_der);
	pem[n_pem] = '\0';
	add_pem(w, pem, n_pem);
	subtract(w, &known);
	add(w, code, n_code);
	settle(w);
	assert_true(w->n > 40);
	acsr_key_free(key);
}

/* The child is forked before this process knows anything. */
static size_t judge(const char *type, struct msg_key_make *order, size_t leak_at)
{
	static struct windows w;
	size_t hits;
	int fds[2];
	pid_t pid;

	assert_int_equal(0, pipe2(fds, O_CLOEXEC));
	pid = fork();
	if (pid == 0)
		child(&(struct task){ type, order, leak_at, fds[1] });
	close(fds[1]);
	listen(fds[0], type, &w);
	hits = search_all(pid, &w, leak_at == 0);
	kill(pid, SIGKILL);
	return hits;
}

/* In a process of its own, that starts with nothing of the orders before; how many pieces, at most 99. */
static int left_of(const char *type, struct msg_key_make *order, size_t leak_at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		size_t hits = judge(type, order, leak_at);

		fflush(NULL);
		_exit(hits < 99 ? (int)hits : 99);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 99);
	return WEXITSTATUS(status);
}

static void clean(const char *type, const char *form, const char *recipient)
{
	struct msg_key_make order = orders_new(type);
	int hits;

	orders_form(&order, form, recipient);
	hits = left_of(type, &order, 0);
	if (hits > 0)
		fail_msg("%s as %s: %d pieces are left", type, form, hits);
	orders_clear(&order);
}

static void test_a_leak_is_found(void **state)
{
	static const struct {
		const char *type;
		size_t at; /* of private bytes in the PEM */
	} all[] = { { "rsa:2048", 900 }, { "ec:p256", 80 }, { "ed25519", 55 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct msg_key_make order = orders_new(all[i].type);
		int hits = left_of(all[i].type, &order, all[i].at);

		assert_true(hits >= 4 && hits <= 20);
		orders_clear(&order);
	}
}

static void test_every_key_type_leaves_nothing(void **state)
{
	static const char *const types[] = { "rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384",
		"ec:p521", "ed25519" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		clean(types[i], "zip", "");
}

static void test_every_form_leaves_nothing(void **state)
{
	static const char *const types[] = { "rsa:2048", "ec:p256", "ed25519" };
	static const char *const forms[] = { "pkcs8", "p12", "p12-legacy" };
	static const char *const to[][2] = { { "age", "age" }, { "age", "ed" }, { "age", "rsa" },
		{ "cms", "r2" }, { "cms", "p256" } };
	char dir[64];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t f = 0; f < 3; f++)
			clean(types[i], forms[f], "");
	if (!orders_recipients(dir))
		skip();
	for (size_t i = 0; i < 3; i++)
		for (size_t r = 0; r < 5; r++) {
			CLEANUP_STR char *recipient = orders_recipient(dir, to[r][1]);

			clean(types[i], to[r][0], recipient);
		}
	orders_forget(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_leak_is_found),
		cmocka_unit_test(test_every_key_type_leaves_nothing),
		cmocka_unit_test(test_every_form_leaves_nothing),
	};
	struct acsr_err e = { 0 };

	if (SANITIZED) {
		print_message("a sanitizer's runtime keeps what was freed\n");
		return 77;
	}
	if (alloc_wipe_on_free(&e) != ACSR_OK || rehearse_all(&e) != ACSR_OK) {
		print_error("%s: %s\n", e.id, e.text);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
