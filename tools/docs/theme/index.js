import DefaultTheme from 'vitepress/theme';
import { withBase } from 'vitepress';
import { defineComponent, h } from 'vue';
import './style.css';

/** The viewer, as it is built from apps/viewer. */
const Viewer = defineComponent({
  render: () =>
    h('iframe', {
      src: withBase('/viewer/index.html'),
      title: 'Viewer of GPU address spaces and page tables',
      style: 'width: 100%; height: calc(100vh - 64px); border: 0',
    }),
});

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Viewer', Viewer);
  },
};
