/* The kind of an object, from its DER or from its PEM label; for the recogniser (autocsr/input.h). */
#ifndef PKI_OUTLINE_H
#define PKI_OUTLINE_H

#include "autocsr/input.h"
#include "base/buf.h"

/* BER's indefinite lengths are understood. ACSR_INPUT_UNKNOWN when it is none of these. */
enum acsr_input_kind outline_kind(struct bytes der, const char **form);
/* Without the BEGIN and the dashes. Whatever ends with "PRIVATE KEY" is a private key. */
enum acsr_input_kind outline_kind_of_label(const char *label, const char **form);

#endif
