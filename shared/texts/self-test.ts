import type { Text } from './language.ts';

/** The steps of the self-test in their order, and what each of them does. */
export const SELF_TEST_STEPS = {
  encoder: {
    en: 'Draw and voice a short clip with the encoder of the box.',
    zh: '用本机的编码器生成一段短视频。',
  },
  box: {
    en: 'Start a second box beside this one, with a local stand-in for COS and a receiver for its callback.',
    zh: '启动一个独立的测试实例，配以本地的 COS 替身和回调接收端。',
  },
  record: { en: 'Record a simulated room in which the clip is played.', zh: '录制一个播放该视频的模拟房间。' },
  upload: {
    en: 'Bring the file to COS and prove it by size and checksum.',
    zh: '上传录制文件，并核对大小与校验值。',
  },
  callback: { en: 'Tell the caller by callback.', zh: '通过回调通知调用方。' },
  content: { en: 'Look at and listen to what arrived.', zh: '检查上传后的画面与声音。' },
  cleanup: { en: 'Stop the second box and remove its files.', zh: '停止测试实例并删除其文件。' },
} as const satisfies Record<string, Text>;

export type SelfTestStepName = keyof typeof SELF_TEST_STEPS;
