/*
 * One search: the needles, what was searched of each surface, and what was found where.
 *
 * A finding never holds bytes: it says which piece of which order lies where. Ciphertext of an archive is a finding
 * only where it may not be (search_place.archive_is_normal).
 */
#ifndef CLI_FORENSIC_SEARCH_H
#define CLI_FORENSIC_SEARCH_H

#include <sys/types.h>

#include "cli/forensic/needles.h"

enum surface {
	SURFACE_MEMORY,    /* mappings of processes */
	SURFACE_REGISTERS, /* of every thread */
	SURFACE_SECRET,    /* memfd_secret mappings, read from inside */
	SURFACE_PIPES,     /* what waits in pipes between the processes */
	SURFACE_FILES,     /* the state directory and whatever else was named */
	SURFACE_DATABASE,  /* the database with its write-ahead log and shared memory file */
	SURFACE_LOGS,
	SURFACE_IMAGE, /* the block device or image below the state directory, raw */
	SURFACE_NETWORK,
	SURFACES
};
const char *surface_name(enum surface s); /* "memory" "registers" … */

enum control {
	CONTROL_NONE,   /* not made */
	CONTROL_FOUND,  /* the hidden piece was found */
	CONTROL_MISSED, /* it was not: nothing that this surface says counts */
};

struct surface_state {
	uint64_t bytes, parts; /* parts: mappings, threads, files, packets */
	uint64_t found;        /* pieces that should not be there */
	uint64_t by_design;    /* ciphertext where it may be */
	uint64_t unread;       /* parts that could not be read */
	enum control control;
	char why[160]; /* of the first that could not be read, or why nothing was searched */
};

enum { FINDINGS_MAX = 200, WHERE_MAX = 220 };

struct finding {
	enum surface surface;
	enum needle_kind kind;
	const char *what;
	unsigned order;
	unsigned scan;   /* number of the scan that found it first */
	uint64_t offset; /* address, or offset in a file, or number of a packet */
	size_t len;      /* of the piece, bytes */
	uint64_t times;
	char where[WHERE_MAX];
};

struct search {
	struct needles *needles;
	struct surface_state surfaces[SURFACES];
	struct finding findings[FINDINGS_MAX];
	size_t n_findings;
	uint64_t more; /* found, and not kept */
	unsigned scan;
	/* Of a decoy: only this range of its memory is looked at; the rest is a copy of this program's. 0: all. */
	uint64_t watch_from, watch_to;
};

/* Where the bytes that are searched next come from. */
struct search_place {
	enum surface surface;
	const char *where; /* "keymaker 1234: [heap]" */
	uint64_t offset;   /* of the first byte */
	bool archive_is_normal;
};

/* Counts the bytes and notes what is found in them before `limit`. */
void search_bytes(
	struct search *s, const struct search_place *at, const uint8_t *p, size_t len, size_t limit);
/* A part that could not be read: noted, with the first reason. */
void search_unread(struct search *s, enum surface surface, const char *fmt, ...) ACSR_PRINTF(3, 4);
/* Pieces that should not be there, of all surfaces. */
uint64_t search_found(const struct search *s);

#endif
