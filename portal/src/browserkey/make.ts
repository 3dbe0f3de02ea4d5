// Grade 1 of the hand-over: key, CSR and locked key file, all made in this page. Nothing here talks to anybody or stores anything;
// of what is made only `csr` is meant to be sent. Arrays that held the key in the clear are wiped; what the browser's
// own code copied meanwhile is out of reach of a page (docs/THREATS.md).
import { hex } from '../lib/text';
import { archiveOpens, writeArchive } from './archive';
import { pem, wipe, type Bytes } from './bytes';
import { checkSymbol, newCode } from './code';
import { makeCsr } from './csr';
import { generate } from './keypair';
import { encryptPkcs8 } from './pbes2';

export type KeyFileFormat = 'zip' | 'pkcs8';
export interface Wish { names: string[]; subject: Record<string, string>; keyType: string; format: KeyFileFormat; base: string }
export interface Made { csr: string; spkiSha256: string; fileName: string; file: Bytes; code: string; check: string }

async function lock(wish: Wish, pkcs8: Bytes, code: Bytes): Promise<Bytes> {
  if (wish.format === 'pkcs8') return pem('ENCRYPTED PRIVATE KEY', await encryptPkcs8(pkcs8, code));
  const plain = pem('PRIVATE KEY', pkcs8);
  try {
    const archive = await writeArchive(`${wish.base}.key`, plain, code, new Date());
    if (!await archiveOpens(archive, code, plain)) throw new Error('the archive does not open');
    return archive;
  } finally { wipe(plain); }
}

/** `names` as they go into the certificate; `base` of the file's name: BASE.zip with BASE.key inside, or BASE.key.pem, as the service names them. */
export async function makeKeyFile(wish: Wish): Promise<Made> {
  const pair = await generate(wish.keyType);
  const code = newCode();
  try {
    const csr = await makeCsr(pair, wish.names, wish.subject);
    const file = await lock(wish, pair.pkcs8, code);
    return {
      csr: new TextDecoder().decode(pem('CERTIFICATE REQUEST', csr)), spkiSha256: hex(await crypto.subtle.digest('SHA-256', pair.spki)),
      fileName: `${wish.base}.${wish.format === 'zip' ? 'zip' : 'key.pem'}`, file, code: new TextDecoder().decode(code), check: checkSymbol(code),
    };
  } finally { wipe(pair.pkcs8, code); }
}
