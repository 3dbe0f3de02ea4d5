/* The store that codes have of their own: opening it, and moving codes into it and out of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rnd.h"
#include "core/code.h"
#include "store/codes.h"

static bool is_state(const struct core *c, const char *state)
{
	return strcmp(conf_str(&c->proc->conf, "database.code_store_state"), state) == 0;
}

/* For its owner only, whatever the umask is; SQLite gives its log the same mode. */
static enum acsr_result make_file(const char *path, struct acsr_err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, "config.code-store", errno, "cannot open [database] code_store %s", path);
	close(fd);
	return ACSR_OK;
}

/* The main database would take the store's schema for its own, and the store everything for codes. */
static enum acsr_result refuse_main(const struct proc *p, const char *path, struct acsr_err *e)
{
	const char *url = conf_str(&p->conf, "database.url"), *where = strchr(url, ':');
	char file[4200];
	struct stat a, b;

	where = where != NULL ? where + 1 : url;
	snprintf(file, sizeof(file), "%s%s%s", *where == '/' ? "" : p->dir, *where == '/' ? "" : "/", where);
	if (stat(path, &a) != 0 || stat(file, &b) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return ACSR_OK;
	return err_set(e, "config.code-store",
		"[database] code_store is the main database's own file; name another one");
}

enum acsr_result code_open(struct core *c, struct proc *p, struct acsr_err *e)
{
	const char *path = conf_str(&p->conf, "database.code_store");
	char url[4200];

	if (*path == '\0')
		return ACSR_OK;
	snprintf(url, sizeof(url), "sqlite:%s", path);
	TRY(make_file(path, e));
	TRY(refuse_main(p, path, e));
	TRY(db_open(&c->code_store, url, "", e));
	return codes_schema(c->code_store, e); /* which opens the log too: no path is needed afterwards */
}

/* --- do the two belong together? --- */

static enum acsr_result refuse(struct acsr_err *e, const char *what)
{
	return err_set(e, "config.code-store", "%s", what);
}

/* The store must have no code of a request that this database does not know: those are somebody else's. */
static enum acsr_result refuse_strangers(struct core *c, struct acsr_err *e)
{
	int64_t n;

	TRY(codes_strangers(c->code_store, c->db, &n, e));
	return n == 0 ? ACSR_OK
		      : refuse(e, "the file of [database] code_store has codes of another database; name "
				  "another file");
}

static enum acsr_result codes_wanted(struct core *c, int64_t *n, struct acsr_err *e)
{
	return csr_request_count_codes(c->db, n, e);
}

static enum acsr_result note_moved(struct core *c, int64_t moved, const char *to, struct acsr_err *e)
{
	return core_audit(c, "system", "", "codes.moved", "", e, "%lld wrapped unlock codes are in %s now",
		(long long)moved, to);
}

/* Both databases, in one transaction each: `first` is committed before `second` deletes anything. */
static enum acsr_result both(struct core *c, struct db *first, struct db *second,
	enum acsr_result (*fill)(struct core *c, void *arg, struct acsr_err *e),
	enum acsr_result (*empty)(struct core *c, void *arg, struct acsr_err *e), void *arg,
	struct acsr_err *e)
{
	if (db_begin(first, e) == ACSR_OK && fill(c, arg, e) == ACSR_OK && db_commit(first, e) == ACSR_OK &&
		db_begin(second, e) == ACSR_OK && empty(c, arg, e) == ACSR_OK &&
		db_commit(second, e) == ACSR_OK)
		return ACSR_OK;
	db_rollback(first);
	db_rollback(second);
	return ACSR_FAIL;
}

struct move {
	char id[40];
	int64_t moved;
};

static enum acsr_result fill_store(struct core *c, void *arg, struct acsr_err *e)
{
	struct move *m = arg;

	TRY(codes_copy(c->db, c->code_store, &m->moved, e));
	return codes_store_set(c->code_store, m->id, c->now, e);
}

static enum acsr_result empty_main(struct core *c, void *arg, struct acsr_err *e)
{
	struct move *m = arg;

