import { Button, Callout, Flex, Text } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { fieldProblems, isAboutFields } from '../checks-model.ts';
import { useAction, useRoute } from '../data/queries.ts';
import { FEW_HOURS, type FirstRunFacts, hoursOfRoom, sampleRequest } from '../first-run-model.ts';
import { formatSize } from '../format.ts';
import { SelfTest } from '../parts/checks.tsx';
import { LabelledField } from '../parts/labelled-field.tsx';
import { Problem } from '../parts/problem.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';

/** Disks come and go without an event. */
const REFRESH_MS = 5000;

/** Where files are kept, and for how much there is room. */
export function StorageStep({ facts: { storage }, isAdmin }: { facts: FirstRunFacts; isAdmin: boolean }) {
  const { t, i18n } = useTranslation();
  const { data: health } = useRoute('healthz', {});
  useRoute('getFirstRun', {}, { refetchMs: REFRESH_MS });
  const hours = hoursOfRoom(storage, health?.disk?.bytesPerHour);
  const size = (bytes: number) => formatSize(bytes, i18n.language);
  return (
    <Flex direction="column" gap="3">
      <Text as="p" size="2" color="gray" highContrast>
        {t('firstRun.storage.lead')}
      </Text>
      <dl className="guide-facts">
        <dt>{t('firstRun.storage.folder')}</dt>
        <dd>
          <code>{storage.directory}</code>
        </dd>
        <dt>{t('firstRun.storage.free')}</dt>
        <dd className="numbers">{storage.freeBytes === null ? '–' : size(storage.freeBytes)}</dd>
        <dt>{t('firstRun.storage.reserve')}</dt>
        <dd className="numbers">{size(storage.reserveBytes)}</dd>
      </dl>
      {storage.freeBytes === null && (
        <Callout.Root color="red" highContrast size="1">
          <Callout.Text>{t('firstRun.storage.away')}</Callout.Text>
        </Callout.Root>
      )}
      {hours !== null && (
        <Callout.Root color={hours < FEW_HOURS ? 'amber' : 'green'} highContrast size="1">
          <Callout.Text>
            {t('firstRun.storage.room', { hours: new Intl.NumberFormat(i18n.language).format(hours) })}
            {hours < FEW_HOURS && ` ${t('firstRun.storage.roomShort')}`}
          </Callout.Text>
        </Callout.Root>
      )}
      {!storage.fromEnvironment && isAdmin && <FolderChoice />}
      <Text as="p" size="2">
        {storage.fromEnvironment && `${t('firstRun.storage.given')} `}
        {`${t('firstRun.storage.more')} `}
        <Link href="/settings/storage">{t('firstRun.storage.settings')}</Link>
      </Text>
    </Flex>
  );
}

/** Another folder for recordings: tried by the box when it is saved, used from its next start on. */
function FolderChoice() {
  const { t } = useTranslation();
  const { data } = useRoute('getSettings', {});
  const [typed, setTyped] = useState<string | null>(null);
  const save = useAction('changeSettings', ['getSettings', 'getFirstRun']);
  const { storage } = (data?.values ?? {}) as { storage?: { directory: string | null } };
  const saved = storage?.directory ?? '';
  const folder = typed ?? saved;
  const problems = fieldProblems(save.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ body: { storage: { directory: folder.trim() || null } } }, { onSuccess: () => setTyped(null) });
  };
  return (
    <form onSubmit={submit}>
      <Flex direction="column" gap="2">
        <LabelledField
          label={t('firstRun.storage.other')}
          hint={t('firstRun.storage.otherHelp')}
          value={folder}
          onValue={setTyped}
          problem={problems['storage.directory']}
        />
        {save.error && !isAboutFields(save.error, ['storage.directory']) && <Problem error={save.error} />}
        <Flex>
          <Button type="submit" variant="soft" highContrast loading={save.isPending} disabled={folder.trim() === saved}>
            {t('firstRun.storage.use')}
          </Button>
        </Flex>
        <Text as="p" size="2" role="status">
          {save.isSuccess && t('firstRun.storage.saved')}
        </Text>
      </Flex>
    </form>
  );
}

