import { Callout, Card, Skeleton, Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useRoute } from '../data/queries.ts';
import { formatSize, kept } from '../format.ts';
import { Meter } from '../parts/meter.tsx';
import { type DiskFacts, hoursAndShares, type PlacesFacts, roundHours } from './now-words.ts';

/** Disk and line change without an event. */
const REFETCH_MS = 5000;

/** How much more the box could take: places, disk, and what is on its way out. */
export function Load() {
  const { t } = useTranslation();
  const { data } = useRoute('healthz', {}, { refetchMs: REFETCH_MS });
  const { recordings, disk, capacity } = data ?? {};
  return (
    <>
      {data?.accepting === false && (
        <Callout.Root color="red" highContrast size="1" role="status">
          <Callout.Text>
            {t('now.refusing')} <Link href="/attention">{t('now.seeWhy')}</Link>
          </Callout.Text>
        </Callout.Root>
      )}
      <div className="now-load">
        {recordings && disk && capacity ? (
          <>
            <Places recordings={recordings} capacity={capacity} />
            <Disk disk={disk} />
            <Tile
              title={t('now.deliveries')}
              text={t('now.deliveriesText', { count: recordings.delivering })}
              meaning={
                recordings.blocked > 0 ? (
                  <Link href="/attention">{t('now.blocked', { count: recordings.blocked })}</Link>
                ) : (
                  t('now.nothingBlocked')
                )
              }
            />
          </>
        ) : (
          ['places', 'disk', 'deliveries'].map((name) => <Skeleton key={name} height="112px" />)
        )}
      </div>
    </>
  );
}

/** By the operator's number, or by what the machine was measured to carry. */
function Places({ recordings: { capturing, capacity: most }, capacity }: PlacesFacts) {
  const { t, i18n } = useTranslation();
  const { room, basis, loadCores, limitCores } = capacity;
  const isSet = basis === 'set';
  const cores = (value: number) =>
    kept(`load ${i18n.language}`, () => new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 })).format(
      value,
    );
  const text = isSet
    ? t('now.capacityText', { capturing, capacity: most })
    : t('now.runningText', { count: capturing });
  const isFull = room.mixed + room.sound === 0;
  const meaning = isSet || isFull ? t('now.room', { count: room.mixed }) : t('now.roomOfKinds', room);
  return (
    <Tile title={t('now.capacity')} text={text} meaning={meaning}>
      <Bar
        label={t('now.capacity')}
        text={isSet ? text : t('now.coresText', { load: cores(loadCores), limit: cores(limitCores) })}
        share={Math.min(1, isSet ? capturing / most : loadCores / limitCores)}
        reserve={0}
      />
    </Tile>
  );
}

function Disk({ disk }: { disk: DiskFacts }) {
  const { t, i18n } = useTranslation();
  const { hours, shares } = hoursAndShares(disk);
  if (disk.freeBytes === null || hours === null) {
    return <Tile title={t('now.disk')} text={t('now.diskAway')} meaning="" />;
  }
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  const { unit, count } = roundHours(hours);
  const meaning = count > 0 ? t('now.lasts', { length: t(`now.${unit}`, { count }) }) : t('now.full');
  const hint = t('now.lastsHint', { reserve: size(disk.reserveBytes), rate: size(disk.bytesPerHour) });
  return (
    <Tile title={t('now.disk')} text={t('now.diskText', { free: size(disk.freeBytes) })} meaning={meaning} hint={hint}>
      {shares && (
        <Bar
          label={t('now.disk')}
          text={t('now.diskBar', { taken: Math.round(100 * shares.taken) })}
          share={shares.taken}
          reserve={shares.reserve}
        />
      )}
    </Tile>
  );
}

interface TileProps {
  title: string;
  text: string;
  /** What the numbers come to. */
  meaning: ReactNode;
  hint?: string;
  children?: ReactNode;
}

function Tile({ title, text, meaning, hint, children }: TileProps) {
  return (
    <Card className="now-tile">
      <Text as="p" size="1" color="gray" highContrast>
        {title}
      </Text>
      <Text as="p" size="4" weight="bold" className="numbers">
        {text}
      </Text>
      {children}
      <Text as="p" size="2" className="numbers">
        {meaning}
      </Text>
      {hint && (
        <Text as="p" size="1" color="gray" highContrast>
          {hint}
        </Text>
      )}
    </Card>
  );
}

/** How much of something is taken, and at its end what is kept in reserve. */
function Bar({ label, text, share, reserve }: { label: string; text: string; share: number; reserve: number }) {
  const percent = (part: number) => `${Math.round(1000 * part) / 10}%`;
  return (
    <Meter className="now-bar" label={label} text={text} minimum={0} maximum={100} value={Math.round(100 * share)}>
      <span className="now-bar-taken" style={{ width: percent(share) }} />
      <span className="now-bar-reserve" style={{ width: percent(reserve) }} />
    </Meter>
  );
}
