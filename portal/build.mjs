// Bundles the portal into static files. Run by meson (portal/meson.build) and by hand (`npm run build`).
// Installs the locked packages only when they are missing or differ, so a second build needs no network.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const LIMIT = 100 * 1024; // bytes, script and style together, gzipped

function option(name) {
  const at = process.argv.indexOf(name);
  return at > 0 ? resolve(process.argv[at + 1]) : null;
}

function fail(text) {
  console.error(`portal: ${text}`);
  process.exit(1);
}

function packages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

// npm leaves a copy of the lock file of what it installed. Optional packages are those of other platforms.
function installed() {
  const mark = join(here, 'node_modules/.package-lock.json');
  if (!existsSync(mark)) return false;
  const have = packages(mark);
  return Object.entries(packages(join(here, 'package-lock.json'))).every(([path, want]) =>
    path === '' || (have[path] ? have[path].integrity === want.integrity : want.optional === true));
}

function install() {
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
  if (run.status !== 0) fail('npm ci failed; without network, build with -Dportal=false or bring portal/node_modules along');
}

async function bundle(out) {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [join(here, 'src/main.tsx'), join(here, 'src/styles/app.css')],
    outdir: out, entryNames: 'app-[hash]', bundle: true, minify: true, format: 'esm', metafile: true,
    target: ['es2020', 'chrome90', 'firefox90', 'safari15'], jsx: 'automatic', jsxImportSource: 'preact',
    legalComments: 'none', logLevel: 'warning', absWorkingDir: here,
  });
  return result.metafile;
}

function page(out, names) {
  const html = readFileSync(join(here, 'index.html'), 'utf8')
    .replace('app.js', names.find((n) => n.endsWith('.js'))).replace('app.css', names.find((n) => n.endsWith('.css')));
  writeFileSync(join(out, 'index.html'), html);
  copyFileSync(join(here, 'favicon.svg'), join(out, 'favicon.svg'));
}

const out = option('--out') ?? fail('usage: build.mjs --out DIR [--depfile FILE] [--stamp FILE]');
if (!installed()) install();
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const meta = await bundle(out);
const names = Object.keys(meta.outputs).map((path) => basename(path));
page(out, names);

const size = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(out, name))).length, 0);
if (size > LIMIT) fail(`the bundle is ${size} bytes gzipped, the limit is ${LIMIT}`);
if (process.stdout.isTTY || process.env.npm_lifecycle_event) console.log(`portal: ${(size / 1024).toFixed(1)} KB gzipped`);

const stamp = option('--stamp');
const depfile = option('--depfile');
if (stamp) writeFileSync(stamp, `${size}\n`);
if (depfile) {
  const inputs = [...Object.keys(meta.inputs), 'index.html', 'favicon.svg', 'package-lock.json', 'build.mjs'];
  const target = relative(process.cwd(), stamp);
  writeFileSync(depfile, `${target}: ${inputs.map((f) => join(here, f).replace(/ /g, '\\ ')).join(' ')}\n`);
}
