import type { en } from './en.ts';
import type { Same } from './same.ts';
import { attention } from './zh-CN/attention.ts';
import { audit, auditWords } from './zh-CN/audit.ts';
import { checks } from './zh-CN/checks.ts';
import { firstRun } from './zh-CN/first-run.ts';
import { now } from './zh-CN/now.ts';
import { presets } from './zh-CN/presets.ts';
import { detail, library, status } from './zh-CN/recordings.ts';
import { settings } from './zh-CN/settings.ts';
import { shell } from './zh-CN/shell.ts';
import { start } from './zh-CN/start.ts';

/** Words of the console in Simplified Chinese. */
export const zhCN: Same<typeof en> = {
  app: {
    title: 'TRTC 录制',
    simulated: '模拟房间：这里的内容都不是从真实 TRTC 房间录制的。',
    offline: '本机没有响应。恢复后页面会自动继续。',
    skip: '跳到内容',
    navigation: '页面',
    language: '语言',
    appearance: '外观',
    appearances: { system: '跟随系统', light: '浅色', dark: '深色' },
    refusing: '目前拒绝新的录制',
  },
  shell,
  start,
  presets,
  library,
  status,
  detail,
  audit,
  auditWords,
  nav: {
    now: '正在录制',
    recordings: '录制记录',
    start: '开始录制',
    attention: '待处理',
    settings: '设置',
  },
  common: {
    cancel: '取消',
    close: '关闭',
    copy: '复制',
    copied: '已复制',
    retry: '重试',
    loading: '加载中…',
    none: '无',
    more: '显示更多',
    error: '操作失败',
    yes: '是',
    no: '否',
  },
  now,
  recordings: {
    title: '录制记录',
  },
  recording: {
    nextTry: '下次重试：{{when}}',
  },
  attention,
  checks,
  firstRun,
  callback: { pending: '发送中', delivered: '已送达', parked: '已放弃' },
  state: {
    accepted: '已接受',
    joining: '正在进房',
    waiting: '等待有人进入',
    recording: '录制中',
    finalizing: '正在生成文件',
    uploading: '上传中',
    notifying: '正在通知调用方',
    done: '完成',
    failed: '失败',
  },
  end: {
    dissolved: '房间已解散',
    kicked: '录制用户被移出房间',
    idle: '房间内已无人',
    maxLength: '达到最长时长',
    stopped: '按请求停止',
    disk: '磁盘剩余空间达到下限',
    shutdown: '本机关闭',
    error: '因错误结束',
  },
  mode: {
    '10': '混流音频（MP3）',
    '11': '混流视频（MP4，无声音）',
    '12': '混流音视频（MP4）',
    '00': '单流音频（MP3）',
    '01': '单流视频（MP4，无声音）',
    '02': '单流音视频（MP4）',
  },
  settings,
};
