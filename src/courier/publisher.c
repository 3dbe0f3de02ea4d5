/* The queue of publications. */
#include "courier/publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "courier/directory.h"
#include "courier/dns_update.h"

enum { WAITING_MAX = 1000, UNDER_WAY_MAX = 8, KEY_FILE_MAX = 65536 };

struct job {
	struct publisher *owner;
	struct job *next;
	uint64_t id; /* 0: nobody wants to know how it ends */
	struct msg_publish m;
	struct dns_update *update;
};

struct publisher {
	struct dns_settings dns;
	int directory; /* -1: none */
	struct loop *loop;
	const struct publisher_ops *ops;
	void *arg;
	struct job *waiting, **last; /* first in, first out */
	size_t nwaiting;
	struct job *under_way;
	size_t nunder_way;
};

/* --- before the sandbox --- */

static enum acsr_result read_keys(const char *path, struct tsig_keys *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct stat st;

	buf_init(&text, KEY_FILE_MAX);
	if (stat(path, &st) != 0)
		return err_errno(e, "config.tsig", errno, "[publish] dns_key: cannot open %s", path);
	if ((st.st_mode & 077) != 0)
		return err_set(e, "config.tsig", "[publish] dns_key: others can read %s; run: chmod 0600 %s",
			path, path);
	TRY(buf_read_file(&text, path, e));
	return tsig_read_keys(buf_cstr(&text), out, e);
}

static enum acsr_result read_settings(struct publisher *p, const struct conf *conf, struct acsr_err *e)
{
	const char *key = conf_str(conf, "publish.dns_key");
	const char *directory = conf_str(conf, "publish.directory");

	p->dns.ttl = (uint32_t)conf_count(conf, "publish.dns_ttl");
	p->dns.timeout_ms = conf_span(conf, "publish.dns_timeout") * 1000;
	TRY(dns_settings_read(&p->dns, conf_str(conf, "publish.dns_zones"),
		conf_str(conf, "publish.dns_server"), conf_str(conf, "publish.delegate_zone"), e));
	if (*key != '\0')
		TRY(read_keys(key, &p->dns.keys, e));
	if (*directory == '\0')
		return ACSR_OK;
	p->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->directory >= 0 ? ACSR_OK
				 : err_errno(e, "config.directory", errno,
					   "[publish] directory: cannot open %s", directory);
}

enum acsr_result publisher_open(struct publisher **out, const struct conf *conf, struct acsr_err *e)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_nomem(e);
	p->directory = -1;
	p->last = &p->waiting;
	if (read_settings(p, conf, e) == ACSR_OK) {
		*out = p;
		return ACSR_OK;
	}
	publisher_free(p);
	return ACSR_FAIL;
}

void publisher_start(struct publisher *p, struct loop *l, const struct publisher_ops *ops, void *arg)
{
	p->loop = l;
	p->ops = ops;
	p->arg = arg;
}

/* --- jobs --- */

static void job_free(struct job *j)
{
	dns_update_free(j->update);
	msg_clear(msg_desc(MSG_publish), &j->m);
	free(j);
}

static void start_more(struct publisher *p);

static void leave(struct job *j)
{
	struct publisher *p = j->owner;

	for (struct job **at = &p->under_way; *at != NULL; at = &(*at)->next) {
		if (*at != j)
			continue;
		*at = j->next;
		p->nunder_way--;
		break;
	}
	job_free(j);
}

static void tell(const struct job *j, const char *name, const char *detail, const struct acsr_err *why)
{
	struct publisher *p = j->owner;

	log_event(why == NULL ? LOG_INFO : LOG_WARN,
		why != NULL   ? "publish.failed"
		: j->m.remove ? "publish.removed"
			      : "publish.added",
		"way", j->m.way, "name", name, "error", why != NULL ? why->id : NULL, "text",
		why != NULL ? why->text : detail, NULL);
	if (j->id != 0 && why != NULL)
		p->ops->failed(p->arg, j->id, why);
	else if (j->id != 0)
		p->ops->published(p->arg, j->id, name, detail);
}

