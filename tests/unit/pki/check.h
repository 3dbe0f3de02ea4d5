/* What the tests of src/pki share: results with their errors shown, files from tests/vectors, keys made once.
 */
#ifndef TEST_PKI_CHECK_H
#define TEST_PKI_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autocsr/key.h"
#include "base/err.h"
#include "base/secret.h"

/* The call must succeed; its error is shown when it does not. */
#define OK(call)                                                                  \
	do {                                                                      \
		struct acsr_err e = { 0 };                                        \
		if ((call) != ACSR_OK)                                            \
			fail_msg("%s: %s (%s) %s", #call, e.id, e.field, e.text); \
	} while (0)

/* The call must fail with exactly this id. */
#define FAILS(want, call)                                                                \
	do {                                                                             \
		struct acsr_err e = { 0 };                                               \
		if ((call) == ACSR_OK)                                                   \
			fail_msg("%s succeeded; %s expected", #call, want);              \
		if (strcmp(e.id, want) != 0)                                             \
			fail_msg("%s: %s (%s); %s expected", #call, e.id, e.text, want); \
	} while (0)

/* A key of that type, made once a program; never freed. */
static inline struct acsr_key *a_key(const char *type)
{
	static struct {
		char type[24];
		struct acsr_key *key;
	} made[16];

	for (size_t i = 0; i < 16; i++) {
		if (made[i].key != NULL && strcmp(made[i].type, type) == 0)
			return made[i].key;
		if (made[i].key != NULL)
			continue;
		OK(acsr_key_generate(&made[i].key, type, &e));
		snprintf(made[i].type, sizeof(made[i].type), "%s", type);
		return made[i].key;
	}
	return NULL;
}

/* Run a shell command of the test's own making; its exit status. */
static inline int sh(const char *fmt, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command); /* NOLINT */
}

/* A fresh directory below the build's temporary one; the caller removes it with sh("rm -r"). */
static inline void temp_dir(char out[64])
{
	snprintf(out, 64, "/tmp/acsr-test-XXXXXX");
	assert_non_null(mkdtemp(out));
}

static inline void write_file(const char *dir, const char *name, const void *p, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

#endif
