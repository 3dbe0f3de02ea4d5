/* key check: is the key in a key file, CSR or certificate weak? One, or as many as there are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "cli/cmds.h"
#include "cli/key_run.h"

struct walk {
	struct key_run *run;
	const char *const *words;
	size_t n;
};

/* What the walk hands on of the words themselves was named; the rest lies in directories. */
static bool is_word(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->words[i] == path)
			return true;
	return false;
}

static enum acsr_result on_path(void *ctx, const char *path, struct acsr_err *e)
{
	struct walk *w = ctx;

	return key_run_file(w->run, path, is_word(w, path), e);
}

static enum acsr_result each_line(struct key_run *run, FILE *f, struct acsr_err *e)
{
	enum acsr_result r = ACSR_OK;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (r == ACSR_OK && (n = getline(&line, &cap, f)) >= 0) {
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (n > 0)
			r = key_run_file(run, line, true, e);
	}
	free(line);
	return r;
}

static enum acsr_result files_from(struct key_run *run, const char *path, struct acsr_err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	enum acsr_result r;

	if (f == NULL)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	r = each_line(run, f, e);
	if (r == ACSR_OK && ferror(f))
		r = err_set(e, "input.read", "cannot read %s", path);
	if (!is_stdin)
		fclose(f);
	return r;
}

static enum acsr_result all(struct cli *c, struct key_run *run, struct acsr_err *e)
{
	const char *list = args_one(&c->args, "files-from");
	struct walk w = { run, c->args.words, c->args.n_words };

	TRY(batch_walk(c->args.words, c->args.n_words, on_path, &w, e));
	if (list != NULL)
		TRY(files_from(run, list, e));
	return key_run_end(run, e);
}

static enum acsr_result cmd_key_check_run(struct cli *c, struct acsr_err *e)
{
	bool list = args_one(&c->args, "files-from") != NULL;
	struct key_run *run = NULL;
	enum acsr_result r;

	if (!list && c->args.n_words == 0)
		return err_set(e, "usage.words", "autocsr key check needs FILE, DIR or - (standard input)");
	TRY(key_run_new(&run, c, list || batch_is_many(c->args.words, c->args.n_words), e));
	r = all(c, run, e);
	key_run_free(run);
	return r;
}

static const struct opt key_check_opts[] = {
	{ "policy", OPT_ONE, "NAME", "public or private (default)" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of encrypted keys" },
	WEAK_LIST_OPTIONS,
	{ "files-from", OPT_ONE, "FILE", "names of more files, one a line; - is standard input" },
	{ "lines", OPT_FLAG, NULL, "a line for each key, even when there is only one" },
	{ "thorough", OPT_FLAG, NULL, "slow rules too, which a single key gets anyway" },
	{ "no-compare", OPT_FLAG, NULL, "do not look for primes that keys have in common" },
	{ "same", OPT_FLAG, NULL, "list keys that were there before" },
	{ 0 },
};

static const char key_check_text[] =
	"Size, exponent, small factors, close primes (Fermat), ROCA, Debian's weak keys (CVE-2008-0166),\n"
	"curve and point; of a private key, whether its numbers fit each other. Of several RSA keys,\n"
	"whether any two share a prime. Exit code 1 when weak, 3 when something could not be read.\n"
	"\n"
	"  autocsr key check www.pem --policy public\n"
	"  autocsr key check /etc/ssl/private /etc/letsencrypt/live --blocklist ours.txt\n"
	"  autocsr key check --json - <all-certificates.pem | jq 'select(.ok == false)'\n"
	"  find / -name '*.pem' | autocsr key check --files-from -\n";

const struct command cmd_key_check = { "key", "check", "FILE|DIR…", 0, 16384,
	"are the keys in key files, CSRs or certificates weak?", key_check_text, key_check_opts,
	.run = cmd_key_check_run, .show = key_show };
