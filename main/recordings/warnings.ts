import { CAPTURING_STATES, type RecordingState } from '../../shared/recording.ts';
import type { Text } from '../../shared/texts/language.ts';
import type { RecordingWarning } from '../../shared/view.ts';
import type { CaptureRelief, HardwareFailure } from '../capture/messages.ts';
import type { RecordingRow } from '../store/rows.ts';

/** A UserSig that is about to expire is told of this long before. */
export const USER_SIG_NOTICE_MS = 10 * 60_000;

/** Whether a recording may outlast its UserSig: a capture process that has to enter the room anew afterwards is refused. */
export function endsAfterUserSig(
  row: Pick<RecordingRow, 'createdAtMs' | 'userSigExpiresAtMs'>,
  maxLengthMs: number,
): boolean {
  return row.userSigExpiresAtMs !== null && row.userSigExpiresAtMs < row.createdAtMs + maxLengthMs;
}

/** What somebody should know of a recording that is under way. Empty once it is not being captured any more. */
export function warningsOf(row: RecordingRow, maxLengthMs: number, nowMs: number): RecordingWarning[] {
  const isCapturing = (CAPTURING_STATES as readonly RecordingState[]).includes(row.state);
  if (!isCapturing || row.userSigExpiresAtMs === null || !endsAfterUserSig(row, maxLengthMs)) return [];
  const at = new Date(row.userSigExpiresAtMs).toISOString();
  const leftMs = row.userSigExpiresAtMs - nowMs;
  return [{ code: 'USERSIG_EXPIRES', at, message: leftMs > 0 ? expiresIn(leftMs, row, maxLengthMs) : HAS_EXPIRED }];
}

/** Warns of a recording that is encoded more lightly than set, because the machine does not keep up. */
export function reliefWarnings(
  { startedAtMs, cutMs }: Pick<RecordingRow, 'startedAtMs' | 'cutMs'>,
  relief: CaptureRelief | null,
): RecordingWarning[] {
  if (relief === null || startedAtMs === null) return [];
  const at = new Date(startedAtMs + cutMs + relief.sinceMs).toISOString();
  const { preset, fps } = relief;
  const message: Text =
    preset === null
      ? {
          en: `The machine is too slow for all it records: this recording goes on with ${fps} pictures a second. Its sound is whole. It gets back what was set when there is room again.`,
          zh: `本机性能不足：此录制以每秒 ${fps} 帧继续录制，声音不受影响。有余力后会自动恢复原设置。`,
        }
      : {
          en: `The machine is too slow for all it records: this recording goes on with the faster preset ${preset} and ${fps} pictures a second. Its sound is whole. It gets back what was set when there is room again.`,
          zh: `本机性能不足：此录制改用更快的预设 ${preset}，每秒 ${fps} 帧继续录制，声音不受影响。有余力后会自动恢复原设置。`,
        };
  return [{ code: 'ENCODER_RELIEVED', at, message }];
}

/** Warns of a recording whose encoder of graphics hardware ended by itself. */
export function hardwareWarnings(
  { startedAtMs, cutMs }: Pick<RecordingRow, 'startedAtMs' | 'cutMs'>,
  failure: HardwareFailure | null,
): RecordingWarning[] {
  if (failure === null || startedAtMs === null) return [];
  const at = new Date(startedAtMs + cutMs + failure.sinceMs).toISOString();
  const message: Text = {
    en: `The hardware encoder ${failure.encoder} failed: this recording goes on with x264, which takes more of the processor. Look at driver and graphics card; “Probe encoders” under Settings, Diagnostics tries it.`,
    zh: `硬件编码器 ${failure.encoder} 出错：此录制改用 x264 继续录制，会占用更多处理器。请检查驱动和显卡；可在“设置 → 诊断”中点击“检测编码器”进行试用。`,
  };
  return [{ code: 'HARDWARE_ENCODER_FAILED', at, message }];
}

/** Warns of a recording to which no sound comes since that moment of its timeline, although somebody sends some. */
export function soundWarnings(
  { startedAtMs, cutMs }: Pick<RecordingRow, 'startedAtMs' | 'cutMs'>,
  missingSinceMs: number | null,
): RecordingWarning[] {
  if (missingSinceMs === null || startedAtMs === null) return [];
  const at = new Date(startedAtMs + cutMs + missingSinceMs).toISOString();
  return [{ code: 'SOUND_MISSING', at, message: NO_SOUND }];
}

const NO_SOUND: Text = {
  en: 'No sound arrives although somebody in the room sends some. A machine without a sound device hears nothing: connect one, or on Linux start the one made of software that comes with the box.',
  zh: '房间内有人正在发送声音，但本机收不到。没有声音设备的机器无法接收声音：请连接声音设备，或在 Linux 上启用随附的虚拟声音设备。',
};

const HAS_EXPIRED: Text = {
  en: 'UserSig has expired: the recording goes on while the connection lasts, but the room cannot be entered again.',
  zh: 'UserSig 已过期：连接保持期间录制继续，但无法再次进入房间。',
};

function expiresIn(leftMs: number, row: RecordingRow, maxLengthMs: number): Text {
  const left = hoursAndMinutes(leftMs);
  const before = hoursAndMinutes(row.createdAtMs + maxLengthMs - (row.userSigExpiresAtMs ?? 0));
  return {
    en: `UserSig expires in ${left}, ${before} before the maximum length: after that the room cannot be entered again.`,
    zh: `UserSig 将在 ${left} 后过期，比最长录制时间早 ${before}：此后无法再次进入房间。`,
  };
}

/** `1:05` hours and minutes, rounded up so that it is never `0:00` before the time. */
function hoursAndMinutes(durationMs: number): string {
  const minutes = Math.max(1, Math.ceil(durationMs / 60_000));
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}
