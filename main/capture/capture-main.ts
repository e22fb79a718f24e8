/** Entry of a capture process, forked by Node or by Electron. A capture in a window begins in `window/electron-preload.mts`. */
import { runCapture } from './capture-core.ts';
import { openParentLine } from './parent-line.ts';

runCapture(openParentLine());
