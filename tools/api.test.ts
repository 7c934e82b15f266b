// The public interface of each package against the report under version control; `pnpm api:update` renews the reports.

import { describe, expect, test } from 'vitest';
import { apiReport } from './api-reports.js';
import { published } from './packages.js';

const libraries = published().filter((one) => one.isLibrary);

describe.each(libraries)('the interface of $manifest.name', (one) => {
  test('is as reported in etc/api', { timeout: 120_000 }, async () => {
    await expect(apiReport(one)).toMatchFileSnapshot(`../etc/api/${one.short}.api.md`);
  });
});
