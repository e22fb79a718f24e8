import { Box, Card, Flex, Heading, Skeleton, Tabs, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../parts/problem.tsx';
import { toast } from '../parts/toast.tsx';
import './start.css';
import { formOf, newForm, type SavedFacts, type StartForm } from './start-form.ts';
import { FormPanel } from './start-panel.tsx';
import { PastePanel } from './start-paste.tsx';
import { randomLetters, useSaved } from './start-run.ts';

/** Starts a recording by hand: by a form, or from a request as a caller would send it. */
export function StartPage() {
  const { t } = useTranslation();
  const { saved, mayChange, error } = useSaved();
  return (
    <div className="start">
      <Heading as="h2" size="6" mb="1">
        {t('start.title')}
      </Heading>
      <Text as="p" color="gray" highContrast mb="4">
        {t('start.lead')}
      </Text>
      {saved ? <StartTabs saved={saved} mayChange={mayChange} /> : error ? <Problem error={error} /> : <Waiting />}
    </div>
  );
}

const SUFFIX_BYTES = 2;

function StartTabs({ saved, mayChange }: { saved: SavedFacts; mayChange: boolean }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string>('form');
  const [form, setForm] = useState<StartForm>(() => newForm(saved, randomLetters(SUFFIX_BYTES)));
  const [pasted, setPasted] = useState('');
  /** Rises when the form is filled from elsewhere: all of it is looked at then. */
  const [fillings, setFillings] = useState(0);
  return (
    <Tabs.Root value={tab} onValueChange={setTab}>
      <Tabs.List>
        <Tabs.Trigger value="form">{t('start.byForm')}</Tabs.Trigger>
        <Tabs.Trigger value="json">{t('start.byJson')}</Tabs.Trigger>
      </Tabs.List>
      <Box pt="4">
        <Tabs.Content value="form">
          <FormPanel
            key={fillings}
            {...{ form, saved, mayChange }}
            isFilled={fillings > 0}
            onForm={(next) => setForm((before) => ({ ...before, ...next }))}
          />
        </Tabs.Content>
        <Tabs.Content value="json">
          <PastePanel
            text={pasted}
            onText={setPasted}
            saved={saved}
            onFill={(body) => {
              setForm(formOf(body, saved, randomLetters(SUFFIX_BYTES)));
              setFillings((count) => count + 1);
              setTab('form');
              toast(t('start.paste.filled'));
            }}
          />
        </Tabs.Content>
      </Box>
    </Tabs.Root>
  );
}

/** The outlines of the page, in the sizes that it will have. */
function Waiting() {
  const { t } = useTranslation();
  return (
    <Flex direction="column" gap="4" aria-busy="true" aria-label={t('common.loading')}>
      {[300, 330, 210].map((heightPx) => (
        <Card key={heightPx} size="3">
          <Skeleton height={`${heightPx}px`} />
        </Card>
      ))}
    </Flex>
  );
}
