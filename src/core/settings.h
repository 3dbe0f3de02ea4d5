/* Which settings have changed since the service ran last, for the audit log: their names, never their values. */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "core/core.h"

/* autocsrd has told the marks of all settings: at start, and at each reload. */
void settings_told(struct core *c, const struct msg_settings *m);

#endif
