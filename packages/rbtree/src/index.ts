export { RbNode } from './node.js';
