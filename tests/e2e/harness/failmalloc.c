/*
 * Preloaded into a program, runs its main() once for every allocation that it makes, each time with another one failing,
 * all forked from one process: thousands of runs cost seconds. What a run left behind is reported, not judged.
 *
 *   FAILMALLOC_REPORT  file that is written; in a directory that only this program uses
 *   FAILMALLOC_CLASS   "openssl": the allocations made from within libcrypto and libssl; "ours": all others
 *   FAILMALLOC_GROWTH  0: every allocation; k: the steps grow by one every k allocations
 *   FAILMALLOC_FIRST   the first allocation that fails; 0 when not set
 *
 * The program's current directory is emptied before every run. Report, a record a run, the first (-1) with nothing failing:
 *   run N status WAIT hit 0|1 out BYTES err BYTES files BYTES held COUNT\n
 *   standard output, standard error, the names and sizes of files now in the directory, then a line for each place in
 *   the program itself that holds blocks at the end: OFFSET COUNT BYTES.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS (1U << 17)
#define PLACES 512
#define SECONDS 30

/* glibc's own, which never come back here. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t m);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t a, size_t n);
extern void __libc_free(void *p);

struct range {
	uintptr_t from, to;
};

static struct range program, openssl[4];
static size_t n_openssl;

/* Blocks that the program itself asked for and that are not freed. */
static struct {
	void *p;
	uintptr_t caller;
	size_t size;
} blocks[SLOTS];
static atomic_flag lock = ATOMIC_FLAG_INIT;
static bool tracking;

/* What the child tells its parent. */
static struct {
	atomic_long countdown; /* of the allocations before the one that fails; -1: none does */
	atomic_bool hit;
	bool finished; /* came to its destructors */
	size_t n_places;
	struct {
		uintptr_t caller;
		size_t count, bytes;
	} places[PLACES];
} * shared;
static bool want_openssl;

static bool within(const struct range *r, uintptr_t a)
{
	return a >= r->from && a < r->to;
}

/* OpenSSL's, also where the program gave it functions of its own to allocate with. */
static __thread unsigned in_openssl;

static bool from_openssl(uintptr_t caller)
{
	if (in_openssl > 0)
		return true;
	for (size_t i = 0; i < n_openssl; i++)
		if (within(&openssl[i], caller))
			return true;
	return false;
}

static bool fails_now(uintptr_t caller)
{
	if (!tracking || atomic_load(&shared->countdown) < 0 || from_openssl(caller) != want_openssl)
		return false;
	if (atomic_fetch_sub(&shared->countdown, 1) > 0)
		return false;
	if (atomic_exchange(&shared->hit, true))
		return false;
	errno = ENOMEM;
	return true;
}