/** A token for a program on another machine, where one is needed. */
export function TokenStep({ facts: { access }, isAdmin }: { facts: FirstRunFacts; isAdmin: boolean }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [shown, setShown] = useState<{ name: string; token: string } | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const create = useAction('createToken', ['listTokens']);
  const lead = !access.loopbackOnly ? 'leadOpen' : access.tokenRequired ? 'leadRequired' : 'leadLoopback';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { body: { name: name.trim(), role: 'record' } },
      {
        onSuccess: (token) => {
          setShown(token);
          setMade(token.name);
          setName('');
          // The page keeps the secret no longer than it is shown.
          create.reset();
        },
      },
    );
  };
  return (
    <Flex direction="column" gap="3">
      <Text as="p" size="2">
        {t(`firstRun.token.${lead}`)}
      </Text>
      {access.loopbackOnly && (
        <Text as="p" size="2">
          {`${t('firstRun.token.toOpen')} `}
          <Link href="/settings/access">{t('firstRun.token.settings')}</Link>
        </Text>
      )}
      {access.tokenRequired && isAdmin && (
        <form onSubmit={submit} autoComplete="off">
          <Flex direction="column" gap="3" maxWidth="420px">
            <LabelledField
              label={t('firstRun.token.name')}
              hint={`${t('firstRun.token.nameHint')}. ${t('firstRun.token.role')}`}
              problem={fieldProblems(create.error).name ?? null}
              value={name}
              onValue={setName}
            />
            <div>
              <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
                {t('firstRun.token.create')}
              </Button>
            </div>
            {!isAboutFields(create.error, ['name']) && <Problem error={create.error} />}
            <Text as="p" size="2" role="status">
              {made && t('firstRun.token.made', { name: made })}
            </Text>
          </Flex>
        </form>
      )}
      {shown && <SecretOnce name={shown.name} secret={shown.token} onClose={() => setShown(null)} />}
    </Flex>
  );
}

/** A whole recording of a simulated room. */
export function SelfTestStep() {
  const { t } = useTranslation();
  return (
    <Flex direction="column" gap="3">
      <Text as="p" size="2" color="gray" highContrast>
        {t('firstRun.selfTest.lead')}
      </Text>
      <SelfTest hasHeading={false} />
    </Flex>
  );
}

/** What is still missing, and the request that begins the work. */
export function DoneStep({ facts }: { facts: FirstRunFacts }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const { data: test } = useRoute('getSelfTest', {});
  const place = useRoute('listDestinations', {}).data?.destinations[0];
  const sample = sampleRequest({
    origin: location.origin,
    needsToken: facts.access.tokenRequired,
    place: place ? { Region: place.Region, Bucket: place.Bucket, Path: place.Path } : null,
  });
  const missing = [
    ...(facts.keys === 'none' ? [t('firstRun.done.missingKeys')] : []),
    ...(test && test.state !== 'passed' ? [t('firstRun.done.missingTest')] : []),
  ];
  const copy = () => {
    // Pages that came by plain http from another machine have no clipboard; the text can be marked by hand.
    void navigator.clipboard?.writeText(sample).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <Flex direction="column" gap="3">
      {missing.map((text) => (
        <Callout.Root key={text} color="amber" highContrast size="1">
          <Callout.Text>{text}</Callout.Text>
        </Callout.Root>
      ))}
      <Text as="p" size="2" color="gray" highContrast>
        {t('firstRun.done.lead')}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by the keyboard */}
      <section className="guide-code" tabIndex={0} aria-label={t('firstRun.done.request')}>
        <pre>{sample}</pre>
      </section>
      <Flex gap="3" align="center" wrap="wrap">
        <Button variant="soft" highContrast onClick={copy}>
          {t('firstRun.done.copy')}
        </Button>
        <Text size="2" role="status">
          {isCopied && t('firstRun.done.copied')}
        </Text>
      </Flex>
      <div className="guide-links">
        <Link href="/">{t('firstRun.done.now')}</Link>
        <Link href="/start">{t('firstRun.done.byHand')}</Link>
        <a href="/api">{t('firstRun.done.api')}</a>
      </div>
    </Flex>
  );
}
