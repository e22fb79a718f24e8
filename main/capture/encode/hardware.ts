import { HARDWARE_ENCODERS, type HardwareEncoder } from '../../../shared/encoders.ts';
import type { PictureCoder, VideoSettings } from '../messages.ts';

/** What of the settings an encoder of graphics hardware goes by; it has no presets. */
export type HardwareVideo = Pick<VideoSettings, 'fps' | 'crf' | 'maxRateKbps' | 'gopSeconds'>;

export interface HardwareArgs {
  /** Before the input. */
  device: string[];
  /** Between input and output. */
  coder: string[];
}

/** The first graphics card of a Linux machine. */
const VAAPI_DEVICE = '/dev/dri/renderD128';

/** Pictures with a shorter side are x264's: some hardware refuses them, and they cost next to nothing. */
const SHORTEST_SIDE = 160;

/** Whether pictures of this size are for graphics hardware. */
export function isForHardware({ width, height }: Pick<VideoSettings, 'width' | 'height'>): boolean {
  return Math.min(width, height) >= SHORTEST_SIDE;
}

/** Whether the coder is one of graphics hardware. */
export function isHardware(coder: PictureCoder | undefined): coder is HardwareEncoder {
  return (HARDWARE_ENCODERS as readonly (string | undefined)[]).includes(coder);
}

/**
 * Options of each encoder that come closest to what x264 does by the same settings: the quality decides, and the rate follows. None of them
 * reorders pictures, and each gives a picture back as soon as it can, since what it holds is what its death loses. All options are known
 * to every build that has the encoder.
 */
export function hardwareArgs(encoder: HardwareEncoder, video: HardwareVideo): HardwareArgs {
  const rate = ['-maxrate', `${video.maxRateKbps}k`, '-bufsize', `${video.maxRateKbps * 2}k`];
  // 0 would mean "by itself" to all of them.
  const quality = `${Math.max(1, video.crf)}`;
  const own: Record<HardwareEncoder, string[]> = {
    h264_nvenc: [
      ...['-profile:v', 'high', '-rc', 'vbr', '-cq', quality, '-b:v', '0', ...rate],
      ...['-spatial-aq', '1', '-delay', '0', '-pix_fmt', 'yuv420p'],
    ],
    // With a highest rate it would ask for a mode that older chips lack.
    h264_qsv: ['-profile:v', 'high', '-global_quality', quality, '-async_depth', '1', '-pix_fmt', 'nv12'],
    h264_vaapi: ['-profile:v', 'high', '-qp', quality],
    h264_videotoolbox: [
      ...['-profile:v', 'high', '-q:v', `${videoToolboxQuality(video.crf)}`],
      ...['-realtime', '1', '-pix_fmt', 'nv12'],
    ],
    h264_amf: ['-profile:v', 'high', '-rc', 'cqp', '-qp_i', quality, '-qp_p', quality, '-pix_fmt', 'nv12'],
    h264_mf: [
      ...['-hw_encoding', '1', '-rate_control', 'quality', '-quality', `${mediaFoundationQuality(video.crf)}`],
      ...['-pix_fmt', 'nv12'],
    ],
  };
  const isVaapi = encoder === 'h264_vaapi';
  const groupPictures = Math.max(1, Math.round(video.gopSeconds * video.fps));
  return {
    device: isVaapi ? ['-vaapi_device', VAAPI_DEVICE] : [],
    coder: [
      ...(isVaapi ? ['-vf', 'format=nv12,hwupload'] : []),
      ...['-c:v', encoder, ...own[encoder], '-g', `${groupPictures}`, '-bf', '0'],
    ],
  };
}

/** Its scale goes from 1 (worst) to 100; 75, 64 and 53 look like x264 with 18, 23 and 28. */
function videoToolboxQuality(crf: number): number {
  return Math.min(100, Math.max(1, Math.round(64 - 2.2 * (crf - 23))));
}

/** Its scale goes from 0 (worst) to 100. */
function mediaFoundationQuality(crf: number): number {
  return Math.round(100 * (1 - crf / 51));
}
