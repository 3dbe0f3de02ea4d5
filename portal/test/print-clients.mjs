// Prints, as JSON, what the portal gives to paste: node print-clients.mjs DIRECTORY KID HMAC_KEY HOST. Without a key KID is "".
// For the end-to-end tests that run the commands.
import { build } from 'esbuild';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const made = await build({ entryPoints: [join(here, '../src/lib/acme-clients.ts')], bundle: true, format: 'esm', write: false, logLevel: 'warning' });
const { acmeClients } = await import('data:text/javascript;base64,' + Buffer.from(made.outputFiles[0].contents).toString('base64'));
const [directory, kid, hmac_key, host] = process.argv.slice(2);
process.stdout.write(JSON.stringify(acmeClients(directory, kid ? { kid, hmac_key } : null, false, host)));
