// Which advisories about dependencies stop a change. The policy itself is policy.json beside this file; SECURITY.md says it
// in words.

/** From harmless to not at all. */
export const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** An advisory that was looked at and found not to matter here, for as long as that is taken to hold. */
export interface Accepted {
  /** `GHSA-…`. */
  readonly advisory: string;
  readonly reason: string;
  /** The last day on which it is accepted: `2026-12-31`. */
  readonly until: string;
}

export interface Policy {
  /** The least severity that stops a change, in what is installed with our packages. */
  readonly shipped: Severity;
  /** The same for the tools of the repository. */
  readonly tools: Severity;
  readonly accepted: readonly Accepted[];
}

/** What a registry says about one dependency. */
export interface Advisory {
  readonly advisory: string;
  readonly name: string;
  readonly severity: Severity;
  readonly title: string;
}

/** The answer to a question for advisories: there are some, or none, or nobody could be asked. */
export type Answer =
  | { readonly kind: 'advisories'; readonly advisories: readonly Advisory[] }
  | { readonly kind: 'unreachable'; readonly why: string };

interface Report {
  readonly error?: { readonly code?: string; readonly message?: string };
  readonly advisories?: Readonly<
    Record<
      string,
      {
        readonly github_advisory_id?: string;
        readonly module_name: string;
        readonly severity: string;
        readonly title: string;
      }
    >
  >;
}

/** What `pnpm audit --json` printed. Throws for anything else: silence is no clean bill of health. */
export function readAnswer(printed: string): Answer {
  const { error, advisories } = JSON.parse(printed) as Report;
  if (error !== undefined) {
    // Codes of a registry without this service, and of a network without this registry.
    if (
      /AUDIT_(BAD_RESPONSE|ENDPOINT)|FETCH|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN/.test(`${error.code} ${error.message}`)
    )
      return { kind: 'unreachable', why: error.code ?? 'no code' };
    throw new Error(`pnpm audit failed: ${error.code}: ${error.message}`);
  }
  if (advisories === undefined) throw new Error(`pnpm audit printed no advisories: ${printed.slice(0, 200)}`);
  return {
    kind: 'advisories',
    advisories: Object.entries(advisories).map(([id, one]) => ({
      advisory: one.github_advisory_id ?? id,
      name: one.module_name,
      // A severity that is new to us counts as the worst.
      severity: SEVERITIES.find((known) => known === one.severity) ?? 'critical',
      title: one.title,
    })),
  };
}

/** Those advisories that stop a change, on a day. */
export function stopping(
  advisories: readonly Advisory[],
  least: Severity,
  accepted: readonly Accepted[],
  today: string,
): Advisory[] {
  const valid = new Set(accepted.filter(({ until }) => today <= until).map(({ advisory }) => advisory));
  return advisories.filter(
    ({ advisory, severity }) => SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least) && !valid.has(advisory),
  );
}
