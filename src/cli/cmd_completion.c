/* completion: the script for a shell, on standard output. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/completion.h"

static const struct {
	const char *shell;
	void (*write)(FILE *f);
} shells[] = { { "bash", completion_bash }, { "zsh", completion_zsh }, { "fish", completion_fish } };

static enum acsr_result find(size_t *out, const char *shell, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].shell, shell) == 0) {
			*out = i;
			return ACSR_OK;
		}
	return err_set(e, "usage.value", "completion is for bash, zsh or fish, not %.40s", shell);
}

static enum acsr_result cmd_completion_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	size_t i = 0, n = 0;
	FILE *f;

	TRY(find(&i, c->args.words[0], e));
	f = open_memstream(&text, &n);
	if (f == NULL)
		return err_nomem(e);
	shells[i].write(f);
	if (fclose(f) != 0)
		return err_nomem(e);
	TRY(command_put_str(c->result, "shell", shells[i].shell, e));
	TRY(command_put_str(c->result, "script", text, e));
	return buf_put(&c->raw, text, n, e);
}

static void cmd_completion_show(struct cli *c, const json_t *result)
{
	(void)c;
	(void)result;
}

static const char completion_text[] =
	"Completes commands, options, key types and other closed sets, and files. The packages and\n"
	"\"make install\" put the scripts where the shells look; by hand:\n"
	"\n"
	"  eval \"$(autocsr completion bash)\"        # in ~/.bashrc\n"
	"  eval \"$(autocsr completion zsh)\"         # in ~/.zshrc, behind compinit\n"
	"  autocsr completion fish >~/.config/fish/completions/autocsr.fish\n";

const struct command cmd_completion = { "completion", NULL, "bash|zsh|fish", 1, 1,
	"complete commands and options in your shell", completion_text, NULL, .run = cmd_completion_run,
	.show = cmd_completion_show };
