import type { Text } from './language.ts';

/** What needs a person, in words. `{…}` is filled in by `attentionItems`. */
export const ATTENTION_TEXTS = {
  // Titles of deliveries that stand still.
  keysRefused: { en: "COS refuses this box's keys", zh: 'COS 拒绝本机的密钥' },
  requestKeysRefused: { en: 'COS refuses keys that came with a request', zh: 'COS 拒绝请求所带的密钥' },
  tokenEnded: { en: 'Temporary keys have ended', zh: '临时密钥已失效' },
  keysMissing: { en: 'There are no COS keys', zh: '没有 COS 密钥' },
  keysUnreadable: { en: 'Stored keys cannot be opened', zh: '无法打开已保存的密钥' },
  notAllowed: { en: 'The keys lack a permission', zh: '密钥缺少权限' },
  account: { en: 'The COS account has a problem with balance or quota', zh: 'COS 账号的余额或配额有问题' },
  bucket: { en: 'The bucket cannot be used', zh: '存储桶不可用' },
  integrity: { en: 'What arrives in COS differs from what was sent', zh: '到达 COS 的数据与发送的不一致' },
  way: { en: 'The way to COS is blocked', zh: '通往 COS 的网络被阻断' },
  disk: { en: "The box's disk has a problem", zh: '本机磁盘有问题' },
  standstill: { en: 'Delivery stands still', zh: '交付已停滞' },
  waits: {
    en: 'Recordings that wait: {count}. Their files are safe on this box.',
    zh: '{count} 个录制在等待，文件安全地保存在本机上。',
  },
  // Remedies in the words of the page, which has the form for it.
  storeKeys: {
    en: 'Give this box valid keys. Everything that waits for them then goes on by itself.',
    zh: '请为本机提供有效的密钥，所有等待的上传会自动继续。',
  },
  giveOwnKeys: {
    en: 'Give these recordings other keys, or make the old ones valid again and try again.',
    zh: '请为这些录制更换密钥，或让原密钥恢复有效后重试。',
  },
  // The caller was not told.
  parkedTitle: { en: 'Callers could not be told', zh: '未能通知调用方' },
  parked: {
    en: 'Messages that were given up after many tries: {count}.',
    zh: '{count} 条消息在多次尝试后已放弃。',
  },
  parkedRemedy: {
    en: 'When the receiver is mended, send them again.',
    zh: '接收端恢复后，请重新发送。',
  },
  // The box itself.
  refusing: { en: 'New recordings are refused.', zh: '目前拒绝新的录制。' },
  addonTitle: { en: 'The part that enters real rooms is missing', zh: '缺少进入真实房间所需的组件' },
  ffmpegTitle: { en: 'No encoder works', zh: '没有可用的编码器' },
  diskReserveTitle: { en: 'The disk is full', zh: '磁盘已满' },
  diskAwayTitle: { en: 'The disk of the recordings is away', zh: '录制所在磁盘不可用' },
  diskFaultTitle: { en: "The box's disk cannot be written", zh: '无法写入本机磁盘' },
  diskLowTitle: { en: 'The disk runs full', zh: '磁盘即将用尽' },
  diskLow: {
    en: 'Little is left above the reserve; at the reserve new recordings are refused and running ones are ended.',
    zh: '剩余空间接近保留下限；到达下限后将拒绝新的录制并结束正在进行的录制。',
  },
  diskLowRemedy: {
    en: 'Free space, or let the box remove delivered files by itself under Settings, Storage.',
    zh: '请清理磁盘，或在“设置 › 存储”中让本机自动清理已交付的文件。',
  },
  clockTitle: { en: "This machine's clock is wrong", zh: '本机时钟不正确' },
  clockBehind: {
    en: 'It shows a time {minutes} min before something that was already recorded.',
    zh: '当前时间比已有记录早 {minutes} 分钟。',
  },
  clockCos: { en: "It differs from COS's clock by {minutes} min.", zh: '与 COS 的时钟相差 {minutes} 分钟。' },
  clockRemedy: {
    en: "Let the machine's clock follow a time server; COS refuses what is 15 minutes off.",
    zh: '请让本机与时间服务器同步；偏差达到 15 分钟时 COS 会拒绝请求。',
  },
  tlsTitle: { en: 'The certificate ends soon', zh: '证书即将到期' },
  tlsEndedTitle: { en: 'The certificate has ended', zh: '证书已过期' },
  tls: { en: 'It is valid until {date}.', zh: '有效期至 {date}。' },
  tlsRemedy: {
    en: 'Put a new certificate and its key in the place of the old files; the box takes them by itself.',
    zh: '请用新的证书和私钥替换旧文件，本机会自动使用。',
  },
  tlsBadTitle: { en: 'The new certificate cannot be used', zh: '新证书不可用' },
  tlsBad: { en: 'The old one stays in use: {problem}', zh: '仍在使用旧证书：{problem}' },
  userSigTitle: { en: 'A UserSig ends while its room is recorded', zh: '录制期间 UserSig 即将到期' },
  userSig: {
    en: 'The recording goes on, but after a lost connection it cannot enter the room again.',
    zh: '录制会继续，但断线后将无法再次进入房间。',
  },
  userSigRemedy: {
    en: 'For long rooms the caller should send a UserSig that lasts longer.',
    zh: '对于时间较长的房间，调用方应提供有效期更长的 UserSig。',
  },
  reliefTitle: { en: 'The machine is too slow for what it records', zh: '本机性能跟不上当前的录制' },
  relief: {
    en: 'To lose nothing, these recordings are encoded by a faster preset, or with fewer pictures a second. Their sound is whole. New recordings are refused meanwhile, unless limits.maxRecordings says how many to take.',
    zh: '为避免丢失内容，这些录制改用更快的编码预设或更低的帧率，声音不受影响。期间不再接受新的录制，除非用 limits.maxRecordings 指定了录制数。',
  },
  reliefRemedy: {
    en: 'See what else keeps the machine busy, stop a recording, or set a smaller picture or frame rate. What was set comes back by itself once there is room.',
    zh: '请检查还有什么程序占用本机，停止一个录制，或调小画面尺寸、帧率。有余力后会自动恢复原设置。',
  },
  hardwareTitle: { en: 'A hardware encoder failed', zh: '硬件编码器出错' },
  hardware: {
    en: 'These recordings go on with x264, which takes more of the processor. Nothing has to be done for them.',
    zh: '这些录制改用 x264 继续进行，会占用更多处理器，无需为此做任何操作。',
  },
  hardwareRemedy: {
    en: 'Look at driver and graphics card, press “Probe encoders” under Settings, Diagnostics, or set the encoder to software.',
    zh: '请检查驱动和显卡，在“设置 → 诊断”中点击“检测编码器”，或将编码器设为软件编码。',
  },
  soundTitle: { en: 'A recording gets no sound', zh: '有录制收不到声音' },
  sound: {
    en: 'Somebody in the room sends sound, but none arrives. A machine without a sound device hears nothing.',
    zh: '房间内有人正在发送声音，但本机收不到。没有声音设备的机器无法接收声音。',
  },
  soundRemedy: {
    en: 'Connect a sound device. On a Linux server start the one made of software that comes with the box: "systemctl --user enable --now trtc-recorder-box-sound".',
    zh: '请连接声音设备。在 Linux 服务器上可启用随附的虚拟声音设备：“systemctl --user enable --now trtc-recorder-box-sound”。',
  },
  windowsTitle: { en: 'There are no hidden windows to record in', zh: '没有可用于录制的隐藏窗口' },
  windows: {
    en: 'The settings want recordings in hidden windows, but only the desktop app has any. They run in processes.',
    zh: '设置要求在隐藏窗口中录制，但只有桌面版能够做到；当前在独立进程中录制。',
  },
  windowsRemedy: {
    en: 'Choose "By itself" under Settings, Recording, Where recordings run, or start the desktop app in place of this box.',
    zh: '请在“设置 › 录制 › 录制运行方式”中选择“自动”，或改用桌面版启动本机。',
  },
  selfTestTitle: { en: 'The last self-test failed', zh: '最近一次自检未通过' },
  selfTest: { en: 'A step of recording, uploading or telling did not work.', zh: '录制、上传或通知中的某一步失败。' },
  selfTestRemedy: { en: 'Look at its steps and run it again.', zh: '请查看各步骤并重新运行自检。' },
  quarantineTitle: { en: 'Something was set aside', zh: '有内容被隔离' },
  quarantine: {
    en: 'Files or rows that could not be understood after damage: {count}. They are kept; nothing was deleted.',
    zh: '有 {count} 个文件或记录因损坏而无法识别，已保留，没有删除任何内容。',
  },
  quarantineRemedy: {
    en: 'Send the diagnostics to support when a recording is missed.',
    zh: '如发现录制缺失，请将诊断包发给技术支持。',
  },
  keyTitle: { en: 'The key of the stored secrets lies in a plain file', zh: '已保存密钥的加密密钥以明文文件存放' },
  keyUnavailable: {
    en: 'When the box started, this computer had no keychain that could be used, or it was locked.',
    zh: '本机启动时，没有可用的系统钥匙串，或钥匙串处于锁定状态。',
  },
  keyFailed: {
    en: 'When the box started, it could not be moved into the keychain; the log says why.',
    zh: '本机启动时未能将其移入系统钥匙串，原因见日志。',
  },
  keyRemedy: {
    en: "Unlock the user's keychain, or set one up, and start the box again. Where that is not wanted, choose a file under Settings, Access, Stored secrets: only the user of the box can read it.",
    zh: '请解锁或启用当前用户的系统钥匙串，然后重新启动本机。如无需使用钥匙串，请在“设置 › 访问 › 已保存的密钥”中选择“文件”：该文件仅运行本机的用户可读。',
  },
  keyNoDesktop: {
    en: 'The settings want it in the keychain, but only the desktop app can use one.',
    zh: '设置要求使用系统钥匙串，但只有桌面版能够使用。',
  },
  keyNoDesktopRemedy: {
    en: 'Choose a file under Settings, Access, Stored secrets, or start the desktop app in place of this box.',
    zh: '请在“设置 › 访问 › 已保存的密钥”中选择“文件”，或改用桌面版启动本机。',
  },
  pausedTitle: { en: 'New recordings are paused', zh: '已暂停新的录制' },
  paused: {
    en: 'Requests are refused until the pause is ended; recordings that run go on.',
    zh: '解除暂停前将拒绝新的请求；正在进行的录制不受影响。',
  },
  pausedRemedy: {
    en: 'End the pause in the tray menu, or in the settings of recording.',
    zh: '请在托盘菜单或录制设置中解除暂停。',
  },
  simulatedTitle: { en: 'Rooms are simulated', zh: '房间是模拟的' },
  simulated: { en: 'Nothing is recorded from a real TRTC room.', zh: '没有录制任何真实的 TRTC 房间。' },
  simulatedRemedy: { en: 'Start the box with real rooms to record them.', zh: '请以真实房间模式启动本机。' },
} as const satisfies Record<string, Text>;

export type AttentionText = keyof typeof ATTENTION_TEXTS;
