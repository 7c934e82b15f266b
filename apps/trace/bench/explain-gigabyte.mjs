// Explains a log of a gigabyte and prints time and peak memory: node bench/explain-gigabyte.mjs [MEBIBYTES]
// The log is written to the folder for temporary files first, and removed at the end. One line in 1000 is a fault; the
// rest are ordinary kernel messages, some of nouveau. `--json` prints every fault, text groups them.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const size = Number(process.argv[2] ?? 1024) * 2 ** 20;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nvmmu-bench-'));
const file = join(folder, 'kern.log');

/** Ordinary lines. */
const PLAIN = [
  'usb 1-4: new high-speed USB device number 7 using xhci_hcd',
  'EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode. Quota mode: none.',
  'nouveau 0000:01:00.0: fb: 8192 MiB GDDR5',
  'wlan0: associated',
  'audit: type=1400 audit(1700000000.123:42): apparmor="STATUS" operation="profile_load" profile="unconfined"',
];

async function write() {
  const stream = createWriteStream(file);
  let text = '';
  let bytes = 0;
  for (let i = 0; bytes < size; i++) {
    const time = `[${(i / 1000).toFixed(6).padStart(12)}] `;
    const page = ((i * 2654435761) >>> 0).toString(16).padStart(13, '0');
    text +=
      i % 1000 === 500
        ? `${time}nouveau 0000:01:00.0: fifo: fault 00 [READ] at ${page}000 engine 00 [GR] client 01 [GPC0/T1_0] reason 02 [PTE] on channel 2 [007f9a6000 game[${1000 + (i % 7)}]]\n`
        : `${time}${PLAIN[i % PLAIN.length]}\n`;
    if (text.length < 2 ** 20) continue;
    bytes += text.length;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.end();
  await once(stream, 'close');
}

/** Runs the program, which prints its resources last, and says what it took. */
async function measure(args) {
  const hook = 'process.on("exit", () => process.stderr.write(JSON.stringify(process.resourceUsage()) + "\\n"));';
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, cli, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let lines = 0;
  let errors = '';
  child.stdout.on('data', (chunk) => {
    for (const byte of chunk) if (byte === 10) lines++;
  });
  child.stderr.on('data', (chunk) => (errors += chunk));
  const [code] = await once(child, 'close');
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(errors.trim().split('\n').at(-1));
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${args.join(' ').replace(file, 'FILE')}: exit ${code}, ${lines} lines out, ${seconds.toFixed(1)} s by the clock, ` +
      `${((userCPUTime + systemCPUTime) / 1e6).toFixed(1)} s of processor, peak ${Math.round(maxRSS / 1024)} MiB resident`,
  );
}

try {
  await write();
  console.log(
    `${(statSync(file).size / 2 ** 20).toFixed(0)} MiB; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
  );
  await measure(['explain', file]);
  await measure(['explain', '--json', file]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
