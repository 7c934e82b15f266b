/* global TextEncoder */
// Time per megabyte for growing inputs, ordinary and hostile: it must not grow. Run after `build`; `--json` for a record.
import { createFaultDecoder } from '../dist/index.js';

const fault = (i) =>
  `[ ${i}.123456] nouveau 0000:01:00.0: fifo: fault 00 [READ] at ${(i * 4096).toString(16).padStart(16, '0')} engine 00 [GR] client 0f [GPC0/PROP_0] reason 02 [PTE] on channel 4 [00ff8f3000 Xorg[958]]\n`;
const other = (i) =>
  `[ ${i}.123456] usb 1-1: new high-speed USB device number ${i % 100} using xhci_hcd, nothing to see here\n`;
const audit = (i) =>
  `[ ${i}.99] audit: type=1130 audit(1617955721.873:86): pid=1 uid=0 msg='unit=getty@tty1 comm="systemd" res=success'\n`;

/** Each kind makes a text of about `size` characters. */
const KINDS = {
  'ordinary log, a fault in 1000 lines': (size) =>
    fill(size, (i) => (i % 1000 === 0 ? fault(i) : i % 2 ? other(i) : audit(i))),
  'nothing but faults': (size) => fill(size, fault),
  'wrapped faults': (size) => fill(size, (i) => fault(i).replace(' engine', '\nengine').replace(' reason', '\nreason')),
  'one line of A': (size) => 'A'.repeat(size),
  'one line of quote marks': (size) => '>'.repeat(size),
  'one line of brackets': (size) => '['.repeat(size),
  'one line of "fault 00 [READ] at "': (size) => 'fault 00 [READ] at '.repeat(size / 19),
  'one line of "nouveau "': (size) => 'nouveau '.repeat(size / 8),
  'one address of zeros': (size) => `nouveau 0000:01:00.0: fifo: fault 00 [READ] at ${'0'.repeat(size)}`,
  'lines that end before a message': (size) => 'nouveau 0000:01:00.0: fifo:\n'.repeat(size / 28),
  'lines of "name="': (size) => 'NVRM: Xid (PCI:0000:01:00): 31, pid=1, name=\n'.repeat(size / 45),
  'process without end': (size) => `${fault(1).slice(0, -2)}${' ['.repeat(size / 2)}`,
  'NUL bytes': (size) => '\0'.repeat(size),
  'empty lines': (size) => '\n'.repeat(size),
};

function fill(size, line) {
  const parts = [];
  for (let i = 0, length = 0; length < size; i++) {
    const text = line(i);
    parts.push(text);
    length += text.length;
  }
  return parts.join('');
}

function run(text) {
  let faults = 0;
  const decoder = createFaultDecoder({ onFault: () => faults++ });
  // Processor time of this process: other load on the machine does not count.
  const from = process.cpuUsage();
  for (let at = 0; at < text.length; at += 65536) decoder.push(text.slice(at, at + 65536));
  decoder.end();
  return { ms: process.cpuUsage(from).user / 1000, faults };
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const sizes = [1, 4, 16].map((mb) => mb * 1e6);
const results = [];
for (const [kind, make] of Object.entries(KINDS)) {
  const row = { kind, msPerMb: [] };
  for (const size of sizes) {
    const text = make(size);
    run(text.slice(0, 200_000));
    const times = [run(text), run(text), run(text)];
    row.msPerMb.push(Number(((median(times.map(({ ms }) => ms)) / text.length) * 1e6).toFixed(2)));
    row.faults = times[0].faults;
  }
  const ratio = row.msPerMb.at(-1) / Math.max(row.msPerMb[0], 1);
  if (ratio > 4) throw new Error(`${kind}: ${row.msPerMb.join(', ')} ms/MB is not linear`);
  results.push(row);
}

// A log far larger than memory should be: what counts is the peak of the heap, not the time alone.
const gigabytes = Number(process.env.GB ?? 0);
let large;
if (gigabytes > 0) {
  const chunk = new TextEncoder().encode(KINDS['ordinary log, a fault in 1000 lines'](1e6));
  let faults = 0;
  const decoder = createFaultDecoder({ onFault: () => faults++ });
  const from = performance.now();
  let peak = 0;
  for (let i = 0; i < gigabytes * 1000; i++) {
    decoder.push(chunk);
    if (i % 50 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  decoder.end();
  large = {
    gigabytes,
    seconds: Number(((performance.now() - from) / 1000).toFixed(1)),
    faults,
    peakRssMb: Math.round(peak / 1e6),
  };
}

if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, results, large }));
else {
  console.log(`Node ${process.version}; ms of processor time per MB at 1, 4 and 16 MB (median of 3)`);
  for (const { kind, msPerMb, faults } of results) {
    console.log(`${kind.padEnd(40)} ${msPerMb.map((ms) => ms.toFixed(1).padStart(8)).join('')}  ${faults} faults`);
  }
  if (large) console.log(large);
}
