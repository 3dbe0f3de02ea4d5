/* The JSON schemas of docs/schema as they stand inside the program (tools/embed-schemas). */
#ifndef CLI_SCHEMAS_H
#define CLI_SCHEMAS_H

struct schema_file {
	const char *name;          /* "csr" */
	const char *title;         /* one line */
	const unsigned char *text; /* the file, with a NUL */
};

extern const struct schema_file schema_files[]; /* ends with a NULL name */

#endif