static void on_updated(void *arg, const char *where, const char *detail, const struct acsr_err *why)
{
	struct job *j = arg;
	struct publisher *p = j->owner;

	j->update = NULL;
	tell(j, where, detail, why);
	leave(j);
	start_more(p);
}

static enum acsr_result do_file(struct job *j, struct acsr_err *e)
{
	int dir = j->owner->directory;

	if (dir < 0)
		return err_set(e, "publish.directory", "there is no [publish] directory");
	return j->m.remove ? directory_remove(dir, j->m.name, j->m.value, e)
			   : directory_add(dir, j->m.name, j->m.value, e);
}

static void begin(struct job *j)
{
	struct publisher *p = j->owner;
	bool dns = strcmp(j->m.way, "dns-update") == 0;
	enum acsr_result r;
	struct acsr_err e;

	if (dns)
		r = dns_update_start(
			&j->update, p->loop, &p->dns, j->m.remove, j->m.name, j->m.value, on_updated, j, &e);
	else if (strcmp(j->m.way, "directory") == 0)
		r = do_file(j, &e);
	else
		r = err_set(&e, "publish.way", "nothing can be published by \"%s\"", j->m.way);
	if (dns && r == ACSR_OK)
		return;
	tell(j, j->m.name, j->m.remove ? "removed from the directory" : "in the directory",
		r == ACSR_OK ? NULL : &e);
	leave(j);
}

/* --- the queue --- */

static bool name_under_way(const struct publisher *p, const char *name)
{
	for (const struct job *j = p->under_way; j != NULL; j = j->next)
		if (strcasecmp(j->m.name, name) == 0)
			return true;
	return false;
}

/* Is one for the same name waiting before this one? */
static bool must_wait(const struct publisher *p, const struct job *j)
{
	if (name_under_way(p, j->m.name))
		return true;
	for (const struct job *k = p->waiting; k != j; k = k->next)
		if (strcasecmp(k->m.name, j->m.name) == 0)
			return true;
	return false;
}

static struct job *take_next(struct publisher *p)
{
	for (struct job **at = &p->waiting; *at != NULL; at = &(*at)->next) {
		struct job *j = *at;

		if (must_wait(p, j))
			continue;
		*at = j->next;
		if (p->last == &j->next)
			p->last = at;
		p->nwaiting--;
		return j;
	}
	return NULL;
}

static void start_more(struct publisher *p)
{
	struct job *j;

	while (p->nunder_way < UNDER_WAY_MAX && (j = take_next(p)) != NULL) {
		j->next = p->under_way;
		p->under_way = j;
		p->nunder_way++;
		begin(j);
	}
}

static enum acsr_result enqueue(struct publisher *p, uint64_t id, struct msg_publish *m, struct acsr_err *e)
{
	struct job *j;

	if (p->nwaiting >= WAITING_MAX)
		return err_set(e, "busy.courier", "too many proofs are waiting to be published");
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return err_nomem(e);
	*j = (struct job){ .owner = p, .id = id, .m = *m };
	*m = (struct msg_publish){ 0 };
	*p->last = j;
	p->last = &j->next;
	p->nwaiting++;
	return ACSR_OK;
}

enum acsr_result publisher_put(struct publisher *p, uint64_t id, struct msg_publish *m, struct acsr_err *e)
{
	enum acsr_result r = enqueue(p, id, m, e);

	msg_clear(msg_desc(MSG_publish), m);
	if (r == ACSR_OK)
		start_more(p);
	return r;
}

void publisher_forget(struct publisher *p)
{
	while (p->waiting != NULL) {
		struct job *j = p->waiting;

		p->waiting = j->next;
		job_free(j);
	}
	p->last = &p->waiting;
	p->nwaiting = 0;
	for (struct job *j = p->under_way; j != NULL; j = j->next)
		j->id = 0;
}

bool publisher_idle(const struct publisher *p)
{
	return p->waiting == NULL && p->under_way == NULL;
}

void publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	publisher_forget(p);
	while (p->under_way != NULL)
		leave(p->under_way);
	tsig_keys_clear(&p->dns.keys);
	if (p->directory >= 0)
		close(p->directory);
	free(p);
}
