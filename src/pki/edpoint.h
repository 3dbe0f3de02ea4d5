/* Public points of Ed25519 and Ed448 (RFC 8032), which OpenSSL takes unseen. */
#ifndef PKI_EDPOINT_H
#define PKI_EDPOINT_H

#include "key_int.h"

enum ed_answer { ED_FINE, ED_NOT_ON_CURVE, ED_SMALL_ORDER, ED_NOMEM };

/* Only for those two algorithms. Not on the curve: also an encoding that RFC 8032 5.1.3 and 5.2.3 refuse. */
enum ed_answer ed_point(const struct acsr_key *k);

#endif
