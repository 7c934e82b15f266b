import { size } from './text.js';

/** An operation in one line: its name, and what it says. */
export interface OperationText {
  readonly op: string;
  readonly rest: string;
}

const SIZES: ReadonlySet<string> = new Set(['size']);

function valueText(key: string, value: unknown): string {
  if (typeof value === 'string') {
    const isNumber = /^0x[0-9a-f]+$/.test(value);
    return SIZES.has(key) && isNumber ? size(Number(value)) : value;
  }
  if (Array.isArray(value)) return value.length > 3 ? `[${value.length} items]` : JSON.stringify(value);
  return JSON.stringify(value);
}

/** Sums up the line of an operation. */
export function operationText(line: string): OperationText {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { op: '?', rest: line };
  }
  if (typeof value !== 'object' || value === null) return { op: '?', rest: line };
  const { op, ...rest } = value as Record<string, unknown>;
  const words: string[] = [];
  for (const [key, item] of Object.entries(rest)) {
    if (key === 'id' || key === 'vma' || key === 'chip') words.unshift(valueText(key, item));
    else if (item === true) words.push(key);
    else if (key === 'size' || key === 'addr' || key === 'inst' || key === 'engine') words.push(valueText(key, item));
    else if (item !== false) words.push(`${key} ${valueText(key, item)}`);
  }
  return { op: String(op), rest: words.join(', ') };
}
