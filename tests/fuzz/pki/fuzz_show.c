/* From any bytes to JSON: recognised, read leniently, shown, with and without a passphrase. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/secret.h"
#include "pki/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Deriving a key takes as long as the file says. */
static bool is_quick(const char *text)
{
	static const char word[] = "\"iterations\":";

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		if (strtol(text, NULL, 10) > 5000)
			return false;
	}
	return true;
}

/* Is it worth a passphrase? */
static bool show_all(const uint8_t *data, size_t size, const struct show_options *opt)
{
	bool quick = true;
	const struct acsr_input_object *o;
	struct acsr_input *in;
	struct acsr_err e;

	if (acsr_input_open(&in, data, size, &e) != ACSR_OK)
		return false;
	for (int i = 0; i < 50 && (o = acsr_input_next(in)) != NULL; i++) {
		json_t *shown = NULL;
		char *text;

		if (show_object(&shown, o, opt, &e) != ACSR_OK)
			abort(); /* every object has an answer */
		text = json_dumps(shown, JSON_COMPACT);
		if (text == NULL)
			abort();
		quick = quick && is_quick(text);
		free(text);
		json_decref(shown);
	}
	acsr_input_close(in);
	return quick;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct show_options opt = { .max_entries = 20 };
	struct acsr_secret *passphrase;

	if (size > 65536)
		return 0;
	if (!show_all(data, size, &opt))
		return 0;
	if (acsr_secret_new(&passphrase, "swordfish", 9, NULL) != ACSR_OK)
		return 0;
	opt.passphrase = passphrase;
	(void)show_all(data, size, &opt);
	acsr_secret_free(passphrase);
	return 0;
}
