import { Button, Callout, DataList, Flex, Heading, Text } from '@radix-ui/themes';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useAction, useRoute } from '../data/queries.ts';
import { formatTime, kept } from '../format.ts';
import { Problem } from './problem.tsx';

/** While the box is being measured, and otherwise. */
const REFETCH_MS = { measuring: 1000, otherwise: 5000 } as const;

/** What the box can hold, what that is known from, and measuring it again. */
export function Capacity() {
  const { t, i18n } = useTranslation();
  const id = useId();
  const measure = useAction('measureCapacity', ['getCapacity', 'healthz']);
  const { data } = useRoute('getCapacity', {}, { refetchMs: REFETCH_MS.otherwise });
  const isMeasuring = data?.state === 'measuring';
  useRoute('getCapacity', {}, { enabled: isMeasuring, ...(isMeasuring ? { refetchMs: REFETCH_MS.measuring } : {}) });
  const cores = (value: number) =>
    kept(`cores ${i18n.language}`, () => new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 2 })).format(
      value,
    );
  const { machine, measuredWith, settings } = data ?? {};
  const lines =
    data &&
    ([
      ['holds', t('checks.capacity.counts', data.holds)],
      ['room', t('checks.capacity.counts', data.room)],
      ['load', t('checks.capacity.loadText', { load: cores(data.load.cores), limit: cores(data.limit.cores) })],
      ['settings', t('checks.capacity.settingsText', { ...settings, cost: cores(data.costs.mixed) })],
      ['machine', t('checks.capacity.machineText', { cpu: machine?.cpu, cores: machine?.cores })],
      [
        'measured',
        measuredWith && data.measuredAt
          ? t('checks.capacity.measuredText', { ...measuredWith, when: formatTime(data.measuredAt, i18n.language) })
          : t('checks.capacity.never'),
      ],
    ] as const);
  return (
    <Flex direction="column" gap="3" asChild>
      <section aria-labelledby={id}>
        <div>
          <Heading as="h4" size="3" id={id}>
            {t('checks.capacity.title')}
          </Heading>
          <Text as="p" size="2" color="gray" highContrast mt="1">
            {t('checks.capacity.lead')}
          </Text>
        </div>
        <Flex align="center" gap="3" wrap="wrap">
          <Button
            variant="soft"
            highContrast
            loading={isMeasuring || measure.isPending}
            disabled={isMeasuring}
            onClick={() => measure.mutate({})}
          >
            {t('checks.capacity.button')}
          </Button>
          <Text size="2" color="gray" highContrast role="status">
            {data && data.state !== 'idle' && t(`checks.capacity.${data.state}`)}
          </Text>
        </Flex>
        <Problem error={measure.error} />
        {data && data.relieved > 0 && (
          <Note colour="amber" text={t('checks.capacity.relieved', { count: data.relieved })} />
        )}
        {data?.basis === 'set' && <Note colour="blue" text={t('checks.capacity.set')} />}
        {data?.problem && <Note colour="red" text={t('checks.capacity.failed', { why: data.problem })} />}
        {lines && (
          <DataList.Root size="2">
            {lines.map(([name, value]) => (
              <DataList.Item key={name}>
                <DataList.Label highContrast>{t(`checks.capacity.${name}`)}</DataList.Label>
                <DataList.Value className="check-step-words numbers">{value}</DataList.Value>
              </DataList.Item>
            ))}
          </DataList.Root>
        )}
      </section>
    </Flex>
  );
}

function Note({ colour, text }: { colour: 'amber' | 'blue' | 'red'; text: string }) {
  return (
    <Callout.Root color={colour} highContrast size="1">
      <Callout.Text>{text}</Callout.Text>
    </Callout.Root>
  );
}
