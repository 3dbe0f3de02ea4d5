/*
 * Files: a directory and all below it, single files, an image or block device as it lies on the disk, what the
 * processes hold open, and what waits in the pipes between them.
 */
#ifndef CLI_FORENSIC_SCANFILE_H
#define CLI_FORENSIC_SCANFILE_H

#include "cli/forensic/hold.h"

/* One file or block device, whole. Not there: nothing happens. Unreadable, or changed in size: noted as unread. */
void scanfile_one(struct search *s, enum surface surface, const char *path);
/* A directory with all below it, at most 16 deep; links are not followed, nothing but files is opened. A database
 * (…db, …db-wal, …db-shm, …sqlite) counts as SURFACE_DATABASE, *.log and *.jsonl as SURFACE_LOGS. */
void scanfile_tree(struct search *s, const char *path);
/* Regular files that the processes have open and that lie outside `tree` (NULL: all), deleted ones too. */
void scanfile_open(struct search *s, const struct processes *ps, const char *tree);
/* What waits in the processes' pipes, without taking it out (tee(2)). */
void scanfile_pipes(struct search *s, const struct processes *ps);

/* Where a file belongs by its name. */
enum surface scanfile_kind(const char *path);

#endif
