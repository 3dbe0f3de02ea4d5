/* The first start. Files first, then the commit: after a crash in between, the next start writes them anew.
 */
#include "core/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rnd.h"
#include "core/identity.h"
#include "core/password.h"
#include "store/accounts.h"
#include "store/tokens.h"

enum { PASSWORD_GROUPS = 4, GROUP = 5, PASSWORD_TEXT = 24, PATH = 4200 };

static enum acsr_result sync_dir(const char *path, struct acsr_err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok ? ACSR_OK : err_errno(e, "sys.write", errno, "cannot sync %s", path);
}

static enum acsr_result fill(int fd, const char *path, const char *text, struct acsr_err *e)
{
	size_t n = strlen(text);

	if (write(fd, text, n) != (ssize_t)n || fsync(fd) != 0)
		return err_errno(e, "sys.write", errno, "cannot write %s", path);
	return ACSR_OK;
}

/* Written under another name and renamed, so that nobody reads half of it. */
static enum acsr_result write_file(
	const char *dir, const char *name, const char *text, mode_t mode, struct acsr_err *e)
{
	char path[PATH + 64], fresh[PATH + 64];
	enum acsr_result r;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(fresh, sizeof(fresh), "%s/%s.new", dir, name);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(e, "sys.write", errno, "cannot make %s", fresh);
	r = fill(fd, fresh, text, e);
	close(fd);
	TRY(r);
	if (rename(fresh, path) != 0)
		return err_errno(e, "sys.write", errno, "cannot rename %s", fresh);
	return sync_dir(dir, e);
}

static enum acsr_result make_dir(struct core *c, char dir[PATH], struct acsr_err *e)
{
	snprintf(dir, PATH, "%s/bootstrap", c->proc->dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_errno(e, "sys.write", errno, "cannot make %s", dir);
	return ACSR_OK;
}

/* Four groups of five: 100 random bits that a person can type. */
static void make_password(char out[PASSWORD_TEXT])
{
	char raw[PASSWORD_GROUPS * GROUP + 1];

	rnd_base32(raw, PASSWORD_GROUPS * GROUP);
	snprintf(out, PASSWORD_TEXT, "%.5s-%.5s-%.5s-%.5s", raw, raw + GROUP, raw + 2 * GROUP,
		raw + 3 * GROUP);
	wipe(raw, sizeof(raw));
}

static enum acsr_result add_operator(struct core *c, const char *password, struct user *u, struct acsr_err *e)
{
	struct account a = { .name = "Operator", .email = "admin@localhost", .created_at = c->now };

	*u = (struct user){ .email = "admin@localhost", .role = "admin", .created_at = c->now };
	rnd_id("acc_", a.id, sizeof(a.id));
	rnd_id("usr_", u->id, sizeof(u->id));
	memcpy(u->account_id, a.id, sizeof(u->account_id));
	TRY(password_hash_now(password, u->password, sizeof(u->password), e));
	TRY(accounts_add(c->db, &a, e));
	TRY(users_add(c->db, u, e));
	return core_audit(c, "system", a.id, "user.registered", u->id, e, "administrator of the first start");
}

static enum acsr_result add_token(
	struct core *c, const struct user *u, char text[CREDENTIAL_TEXT], struct acsr_err *e)
{
	struct token t = { .name = "first start", .created_at = c->now };

	rnd_id("tok_", t.id, sizeof(t.id));
	memcpy(t.user_id, u->id, sizeof(t.user_id));
	memcpy(t.account_id, u->account_id, sizeof(t.account_id));
	TRY(credential_new("acsr_", text, t.hash, e));
	TRY(tokens_add(c->db, &t, e));
	return core_audit(c, "system", u->account_id, "token.made", t.id, e, "of the first start");
}

static enum acsr_result write_secret(
	const char *dir, const char *name, const char *secret, struct acsr_err *e)
{
	char line[CREDENTIAL_TEXT + 2];
	enum acsr_result r;

	snprintf(line, sizeof(line), "%s\n", secret);
	r = write_file(dir, name, line, 0600, e);
	wipe(line, sizeof(line));
	return r;
}

static enum acsr_result make_operator(
	struct core *c, char password[PASSWORD_TEXT], char token[CREDENTIAL_TEXT], struct acsr_err *e)
{
	char dir[PATH];
	struct user u;

	TRY(make_dir(c, dir, e));
	make_password(password);
	TRY(add_operator(c, password, &u, e));
	TRY(add_token(c, &u, token, e));
	TRY(write_secret(dir, "admin-password", password, e));
	TRY(write_secret(dir, "admin-token", token, e));
	log_event(LOG_INFO, "bootstrap.operator", "user", u.email, NULL);
	return ACSR_OK;
}

enum acsr_result bootstrap_operator(struct core *c, struct acsr_err *e)
{
	char password[PASSWORD_TEXT], token[CREDENTIAL_TEXT];
	enum acsr_result r;
	int64_t users;

	TRY(users_count(c->db, &users, e));
	if (users > 0)
		return ACSR_OK;
	r = make_operator(c, password, token, e);
	wipe(password, sizeof(password));
	wipe(token, sizeof(token));
	return r;
}

void bootstrap_root(struct core *c, const char *pem)
{
	char dir[PATH], path[PATH + 16];
	struct acsr_err e;

	if (make_dir(c, dir, &e) == ACSR_OK) {
		snprintf(path, sizeof(path), "%s/root.pem", dir);
		if (access(path, F_OK) == 0 || write_file(dir, "root.pem", pem, 0644, &e) == ACSR_OK)
			return;
	}
	log_error(LOG_ERROR, "bootstrap.root", &e);
}
