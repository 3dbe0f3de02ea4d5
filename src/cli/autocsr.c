/* The program autocsr: find the command, run it, print its result, choose the exit code. */
#include <fcntl.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/say.h"

#define SECRET_HEAP (1024 * 1024)
#define EXIT_NO 1
#define EXIT_USAGE 2
#define EXIT_FAILED 5

/* A standard stream that was closed must not become the number of a key file that is opened next. What takes
 * its place cannot be used, so that the failure shows. */
static void fill_standard_streams(void)
{
	static const int unusable[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", unusable[fd]) != fd)
			_exit(EXIT_FAILED);
}

/* OpenSSL takes want of memory for a key it cannot read, a signature that is wrong, an extension that is not
 * there. So that no answer comes of that, whatever is said after it fails (say_lost). Until it stands on its feet
 * OpenSSL cannot go on without memory at all; nothing has been made by then. */
static bool openssl_stands;

static void *told(void *p, size_t n)
{
	static const char text[] = "autocsr: out of memory\n";

	if (p != NULL || n == 0)
		return p;
	if (!openssl_stands) {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		_exit(EXIT_FAILED);
	}
	say_lost();
	return NULL;
}

static void *openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return told(malloc(n), n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return told(realloc(p, n), n);
}

static void openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* A digest takes along what all of OpenSSL shares. */
static void start_openssl(void)
{
	EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);

	EVP_MD_free(digest);
	openssl_stands = true;
}

/* Keys and codes pass through here: no core files, no readers in other processes. */
static enum acsr_result set_up(struct acsr_err *e)
{
	struct rlimit none = { 0, 0 };
	bool locked;

	setlocale(LC_CTYPE, "C.UTF-8");
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	TRY(secret_heap_init(SECRET_HEAP, &locked, e));
	start_openssl();
	return ACSR_OK;
}

static bool wants(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

/* The command that has this verb, for who forgot the noun. */
static const struct command *with_verb(const char *verb)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (c->verb != NULL && strcmp(c->verb, verb) == 0)
			return c;
	return NULL;
}

/* The nouns that begin with this word: "acme-directory, acme-eab"; "" when there are none. */
static void beginning_with(const char *word, char *out, size_t cap)
{
	const struct command *c;
	size_t n = strlen(word), used = 0;
	const char *last = "";

	out[0] = '\0';
	for (size_t i = 0; (c = command_at(i)) != NULL && used < cap; i++)
		if (strncmp(c->noun, word, n) == 0 && c->noun[n] == '-' && strcmp(c->noun, last) != 0) {
			used += (size_t)snprintf(
				out + used, cap - used, "%s%s", used > 0 ? ", " : "", c->noun);
			last = c->noun;
		}
}

static enum acsr_result no_such(const char *noun, const char *verb, struct acsr_err *e)
{
	const char *names[128] = { NULL };
	const struct command *c;
	const char *near;
	char longer[200];
	size_t n = 0;

	beginning_with(noun, longer, sizeof(longer));
	if (verb == NULL && longer[0] != '\0')
		return err_set(
			e, "usage.command", "there is no \"autocsr %.40s\" alone, but %s", noun, longer);
	for (size_t i = 0; (c = command_at(i)) != NULL && n < 127; i++)
		if (verb == NULL || (strcmp(c->noun, noun) == 0 && c->verb != NULL))
			names[n++] = verb == NULL ? c->noun : c->verb;
	c = verb == NULL ? with_verb(noun) : NULL;
	if (c != NULL)
		return err_set(e, "usage.command",
			"there is no \"autocsr %.40s\", did you mean autocsr %s %s?", noun, c->noun, c->verb);
	near = args_nearest(verb == NULL ? noun : verb, names);
	if (near != NULL)
		return err_set(e, "usage.command", "there is no \"autocsr %.40s%s%.40s\", did you mean %s?",
			noun, verb == NULL ? "" : " ", verb == NULL ? "" : verb, near);
	return err_set(e, "usage.command", "there is no \"autocsr %.40s%s%.40s\"; autocsr alone lists all",
		noun, verb == NULL ? "" : " ", verb == NULL ? "" : verb);
}

/* "acme directory list" is "acme-directory list": where both words make a noun, it takes the place of the second. Where
 * the noun is now. */
static int join_noun(int argc, char **argv, int at)
{
	const struct command *c;
	char joined[40];

	if (at + 1 >= argc || command_is_noun(argv[at]) ||
		snprintf(joined, sizeof(joined), "%s-%s", argv[at], argv[at + 1]) >= (int)sizeof(joined))
		return at;
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, joined) == 0) {
			argv[at + 1] = (char *)(uintptr_t)c->noun;
			return at + 1;
		}
	return at;
}

/* argv[*at] is the noun; moves *at behind noun and verb. NULL without error: the noun alone was given. */
static enum acsr_result find_command(
	const struct command **out, int argc, char **argv, int *at, struct acsr_err *e)
{
	const char *noun = argv[*at];
	const char *verb = *at + 1 < argc && argv[*at + 1][0] != '-' ? argv[*at + 1] : NULL;

	*out = command_find(noun, NULL);
	if (*out != NULL) {
		*at += 1;
		return ACSR_OK;
	}
	if (!command_is_noun(noun))
		return no_such(noun, NULL, e);
	if (verb == NULL)
		return ACSR_OK;
	*out = command_find(noun, verb);
	*at += 2;
	return *out != NULL ? ACSR_OK : no_such(noun, verb, e);
}

