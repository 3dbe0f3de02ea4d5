/*
 * Merkle trees as in Certificate Transparency (RFC 9162 section 2.1, SHA-256): what a log of entries
 * commits to, and the proofs that an entry is in it and that it was only ever added to.
 *
 * Nothing here keeps a tree. Whoever keeps one stores the hashes of its full subtrees and hands them over
 * through a function; proofs are checked without any store. A path holds at most ACSR_MERKLE_PATH hashes.
 */
#ifndef AUTOCSR_MERKLE_H
#define AUTOCSR_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

#define ACSR_MERKLE_HASH 32
#define ACSR_MERKLE_PATH 64

struct acsr_merkle_path {
	uint8_t v[ACSR_MERKLE_PATH][ACSR_MERKLE_HASH];
	size_t n;
};

/* SHA-256(0x00 | entry) and SHA-256(0x01 | left | right). sys.digest */
ACSR_MUST_USE enum acsr_result acsr_merkle_leaf(
	const void *entry, size_t len, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);
/* The leaf of an entry that consists of texts, each followed by one zero byte: how AutoCSR's audit log hashes
 * its entries (seq, at, actor, account_id, action, object, detail). */
ACSR_MUST_USE enum acsr_result acsr_merkle_leaf_of_texts(
	const char *const *texts, size_t n, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acsr_merkle_node(const uint8_t left[ACSR_MERKLE_HASH],
	const uint8_t right[ACSR_MERKLE_HASH], uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);

/* The hash of the full subtree number `index` (from 0) of 2^level leaves. */
typedef enum acsr_result acsr_merkle_get_fn(
	void *arg, unsigned level, uint64_t index, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);

/* The root of the first `size` leaves; of none: SHA-256 of nothing. */
ACSR_MUST_USE enum acsr_result acsr_merkle_root(
	uint64_t size, acsr_merkle_get_fn *get, void *arg, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);
/* Inclusion of leaf `index` in the first `size` (2.1.3.1), index < size: merkle.range. */
ACSR_MUST_USE enum acsr_result acsr_merkle_inclusion(uint64_t index, uint64_t size, acsr_merkle_get_fn *get,
	void *arg, struct acsr_merkle_path *out, struct acsr_err *e);
/* Consistency of the first `from` with the first `to` (2.1.4.1), 0 < from <= to: merkle.range. */
ACSR_MUST_USE enum acsr_result acsr_merkle_consistency(uint64_t from, uint64_t to, acsr_merkle_get_fn *get,
	void *arg, struct acsr_merkle_path *out, struct acsr_err *e);

/*
 * Reading a log from its first leaf on: the roots of the full subtrees on the right edge, largest first.
 * Zero-initialise it.
 */
struct acsr_merkle_edge {
	uint8_t v[64][ACSR_MERKLE_HASH];
	uint64_t size; /* leaves so far */
};
/* A subtree has become full. */
typedef enum acsr_result acsr_merkle_full_fn(
	void *arg, unsigned level, uint64_t index, const uint8_t hash[ACSR_MERKLE_HASH], struct acsr_err *e);
/* One more leaf; `full` (may be NULL) hears of each subtree of two leaves or more that it completes, smallest
 * first. */
ACSR_MUST_USE enum acsr_result acsr_merkle_edge_add(struct acsr_merkle_edge *t,
	const uint8_t leaf[ACSR_MERKLE_HASH], acsr_merkle_full_fn *full, void *arg, struct acsr_err *e);
/* The root over all leaves so far. */
ACSR_MUST_USE enum acsr_result acsr_merkle_edge_root(
	const struct acsr_merkle_edge *t, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e);

/* Does the path lead from the leaf's hash to the root (2.1.3.2)? merkle.inclusion */
ACSR_MUST_USE enum acsr_result acsr_merkle_check_inclusion(const uint8_t leaf[ACSR_MERKLE_HASH],
	uint64_t index, uint64_t size, const struct acsr_merkle_path *path,
	const uint8_t root[ACSR_MERKLE_HASH], struct acsr_err *e);
/* Is the newer tree the older one with leaves added (2.1.4.2)? An older tree of no leaves always is.
 * merkle.consistency */
ACSR_MUST_USE enum acsr_result acsr_merkle_check_consistency(uint64_t from,
	const uint8_t from_root[ACSR_MERKLE_HASH], uint64_t to, const uint8_t to_root[ACSR_MERKLE_HASH],
	const struct acsr_merkle_path *path, struct acsr_err *e);

ACSR_C_END

#endif
