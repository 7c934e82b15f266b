// How changesets become lines of a changelog: what a reader needs, no hashes of commits.

/** The line of one change: its text, as it was written. */
async function getReleaseLine({ summary }) {
  const [first = '', ...more] = summary.split('\n').map((line) => line.trimEnd());
  return [`- ${first}`, ...more.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}

/** The line about packages of ours that this one depends on and that have new versions. */
async function getDependencyReleaseLine(_changesets, updated) {
  if (updated.length === 0) return '';
  return `- Needs ${updated.map(({ name, newVersion }) => `\`${name}\` ${newVersion}`).join(', ')}.`;
}

module.exports = { getReleaseLine, getDependencyReleaseLine };
