/*
 * profile.h: the built-in profiles, and one of one's own made from them.
 *
 * Run: profile
 * Prints: dv
 * Prints: public-dv … days
 * Prints: ours: 30 days
 */
#include <stdio.h>

#include <autocsr/profile.h>

int main(void)
{
	const struct acsr_profile *p;
	struct acsr_profile ours;
	struct acsr_err e;

	for (size_t i = 0; (p = acsr_profile_at(i)) != NULL; i++)
		printf("%s %s, %lld days\n", p->name, p->ca ? "CA" : "end entity",
			(long long)(p->validity / 86400));
	if (acsr_profile_find(&p, "dv", &e) != ACSR_OK) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	ours = *p;
	ours.name = "ours";
	ours.validity = ours.max_validity = 30 * 86400;
	ours.wildcard = false;
	printf("%s: %lld days, no wildcards\n", ours.name, (long long)(ours.validity / 86400));
	return 0;
}
