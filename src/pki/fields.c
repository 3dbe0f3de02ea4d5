/* One entry, one rule; the caller's list is untouched on failure. */
#include "pki/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static enum acsr_result add_field(struct acsr_dn *dn, const char *entry, struct acsr_err *e)
{
	const char *eq = strchr(entry, '=');
	CLEANUP_STR char *name = NULL;

	if (eq == NULL || eq == entry)
		return err_set(e, "subject.field", "a subject field is written NAME=VALUE");
	name = strndup(entry, (size_t)(eq - entry));
	if (name == NULL)
		return err_nomem(e);
	return acsr_dn_add(dn, name, eq + 1, e);
}

enum acsr_result fields_dn(struct acsr_dn *out, const struct strv *list, struct acsr_err *e)
{
	struct acsr_dn dn = { 0 };

	for (size_t i = list->n; i-- > 0;) {
		if (add_field(&dn, list->v[i], e) == ACSR_OK)
			continue;
		err_at(e, "subject[%zu]", i);
		acsr_dn_free(&dn);
		return ACSR_FAIL;
	}
	*out = dn;
	return ACSR_OK;
}

static enum acsr_result add_san(struct acsr_sans *sans, const char *entry, struct acsr_err *e)
{
	if (str_starts(entry, "DNS:"))
		return acsr_sans_add(sans, ACSR_SAN_DNS, entry + 4, e);
	if (str_starts(entry, "IP:"))
		return acsr_sans_add(sans, ACSR_SAN_IP, entry + 3, e);
	return err_set(e, "request.field.sans", "a name is written DNS:NAME or IP:ADDRESS");
}

enum acsr_result fields_sans(struct acsr_sans *out, const struct strv *list, struct acsr_err *e)
{
	struct acsr_sans sans = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		if (add_san(&sans, list->v[i], e) == ACSR_OK)
			continue;
		err_at(e, "names[%zu]", i);
		acsr_sans_free(&sans);
		return ACSR_FAIL;
	}
	*out = sans;
	return ACSR_OK;
}
