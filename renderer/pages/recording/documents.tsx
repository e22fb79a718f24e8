import { Button, Flex, Skeleton, Tabs, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../../shared/api/client.ts';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { api } from '../../data/api.ts';
import { useRoute } from '../../data/queries.ts';
import { Problem } from '../../parts/problem.tsx';
import { Callbacks } from './callbacks.tsx';
import { History } from './history.tsx';
import { Json } from './json.tsx';

const TABS = ['callbacks', 'history', 'result', 'manifest', 'request'] as const;

/** What an auditor or the caller's engineer asks for: each in a tab of its own, read only when it is opened. */
export function Documents({ recording }: { recording: RecordingAnswer }) {
  const { t } = useTranslation();
  return (
    <Tabs.Root defaultValue={TABS[0]}>
      <Tabs.List highContrast wrap="wrap">
        {TABS.map((tab) => (
          <Tabs.Trigger key={tab} value={tab}>
            {t(`detail.tabs.${tab}`)}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <div className="documents">
        <Tabs.Content value="callbacks">
          <Callbacks recording={recording} />
        </Tabs.Content>
        <Tabs.Content value="history">
          <History id={recording.id} />
        </Tabs.Content>
        <Tabs.Content value="result">
          {recording.result ? (
            <Json text={JSON.stringify(recording.result, null, 2)} what={t('detail.tabs.result')} />
          ) : (
            <Text size="2">{t('detail.noResult')}</Text>
          )}
        </Tabs.Content>
        <Tabs.Content value="manifest">
          <Manifest id={recording.id} />
        </Tabs.Content>
        <Tabs.Content value="request">
          <Json text={JSON.stringify(recording.request, null, 2)} what={t('detail.tabs.request')} />
        </Tabs.Content>
      </div>
    </Tabs.Root>
  );
}

function Manifest({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useRoute('getManifest', { params: { id } });
  if (error instanceof ApiError && error.problem.status === 409) return <Text size="2">{t('detail.noManifest')}</Text>;
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height="160px" />;
  return (
    <Flex direction="column" gap="3">
      <Flex justify="between" align="center" gap="3" wrap="wrap">
        <Text size="2">{t('detail.manifestText')}</Text>
        <Button asChild variant="soft" highContrast>
          <a href={api().urlOf('getManifest', { params: { id } })} download={`${id}.json`}>
            {t('detail.saveManifest')}
          </a>
        </Button>
      </Flex>
      <Json text={JSON.stringify(data, null, 2)} what={t('detail.tabs.manifest')} />
    </Flex>
  );
}
