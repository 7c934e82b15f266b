// Builds the documentation as a site in tools/docs/dist: node tools/docs/build.mjs
//
// What is written stays where it is in the repository. Here it is put together, its links are turned to where things are
// on the site, TypeDoc adds the reference, and VitePress makes pages with a search that needs no server. A link that leads
// nowhere fails the build. DOCS_BASE is the path under which the site will live, `/` by default.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const site = join(here, 'site');
const REPOSITORY = 'https://github.com/nvmmu/nvmmu/blob/main/';
const OWN = /^https:\/\/github\.com\/nvmmu\/nvmmu\/(?:tree|blob)\/main\//;

function installed() {
  const started = process.env['npm_execpath'];
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [program, ...first] = started?.includes('pnpm') ? [process.execPath, started] : ['npx', '-y', packageManager];
  const args = [...first, 'install', '--frozen-lockfile', '--prefer-offline'];
  execFileSync(program, args, { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Documents of the repository, as paths from its root. */
function documents() {
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => posix.join(folder, path.replaceAll('\\', '/')));
  const readmes = ['packages', 'apps', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => [`${group}/${name}/README.md`, `${group}/${name}/FORMAT.md`]),
  );
  const papers = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md'];
  return [...papers, ...below('docs').filter((path) => path.endsWith('.md')), ...readmes].filter((path) =>
    existsSync(join(root, path)),
  );
}

/** Where a document is on the site. */
const placeOf = (path) => path.replace(/README\.md$/, 'index.md');

/** Turns the links of a document to where things are on the site; what is not there is in the repository. */
function turned(path, text, all) {
  const place = posix.dirname(placeOf(path));
  const turn = (link) => {
    const [file, anchor] = link.split('#');
    const own = OWN.test(file) ? file.replace(OWN, '') : undefined;
    if (own === undefined && (file === '' || /^[a-z]+:/.test(file))) return link;
    const target = own ?? posix.normalize(posix.join(posix.dirname(path), file));
    const page = [target, posix.join(target, 'README.md')].find((one) => all.has(one));
    const tail = anchor === undefined ? '' : `#${anchor}`;
    if (page !== undefined) return `./${posix.relative(place, placeOf(page))}${tail}`;
    if (/\.(svg|png|webp)$/.test(target)) {
      mkdirSync(join(site, dirname(target)), { recursive: true });
      cpSync(join(root, target), join(site, target));
      return `./${posix.relative(place, target)}`;
    }
    if (!existsSync(join(root, target))) throw new Error(`${path}: ${link} leads nowhere`);
    return REPOSITORY + target + tail;
  };
  // Code stays as it is.
  return text
    .split(/(^```.*?^```$|`[^`\n]*`)/ms)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/\]\(([^)\s]+)\)/g, (_, link) => `](${turn(link)})`)))
    .join('');
}

function write(path, text) {
  mkdirSync(join(site, dirname(path)), { recursive: true });
  writeFileSync(join(site, path), text);
}

function assemble() {
  rmSync(site, { recursive: true, force: true });
  const all = new Set(documents());
  for (const path of all) write(placeOf(path), turned(path, readFileSync(join(root, path), 'utf8'), all));
  const viewer = join(root, 'apps/viewer/dist');
  if (!existsSync(join(viewer, 'index.html'))) throw new Error('the viewer is not built');
  cpSync(viewer, join(site, 'public/viewer'), { recursive: true });
  cpSync(join(here, 'config.mjs'), join(site, '.vitepress/config.mjs'));
  cpSync(join(here, 'theme'), join(site, '.vitepress/theme'), { recursive: true });
  write('viewer.md', '---\nlayout: page\ntitle: Viewer\n---\n\n<Viewer />\n');
}

function reference() {
  const packages = readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'src/index.ts')))
    .map((name) => join(root, 'packages', name));
  const sources = {
    disableGit: true,
    sourceLinkTemplate: `${REPOSITORY}{path}#L{line}`,
    gitRevision: 'main',
    basePath: root,
  };
  const options = {
    entryPointStrategy: 'packages',
    entryPoints: packages,
    packageOptions: {
      entryPoints: ['src/index.ts'],
      tsconfig: 'tsconfig.build.json',
      readme: 'none',
      excludeInternal: true,
      ...sources,
    },
    plugin: ['typedoc-plugin-markdown'],
    out: join(site, 'api'),
    name: 'Reference',
    readme: 'none',
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    ...sources,
    includeVersion: false,
    excludeInternal: true,
    validation: { invalidLink: true, notExported: false, notDocumented: false },
    logLevel: 'Warn',
  };
  const file = join(here, 'typedoc.json');
  writeFileSync(file, JSON.stringify(options));
  const program = join(here, 'node_modules/typedoc/bin/typedoc');
  try {
    execFileSync(process.execPath, [program, '--options', file], {
      cwd: here,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } finally {
    rmSync(file);
  }
}

/** Source links of TypeDoc begin at the sources of their package. */
function completeLinks() {
  for (const path of readdirSync(join(site, 'api'), { recursive: true }).filter((name) => name.endsWith('.md'))) {
    const name = /^@nvmmu[/\\]([^/\\]+)/.exec(path)?.[1];
    if (name === undefined) continue;
    const file = join(site, 'api', path);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(REPOSITORY, `${REPOSITORY}packages/${name}/src/`));
  }
}

installed();
assemble();
reference();
completeLinks();
process.env['NODE_ENV'] = 'production';
execFileSync(
  process.execPath,
  [join(here, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'site', '--outDir', join(here, 'dist')],
  {
    cwd: here,
    stdio: ['ignore', 'inherit', 'inherit'],
  },
);
const pages = readdirSync(join(here, 'dist'), { recursive: true }).filter((path) => path.endsWith('.html'));
const bytes = readdirSync(join(here, 'dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
console.log(`${pages.length} pages, ${(bytes / 1e6).toFixed(1)} MB, in ${relative(process.cwd(), join(here, 'dist'))}`);
