import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Paints text for a stream; colours are left out where it is no terminal, and with NO_COLOR. */
export type Paint = (format: Format, text: string) => string;

/** How to paint for a stream. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  // FORCE_COLOR is for terminals that are not recognised; styleText minds it, NO_COLOR and the kind of stream.
  return (format, text) => styleText(format, text, { stream });
}

/** No colours. */
export const plain: Paint = (_format, text) => text;
