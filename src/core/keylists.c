/* Lists of weak and blocked keys. */
#include "core/keylists.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "pki/weakfind.h"

#define BLOCKLIST_MAX ((size_t)64 * 1024 * 1024)

struct keylists {
	struct acsr_weaklist *weak;
	struct acsr_blocklist *blocked;
	int fd; /* of the blocklist, kept for reading it again; -1: none */
};

static enum acsr_result open_weak(struct keylists *l, const char *named, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	char keys[24], covers[256];

	if (named[0] != '\0')
		TRY(str_dup(&path, named, e));
	else if (!weak_installed_list(&path)) {
		log_event(LOG_WARN, "weak-list.missing", "text",
			"no list of Debian weak keys is installed; keys are not checked for them", "remedy",
			"set weak_list in [keys]", NULL);
		return ACSR_OK;
	}
	TRY(acsr_weaklist_open(&l->weak, path, e));
	snprintf(keys, sizeof(keys), "%llu", (unsigned long long)acsr_weaklist_count(l->weak));
	acsr_weaklist_summary(l->weak, covers, sizeof(covers));
	log_event(LOG_INFO, "weak-list.opened", "keys", keys, "covers", covers, NULL);
	return ACSR_OK;
}

static enum acsr_result read_blocklist(struct keylists *l, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_blocklist *fresh = NULL;
	char keys[24];

	buf_init(&b, BLOCKLIST_MAX);
	if (lseek(l->fd, 0, SEEK_SET) != 0)
		return err_errno(e, "sys.read", errno, "cannot read the blocklist");
	TRY(buf_read_fd(&b, l->fd, e));
	TRY(acsr_blocklist_new(&fresh, e));
	if (acsr_blocklist_add(fresh, b.p != NULL ? b.p : (const uint8_t *)"", b.len, e) != ACSR_OK) {
		acsr_blocklist_free(fresh);
		return ACSR_FAIL;
	}
	acsr_blocklist_free(l->blocked);
	l->blocked = fresh;
	snprintf(keys, sizeof(keys), "%zu", acsr_blocklist_count(fresh));
	log_event(LOG_INFO, "blocklist.read", "keys", keys, NULL);
	return ACSR_OK;
}

static enum acsr_result open_blocklist(struct keylists *l, const char *path, struct acsr_err *e)
{
	if (path[0] == '\0')
		return ACSR_OK;
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (l->fd < 0)
		return err_errno(e, "sys.open", errno, "cannot open the blocklist %s", path);
	return read_blocklist(l, e);
}

/* Whatever is wrong with a list is a matter of the configuration. */
static enum acsr_result wrong(struct keylists *l, const struct acsr_err *why, struct acsr_err *e)
{
	keylists_free(l);
	return err_set(e, "config.keys", "[keys] %s", why->text);
}

enum acsr_result keylists_open(struct keylists **out, struct proc *p, struct acsr_err *e)
{
	struct keylists *l = calloc(1, sizeof(*l));
	struct acsr_err why = { 0 };

	if (l == NULL)
		return err_nomem(e);
	l->fd = -1;
	if (open_weak(l, conf_str(&p->conf, "keys.weak_list"), &why) != ACSR_OK ||
		open_blocklist(l, conf_str(&p->conf, "keys.blocklist"), &why) != ACSR_OK)
		return wrong(l, &why, e);
	*out = l;
	return ACSR_OK;
}

void keylists_reload(struct keylists *l)
{
	struct acsr_err e;
	struct stat st;

	if (l == NULL || l->fd < 0)
		return;
	if (fstat(l->fd, &st) == 0 && st.st_nlink == 0)
		log_event(LOG_WARN, "blocklist.replaced", "text",
			"the blocklist was replaced by another file, which this process cannot open",
			"remedy", "restart the service, and append to the file instead of replacing it",
			NULL);
	else if (read_blocklist(l, &e) != ACSR_OK)
		log_error(LOG_ERROR, "blocklist.refused", &e);
}

void keylists_free(struct keylists *l)
{
	if (l == NULL)
		return;
	acsr_weaklist_free(l->weak);
	acsr_blocklist_free(l->blocked);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

const struct acsr_weaklist *keylists_weak(const struct keylists *l)
{
	return l != NULL ? l->weak : NULL;
}

const struct acsr_blocklist *keylists_blocked(const struct keylists *l)
{
	return l != NULL ? l->blocked : NULL;
}
