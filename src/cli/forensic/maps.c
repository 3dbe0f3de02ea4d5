/* Reading /proc/PID/maps. */
#include "cli/forensic/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool map_parse(struct map *out, const char *line)
{
	char rights[5] = "";
	int name = 0;
	size_t n;

	*out = (struct map){ 0 };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %lu %n", &out->from, &out->to, rights,
		    &out->inode, &name) != 4 ||
		name == 0 || out->to <= out->from || strlen(rights) != 4)
		return false;
	out->readable = rights[0] == 'r';
	out->writable = rights[1] == 'w';
	out->executable = rights[2] == 'x';
	out->shared = rights[3] == 's';
	n = strcspn(line + name, "\n");
	snprintf(out->name, sizeof(out->name), "%.*s", (int)n, line + name);
	return true;
}

bool map_is_secret(const struct map *m)
{
	return strncmp(m->name, "/secretmem", 10) == 0;
}

bool map_is_kernel(const struct map *m)
{
	return strncmp(m->name, "[vvar", 5) == 0 || strcmp(m->name, "[vsyscall]") == 0;
}

enum acsr_result maps_read(struct map **out, size_t *n, int pid, struct acsr_err *e)
{
	struct map *v = NULL;
	char path[64], line[4352];
	size_t used = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return err_errno(e, "forensic.maps", errno, "cannot read %s", path);
	v = calloc(MAPS_MAX, sizeof(*v));
	while (v != NULL && used < MAPS_MAX && fgets(line, sizeof(line), f) != NULL)
		used += map_parse(&v[used], line);
	fclose(f);
	if (v == NULL)
		return err_nomem(e);
	if (used == MAPS_MAX) {
		free(v);
		return err_set(e, "forensic.maps", "process %d has more than %d mappings", pid, MAPS_MAX);
	}
	*out = v;
	*n = used;
	return ACSR_OK;
}

bool map_page_holds(uint64_t pagemap_entry)
{
	return (pagemap_entry >> 62) != 0; /* bit 63: in memory, bit 62: in swap */
}
