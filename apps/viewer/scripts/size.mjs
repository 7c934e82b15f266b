// Keeps the first download small: everything that the page loads before anybody clicks, compressed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 250 * 1000;
const dist = new URL('../dist/', import.meta.url);

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

let total = 0;
for (const path of files(dist.pathname)) {
  const bytes = gzipSync(readFileSync(path), { level: 9 }).length;
  total += bytes;
  console.log(`${String(bytes).padStart(8)} ${path.slice(dist.pathname.length)}`);
}
console.log(`${String(total).padStart(8)} bytes compressed of ${LIMIT} allowed`);
if (total > LIMIT) {
  console.error('the page has grown too large');
  process.exit(1);
}
