/* Inside of token.h: a session with a token, and what the two halves need of each other. */
#ifndef PKI_TOKEN_INT_H
#define PKI_TOKEN_INT_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "autocsr/token.h"
#include "key_int.h"

struct token {
	CK_FUNCTION_LIST **modules; /* all of p11-kit's, or one that was named */
	CK_FUNCTION_LIST *named[2];
	CK_FUNCTION_LIST *f; /* the module that has the token */
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE session;
	P11KitUri *uri;
	CK_OBJECT_HANDLE private_key;
	struct acsr_secret *pin; /* kept for keys that want it at each signature */
	bool open, always_authenticate;
};

/* token.c */
ACSR_MUST_USE enum acsr_result token_open(struct token **out, const char *uri, const char *module,
	bool to_write, const struct acsr_secret *pin, struct acsr_err *e);
void token_free(void *token);
ACSR_MUST_USE enum acsr_result token_failed(struct acsr_err *e, const char *what, CK_RV rv);
/* How many objects match, and the first of them. */
ACSR_MUST_USE enum acsr_result token_find(struct token *t, CK_ATTRIBUTE *match, CK_ULONG n,
	CK_OBJECT_HANDLE *first, size_t *found, struct acsr_err *e);
/* An attribute's bytes; token.public when the token does not tell it. */
ACSR_MUST_USE enum acsr_result token_attribute(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
	struct acsr_blob *out, struct acsr_err *e);

/* token_sign.c: the key that t->private_key is; it takes t over. */
extern const struct key_holder token_holder;
ACSR_MUST_USE enum acsr_result token_hold(struct token *t, struct acsr_key **out, struct acsr_err *e);

#endif
