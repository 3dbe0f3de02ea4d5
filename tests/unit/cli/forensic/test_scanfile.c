/* Trees of files: a piece is found wherever it lies, across the border of two reads too, and counted where it belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/rnd.h"
#include "cli/forensic/scanfile.h"

enum { CHUNK = 1024 * 1024, PIECE = 24 };

static uint8_t key[64];

static struct search *searching(void)
{
	struct search *s = calloc(1, sizeof(*s));

	assert_int_equal(needles_new(&s->needles, NULL), ACSR_OK);
	assert_int_equal(needles_add(s->needles,
				 &(struct needle_source){ .what = "x",
					 .order = 1,
					 .p = key,
					 .len = sizeof(key),
					 .step = 4,
					 .least = 8 },
				 NULL),
		ACSR_OK);
	assert_int_equal(needles_ready(s->needles, NULL), ACSR_OK);
	return s;
}

static void done(struct search *s)
{
	needles_free(s->needles);
	free(s);
}

static void put(const char *dir, const char *name, size_t at, size_t size)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, key + 8, PIECE, (off_t)at), PIECE);
	close(fd);
}

/* All borders: the piece begins up to 70 bytes in front of one. */
static void pieces_across_borders(void **state)
{
	char dir[] = "/tmp/autocsr-scanfile-XXXXXX", path[80];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	for (size_t back = 0; back < 70; back += 3) {
		struct search *s = searching();

		put(dir, "f", CHUNK - back, 2 * CHUNK + 5);
		scanfile_one(s, SURFACE_IMAGE, path);
		/* twice where its end is the beginning of the next read */
		assert_in_range(s->surfaces[SURFACE_IMAGE].found, 1, 2);
		assert_int_equal(s->surfaces[SURFACE_IMAGE].bytes, 2 * CHUNK + 5);
		assert_int_equal(s->findings[0].offset, CHUNK - back);
		assert_int_equal(s->findings[0].len, PIECE);
		done(s);
	}
	unlink(path);
	rmdir(dir);
}

static void a_tree_is_counted_by_kind(void **state)
{
	static const char *const names[] = { "a", "a.db", "a.db-wal", "a.log", "sub/b.sqlite-shm" };
	char dir[] = "/tmp/autocsr-scanfile-XXXXXX", path[80];
	struct search *s = searching();

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < 5; i++)
		put(dir, names[i], 77, 1000);
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("a", path), 0);
	scanfile_tree(s, dir);
	assert_int_equal(s->surfaces[SURFACE_FILES].found, 1);
	assert_int_equal(s->surfaces[SURFACE_DATABASE].found, 3);
	assert_int_equal(s->surfaces[SURFACE_LOGS].found, 1);
	assert_int_equal(search_found(s), 5);
	done(s);
	unlink(path);
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/sub", dir);
	rmdir(path);
	rmdir(dir);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct search *s = searching();

	(void)state;
	scanfile_tree(s, "/nonexistent-dir");
	scanfile_one(s, SURFACE_LOGS, "/nonexistent-file");
	scanfile_one(s, SURFACE_LOGS, "/dev/null");
	assert_int_equal(s->surfaces[SURFACE_FILES].unread, 1);
	assert_int_equal(s->surfaces[SURFACE_LOGS].unread, 1);
	assert_int_equal(search_found(s), 0);
	done(s);
}

/* A deleted file that is still open is one more place. */
static void open_files_and_pipes_of_a_process(void **state)
{
	static struct processes self;
	char path[] = "/tmp/autocsr-scanfile-XXXXXX";
	struct search *s = searching();
	uint8_t back[PIECE];
	int fd = mkstemp(path), ends[2];

	(void)state;
	unlink(path);
	assert_int_equal(pwrite(fd, key + 8, PIECE, 100), PIECE);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], key + 8, PIECE), PIECE);
	self.n = 1;
	self.v[0].pid = getpid();
	scanfile_open(s, &self, NULL);
	scanfile_pipes(s, &self);
	assert_int_equal(s->surfaces[SURFACE_FILES].found, 1);
	assert_int_equal(s->surfaces[SURFACE_PIPES].found, 1);
	assert_int_equal(read(ends[0], back, PIECE), PIECE); /* it still waits */
	assert_memory_equal(back, key + 8, PIECE);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_across_borders),
		cmocka_unit_test(a_tree_is_counted_by_kind),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(open_files_and_pipes_of_a_process),
	};

	rnd_bytes(key, sizeof(key));
	key[7] = key[8 + PIECE] = 1; /* the files are of zeros: no piece may go on into them */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
