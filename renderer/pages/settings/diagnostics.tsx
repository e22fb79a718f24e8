import { Button, Card, DataList, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.ts';
import { useRoute } from '../../data/queries.ts';
import { useMay } from '../../data/session.ts';
import { Capacity } from '../../parts/capacity.tsx';
import { ProbeEncoders, SelfTest } from '../../parts/checks.tsx';

/** Whether everything works, what this box is made of, and what support asks for. */
export function DiagnosticsSection() {
  return (
    <Flex direction="column" gap="4">
      <Card size="3">
        <SelfTest />
      </Card>
      <Card size="3">
        <Capacity />
      </Card>
      <Card size="3">
        <ProbeEncoders />
      </Card>
      <Versions />
      <Bundle />
    </Flex>
  );
}

function Versions() {
  const { t } = useTranslation();
  const { data } = useRoute('getVersion', {});
  const lines = [
    ['version', data?.version],
    ['node', data?.node],
    ['ffmpeg', data && (data.ffmpeg ?? t('common.none'))],
    ['sdk', data?.sdk],
    ['rooms', data && t(data.simulated ? 'checks.diagnostics.simulated' : 'checks.diagnostics.real')],
  ] as const;
  return (
    <Card size="3" asChild>
      <section aria-labelledby="versions">
        <Heading as="h4" size="3" id="versions" mb="3">
          {t('checks.diagnostics.versions')}
        </Heading>
        <DataList.Root size="2">
          {lines.map(([name, value]) => (
            <DataList.Item key={name}>
              <DataList.Label highContrast>{t(`checks.diagnostics.${name}`)}</DataList.Label>
              <DataList.Value className="check-step-words">
                <Skeleton loading={value === undefined}>{value ?? '0.0.0'}</Skeleton>
              </DataList.Value>
            </DataList.Item>
          ))}
        </DataList.Root>
      </section>
    </Card>
  );
}

function Bundle() {
  const { t } = useTranslation();
  const mayDownload = useMay('admin');
  return (
    <Card size="3" asChild>
      <section aria-labelledby="bundle">
        <Heading as="h4" size="3" id="bundle">
          {t('checks.diagnostics.title')}
        </Heading>
        <Text as="p" size="2" color="gray" highContrast mt="1" mb="3">
          {t('checks.diagnostics.lead')}
        </Text>
        {mayDownload ? (
          <Button asChild variant="soft" highContrast>
            <a className="button-link" href={api().urlOf('getDiagnostics', {})} download>
              {t('checks.diagnostics.button')}
            </a>
          </Button>
        ) : (
          <Text as="p" size="2">
            {t('checks.diagnostics.needsAdmin')}
          </Text>
        )}
      </section>
    </Card>
  );
}