static enum acsr_result parse(struct cli *c, int argc, char **argv, struct acsr_err *e)
{
	size_t n = 0;

	if (c->cmd->opts != NULL)
		c->args.sets[n++] = c->cmd->opts;
	if (c->cmd->service)
		c->args.sets[n++] = command_service;
	c->args.sets[n++] = command_common;
	TRY(args_parse(&c->args, c->cmd->max_words, argc, argv, e));
	if (!args_flag(&c->args, "help") && c->args.n_words < c->cmd->min_words)
		return err_set(e, "usage.words", "autocsr %s%s%s needs %s", c->cmd->noun,
			c->cmd->verb != NULL ? " " : "", c->cmd->verb != NULL ? c->cmd->verb : "",
			c->cmd->words);
	return ACSR_OK;
}

static int fail(struct cli *c, const struct acsr_err *e)
{
	struct acsr_err nomem = { 0 };
	int code;

	if (say_was_lost() && err_nomem(&nomem) != ACSR_OK)
		e = &nomem; /* whatever came of that */
	code = err_face(e->id)->exit_code;
	say_error(c->json && !c->said, e);
	if (code == EXIT_USAGE && !c->json && c->cmd != NULL)
		fprintf(stderr, "  help    autocsr %s%s%s --help\n", c->cmd->noun,
			c->cmd->verb != NULL ? " " : "", c->cmd->verb != NULL ? c->cmd->verb : "");
	return code;
}

/* Help that was asked for, in the form that was asked for. */
static int show_help(const struct cli *c, const struct command *cmd, const char *noun)
{
	if (c->json)
		return help_json(stdout, cmd, noun) && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
	if (cmd != NULL)
		help_command(stdout, cmd);
	else if (noun != NULL)
		help_noun(stdout, noun);
	else
		help_overview(stdout);
	return 0;
}

/* A noun without its verb. */
static int noun_alone(struct cli *c, int argc, char **argv, const char *noun)
{
	struct acsr_err e = { 0 };

	if (wants(argc, argv, "--help") || wants(argc, argv, "-h"))
		return show_help(c, NULL, noun);
	if (c->json) {
		(void)err_set(&e, "usage.command", "autocsr %s needs a verb; autocsr %s alone lists them",
			noun, noun);
		return fail(c, &e);
	}
	help_noun(stderr, noun);
	return EXIT_USAGE;
}

static int run(struct cli *c, int argc, char **argv, int at)
{
	struct acsr_err e = { 0 };

	at = join_noun(argc, argv, at);
	if (find_command(&c->cmd, argc, argv, &at, &e) != ACSR_OK)
		return fail(c, &e);
	if (c->cmd == NULL)
		return noun_alone(c, argc, argv, argv[at]);
	if (parse(c, argc - at, argv + at, &e) != ACSR_OK)
		return fail(c, &e);
	if (args_flag(&c->args, "help"))
		return show_help(c, c->cmd, NULL);
	if (c->cmd->run(c, &e) != ACSR_OK)
		return fail(c, &e);
	if (say_result(c, &e) != ACSR_OK) {
		say_error(false, &e);
		return EXIT_FAILED;
	}
	return c->exit_code != 0 ? c->exit_code : c->answer_no ? EXIT_NO : 0;
}

static int show_topic(const struct cli *c, const char *name, const char *text)
{
	if (!c->json) {
		fputs(text, stdout);
	} else {
		(void)json_object_set_new(c->result, "topic", json_string(name));
		(void)json_object_set_new(c->result, "text", json_string(text));
		(void)json_dumpf(c->result, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_FAILED;
}

/* "autocsr help csr new" is "autocsr csr new --help". */
static int help(struct cli *c, int argc, char **argv, int at)
{
	const struct command *cmd = NULL;
	struct acsr_err e = { 0 };
	const char *noun;
	char text[HELP_TOPIC_MAX];

	at = join_noun(argc, argv, at);
	noun = at < argc && argv[at][0] != '-' ? argv[at] : NULL;
	if (noun != NULL && help_topic(noun, text, sizeof(text)))
		return show_topic(c, noun, text);
	if (noun != NULL && find_command(&cmd, argc, argv, &at, &e) != ACSR_OK)
		return fail(c, &e);
	return show_help(c, cmd, noun);
}

static int start(struct cli *c, int argc, char **argv)
{
	int at = 1;

	while (at < argc && strcmp(argv[at], "--json") == 0)
		at++;
	if (at >= argc || strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
		return show_help(c, NULL, NULL);
	if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "version") == 0) {
		puts(c->json ? "{\"version\": \"" AUTOCSR_VERSION "\"}" : "autocsr " AUTOCSR_VERSION);
		return 0;
	}
	if (strcmp(argv[at], "help") == 0)
		return help(c, argc, argv, at + 1);
	return run(c, argc, argv, at);
}

int main(int argc, char **argv)
{
	static struct cli c;
	struct acsr_err e = { 0 };
	int code;

	fill_standard_streams();
	(void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
	c.json = wants(argc, argv, "--json");
	buf_init(&c.raw, 32 * 1024 * 1024);
	c.result = json_object();
	if (c.result == NULL)
		(void)err_nomem(&e);
	if (c.result == NULL || set_up(&e) != ACSR_OK)
		code = fail(&c, &e);
	else
		code = start(&c, argc, argv);
	json_decref(c.result);
	buf_free(&c.raw);
	return code;
}
