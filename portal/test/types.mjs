// Type-checks the portal. Apart from the bundle, because esbuild only strips types and the build should stay quick.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const portal = join(dirname(fileURLToPath(import.meta.url)), '..');
const run = spawnSync(process.execPath, [join(portal, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', portal], { stdio: 'inherit' });
process.exit(run.status ?? 1);
