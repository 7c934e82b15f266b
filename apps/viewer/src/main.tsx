import { render } from 'preact';
import { startTheme } from './draw/theme.js';
import { parseLink } from './model/link.js';
import { followAddressBar } from './state/address-bar.js';
import { openLink } from './state/load.js';
import { App } from './views/app.js';
import './style.css';

startTheme();
const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the viewer');
void openLink(parseLink(location.hash)).finally(followAddressBar);
render(<App />, root);