	TRY(codes_delete_all(c->db, e));
	TRY(codes_store_set(c->db, m->id, c->now, e));
	return note_moved(c, m->moved, "a store of their own", e);
}

static enum acsr_result fill_main(struct core *c, void *arg, struct acsr_err *e)
{
	struct move *m = arg;

	TRY(codes_copy(c->code_store, c->db, &m->moved, e));
	TRY(codes_store_set(c->db, "", c->now, e));
	return note_moved(c, m->moved, "the main database", e);
}

static enum acsr_result empty_store(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	TRY(codes_delete_all(c->code_store, e));
	return codes_store_set(c->code_store, "", c->now, e);
}

/* --- the cases --- */

static enum acsr_result without_store(struct core *c, const char *here, struct acsr_err *e)
{
	int64_t n;

	c->code_store = c->db;
	if (*here == '\0')
		return ACSR_OK;
	TRY(codes_wanted(c, &n, e));
	if (n > 0)
		return refuse(e,
			"the unlock codes are in a store of their own; set [database] code_store to its file "
			"again, with code_store_state = retired to move them back");
	return codes_store_set(c->db, "", c->now, e);
}

static enum acsr_result retire(struct core *c, struct acsr_err *e)
{
	struct move m = { .moved = 0 };
	struct db *store = c->code_store;
	enum acsr_result r = both(c, c->db, store, fill_main, empty_store, &m, e);

	TRY(r);
	c->forget = true;
	TRY(db_forget(store, e));
	db_close(store);
	c->code_store = c->db;
	return ACSR_OK;
}

static enum acsr_result adopt(struct core *c, const char *there, struct acsr_err *e)
{
	struct move m = { .moved = 0 };

	snprintf(m.id, sizeof(m.id), "%s", there);
	if (*there == '\0')
		rnd_id("cst_", m.id, sizeof(m.id));
	TRY(refuse_strangers(c, e));
	c->forget = true;
	return both(c, c->code_store, c->db, fill_store, empty_main, &m, e);
}

static enum acsr_result other_store(struct core *c, const char *there, struct acsr_err *e)
{
	int64_t n;

	TRY(codes_wanted(c, &n, e));
	if (n > 0 && !is_state(c, "lost"))
		return refuse(e,
			"the file of [database] code_store is not the store that this database's unlock "
			"codes are in: is its disk mounted? If it is lost for good, set code_store_state = "
			"lost");
	return adopt(c, there, e);
}

enum acsr_result code_join(struct core *c, struct acsr_err *e)
{
	char here[40], there[40];

	TRY(codes_store_id(c->db, here, e));
	if (c->code_store == NULL)
		return without_store(c, here, e);
	TRY(codes_store_id(c->code_store, there, e));
	c->code_sweep = true;
	if (*here != '\0' && strcmp(here, there) != 0)
		TRY(other_store(c, there, e));
	else if (*here == '\0' && is_state(c, "retired"))
		TRY(refuse_strangers(c, e));
	else if (*here == '\0')
		TRY(adopt(c, there, e));
	return is_state(c, "retired") ? retire(c, e) : ACSR_OK;
}

enum acsr_result code_admit_missing(struct core *c, struct acsr_err *e)
{
	CLEANUP_STRV struct strv ids = { 0 };
	char n[24];

	TRY(codes_missing(c->code_store, c->db, &ids, e));
	snprintf(n, sizeof(n), "%zu", ids.n);
	if (ids.n > 0)
		log_event(LOG_ERROR, "codes.missing", "codes", n, NULL);
	for (size_t i = 0; i < ids.n; i++) {
		struct csr_request r;

		TRY(csr_request_load(c->db, ids.v[i], &r, e));
		TRY(code_destroy(c, &r, "it was missing from the store of codes", e));
	}
	return ACSR_OK;
}
