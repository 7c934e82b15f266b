import { MemoryImage, scanRoots, type Chip, type MmuFormat, type RootCandidate } from '@nvmmu/vmm-core';
import { Command, Option } from 'commander';
import { EXIT, Failure } from '../failure.js';
import { allFormats, bigPageOption, formatOf, type BigPage } from '../formats.js';
import { chipOption, parseCount } from '../options.js';
import { Output } from '../output.js';
import { Progress } from '../progress.js';
import { runScript } from '../script-state.js';
import { memoryOptions, openMemory, type StateFlags } from '../state-source.js';
import { paintFor, type Paint } from '../style.js';
import { formatHex, formatShift } from '../values.js';

interface RootsFlags extends Omit<StateFlags, 'chip'> {
  readonly chip?: Chip;
  readonly bigPage?: BigPage;
  readonly limit: number;
  readonly minScore: number;
  readonly json?: true;
}

/** A place, with all formats in which it looks like a start. */
interface Found {
  readonly best: RootCandidate;
  readonly formats: MmuFormat[];
}

/** `roots --image FILE@BASE…`. */
export function rootsCommand(): Command {
  const command = new Command('roots').description('look for page directories and instance blocks in a memory image');
  for (const option of memoryOptions()) command.addOption(option);
  return command
    .addOption(chipOption('look for those of this chip; all formats by default'))
    .addOption(bigPageOption())
    .addOption(new Option('--limit <n>', 'most candidates to print').argParser(parseCount).default(16))
    .addOption(
      new Option('--min-score <score>', 'leave out what scores less, from 0 to 1')
        .argParser((text) => {
          const score = Number(text);
          if (!(score >= 0 && score <= 1)) throw new Failure(`--min-score ${text} is not from 0 to 1`);
          return score;
        })
        .default(0.5),
    )
    .option('--json', 'print a line of JSON for each candidate')
    .addHelpText(
      'after',
      `
Each multiple of 4 KiB is judged by how much sense the memory makes as the start of an address space, in every format:
1 is as sure as it gets. What is found goes to --inst (instance block) or --pdb (directory) of the other commands. The
whole image is read into memory. Exit code 1 says that nothing was found.

Examples:
  nvmmu-trace roots --image vram.bin@0x0
  nvmmu-trace roots --image part1.bin@0x3f000000:vram --image part2.bin@0x3fe00000:vram --chip gp100`,
    )
    .action(run);
}

async function run(flags: RootsFlags): Promise<void> {
  const sources = [flags.script, flags.dump, flags.image].filter((source) => source !== undefined);
  if (sources.length === 0) throw new Failure('where to look? Give --image FILE@BASE, --dump FILE or --script FILE');
  if (sources.length > 1) throw new Failure('give one of --script, --dump and --image, not several');
  if (flags.bigPage !== undefined && flags.chip === undefined) throw new Failure('--big-page goes with --chip');
  const image = await imageOf(flags);
  const progress = new Progress('MiB');
  const formats = flags.chip === undefined ? allFormats() : formatsOf(flags.chip, flags.bigPage);
  const candidates = scanRoots(image, formats, {
    minScore: flags.minScore,
    limit: flags.limit * formats.length,
    progress: (format, done, total) => {
      const share = (formats.indexOf(format) + done / total) / formats.length;
      progress.update(Math.round(done / 2 ** 20), share);
    },
  });
  progress.end();
  const found = dropShifted(merge(candidates)).slice(0, flags.limit);
  const out = new Output();
  const paint = paintFor(process.stdout);
  for (const one of found) out.line(flags.json === true ? JSON.stringify(foundJson(one)) : describe(one, paint));
  if (found.length === 0) {
    if (flags.json !== true) out.line('nothing in there looks like the start of an address space');
    process.exitCode = EXIT.no;
  }
  await out.drain();
}

async function imageOf(flags: RootsFlags): Promise<MemoryImage> {
  if (flags.script === undefined) return openMemory(flags).image();
  const runner = await runScript(flags.script, { at: flags.at });
  return new MemoryImage(runner.provider?.allocations());
}

function formatsOf(chip: Chip, bigPage: BigPage | undefined): MmuFormat[] {
  const format = formatOf(chip, bigPage);
  if (bigPage !== undefined || format.bigPageShift === undefined) return [format];
  return [format, formatOf(chip, format.bigPageShift === 17 ? 16 : 17)];
}

/** Joins candidates for one place: several chips read it alike. */
function merge(candidates: readonly RootCandidate[]): Found[] {
  const found = new Map<string, Found>();
  for (const candidate of candidates) {
    const key = [candidate.kind, candidate.target, candidate.addr, candidate.format.version, candidate.score].join(' ');
    const known = found.get(key);
    if (known === undefined) found.set(key, { best: candidate, formats: [candidate.format] });
    else known.formats.push(candidate.format);
  }
  return [...found.values()];
}

/** Bytes of an instance block of format T, which has the directory inside. */
const BLOCK_BYTES = 0x6000n;

/**
 * Leaves out what is a better candidate read from another page of it: the directory inside a block of format T is long
 * and mostly alike, so that it makes sense from there, too.
 */
function dropShifted(found: readonly Found[]): Found[] {
  const kept: Found[] = [];
  for (const one of found) {
    const { format, target, addr } = one.best;
    const isShifted = kept.some(({ best }) => {
      if (best.format.version !== 'T' || best.target !== target) return false;
      return best.addr !== addr && best.addr - BLOCK_BYTES < addr && addr < best.addr + BLOCK_BYTES;
    });
    if (format.version !== 'T' || !isShifted) kept.push(one);
  }
  return kept;
}

function foundJson({ best, formats }: Found): object {
  return {
    kind: best.kind,
    target: best.target,
    addr: formatHex(best.addr),
    directory: formatHex(best.root.addr),
    directoryTarget: best.root.target,
    ...(best.root.limit !== undefined && { limit: formatHex(best.root.limit) }),
    format: best.format.version,
    chips: [...new Set(formats.map(({ chip }) => chip))],
    bigPages: [...new Set(formats.flatMap(({ bigPageShift }) => bigPageShift ?? []))],
    score: Number(best.score.toFixed(4)),
    notes: best.notes,
  };
}

function describe({ best, formats }: Found, paint: Paint): string {
  const { kind, target, addr, root, score, notes, format } = best;
  const what = kind === 'instance' ? 'instance block' : 'directory     ';
  const chips = [...new Set(formats.map(({ chip }) => chip))].join(', ');
  const big = [
    ...new Set(formats.flatMap(({ bigPageShift }) => (bigPageShift === undefined ? [] : [formatShift(bigPageShift)]))),
  ];
  const pages = big.length === 0 ? '' : `, ${big.join(' or ')} big pages`;
  const limit = root.limit === undefined ? '' : `, addresses up to ${formatHex(root.limit)}`;
  const text = `${score.toFixed(2)}  ${what} ${target} ${formatHex(addr)}  format ${format.version} (${chips}${pages})${limit}: ${notes.join(', ')}`;
  return score >= 0.8 ? paint('green', text) : text;
}
