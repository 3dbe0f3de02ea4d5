/*
 * Any bytes as an issuance log. An even first byte: the rest is the file as it is. An odd one: each line of
 * the rest gets its number and a right chain first, so that what stands behind the chain is reached too. A
 * log that opens must open again, with nothing left to heal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "issuance_log.h"
#include "log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char dir[64], path[128];

static void make_dir(void)
{
	snprintf(dir, sizeof(dir), "/dev/shm/autocsr-fuzz-XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/issuance.log", dir);
}

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static void seal(const char *text, size_t n, struct buf *out)
{
	uint8_t chain[LOG_CHAIN] = { 0 };
	unsigned number = 0;

	while (n > 0) {
		const char *nl = memchr(text, '\n', n);
		size_t len = nl != NULL ? (size_t)(nl - text) : n;
		struct buf line;

		buf_init(&line, LOG_LINE_MAX);
		if (buf_printf(&line, NULL, "%u\t", ++number) != ACSR_OK ||
			buf_put(&line, text, len, NULL) != ACSR_OK ||
			log_line_seal(&line, chain, NULL) != ACSR_OK ||
			buf_put(out, line.p, line.len, NULL) != ACSR_OK)
			abort();
		buf_free(&line);
		n -= nl != NULL ? len + 1 : len;
		text += nl != NULL ? len + 1 : len;
	}
}

static void write_log(const struct buf *b)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(b->p, 1, b->len, f) != b->len || fclose(f) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct issuance_log *log;
	struct buf file;
	size_t healed;

	if (n == 0 || n > 65536)
		return 0;
	if (*dir == '\0') {
		make_dir();
		atexit(remove_dir);
	}
	buf_init(&file, 64 << 20);
	if ((p[0] & 1) != 0)
		seal((const char *)p + 1, n - 1, &file);
	else if (buf_put(&file, p + 1, n - 1, NULL) != ACSR_OK)
		abort();
	write_log(&file);
	if (issuance_log_open(&log, dir, &healed, NULL) == ACSR_OK) {
		issuance_log_free(log);
		if (issuance_log_open(&log, dir, &healed, NULL) != ACSR_OK || healed != 0)
			abort();
		issuance_log_free(log);
	}
	buf_free(&file);
	return 0;
}
