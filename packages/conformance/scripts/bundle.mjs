// Makes the bundles under vectors/ from a folder of recorded results: node scripts/bundle.mjs FOLDER
// FOLDER holds families (handed, random, …) of NAME.vmm.jsonl and NAME.golden.jsonl. Also writes src/vector-files.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FAMILIES = ['handed', 'defects', 'random', 'raw'];
const CHIPS = 'nv50 g84 mcp77 gf100 gk104 gk20a gm200 gm20b gp100 gp10b gv100 tu102 gh100'.split(' ');

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/bundle.mjs FOLDER');

const lines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n');
const bundles = new Map(CHIPS.map((chip) => [chip, { text: [], vectors: 0, operations: 0 }]));

for (const family of FAMILIES) {
  const names = readdirSync(`${folder}/${family}`)
    .filter((name) => name.endsWith('.vmm.jsonl'))
    .map((name) => name.slice(0, -'.vmm.jsonl'.length))
    .sort();
  for (const name of names) {
    const script = lines(`${folder}/${family}/${name}.vmm.jsonl`);
    const results = lines(`${folder}/${family}/${name}.golden.jsonl`);
    const { title } = JSON.parse(script[0]);
    const { chip } = JSON.parse(script[1]);
    const bundle = bundles.get(chip);
    if (bundle === undefined) throw new Error(`${family}/${name}: unknown chip ${chip}`);
    if (results.length !== script.length - 1) throw new Error(`${family}/${name}: script and results don't match`);
    const head = { vector: `${family}/${name}`, chip, title, operations: results.length };
    bundle.text.push(JSON.stringify(head), ...script, ...results);
    bundle.vectors++;
    bundle.operations += results.length;
  }
}

const rows = [];
for (const [chip, { text, vectors, operations }] of bundles) {
  const packed = gzipSync(`${text.join('\n')}\n`, { level: 9 });
  writeFileSync(new URL(`../vectors/${chip}.jsonl.gz`, import.meta.url), packed);
  rows.push(`  { chip: '${chip}', vectors: ${vectors}, operations: ${operations}, bytes: ${packed.length} },`);
}
const source = `// Written by scripts/bundle.mjs.

/** One file of recorded results: all vectors of one chip. */
export interface VectorFile {
  readonly chip: string;
  /** Scripts in it. */
  readonly vectors: number;
  /** Results in it. */
  readonly operations: number;
  /** Size of the compressed file. */
  readonly bytes: number;
}

/** The files that come with the package, oldest chip first. */
export const VECTOR_FILES: readonly VectorFile[] = [
${rows.join('\n')}
];
`;
writeFileSync(new URL('../src/vector-files.ts', import.meta.url), source);
