/*
 * finding.h: what the library found, as a list, with a finding of one's own beside it.
 *
 * Run: finding
 * Prints: fail key.alg: …
 * Prints: warn our.owner: the key of nobody in particular
 * Prints: the worst is fail
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/finding.h>
#include <autocsr/key.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

int main(void)
{
	struct acsr_findings all = { 0 };
	struct acsr_key *key;
	struct acsr_err e;

	check(acsr_key_generate(&key, "ed25519", &e), &e); /* which no public CA takes */
	if (acsr_key_check_public(key, NULL, &all, &e) == ACSR_OK)
		return 1;
	check(acsr_findings_add(&all, ACSR_WARN, "our.owner", "", "our own rules", "name an owner", &e,
		      "the key of %s", "nobody in particular"),
		&e);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].severity >= ACSR_WARN)
			printf("%s %s: %s\n", acsr_severity_name(all.v[i].severity), all.v[i].id,
				all.v[i].text);
	printf("the worst is %s\n", acsr_severity_name(acsr_findings_worst(&all)));
	acsr_findings_free(&all);
	acsr_key_free(key);
	return 0;
}
