import type { ScriptRunner } from '@nvmmu/script';
import type { Paint } from './style.js';

export function describeTables(_runner: ScriptRunner, _paint: Paint): string[] {
  return [];
}
