/* The recogniser: any bytes to a list of objects, whose members keep what the header promises. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int what)
{
	if (!what)
		abort();
}

static void check(const struct acsr_input_object *o, size_t size)
{
	volatile uint8_t last = 0;

	must(o->form != NULL && memchr(o->label, 0, sizeof(o->label)) != NULL && o->offset <= size);
	must(o->kind != ACSR_INPUT_PRIVATE_KEY || o->der == NULL);
	must(o->err.id[0] != '\0' || o->kind >= ACSR_INPUT_OCSP || o->der != NULL || o->secret != NULL ||
		o->label[0] != '\0');
	if (o->der_len > 0)
		last = o->der[o->der_len - 1];
	if (o->secret != NULL)
		last = acsr_secret_bytes(o->secret)[acsr_secret_len(o->secret)];
	(void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct acsr_input_object *o;
	struct acsr_input *in;
	struct acsr_err e;
	size_t n = 0;

	if (acsr_input_open(&in, data, size, &e) != ACSR_OK)
		return 0;
	while ((o = acsr_input_next(in)) != NULL) {
		check(o, size);
		must(++n <= ACSR_INPUT_MAX_OBJECTS + 1);
	}
	acsr_input_close(in);
	return 0;
}
