import { Callout, Skeleton, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../data/live.ts';
import { useRoute } from '../../data/queries.ts';
import { formatSize, formatTime } from '../../format.ts';

/** How much room there is on the disk of the recordings, and what choosing another folder means. */
export function DiskFacts() {
  const { t, i18n } = useTranslation();
  const { data } = useRoute('healthz', {});
  const disk = data?.disk;
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  return (
    <div className="settings-facts">
      <Text as="p" size="2" className="settings-line">
        {disk &&
          (disk.freeBytes === null
            ? t('settings.disk.away')
            : t('settings.disk.free', { free: size(disk.freeBytes), reserve: size(disk.reserveBytes) }))}
      </Text>
      <Text as="p" size="2" color="gray" highContrast>
        {t('settings.disk.folder')}
      </Text>
    </div>
  );
}

/** Waits until the tokens and the state of the certificate are known: whatever stands below them must not move. */
export function AccessFacts({ isAdmin, children }: { isAdmin: boolean; children: ReactNode }) {
  const tokens = useRoute('listTokens', {}, { enabled: isAdmin });
  const health = useRoute('healthz', {});
  if (health.isPending || (isAdmin && tokens.isPending)) return <Skeleton height="480px" aria-busy="true" />;
  return children;
}

/** Whether https works, until when, and what is wrong with the files. */
export function CertificateFacts() {
  const { t, i18n } = useTranslation();
  const { data } = useRoute('healthz', {});
  const nowMs = useNow(60_000);
  const tls = data?.tls;
  if (!tls) {
    return (
      <Text as="p" size="2" mt="2">
        {t('settings.certificate.plain')}
      </Text>
    );
  }
  const when = formatTime(tls.validUntil, i18n.language);
  const isOver = Date.parse(tls.validUntil) < nowMs;
  return (
    <div className="settings-facts">
      <Text as="p" size="2" {...(isOver ? { color: 'red' as const } : {})}>
        {t(isOver ? 'settings.certificate.expired' : 'settings.certificate.valid', { when })}
      </Text>
      {tls.problem !== null && (
        <Callout.Root color="red" highContrast size="1">
          <Callout.Text>{t('settings.certificate.problem', { problem: tls.problem })}</Callout.Text>
        </Callout.Root>
      )}
      <Text as="p" size="2" color="gray" highContrast>
        {t('settings.certificate.hint')}
      </Text>
    </div>
  );
}
