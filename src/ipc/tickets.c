/* A table small enough to be walked. */
#include "ipc/tickets.h"

#include <string.h>
#include <unistd.h>

static struct ticket *find(struct tickets *t, const char *name)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		if (strcmp(t->v[i].name, name) == 0)
			return &t->v[i];
	return NULL;
}

static void forget(struct ticket *one)
{
	if (one->name[0] == '\0')
		return;
	close(one->fd);
	one->name[0] = '\0';
}

bool tickets_put(struct tickets *t, const char *name, int fd, int64_t until)
{
	size_t n = strlen(name);
	struct ticket *room = NULL;

	if (n > 0 && n < sizeof(room->name) && find(t, name) == NULL)
		room = find(t, "");
	if (room == NULL) {
		close(fd);
		return false;
	}
	memcpy(room->name, name, n + 1);
	room->fd = fd;
	room->until = until;
	return true;
}

int tickets_take(struct tickets *t, const char *name)
{
	struct ticket *one = *name != '\0' ? find(t, name) : NULL;

	if (one == NULL)
		return -1;
	one->name[0] = '\0';
	return one->fd;
}

void tickets_drop(struct tickets *t, const char *name)
{
	struct ticket *one = *name != '\0' ? find(t, name) : NULL;

	if (one != NULL)
		forget(one);
}

void tickets_expire(struct tickets *t, int64_t now)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		if (t->v[i].until <= now)
			forget(&t->v[i]);
}

void tickets_clear(struct tickets *t)
{
	for (size_t i = 0; i < TICKETS_MAX; i++)
		forget(&t->v[i]);
}
