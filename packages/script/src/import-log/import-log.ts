import type { Chip } from '@nvmmu/vmm-core';
import type { Choice } from './choices.js';
import type { Evidence } from './evidence.js';
import type { Attempt, ImportedScript } from './attempt.js';
import { Importer } from './importer.js';
import { parseLogLine, parseSpamLine, type LogLine } from './log-lines.js';
import { Stream } from './stream.js';
import type { Survey } from './survey.js';

/**
 * Makes a script that gives the `mmu` trace lines of a driver's log again. Where the memory is that was mapped, its kind
 * and flags are not in such lines: objects named `assumed…` stand for it, of the right size and page size.
 *
 * @param text - Lines of the log; others between them are passed over.
 * @param chip - Chip that the log is of.
 */
export function importLog(text: Iterable<string>, chip: Chip): ImportedScript {
  const lines: LogLine[] = [];
  const last = new Map<string, LogLine>();
  let number = 0;
  for (const line of text) {
    const parsed = parseLogLine(++number, line);
    if (parsed === undefined) {
      const { space, spam } = parseSpamLine(line) ?? {};
      if (space !== undefined && spam !== undefined) last.get(space)?.spam.push(spam);
      continue;
    }
    lines.push(parsed);
    last.set(parsed.space, parsed);
  }
  return search(chip, lines);
}

/** Lines that are replayed in search of better decisions, at most. */
const EFFORT = 40_000;
const MAX_RUNS = 60;

/** Imports with the likeliest decisions, and with others where that does not give the lines again. */
function search(chip: Chip, lines: readonly LogLine[]): ImportedScript {
  const surveys = new Map<string, Survey>();
  const streams = streamsOf(lines);
  const attempt = (given: ReadonlyMap<string, Choice>): Attempt =>
    new Importer(chip, lines, streams, surveys, given).run();
  let best = attempt(new Map());
  const tried = new Set<string>();
  let runs = Math.min(MAX_RUNS, EFFORT / Math.max(lines.length, 1));
  for (let better = true; better && best.score < lines.length;) {
    better = false;
    for (const { key, choice } of best.choices.troubles.flatMap(({ remedies }) => remedies)) {
      const name = `${key} ${typeof choice === 'boolean' ? String(choice) : describe(choice)}`;
      if (tried.has(name)) continue;
      if (--runs < 0) return best.script;
      tried.add(name);
      const next = attempt(new Map([...best.choices.given, [key, choice]]));
      if (next.score <= best.score) continue;
      best = next;
      better = true;
      break;
    }
  }
  return best.script;
}

/** The lines by name of address space. */
function streamsOf(lines: readonly LogLine[]): Stream[] {
  const streams = new Map<string, Stream>();
  for (const line of lines) {
    const stream = streams.get(line.space) ?? new Stream(line.space);
    streams.set(line.space, stream);
    stream.lines.push(line);
  }
  return [...streams.values()];
}

function describe(evidence: Evidence): string {
  return 'addr' in evidence ? `${evidence.kind} ${evidence.addr}` : evidence.kind;
}
