/* The Public Suffix List, ICANN section, by libpsl with a list that can be replaced. */
#include <libpsl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "name_int.h"

#define DEBIAN_LIST "/usr/share/publicsuffix/public_suffix_list.dafsa"
/* Without the rule that an unlisted top-level domain is a suffix: for us it is unknown. */
#define LISTED (PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)

/* Set once, by whoever comes first, and never changed or freed: so any number of threads may read it. */
static const psl_ctx_t *_Atomic the_list;

/* False when another thread, or an earlier call, has set it; then `psl` is still the caller's. */
static bool settle(const psl_ctx_t *psl)
{
	const psl_ctx_t *none = NULL;

	return atomic_compare_exchange_strong(&the_list, &none, psl);
}

/* libpsl's own list where there is no file; it is as old as the library. */
static void load_default(void)
{
	psl_ctx_t *psl = access(DEBIAN_LIST, R_OK) == 0 ? psl_load_file(DEBIAN_LIST) : NULL;

	if (psl == NULL)
		(void)settle(psl_builtin());
	else if (!settle(psl))
		psl_free(psl);
}

static const psl_ctx_t *list(void)
{
	if (atomic_load(&the_list) == NULL)
		load_default();
	return atomic_load(&the_list);
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
	if (!settle(psl)) {
		psl_free(psl);
		return err_set(e, "config.psl.late",
			"a public suffix list is in use already; choose one before the first name is "
			"checked");
	}
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
