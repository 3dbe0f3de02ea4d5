// The unlock code, exactly as the service makes it (include/autocsr/code.h): 26 Crockford characters, 130 random bits,
// and a check symbol (modulo 37) that is not part of it.
import { random, type Bytes } from './bytes';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U';
const LENGTH = 26;

/** 26 ASCII bytes. 256 is a multiple of 32, so the lower five bits of a random byte favour no character. */
export function newCode(): Bytes {
  return random(LENGTH).map((b) => alphabet.charCodeAt(b & 31)) as Bytes;
}

export function checkSymbol(code: ArrayLike<number>): string {
  let rest = 0;
  for (let i = 0; i < code.length; i++) rest = (rest * 32 + alphabet.indexOf(String.fromCharCode(code[i]!))) % 37;
  return alphabet[rest]!;
}

/** As people see it: groups of 5-5-5-5-6. */
export const codeGroups = (code: string): string[] => [0, 5, 10, 15, 20].map((at) => code.slice(at, at === 20 ? undefined : at + 5));
