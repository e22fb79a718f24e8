import { Card, DataList } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { useNow, useProgress } from '../../data/live.ts';
import { formatLength, formatSize, formatTime } from '../../format.ts';
import { CopyField } from '../../parts/copy.tsx';
import { lengthNowMs } from './people.tsx';
import { Section } from './section.tsx';

/** What was asked for and what came of it, in few lines. */
export function Facts({ recording }: { recording: RecordingAnswer }) {
  const { t, i18n } = useTranslation();
  const nowMs = useNow(recording.state === 'recording' ? 1000 : 60_000);
  const progress = useProgress(recording.id);
  const { id, request, endReason, startedAt, endedAt, files, simulated } = recording;
  const time = (iso: string | null) => (iso === null ? '–' : formatTime(iso, i18n.language));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { Bucket, Region, Path } = request.CosConfig;
  const skipped = Math.max(recording.pictures.skipped, progress?.pictures.skipped ?? 0);
  const rows: [string, string][] = [
    [t('detail.started'), time(startedAt)],
    [t('detail.ended'), time(endedAt)],
    [t('detail.why'), endReason === null ? '–' : t(`end.${endReason}`)],
    [t('detail.length'), formatLength(lengthNowMs(recording, nowMs))],
    [t('detail.size'), bytes === 0 ? '–' : formatSize(bytes, i18n.language)],
    [t('detail.mode'), t(`mode.${request.Mode}`)],
    [t('detail.user'), request.UserId],
    [t('detail.app'), String(request.SdkAppId)],
    [t('detail.destination'), `${Bucket} · ${Region} · ${Path}`],
    [t('detail.callbackTo'), request.Callback ?? t('detail.none')],
    ...(skipped > 0 ? ([[t('detail.skipped'), String(skipped)]] as [string, string][]) : []),
    ...(simulated ? ([[t('detail.simulated'), t('detail.simulatedYes')]] as [string, string][]) : []),
  ];
  return (
    <Section title={t('detail.facts')}>
      <Card size="2">
        <DataList.Root orientation="vertical" size="2" className="facts">
          {rows.map(([label, value]) => (
            <DataList.Item key={label}>
              <DataList.Label highContrast color="gray">
                {label}
              </DataList.Label>
              <DataList.Value className="copy-text numbers">{value}</DataList.Value>
            </DataList.Item>
          ))}
          <DataList.Item>
            <DataList.Label highContrast color="gray">
              {t('detail.id')}
            </DataList.Label>
            <DataList.Value>
              <CopyField text={id} what={t('detail.id')} />
            </DataList.Value>
          </DataList.Item>
        </DataList.Root>
      </Card>
    </Section>
  );
}
