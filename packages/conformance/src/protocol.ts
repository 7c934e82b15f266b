// The messages of the conformance protocol, in which an implementation in any language can be checked. See FORMAT.md.
// The runner sends a line and waits for one line, always: neither side needs threads, buffers or look-ahead.

/** Name of the protocol, in the first message of either side. */
export const PROTOCOL = 'nvmmu-conformance';

/** Version of the protocol. It grows when an implementation of the version before would no longer be understood. */
export const PROTOCOL_VERSION = 1;

/**
 * Two directions of lines, without their line ends: a process's standard input and output, a socket, a worker. How long
 * to wait for an answer is the channel's own business; rejecting is the way to give up.
 */
export interface LineChannel {
  /** Sends one line. */
  send(line: string): void | Promise<void>;
  /** The next line that comes back; `undefined` when there will be no more. */
  receive(): Promise<string | undefined>;
}

/** Keys of results that an implementation can choose not to be held to. */
export const OPTIONAL_PARTS = ['log', 'ev', 'vmas', 'mem'] as const;

/** One of {@link OPTIONAL_PARTS}. */
export type OptionalPart = (typeof OPTIONAL_PARTS)[number];

/** What an implementation says about itself. */
export interface ForeignHello {
  /** Name and version, for people. */
  readonly name: string;
  /** Chips that it has; the vectors of others are not sent. All when absent. */
  readonly chips: readonly string[] | undefined;
  /** Parts of results that it does not give. */
  readonly omits: readonly OptionalPart[];
}

/** Characters of a wrong line that an error shows. */
const LINE_SHOWN = 200;

/** The other side did not keep to the protocol, or went away. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
  /** The line that was not understood, cut to 200 characters; `undefined` when there was none. */
  readonly line: string | undefined;

  /** Makes an error about a line. */
  constructor(message: string, line?: string) {
    super(line === undefined ? message : `${message}: ${line.slice(0, LINE_SHOWN)}`);
    this.line = line?.slice(0, LINE_SHOWN);
  }
}

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/** Reads an answer as a JSON object. */
export function parseAnswer(line: string | undefined): Readonly<Record<string, unknown>> {
  if (line === undefined) throw new ProtocolError('the implementation went away');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolError('an answer is not JSON', line);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('an answer is not an object', line);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Sends a message and reads the answer. */
export async function ask(channel: LineChannel, message: object): Promise<Readonly<Record<string, unknown>>> {
  await channel.send(JSON.stringify(message));
  return parseAnswer(await channel.receive());
}

/** Exchanges the first messages. */
export async function greet(channel: LineChannel): Promise<ForeignHello> {
  const answer = await ask(channel, { protocol: PROTOCOL, version: PROTOCOL_VERSION });
  const { protocol, version, name, chips, omits = [] } = answer;
  const line = JSON.stringify(answer);
  if (protocol !== PROTOCOL) throw new ProtocolError(`the other side does not speak ${PROTOCOL}`, line);
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError(`the other side speaks version ${String(version)}, not ${PROTOCOL_VERSION}`, line);
  }
  if (typeof name !== 'string') throw new ProtocolError('the other side has no name', line);
  if (chips !== undefined && !isStrings(chips)) throw new ProtocolError('`chips` is not a list of names', line);
  const known: readonly string[] = OPTIONAL_PARTS;
  if (!isStrings(omits) || !omits.every((part) => known.includes(part))) {
    throw new ProtocolError(`\`omits\` may hold ${OPTIONAL_PARTS.join(', ')}`, line);
  }
  return { name, chips, omits: omits as readonly OptionalPart[] };
}
