import { testReadme } from '../../../tools/readme-examples.js';

testReadme(new URL('../README.md', import.meta.url));
