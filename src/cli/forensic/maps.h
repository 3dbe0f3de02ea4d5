/*
 * What a process has mapped: /proc/PID/maps, a line at a time, and which of its pages hold anything (pagemap).
 */
#ifndef CLI_FORENSIC_MAPS_H
#define CLI_FORENSIC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { MAPS_MAX = 16384, MAP_NAME = 160 };

struct map {
	uint64_t from, to;
	bool readable, writable, executable, shared;
	unsigned long inode;
	char name[MAP_NAME]; /* a path, "[heap]", or "" */
};

/* One line; false when it is none. */
bool map_parse(struct map *out, const char *line);
/* memfd_secret(2): only the process itself can read it. */
bool map_is_secret(const struct map *m);
/* The kernel's own pages, which hold nothing of the process: [vvar], [vsyscall]. */
bool map_is_kernel(const struct map *m);

/* All mappings of a process; free() them. forensic.maps */
ACSR_MUST_USE enum acsr_result maps_read(struct map **out, size_t *n, int pid, struct acsr_err *e);

/* An entry of /proc/PID/pagemap: is there a page, in memory or in swap? */
bool map_page_holds(uint64_t pagemap_entry);

#endif
