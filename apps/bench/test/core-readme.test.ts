import { testReadme } from '../../../tools/readme-examples.js';

// The example of vmm-core needs a backend, which depends on vmm-core: its imports are looked up from here.
testReadme(new URL('../../../packages/vmm-core/README.md', import.meta.url), new URL('../', import.meta.url));
