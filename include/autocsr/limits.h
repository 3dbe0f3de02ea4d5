/* Size limits of the library's readers, in bytes unless the name says otherwise. What is larger is refused.
 */
#ifndef AUTOCSR_LIMITS_H
#define AUTOCSR_LIMITS_H

#define ACSR_CSR_DER_MAX (16 * 1024)        /* a CSR as DER */
#define ACSR_CSR_DER_MAX_SLHDSA (64 * 1024) /* with an SLH-DSA key: signatures are large (RFC 9909) */
#define ACSR_CERT_DER_MAX (64 * 1024)       /* a certificate as DER */
#define ACSR_ARCHIVE_MAX (64 * 1024)        /* a hand-over archive: fits into one pipe */
#define ACSR_SANS_MAX 100                   /* subject alternative names in one CSR */

#endif
