/*
 * Typed messages: the structs, their descriptors, and the one encoder and decoder for all.
 *
 * On the wire a frame is: u32 length of what follows | u16 IPC_VERSION | u16 type | u64 id | fields in
 * their order. U64: 8 bytes. TEXT, DATA, SECRET: u32 length, bytes. LIST: u32 count, then TEXTs.
 * All big-endian. `id` ties an answer to its request: an answer carries the request's id.
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"

enum { IPC_VERSION = 6, IPC_HEADER = 16 };

enum role {
	ROLE_ANY,
	ROLE_AUTOCSRD,
	ROLE_FRONT,
	ROLE_CORE,
	ROLE_KEYMAKER,
	ROLE_SIGNER,
	ROLE_PROBER,
	ROLE_COURIER,
	ROLE_HOOK, /* only when a hook is configured */
	ROLE_COUNT
};

const char *role_name(enum role r); /* "front" */

/* Owned bytes inside a message. */
struct blob {
	uint8_t *p;
	size_t len;
};

/* struct msg_NAME for every message; MSG_NAME is its number. */
#define KIND_U64 uint64_t
#define KIND_TEXT char *
#define KIND_DATA struct blob
#define KIND_LIST struct strv
#define KIND_SECRET struct acsr_secret *
#define MESSAGE(name, number, from, to, fd) struct msg_##name {
#define FIELD(name, kind, field, max) KIND_##kind field;
#define END(name)  \
	char end_; \
	}          \
	;
#include "ipc/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

enum msg_type {
#define MESSAGE(name, number, from, to, fd) MSG_##name = number,
#define FIELD(name, kind, field, max)
#define END(name)
#include "ipc/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
};

struct msg_desc; /* what messages.def says of one type */

const struct msg_desc *msg_desc(unsigned type); /* NULL: unknown */
const char *msg_name(const struct msg_desc *d);
unsigned msg_number(const struct msg_desc *d);
int msg_fds(const struct msg_desc *d);     /* descriptors that ride along: 0 or 1 */
size_t msg_size(const struct msg_desc *d); /* of its struct */
/* Permitted between these two? ROLE_ANY in the table stands for every role but autocsrd. */
bool msg_permitted(const struct msg_desc *d, enum role from, enum role to);

/* NULL TEXT and SECRET encode as empty. Errors: "ipc.field" when a bound is broken. */
ACSR_MUST_USE enum acsr_result msg_encode(
	const struct msg_desc *d, uint64_t id, const void *m, struct buf *out, struct acsr_err *e);
/* Decode the fields of a frame (after the header) into the zeroed struct *m. On failure *m is cleared.
 * TEXT is never NULL afterwards; an empty SECRET is NULL. Bytes left over are an error ("ipc.trailing"). */
ACSR_MUST_USE enum acsr_result msg_decode(
	const struct msg_desc *d, struct buf *in, void *m, struct acsr_err *e);
/* Wipe and free what the fields own; the struct is zeroed. */
void msg_clear(const struct msg_desc *d, void *m);

ACSR_MUST_USE enum acsr_result blob_set(struct blob *b, const void *p, size_t n, struct acsr_err *e);
void blob_free(struct blob *b); /* wipes */

#endif
