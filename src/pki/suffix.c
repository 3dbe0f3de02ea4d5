/* The Public Suffix List, ICANN section, by libpsl with a list that can be replaced. */
#include <libpsl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "name_int.h"

#define DEBIAN_LIST "/usr/share/publicsuffix/public_suffix_list.dafsa"
/* Without the rule that an unlisted top-level domain is a suffix: for us it is unknown. */
#define LISTED (PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)

static psl_ctx_t *loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load_default(void)
{
	if (loaded == NULL && access(DEBIAN_LIST, R_OK) == 0)
		loaded = psl_load_file(DEBIAN_LIST);
}

/* libpsl's own list where there is no file; it is as old as the library. */
static const psl_ctx_t *list(void)
{
	pthread_once(&once, load_default);
	return loaded != NULL ? loaded : psl_builtin();
}

enum acsr_result acsr_name_psl_load(const char *path, struct acsr_err *e)
{
	psl_ctx_t *psl;

	if (path == NULL) {
		(void)list();
		return ACSR_OK;
	}
	psl = psl_load_file(path);
	if (psl == NULL || psl_is_public_suffix2(psl, "com", LISTED) != 1) {
		psl_free(psl);
		return err_set(e, "config.psl", "%s is not a public suffix list", path);
	}
	psl_free(loaded);
	loaded = psl;
	return ACSR_OK;
}

bool suffix_is_public(const char *s)
{
	return psl_is_public_suffix2(list(), s, LISTED) == 1;
}

const char *suffix_of(const char *s)
{
	while (!suffix_is_public(s)) {
		s = strchr(s, '.');
		if (s == NULL)
			return NULL;
		s++;
	}
	return s;
}
