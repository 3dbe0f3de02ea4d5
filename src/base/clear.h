/* memcpy and the ciphers leave pieces of secrets in registers and on the stack. A keymaker's worker clears both as its last
 * act, every process its registers before it waits. */
#ifndef BASE_CLEAR_H
#define BASE_CLEAR_H

/* Zero every vector and mask register that this processor has. The caller's floating point is lost. */
void clear_registers(void);
/* Zero the stack below the caller, where functions that have returned kept their variables. */
void clear_stack(void);

#endif
