/* What a worker does as its last act: memcpy and the ciphers leave pieces of keys in registers and on the
 * stack. */
#ifndef KEYMAKER_CLEAR_H
#define KEYMAKER_CLEAR_H

/* Zero every vector and mask register that this processor has. The caller's floating point is lost. */
void clear_registers(void);
/* Zero the stack below the caller, where functions that have returned kept their variables. */
void clear_stack(void);

#endif
