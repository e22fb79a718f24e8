import type { attention as en } from '../en/attention.ts';
import type { Same } from '../same.ts';

/** Words of the page Attention in Simplified Chinese. */
export const attention: Same<typeof en> = {
  title: '待处理',
  nothing: '没有需要处理的事项。',
  nothingMore: '交付正常进行，本机可以接受录制。',
  retryAll: '立即全部重试',
  retried_one: '正在重试 {{count}} 个录制。',
  retried_other: '正在重试 {{count}} 个录制。',
  severity: { stop: '已停滞', risk: '即将出现问题', note: '提示' },
  detail: '对方的应答',
  recordings: '录制',
  room: '房间 {{room}}',
  more_one: '另有 {{count}} 个',
  more_other: '另有 {{count}} 个',
  actions: {
    storeBoxKeys: '输入密钥',
    giveRecordingKeys: '更换密钥',
    retryAll: '立即重试',
    resend: '重新发送',
    openStorage: '打开存储设置',
    openAccess: '打开访问设置',
    runSelfTest: '打开自检',
    openDiagnostics: '打开诊断',
  },
  keys: {
    boxTitle: '本机的 COS 密钥',
    boxText: '将替换当前使用的密钥，所有等待密钥的任务会立即重试。',
    recordingTitle: '这些录制的密钥',
    recordingText: '只有此处列出的录制使用这些密钥，并会立即重试。',
    secretId: 'SecretId',
    secretKey: 'SecretKey',
    token: 'Token',
    tokenHint: '仅临时密钥需要',
    save: '保存并重试',
    saved: '密钥已保存，等待的任务正在重试。',
  },
};
