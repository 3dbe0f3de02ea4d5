/* Locking a key into an archive and handing over its code. */
#include "cli/seal.h"

#include <string.h>

#include "autocsr/code.h"
#include "base/clock.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/term.h"
#include "cli/view.h"
#include "pki/show.h"

void seal_free(struct seal *s)
{
	buf_free(&s->zip);
	acsr_secret_free(s->code);
	*s = (struct seal){ 0 };
}

enum acsr_result seal_key(struct seal *s, const struct acsr_key *key, const char *entry, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	size_t len = 0;

	buf_init(&s->zip, LIMIT_ARCHIVE);
	TRY(acsr_key_pkcs8_pem(key, &plain, e));
	TRY(acsr_code_new(&s->code, e));
	TRY(buf_reserve(&s->zip, ACSR_ARCHIVE_SIZE(strlen(entry), acsr_secret_len(plain)), e));
	TRY(acsr_archive_write(entry, plain, s->code, clock_now(), s->zip.p, s->zip.cap, &len, e));
	s->zip.len = len;
	return acsr_archive_show(s->zip.p, s->zip.len, &s->info, e);
}

enum acsr_result seal_plan(
	struct file_set *files, const char *archive, const char *code_file, struct acsr_err *e)
{
	if (strcmp(archive, "-") == 0)
		return err_set(e, "usage.key", "an archive is not written to standard output; name a file");
	if (code_file != NULL && strcmp(code_file, "-") == 0)
		return err_set(
			e, "usage.key", "the unlock code is not written to standard output; name a file");
	TRY(file_set_plan(files, archive, 0600, e));
	return code_file != NULL ? file_set_plan(files, code_file, 0600, e) : ACSR_OK;
}

static enum acsr_result write_code(
	const struct seal *s, struct file_set *files, const char *path, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *line = NULL;
	size_t n = acsr_secret_len(s->code);

	TRY(secret_zeroed(&line, n + 1, e));
	memcpy(secret_data(line), acsr_secret_bytes(s->code), n);
	secret_data(line)[n] = '\n';
	return file_set_write(files, path, acsr_secret_bytes(line), n + 1, e);
}

enum acsr_result seal_write(const struct seal *s, struct file_set *files, const char *archive,
	const char *code_file, json_t *result, struct acsr_err *e)
{
	TRY(file_set_write(files, archive, s->zip.p, s->zip.len, e));
	TRY(command_put_str(result, "archive", archive, e));
	TRY(command_put(result, "archive_sha256", show_hex(s->info.sha256, 32), e));
	TRY(command_put_str(result, "archive_entry", s->info.name, e));
	if (code_file == NULL)
		return ACSR_OK;
	TRY(write_code(s, files, code_file, e));
	return command_put_str(result, "code_file", code_file, e);
}

enum acsr_result seal_show_code(const struct seal *s, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *shown = NULL;
	char suffix[] = "   check symbol ?, typed without the dashes";

	TRY(acsr_code_show(s->code, '-', &shown, e));
	*strchr(suffix, '?') = acsr_code_check(s->code);
	term_show_secret("unlock code   ", shown, suffix);
	return ACSR_OK;
}

void seal_entry_name(char *out, const char *name)
{
	size_t at = 0;

	if (name == NULL || name[0] == '\0')
		name = "private";
	if (name[0] == '*') {
		memcpy(out, "wildcard", 8);
		at = 8;
		name++;
	}
	for (; *name != '\0' && at < ACSR_ARCHIVE_NAME_MAX - 4; name++)
		out[at++] = strchr("/\\:*?\"<>| ", *name) != NULL ? '_' : *name;
	memcpy(out + at, ".key", 5);
}
