import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readVectors, VECTOR_FILES, vectorUrl, type Vector } from '@nvmmu/conformance';
import { formatOperation, parseScript, ScriptRunner, type Operation, type ScriptSpace } from '@nvmmu/script';
import { MemoryImage, walk, type Root, type WalkResult } from '@nvmmu/vmm-core';
import { describe, expect, test } from 'vitest';
import { traceInProcess } from './in-process.js';
import { folder, trace, type Run } from './program.js';

// `walk` and `tables` against the final state of recorded scripts: what verify() has checked, what the software's own
// regions say, and the same from a dump. Ordinary runs take a few scripts of each chip, NVMMU_ALL_VECTORS=1 takes all.

const ALL = process.env['NVMMU_ALL_VECTORS'] === '1';
const FAMILIES = ['handed', 'random', 'raw', 'defects'];

async function vectorsOf(chip: string): Promise<Vector[]> {
  const vectors: Vector[] = [];
  for await (const vector of readVectors(readFileSync(vectorUrl(chip)))) vectors.push(vector);
  // Some of each family; the later ones of a family are the larger.
  return ALL ? vectors : FAMILIES.flatMap((family) => vectors.filter((v) => v.family === family).slice(-2));
}

/** Runs the built program; of a few runs each is a process of its own. */
async function run(args: readonly string[], own: boolean): Promise<Pick<Run, 'code' | 'stdout'>> {
  if (own) return trace(args);
  return traceInProcess(args);
}

function rootOf({ vmm }: ScriptSpace): Root | undefined {
  const { directory, joined, template } = vmm.state;
  const limit = vmm.limit - 1n;
  if (directory !== undefined) return { kind: 'root', target: directory.target, addr: BigInt(directory.addr), limit };
  const block = joined[0];
  if (block === undefined) return undefined;
  return { kind: 'root', target: block.target, addr: BigInt(block.addr + (template.directoryOffset ?? 0)) };
}

/** Addresses worth a look: the edges of all regions and what is in their middle, and some at random places. */
function addressesOf({ vmm }: ScriptSpace): bigint[] {
  const found = new Set<bigint>([0n, vmm.limit - 1n, vmm.limit]);
  const regions = [...vmm.regions()];
  const step = Math.max(1, Math.floor(regions.length / 40));
  for (const [i, { addr, size }] of regions.entries()) {
    if (i % step !== 0) continue;
    for (const va of [addr, addr + 0x123n, addr + size / 2n, addr + size - 1n]) found.add(va);
  }
  return [...found];
}

interface WalkLine {
  va: string;
  result: string;
  addr?: string;
  aperture?: string;
  shift?: number;
  ro?: boolean;
  priv?: boolean;
  vol?: boolean;
  kind?: number;
  reason?: number | null;
  cause?: string;
  steps: { level: string; value: string; table: string; index: number }[];
}

interface RangeLine {
  va: string;
  size: string;
  result: string;
  addr?: string;
  aperture?: string;
  shift: number;
  ro?: boolean;
  priv?: boolean;
  vol?: boolean;
  kind?: number;
}

/** The line that a walk must print, from the walk itself. */
function expectedLine(result: WalkResult): object {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const steps = result.steps.map(({ level, value, tableAddr, index }) => ({
    level,
    value: hex(value),
    table: hex(tableAddr),
    index,
  }));
  const va = hex(result.va);
  if (result.kind === 'mapped') {
    const { addr, aperture, shift, ro, priv, vol, storageKind: kind } = result;
    return { va, result: 'mapped', addr: hex(addr), aperture, shift, ro, priv, vol, kind, steps };
  }
  if (result.kind === 'fault') return { va, result: 'fault', reason: result.reason ?? null, steps };
  return { va, result: result.kind === 'nowhere' ? 'sparse' : result.kind, steps };
}