static size_t slot_of(const void *p)
{
	return ((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15U >> (64 - 17);
}

static void enter(void)
{
	while (atomic_flag_test_and_set(&lock))
		continue;
}

static void leave(void)
{
	atomic_flag_clear(&lock);
}

static void *note(void *p, size_t size, uintptr_t caller)
{
	size_t i;

	if (!tracking || p == NULL || in_openssl > 0 || !within(&program, caller))
		return p;
	enter();
	for (i = slot_of(p); blocks[i].p != NULL && (uintptr_t)blocks[i].p != 1; i = (i + 1) % SLOTS)
		continue;
	blocks[i].p = p;
	blocks[i].caller = caller;
	blocks[i].size = size;
	leave();
	return p;
}

static void forget(const void *p)
{
	if (!tracking || p == NULL)
		return;
	enter();
	for (size_t i = slot_of(p); blocks[i].p != NULL; i = (i + 1) % SLOTS)
		if (blocks[i].p == p) {
			blocks[i].p = (void *)1; /* a grave: later ones stay reachable */
			break;
		}
	leave();
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *malloc(size_t n)
{
	return fails_now(CALLER) ? NULL : note(__libc_malloc(n), n, CALLER);
}

void *calloc(size_t n, size_t m)
{
	return fails_now(CALLER) ? NULL : note(__libc_calloc(n, m), n * m, CALLER);
}

void *realloc(void *p, size_t n)
{
	void *q;

	if (fails_now(CALLER))
		return NULL;
	q = __libc_realloc(p, n);
	if (q != NULL || n == 0)
		forget(p);
	return note(q, n, CALLER);
}

void free(void *p)
{
	forget(p);
	__libc_free(p);
}

void *aligned_alloc(size_t a, size_t n)
{
	return fails_now(CALLER) ? NULL : note(__libc_memalign(a, n), n, CALLER);
}

static char *copy(const char *s, size_t n, uintptr_t caller)
{
	char *t = fails_now(caller) ? NULL : note(__libc_malloc(n + 1), n + 1, caller);

	if (t != NULL) {
		memcpy(t, s, n);
		t[n] = '\0';
	}
	return t;
}

char *strdup(const char *s)
{
	return copy(s, strlen(s), CALLER);
}

char *strndup(const char *s, size_t n)
{
	return copy(s, strnlen(s, n), CALLER);
}

typedef void *malloc_fn(size_t n, const char *file, int line);
typedef void *realloc_fn(void *p, size_t n, const char *file, int line);
typedef void free_fn(void *p, const char *file, int line);

static malloc_fn *program_malloc;
static realloc_fn *program_realloc;

static void *openssl_malloc(size_t n, const char *file, int line)
{
	void *p;

	in_openssl++;
	p = program_malloc(n, file, line);
	in_openssl--;
	return p;
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	in_openssl++;
	p = program_realloc(p, n, file, line);
	in_openssl--;
	return p;
}

int CRYPTO_set_mem_functions(malloc_fn *m, realloc_fn *r, free_fn *f);
int CRYPTO_set_mem_functions(malloc_fn *m, realloc_fn *r, free_fn *f)
{
	int (*next)(malloc_fn *, realloc_fn *, free_fn *);

	*(void **)&next = dlsym(RTLD_NEXT, "CRYPTO_set_mem_functions");
	program_malloc = m;
	program_realloc = r;
	return next(openssl_malloc, openssl_realloc, f);
}

static int look_at_object(struct dl_phdr_info *o, size_t size, void *arg)
{
	struct range r = { UINTPTR_MAX, 0 };

	(void)size;
	(void)arg;
	for (int i = 0; i < o->dlpi_phnum; i++)
		if (o->dlpi_phdr[i].p_type == PT_LOAD) {
			uintptr_t from = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr;

			r.from = from < r.from ? from : r.from;
			r.to = from + o->dlpi_phdr[i].p_memsz > r.to ? from + o->dlpi_phdr[i].p_memsz : r.to;
		}
	if (o->dlpi_name[0] == '\0' && program.to == 0)
		program = r;
	else if ((strstr(o->dlpi_name, "libcrypto") != NULL || strstr(o->dlpi_name, "libssl") != NULL) &&
		 n_openssl < 4)
		openssl[n_openssl++] = r;
	return 0;
}

/* OpenSSL's atexit handler has run when this does. */
__attribute__((destructor)) static void count_held(void)
{
	if (!tracking)
		return;
	tracking = false;
	for (size_t i = 0; i < SLOTS; i++) {
		size_t at = 0;

		if ((uintptr_t)blocks[i].p < 2)
			continue;
		while (at < shared->n_places && shared->places[at].caller != blocks[i].caller)
			at++;
		if (at == PLACES)
			continue;
		shared->n_places += at == shared->n_places;
		shared->places[at].caller = blocks[i].caller;
		shared->places[at].count++;
		shared->places[at].bytes += blocks[i].size;
	}
	shared->finished = true;
}

/* The files of the current directory, listed into `out` (NULL: not) and removed. */
static void sweep(FILE *out)
{
	DIR *d = opendir(".");
	struct dirent *f;
	struct stat st;

	while (d != NULL && (f = readdir(d)) != NULL) {
		if (stat(f->d_name, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (out != NULL)
			fprintf(out, "%s %lld\n", f->d_name, (long long)st.st_size);
		unlink(f->d_name);
	}
	if (d != NULL)
		closedir(d);
}

static int (*real_main)(int argc, char **argv, char **env);
static FILE *report;
static FILE *streams[2];

static void in_child(int argc, char **argv, char **env)
{
	int null = open("/dev/null", O_RDONLY);

	for (int i = 0; i < 2; i++)
		dup2(fileno(streams[i]), i + 1);
	dup2(null, 0);
	close(null);
	unsetenv("LD_PRELOAD");
	alarm(SECONDS);
	tracking = true;
	exit(real_main(argc, argv, env));
}

static size_t pour(FILE *f, char **to)
{
	struct stat st;

	fstat(fileno(f), &st);
	*to = realloc(*to, (size_t)st.st_size + 1);
	return (size_t)pread(fileno(f), *to, (size_t)st.st_size, 0);
}

static void write_record(long n, int status)
{
	static char *out, *err;
	size_t n_out = pour(streams[0], &out), n_err = pour(streams[1], &err);
	char *names = NULL;
	size_t n_names = 0;
	FILE *list = open_memstream(&names, &n_names);

	sweep(list);
	fclose(list);
	fprintf(report, "run %ld status %d hit %d out %zu err %zu files %zu held %ld\n", n, status,
		(int)shared->hit, n_out, n_err, n_names, shared->finished ? (long)shared->n_places : -1L);
	fwrite(out, 1, n_out, report);
	fwrite(err, 1, n_err, report);
	fwrite(names, 1, n_names, report);
	free(names);
	for (size_t i = 0; i < shared->n_places && shared->finished; i++)
		fprintf(report, "%lx %zu %zu\n", (unsigned long)(shared->places[i].caller - program.from),
			shared->places[i].count, shared->places[i].bytes);
}

/* false: there is no n-th allocation. */
static bool one_run(long n, int argc, char **argv, char **env)
{
	int status = 0;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	atomic_store(&shared->countdown, n);
	for (int i = 0; i < 2; i++) {
		ftruncate(fileno(streams[i]), 0);
		lseek(fileno(streams[i]), 0, SEEK_SET);
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		in_child(argc, argv, env);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		_exit(99);
	if (n >= 0 && !shared->hit)
		sweep(NULL);
	else
		write_record(n, status);
	return shared->hit;
}

static int serve(int argc, char **argv, char **env)
{
	const char *kind = getenv("FAILMALLOC_CLASS"), *growth = getenv("FAILMALLOC_GROWTH"),
		   *first = getenv("FAILMALLOC_FIRST");
	long slow = growth != NULL ? strtol(growth, NULL, 10) : 0;

	want_openssl = kind != NULL && strcmp(kind, "openssl") == 0;
	dl_iterate_phdr(look_at_object, NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 99;
	for (int i = 0; i < 2; i++)
		streams[i] = tmpfile();
	sweep(NULL);
	(void)one_run(-1, argc, argv, env);
	for (long n = first != NULL ? strtol(first, NULL, 10) : 0; one_run(n, argc, argv, env);
		n += 1 + (slow > 0 ? n / slow : 0))
		continue;
	fclose(report);
	_exit(0);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
		void (*)(void), void *);
	const char *path = getenv("FAILMALLOC_REPORT");

	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	report = path != NULL ? fopen(path, "we") : NULL;
	return next(report != NULL ? serve : main, argc, argv, init, fini, rtld_fini, stack_end);
}
