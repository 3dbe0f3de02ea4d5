/*
 * note.h: a log signs what it holds at a moment; anybody with the verifier key checks it.
 *
 * Run: note
 * Prints: log.example.com+…
 * Prints: log.example.com, 3 entries
 * Prints: changed by one byte: note.signature
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/note.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

int main(void)
{
	struct acsr_checkpoint now = { .origin = "log.example.com", .size = 3, .root = { 1, 2, 3 } }, read;
	struct acsr_blob text = { 0 }, note = { 0 }, verifier = { 0 };
	struct acsr_key *key;
	struct acsr_err e;
	size_t n;

	check(acsr_key_generate(&key, "ed25519", &e), &e);
	check(acsr_note_verifier(now.origin, key, &verifier, &e), &e);
	check(acsr_checkpoint_print(&now, &text, &e), &e);
	check(acsr_note_sign((const char *)text.p, now.origin, key, &note, &e), &e);
	printf("%s\n%s", (const char *)verifier.p, (const char *)note.p);

	check(acsr_note_verify(note.p, note.len, (const char *)verifier.p, &n, &e), &e);
	check(acsr_checkpoint_parse(&read, note.p, n, &e), &e);
	printf("%s, %llu entries\n", read.origin, (unsigned long long)read.size);
	note.p[0] ^= 1;
	if (acsr_note_verify(note.p, note.len, (const char *)verifier.p, &n, &e) != ACSR_OK)
		printf("changed by one byte: %s\n", e.id);

	acsr_blob_free(&verifier);
	acsr_blob_free(&note);
	acsr_blob_free(&text);
	acsr_key_free(key);
	return 0;
}
