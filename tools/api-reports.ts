// The public interface of a package as text, made from its declarations by API Extractor.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import type { Published } from './packages.js';

/** Makes the report of a built package. It warns of types that the interface uses but does not export. */
export function apiReport({ folder, short }: Published): string {
  const temp = mkdtempSync(join(tmpdir(), 'nvmmu-api-'));
  try {
    mkdirSync(join(temp, 'etc'));
    const tsconfig = join(temp, 'tsconfig.json');
    writeFileSync(
      tsconfig,
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable', 'dom'],
          module: 'nodenext',
          strict: true,
          skipLibCheck: true,
          types: [],
        },
        files: [join(folder, 'dist/index.d.ts')],
      }),
    );
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: folder,
        mainEntryPointFilePath: join(folder, 'dist/index.d.ts'),
        newlineKind: 'lf',
        compiler: { tsconfigFilePath: tsconfig },
        apiReport: {
          enabled: true,
          reportFileName: `${short}.api.md`,
          reportFolder: join(temp, 'etc'),
          reportTempFolder: join(temp, 'etc'),
          includeForgottenExports: false,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          extractorMessageReporting: {
            default: { logLevel: ExtractorLogLevel.None },
            'ae-forgotten-export': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
            'ae-incompatible-release-tags': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
          },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(folder, 'package.json'),
    });
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true;
      },
    });
    return readFileSync(join(temp, `etc/${short}.api.md`), 'utf8');
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
