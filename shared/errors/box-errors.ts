import type { CatalogueEntry } from './entry.ts';

/** The box cannot do it now, whoever asks. Codes are part of the API: they are added, never renamed. */
export const BOX_ERRORS = {
  INTERNAL: {
    status: 500,
    blame: 'box',
    message: { en: 'The box failed to handle the request.', zh: '本机处理请求时出错。' },
    remedy: {
      en: 'Try again; if it stays, look for the request id in the log and report it.',
      zh: '请重试；若问题依旧，请在日志中查找该请求 id 并反馈。',
    },
  },
  PREVIEW_FAILED: {
    status: 500,
    blame: 'box',
    message: {
      en: 'No picture or waveform could be made from the file.',
      zh: '无法由该文件生成缩略图或波形。',
    },
    remedy: {
      en: 'Play the file; when it plays, look into the log for the reason.',
      zh: '请尝试播放该文件；若可以播放，请在日志中查看原因。',
    },
  },
  PREVIEW_NOT_READY: {
    status: 503,
    blame: 'box',
    message: {
      en: 'The picture or waveform is still being made; recordings come first.',
      zh: '缩略图或波形仍在生成，录制任务优先。',
    },
    remedy: {
      en: 'Ask again after the seconds in Retry-After; the work goes on meanwhile.',
      zh: '请在 Retry-After 指定的秒数后重试，期间会继续生成。',
    },
  },
  ADDON_MISSING: {
    status: 503,
    blame: 'box',
    message: {
      en: "The TRTC SDK's native addon (trtc_electron_sdk.node) is not installed, so no real room can be entered.",
      zh: '未安装 TRTC SDK 的原生模块（trtc_electron_sdk.node），无法进入真实房间。',
    },
    remedy: {
      en: 'Run "npm rebuild trtc-electron-sdk" on a machine that reaches web.sdk.qcloud.com, or start the box with --rooms simulated.',
      zh: '请在可以访问 web.sdk.qcloud.com 的机器上运行 "npm rebuild trtc-electron-sdk"，或以 --rooms simulated 启动。',
    },
  },
  FFMPEG_MISSING: {
    status: 503,
    blame: 'box',
    message: { en: 'No working ffmpeg was found, so nothing can be encoded.', zh: '没有找到可用的 ffmpeg，无法编码。' },
    remedy: {
      en: 'Install ffmpeg with libx264 and libmp3lame, or set FFMPEG_PATH to it, and start the box again.',
      zh: '请安装带 libx264 和 libmp3lame 的 ffmpeg，或用 FFMPEG_PATH 指定其路径，然后重新启动。',
    },
  },
  AT_CAPACITY: {
    status: 503,
    blame: 'box',
    message: {
      en: 'The box records as many rooms as it can carry; running recordings are never cut short for a new one.',
      zh: '本机的录制数已达上限；不会为新任务中断正在进行的录制。',
    },
    remedy: {
      en: 'Send the request again after the seconds in Retry-After, or send it to another box.',
      zh: '请在 Retry-After 指定的秒数后重试，或发送到其他机器。',
    },
  },
  RECORDING_PAUSED: {
    status: 503,
    blame: 'box',
    message: {
      en: 'New recordings are paused on this box; those that run go on.',
      zh: '本机已暂停新的录制；正在进行的录制不受影响。',
    },
    remedy: {
      en: 'Send the request again once the operator has ended the pause (tray menu, or the setting recording.paused), or send it to another box.',
      zh: '请在运维人员解除暂停（托盘菜单或设置 recording.paused）后重新发送，或发送到其他机器。',
    },
  },
  TOO_MANY_READERS: {
    status: 503,
    blame: 'box',
    message: {
      en: 'As many readers follow the events of the box as it serves at a time.',
      zh: '同时订阅本机事件的客户端已达上限。',
    },
    remedy: {
      en: 'Close another page or program that follows the events, and try again after the seconds in Retry-After.',
      zh: '请关闭其他正在订阅事件的页面或程序，并在 Retry-After 指定的秒数后重试。',
    },
  },
  SHUTTING_DOWN: {
    status: 503,
    blame: 'box',
    message: { en: 'The box is shutting down and takes no new recordings.', zh: '本机正在关闭，不再接受新的录制。' },
    remedy: {
      en: 'Send the request again once the box is back.',
      zh: '请在本机恢复后重新发送请求。',
    },
  },
  DISK_RESERVE: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The free disk space is at its reserve; a new recording could endanger the ones already kept.',
      zh: '磁盘剩余空间已达保留下限；新的录制可能危及已保存的录制。',
    },
    remedy: {
      en: 'Free disk space, or let the waiting uploads finish, and send the request again.',
      zh: '请释放磁盘空间，或等待上传完成后重新发送请求。',
    },
  },
  DISK_AWAY: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The folder of the recordings is missing: its disk is unplugged or not mounted.',
      zh: '找不到录制目录：所在磁盘已拔出或未挂载。',
    },
    remedy: {
      en: 'Connect and mount the disk, then send the request again; when the folder was removed for good, start the box again.',
      zh: '请连接并挂载该磁盘后重新发送请求；如果目录已被永久删除，请重新启动本机。',
    },
  },
  DISK_FAULT: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The box cannot write to the disk of its data directory, so it cannot promise to keep the request. Nothing was accepted.',
      zh: '本机无法写入数据目录所在的磁盘，不能保证保存该请求。请求未被接受。',
    },
    remedy: {
      en: 'Check whether that disk is full, read-only or broken, then send the request again.',
      zh: '请检查该磁盘是否已满、只读或损坏，然后重新发送请求。',
    },
  },
} as const satisfies Record<string, CatalogueEntry>;
