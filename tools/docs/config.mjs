import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const site = fileURLToPath(new URL('../', import.meta.url));

/** Documents to look things up in; all others in their folder tell how the project is made and what it measured. */
const LOOKED_UP = ['cli', 'script-format', 'errors', 'reference-defects', 'write-a-backend'];

/** Pages of a folder as items of the side bar, by the titles that they have. */
function pages(folder, wanted = () => true) {
  if (!existsSync(site + folder)) return [];
  return readdirSync(site + folder)
    .filter((name) => name.endsWith('.md') && name !== 'index.md' && wanted(name.replace(/\.md$/, '')))
    .map((name) => ({
      text: /^# (.+)$/m.exec(readFileSync(`${site}${folder}/${name}`, 'utf8'))?.[1] ?? name,
      link: `/${folder}/${name.replace(/\.md$/, '')}`,
    }));
}

/** Folders of a folder, with the page that each has. */
function folders(folder) {
  return readdirSync(site + folder)
    .filter((name) => existsSync(`${site}${folder}/${name}/index.md`))
    .map((name) => ({ text: name, link: `/${folder}/${name}/` }));
}

export default defineConfig({
  title: 'nvmmu',
  description: 'NVIDIA GPU address spaces and page tables in TypeScript',
  base: process.env['DOCS_BASE'] ?? '/',
  cleanUrls: false,
  lastUpdated: false,
  ignoreDeadLinks: false,
  markdown: { languageAlias: { console: 'shellsession', 'ts fragment': 'ts' } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/docs/guides/' },
      { text: 'Chips', link: '/docs/chips/' },
      { text: 'Reference', link: '/api/' },
      { text: 'Viewer', link: '/viewer' },
    ],
    sidebar: [
      { text: 'Tutorials', items: pages('docs/tutorials') },
      { text: 'Guides', items: pages('docs/guides') },
      { text: 'How-tos', items: pages('docs/howto') },
      { text: 'Look up', items: LOOKED_UP.flatMap((name) => pages('docs', (other) => other === name)) },
      { text: 'Packages', items: [...folders('packages'), ...folders('apps')] },
      { text: 'Chips', collapsed: true, items: pages('docs/chips') },
      { text: 'Reference', collapsed: true, items: folders('api/@nvmmu') },
      { text: 'Inside', items: pages('docs', (name) => !LOOKED_UP.includes(name)) },
      { text: 'Project', collapsed: true, items: pages('.') },
    ],
    socialLinks: [{ icon: 'github', link: 'https://github.com/nvmmu/nvmmu' }],
  },
});
