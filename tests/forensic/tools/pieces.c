/*
 * pieces NEEDLES FILE...: where do these 8-byte pieces stand in these files? NEEDLES is a file of 8-byte records. Looks at
 * every offset. Prints "FILE-INDEX OFFSET NEEDLE-INDEX" (decimal, from 0), at most HITS_MAX lines a file, then "done".
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HITS_MAX = 20000, FILTER_BITS = 20 };

struct file {
	const uint8_t *p;
	size_t len;
};

struct set {
	uint64_t *slots; /* open addressing; the record's index + 1 beside it */
	uint32_t *index;
	size_t mask;
	uint8_t filter[1 << (FILTER_BITS - 3)];
};

static bool map_file(struct file *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*f = (struct file){ 0 };
	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	f->len = (size_t)st.st_size;
	if (f->len > 0)
		f->p = mmap(NULL, f->len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return f->len == 0 || f->p != MAP_FAILED;
}

static uint64_t mix(uint64_t v)
{
	return v * 0x9e3779b97f4a7c15ULL;
}

static uint64_t at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void add(struct set *s, uint64_t v, uint32_t index)
{
	size_t i = (size_t)(mix(v) >> 20) & s->mask, bit = (size_t)(mix(v) >> (64 - FILTER_BITS));

	while (s->index[i] != 0)
		i = (i + 1) & s->mask;
	s->slots[i] = v;
	s->index[i] = index + 1;
	s->filter[bit / 8] |= (uint8_t)(1U << bit % 8);
}

static bool build(struct set *s, const struct file *needles)
{
	size_t n = needles->len / 8;

	for (s->mask = 1024; s->mask < n * 2; s->mask *= 2)
		;
	s->slots = calloc(s->mask, sizeof(*s->slots));
	s->index = calloc(s->mask, sizeof(*s->index));
	s->mask--;
	if (s->slots == NULL || s->index == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		add(s, at(needles->p + i * 8), (uint32_t)i);
	return true;
}

/* The records are distinct, so one index is the answer; 0: none. */
static uint32_t look_up(const struct set *s, uint64_t v)
{
	size_t i = (size_t)(mix(v) >> 20) & s->mask;

	while (s->index[i] != 0 && s->slots[i] != v)
		i = (i + 1) & s->mask;
	return s->index[i];
}

static void search(const struct set *s, const struct file *f, int number)
{
	int hits = 0;

	for (size_t i = 0; i + 8 <= f->len && hits < HITS_MAX; i++) {
		uint64_t v = at(f->p + i);
		size_t bit = (size_t)(mix(v) >> (64 - FILTER_BITS));
		uint32_t found = 0;

		if ((s->filter[bit / 8] >> bit % 8 & 1) != 0)
			found = look_up(s, v);
		if (found != 0) {
			printf("%d %zu %u\n", number, i, found - 1);
			hits++;
		}
	}
}

int main(int argc, char **argv)
{
	static struct set s;
	struct file needles;

	if (argc < 2 || !map_file(&needles, argv[1]) || !build(&s, &needles)) {
		fprintf(stderr, "usage: pieces NEEDLES FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct file f;

		if (!map_file(&f, argv[i])) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 1;
		}
		search(&s, &f, i - 2);
		if (f.p != NULL)
			munmap((void *)(uintptr_t)f.p, f.len);
	}
	puts("done");
	return 0;
}