const parse = <T>(text: string): T[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Checks a walk against what the software believes of the region. */
function agrees(space: ScriptSpace, line: WalkLine): void {
  const { vmm } = space;
  const va = BigInt(line.va);
  const region = va < vmm.limit ? vmm.regionAt(va) : undefined;
  if (vmm.type !== 'unmanaged') return;
  if (region === undefined) expect(line.result, `${line.va}, where nothing is allocated`).toBe('fault');
  else if (region.memory !== undefined) expect(line.result, `${line.va}, which is mapped`).toBe('mapped');
  else if (!region.mapped)
    expect(line.result, `${line.va}, which is not mapped`).toBe(region.sparse ? 'sparse' : 'fault');
}

/** Checks ranges against walks: each address must lie in a range that says the same. */
function contains(ranges: readonly RangeLine[], line: WalkLine): void {
  const va = BigInt(line.va);
  const range = ranges.find((r) => BigInt(r.va) <= va && va < BigInt(r.va) + BigInt(r.size));
  if (line.result === 'fault') {
    expect(range?.result, `a range with ${line.va}`).toBe(line.cause === 'both' ? 'conflict' : undefined);
    return;
  }
  expect(range?.result, `the range with ${line.va}`).toBe(line.result);
  if (range === undefined || range.addr === undefined || line.addr === undefined) return;
  const { aperture, shift, ro, priv, vol, kind } = line;
  expect(range).toMatchObject({ aperture, shift, ro, priv, vol, kind });
  expect(BigInt(range.addr) + va - BigInt(range.va)).toBe(BigInt(line.addr));
}

/** Operations after which to look: the last with an open address space, and the one with the most page tables. */
function momentsOf(operations: readonly Operation[]): number[] {
  const runner = new ScriptRunner({ log: 'none', hash: false });
  let last = -1;
  let peak = -1;
  let most = 0;
  for (const { index } of runner.run(operations)) {
    if ([...runner.spaces].some(([, { closed }]) => closed === undefined)) last = index;
    const count = runner.provider?.allocations().length ?? 0;
    if (count > most) [peak, most] = [index, count];
  }
  return [...new Set([last, peak])].filter((index) => index >= 0);
}

async function check(vector: Vector, own: boolean): Promise<number> {
  const { operations } = parseScript(vector.script.join('\n'));
  let spaces = 0;
  for (const at of momentsOf(operations)) spaces += await checkAt(vector, operations.slice(0, at + 1), at, own);
  return spaces;
}

async function checkAt(vector: Vector, operations: readonly Operation[], at: number, own: boolean): Promise<number> {
  const runner = new ScriptRunner({ log: 'none', hash: false });
  for (const operation of operations) runner.step(operation);
  const image = new MemoryImage(runner.provider?.allocations());
  const [header = ''] = vector.script;
  const path = folder({
    'whole.vmm.jsonl': `${vector.script.join('\n')}\n`,
    'part.vmm.jsonl': `${[header, ...operations.map(formatOperation)].join('\n')}\n`,
  });
  const script = join(path, 'whole.vmm.jsonl');
  const dump = join(path, 'memory.txt');
  expect((await run(['run', '--no-tables', '--dump', dump, join(path, 'part.vmm.jsonl')], own)).code).toBe(0);
  const source = ['--script', script, '--at', String(at)];
  let spaces = 0;
  for (const [id, space] of runner.spaces) {
    const root = rootOf(space);
    if (space.closed !== undefined || root === undefined) continue;
    spaces++;
    space.vmm.verify();
    const addresses = addressesOf(space);
    const words = addresses.map((va) => `0x${va.toString(16)}`);
    const walked = await run(['walk', ...source, '--vmm', id, '--json', ...words], own);
    expect(walked.code).toBe(0);
    const lines = parse<WalkLine>(walked.stdout);
    const { format } = space.vmm.state.template;
    expect(lines).toMatchObject(addresses.map((va) => expectedLine(walk(format, image, root, va))));
    for (const line of lines) agrees(space, line);

    const listed = await run(['tables', ...source, '--vmm', id, '--json'], own);
    const ranges = parse<RangeLine>(listed.stdout).filter((line) => 'va' in line);
    // Raw clients may map one address at two sizes, which faults; anything else wrong with the tables is our mistake.
    const problems = ranges.filter(({ result }) => result !== 'mapped' && result !== 'sparse');
    expect(problems.every(({ result }) => result === 'conflict' && space.vmm.type === 'raw')).toBe(true);
    expect(listed.code).toBe(problems.length > 0 ? 1 : 0);
    for (const line of lines) contains(ranges, line);

    // The same from the dump alone, once as it names the space itself and once as the reader does.
    expect(await run(['walk', '--dump', dump, '--vmm', id, '--json', ...words], own)).toMatchObject({
      code: 0,
      stdout: walked.stdout,
    });
    const place = `0x${root.addr.toString(16)}:${root.target}`;
    const bigPage = format.bigPageShift === undefined ? [] : ['--big-page', String(format.bigPageShift)];
    const named = ['tables', '--dump', dump, '--chip', vector.chip, '--pdb', place, ...bigPage, '--json'];
    expect(await run(named, own)).toMatchObject(listed);
  }
  return spaces;
}

describe.each(VECTOR_FILES.map(({ chip }) => chip))('%s', (chip) => {
  test(
    'walk and tables agree with the state of recorded scripts, and with its dump',
    { timeout: 3_600_000 },
    async () => {
      let spaces = 0;
      for (const vector of await vectorsOf(chip)) {
        try {
          spaces += await check(vector, false);
        } catch (error) {
          throw new Error(`${vector.name}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        }
      }
      expect(spaces).toBeGreaterThan(2);
    },
  );
});

test('the same as processes of their own', { timeout: 300_000 }, async () => {
  const vectors = await vectorsOf('gh100');
  const vector = vectors.find(({ family }) => family === 'handed');
  const { operations } = parseScript(vector?.script.join('\n') ?? '');
  const [at = 0] = momentsOf(operations);
  expect(await checkAt(vector!, operations.slice(0, at + 1), at, true)).toBeGreaterThan(0);
});
