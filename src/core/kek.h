/*
 * The key-encryption key: unlock codes and TOTP secrets are stored only wrapped with it (AES-256-GCM, the
 * owner's id as additional data, so that a wrapped value moved to another row does not open).
 *
 * Wrapped form: 1 byte version | 4 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag.
 * The key comes from [secrets] kek_file, the systemd credential autocsr-kek, or a file that the first start
 * makes.
 */
#ifndef CORE_KEK_H
#define CORE_KEK_H

#include "base/secret.h"
#include "ipc/role.h"

struct kek;

/* Before the sandbox. */
ACSR_MUST_USE enum acsr_result kek_open(struct kek **out, struct proc *p, struct acsr_err *e);
/* Once the database is open: make the file in the state directory when nothing has been wrapped yet; a file
 * that is missing later is config.kek, never replaced. */
ACSR_MUST_USE enum acsr_result kek_first(
	struct kek *k, struct proc *p, bool database_is_new, struct acsr_err *e);

/* Append the wrapped form of s to out; owner is the row's id. */
ACSR_MUST_USE enum acsr_result kek_wrap(const struct kek *k, const char *owner, const struct acsr_secret *s,
	struct buf *out, struct acsr_err *e);
/* Error "kek.unknown" (the key that wrapped it is not configured) or "kek.damaged". */
ACSR_MUST_USE enum acsr_result kek_unwrap(const struct kek *k, const char *owner, struct bytes wrapped,
	struct acsr_secret **out, struct acsr_err *e);
/* Wrapped with an older key than the current one? */
bool kek_is_old(const struct kek *k, struct bytes wrapped);

#endif
