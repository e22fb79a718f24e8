import './settings/settings.css';
import { Callout, Heading, Select, Skeleton, Text } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useRoute } from '../data/queries.ts';
import { Problem } from '../parts/problem.tsx';
import { fieldsOf } from '../settings-model.ts';
import { readDrafts } from '../settings-model-entries.ts';
import { arrange, SECTIONS, type Section, sectionOf } from '../settings-model-sections.ts';
import { useSectionWork } from './settings/drafts.ts';
import { useLeaveGuard } from './settings/leave-guard.tsx';
import { SectionContent, type SessionFacts } from './settings/section-content.tsx';
import type { SettingsAnswer } from './settings/section-form.tsx';

/** All settings of the box, section by section. */
export function SettingsPage({ section: name }: { section?: string | undefined }) {
  const section = sectionOf(name);
  const { t } = useTranslation();
  const settings = useRoute('getSettings', {});
  const session = useRoute('getSession', {});
  return (
    <>
      <Heading as="h2" size="6" key={`title-${section}`} className="settings-title">
        {t('settings.title')}
        <span className="settings-title-part"> · {t(`settings.sections.${section}`)}</span>
      </Heading>
      {settings.data && session.data ? (
        <Sections key={section} section={section} answer={settings.data} session={session.data} />
      ) : (
        <Waiting error={settings.error ?? session.error} />
      )}
    </>
  );
}

interface SectionsProps {
  section: Section;
  answer: SettingsAnswer;
  session: SessionFacts;
}

function Sections({ section, answer, session }: SectionsProps) {
  const { t } = useTranslation();
  const fields = fieldsOf(answer.schema, answer.defaults);
  const arranged = arrange(fields);
  const cards = arranged[section];
  const work = useSectionWork(section);
  const own = cards.flatMap((card) => [...card.fields, ...card.seldom]);
  const reading = readDrafts(own, answer.values, work.work.drafts);
  const unsaved = Object.keys(reading.changes).length + Object.keys(reading.problems).length;
  const guard = useLeaveGuard({ isDirty: unsaved > 0, onDiscard: work.clear });
  const shown = SECTIONS.filter((one) => one !== 'other' || arranged.other.length > 0);
  const isAdmin = session.role === 'admin';
  return (
    <div className="settings">
      <SectionLinks section={section} shown={shown} onGo={guard.goTo} />
      <div className="settings-body">
        <Text as="p" color="gray" highContrast>
          {t(`settings.lead.${section}`)}
        </Text>
        {!isAdmin && section !== 'appearance' && <ReadOnly session={session} />}
        <SectionContent {...{ section, cards, answer, session, isAdmin, reading, unsaved, work }} />
      </div>
      {guard.dialog}
    </div>
  );
}

/** Where one can go within the settings: links beside them, on narrow windows one list. */
function SectionLinks({
  section,
  shown,
  onGo,
}: {
  section: Section;
  shown: readonly Section[];
  onGo(to: string): void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <nav className="settings-nav" aria-label={t('settings.sectionsLabel')}>
        <ul>
          {shown.map((one) => (
            <li key={one}>
              <Link
                href={`/settings/${one}`}
                className="settings-link"
                aria-current={one === section ? 'page' : undefined}
              >
                {t(`settings.sections.${one}`)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="settings-select">
        <Select.Root size="3" value={section} onValueChange={(one) => onGo(`/settings/${one}`)}>
          <Select.Trigger aria-label={t('settings.sectionsLabel')} />
          <Select.Content>
            {shown.map((one) => (
              <Select.Item key={one} value={one}>
                {t(`settings.sections.${one}`)}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </div>
    </>
  );
}

function ReadOnly({ session: { name, role } }: { session: SessionFacts }) {
  const { t } = useTranslation();
  return (
    <Callout.Root color="amber" highContrast size="1" role="note">
      <Callout.Text>
        {name === null ? t('settings.readOnlyNobody') : t('settings.readOnly', { name, role })}
      </Callout.Text>
    </Callout.Root>
  );
}

function Waiting({ error }: { error: unknown }) {
  if (error) return <Problem error={error} />;
  return (
    <div className="settings" aria-busy="true">
      <Skeleton className="settings-nav" height="340px" />
      <Skeleton className="settings-select" height="40px" />
      <div className="settings-body">
        <Skeleton height="24px" />
        <Skeleton height="480px" />
      </div>
    </div>
  );
}
