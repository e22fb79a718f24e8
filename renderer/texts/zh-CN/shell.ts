import type { shell as en } from '../en/shell.ts';
import type { Same } from '../same.ts';

/** Words around every page. */
export const shell: Same<typeof en> = {
  display: '语言与外观',
  signOut: '退出登录',
  plainPage: '无脚本的简易页面',
  apiPage: 'API 文档',
  version: '版本 {{version}}',
  needsYou_one: '{{count}} 项待处理',
  needsYou_other: '{{count}} 项待处理',
  crashTitle: '无法显示此页面',
  crashText: '录制不受影响。请重新加载页面；如果再次出现，可能是本机刚刚更新过。',
  reload: '重新加载',
};
