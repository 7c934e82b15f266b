import { batch } from '@preact/signals';
import { EXAMPLES } from '../model/examples.js';
import { formatOf, guessView, readDump } from '../model/dump.js';
import { fileKind } from '../model/file-kind.js';
import { packScript, parseLink, unpackScript, type Link } from '../model/link.js';
import { CancelledError, runScript } from './run-script.js';
import {
  address,
  busy,
  chosenSpace,
  entry,
  goTo,
  level,
  logText,
  openRecording,
  otherChip,
  playing,
  problem,
  session,
  step,
  view,
  type Source,
} from './store.js';

/** Largest file that is read, in bytes: strings of engines end at half a gigabyte. */
const FILE_LIMIT = 256 * 2 ** 20;
/** Chip whose format a dump is read in until somebody chooses another. */
const DUMP_CHIP = 'gp100';

/** The packed form of the script that is loaded, for its link. */
let packed: { readonly text: string; readonly z: string | undefined } | undefined;

/** The packed script, made when it was loaded. */
export function packedScript(text: string): string | undefined {
  return packed?.text === text ? packed.z : undefined;
}

function clear(): void {
  batch(() => {
    playing.value = false;
    problem.value = undefined;
    session.value = undefined;
    chosenSpace.value = undefined;
    address.value = undefined;
    level.value = undefined;
    entry.value = undefined;
    otherChip.value = undefined;
    step.value = 0;
    view.value = 'space';
  });
}

/** Shows what a link says about steps and views. */
export function applyLink(link: Link): void {
  batch(() => {
    if (link.step !== undefined) goTo(link.step);
    view.value = link.view ?? 'space';
    chosenSpace.value = link.space;
    address.value = link.at;
    level.value = link.level;
    entry.value = link.entry;
    otherChip.value = link.chip;
  });
}

/** Runs a script and shows it; what goes wrong is told in the page. */
export async function openScript(source: Source, text: string, link: Link): Promise<void> {
  busy.peek()?.cancel?.();
  clear();
  const title = source.kind === 'inline' ? 'the script' : source.name;
  const job = runScript(text, undefined, (progress) => {
    busy.value = { title, progress, cancel: job.cancel };
  });
  busy.value = { title, progress: undefined, cancel: job.cancel };
  try {
    const recording = await job.result;
    if (recording.count === 0) {
      problem.value = `${title}: ${recording.error ?? 'there is no operation in it'}`;
      return;
    }
    packed = source.kind === 'example' ? undefined : { text, z: await packScript(text) };
    batch(() => {
      openRecording(source, text, recording);
      goTo(link.step ?? recording.count - 1);
      applyLink(link);
      if (recording.error !== undefined) problem.value = `${title} ends early: ${recording.error}`;
    });
  } catch (error) {
    if (!(error instanceof CancelledError)) problem.value = `${title}: ${messageOf(error)}`;
  } finally {
    busy.value = undefined;
  }
}

/** Opens an example by its name. */
export async function openExample(id: string, link?: Link): Promise<void> {
  const example = EXAMPLES.find((candidate) => candidate.id === id);
  if (example === undefined) {
    problem.value = `there is no example "${id}"`;
    return;
  }
  await openScript({ kind: 'example', name: id }, example.text, link ?? example.open);
  if (example.log !== undefined) logText.value = example.log;
}

/** Opens a text by what it is. */
export async function openText(source: Source, text: string, link: Link = {}): Promise<void> {
  switch (fileKind(text)) {
    case 'script':
      await openScript(source, text, link);
      return;
    case 'dump':
      openDump(source, text, link);
      return;
    case 'log':
      // A log does not push aside the script whose addresses it may be about.
      logText.value = text;
      problem.value = undefined;
      view.value = 'explain';
      return;
    case 'binary':
      problem.value = `${source.name}: neither a script nor a text dump nor a log`;
  }
}

/** Opens a file that somebody chose or dropped. */
export async function openFile(file: File): Promise<void> {
  if (file.size > FILE_LIMIT) {
    problem.value = `${file.name}: larger than ${FILE_LIMIT / 2 ** 20} MiB`;
    return;
  }
  const wanted = parseLink(location.hash);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    await openText({ kind: 'file', name: file.name }, text, wanted.file === file.name ? wanted : {});
  } catch (error) {
    problem.value = `${file.name}: ${error instanceof TypeError ? 'not a text in UTF-8' : messageOf(error)}`;
  }
}

function openDump(source: Source, text: string, link: Link): void {
  clear();
  try {
    const image = readDump(text);
    const chip = link.chip ?? DUMP_CHIP;
    const format = formatOf(chip);
    const guess = guessView(image, format);
    batch(() => {
      session.value = { kind: 'dump', source, image, chip, format: guess?.format ?? format, root: guess?.root };
      applyLink({ view: 'tables', ...link });
    });
  } catch (error) {
    problem.value = `${source.name}: ${messageOf(error)}`;
  }
}

/** Opens what a link names; a link to a file asks for it. */
export async function openLink(link: Link): Promise<void> {
  try {
    if (link.ex !== undefined) await openExample(link.ex, link);
    else if (link.z !== undefined) {
      await openScript({ kind: 'inline', name: 'script' }, await unpackScript(link.z), link);
    } else if (link.served !== undefined) {
      const response = await fetch('./file');
      if (!response.ok) throw new Error(`the server has no file (${response.status})`);
      await openText({ kind: 'served', name: link.served }, await response.text(), link);
    } else if (link.file !== undefined) {
      problem.value = `This link is about the file "${link.file}". Open it here to see what the link shows.`;
    } else if (link.view === 'explain') {
      view.value = 'explain';
    } else {
      clear();
    }
  } catch (error) {
    problem.value = messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
