import { Badge, Button, Card, Flex, Heading, Skeleton, Text } from '@radix-ui/themes';
import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RouteOutput } from '../../../shared/api/route.ts';
import type { ROUTES } from '../../../shared/api/routes.ts';
import { useAction, useRoute } from '../../data/queries.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { ApplicationDialog, DestinationDialog } from './preset-dialogs.tsx';
import './presets.css';
import { Problem } from '../../parts/problem.tsx';

type SavedLists = RouteOutput<(typeof ROUTES)['listDestinations']> & RouteOutput<(typeof ROUTES)['listApplications']>;
type Kind = keyof SavedLists;
type Entry<Of extends Kind> = SavedLists[Of][number];

/** Whether this person may change what is saved. */
function useMayChange(): boolean {
  return useRoute('getSession', {}).data?.role === 'admin';
}

/**
 * What is saved; null until all of it is known. Both sections wait for both lists, so that they appear together and neither pushes the
 * other away.
 */
function useSavedLists() {
  const destinations = useRoute('listDestinations', {});
  const applications = useRoute('listApplications', {});
  const session = useRoute('getSession', {});
  const isKnown = destinations.data && applications.data && session.data;
  return {
    lists: isKnown ? { ...destinations.data, ...applications.data } : null,
    error: destinations.error ?? applications.error,
  };
}

/** Saved destinations: each with what may be shown of its keys, to be changed, added and deleted. */
export function DestinationsSection() {
  const { t } = useTranslation();
  const remove = useAction('deleteDestination', ['listDestinations']);
  return (
    <SavedList
      kind="destinations"
      wordsOf={({ Bucket, Region, Path, secretId, hasToken }) => ({
        facts: `${Bucket} · ${Region} · ${Path}`,
        badge:
          secretId === null
            ? t('presets.destinations.keysOfBox')
            : `${t('presets.destinations.ownKeys', { secretId })}${hasToken ? ` · ${t('presets.destinations.temporary')}` : ''}`,
      })}
      refusal={remove.error}
      onDelete={(name) => remove.mutate({ params: { name } })}
      dialog={(props) => (
        <DestinationDialog
          {...props}
          given={
            props.changed
              ? { Region: props.changed.Region, Bucket: props.changed.Bucket, Path: props.changed.Path }
              : {}
          }
        />
      )}
    />
  );
}

/** Saved applications: each with what may be shown of its key, to be changed, added and deleted. */
export function ApplicationsSection() {
  const { t } = useTranslation();
  const remove = useAction('deleteApplication', ['listApplications']);
  return (
    <SavedList
      kind="applications"
      wordsOf={({ SdkAppId, sdkSecretKey }) => ({
        facts: `SDKAppID ${SdkAppId}`,
        badge:
          sdkSecretKey === null
            ? t('presets.applications.noKey')
            : t('presets.applications.ownKey', { secretKey: sdkSecretKey }),
      })}
      refusal={remove.error}
      onDelete={(name) => remove.mutate({ params: { name } })}
      dialog={(props) => (
        <ApplicationDialog {...props} given={props.changed ? { SdkAppId: String(props.changed.SdkAppId) } : {}} />
      )}
    />
  );
}

interface SavedListProps<Of extends Kind> {
  kind: Of;
  wordsOf(entry: Entry<Of>): { facts: string; badge: string };
  refusal: unknown;
  onDelete(name: string): void;
  /** In which one is added, or `changed` is changed. */
  dialog(props: {
    isOpen: boolean;
    onOpen(isOpen: boolean): void;
    changed: Entry<Of> | undefined;
    taken: readonly Entry<Of>[];
  }): ReactNode;
}

function SavedList<Of extends Kind>({ kind, wordsOf, refusal, onDelete, dialog }: SavedListProps<Of>) {
  const { t } = useTranslation();
  // The keys of the texts are no generic ones.
  const words: Kind = kind;
  const id = useId();
  const mayChange = useMayChange();
  const { lists, error } = useSavedLists();
  const [edited, setEdited] = useState<Entry<Of> | 'new' | null>(null);
  if (lists === null && !error) return <Skeleton height="170px" />;
  const list: readonly Entry<Of>[] = lists?.[kind] ?? [];
  return (
    <Card size="3" asChild>
      <section aria-labelledby={id}>
        <Flex justify="between" align="start" gap="3" wrap="wrap">
          <div className="preset-lead">
            <Heading as="h3" size="4" id={id}>
              {t(`presets.${words}.title`)}
            </Heading>
            <Text as="p" size="2" color="gray" highContrast mt="1">
              {t(`presets.${words}.lead`)}
            </Text>
          </div>
          {mayChange && (
            <Button variant="soft" highContrast onClick={() => setEdited('new')}>
              {t(`presets.${words}.add`)}
            </Button>
          )}
        </Flex>
        <div className="presets">
          {lists !== null && list.length === 0 && (
            <Text as="p" size="2" className="presets-empty">
              {t(`presets.${words}.empty`)}
            </Text>
          )}
          {list.map((one) => (
            <SavedRow
              key={one.name}
              {...{ kind, ...wordsOf(one) }}
              name={one.name}
              isReadable={one.isReadable}
              onEdit={() => setEdited(one)}
              onDelete={() => onDelete(one.name)}
            />
          ))}
          {dialog({
            isOpen: edited !== null,
            onOpen: (isOpen) => !isOpen && setEdited(null),
            changed: edited === 'new' ? undefined : (edited ?? undefined),
            taken: list,
          })}
        </div>
        {!mayChange && (
          <Text as="p" size="2" color="gray" highContrast mt="3">
            {t('presets.adminOnly')}
          </Text>
        )}
        <Problem error={error ?? refusal} />
      </section>
    </Card>
  );
}

interface SavedRowProps {
  kind: Kind;
  name: string;
  facts: string;
  badge: string;
  isReadable: boolean;
  onEdit(): void;
  onDelete(): void;
}

function SavedRow({ kind, name, facts, badge, isReadable, onEdit, onDelete }: SavedRowProps) {
  const { t } = useTranslation();
  const mayChange = useMayChange();
  return (
    <div className="preset">
      <div className="preset-words">
        <Text as="p" weight="medium" className="preset-name">
          {name}
        </Text>
        <Text as="p" size="2" color="gray" highContrast className="preset-facts">
          {facts}
        </Text>
        <Badge color={isReadable ? 'gray' : 'amber'} highContrast mt="1">
          {isReadable ? badge : t('presets.unreadable')}
        </Badge>
      </div>
      {mayChange && (
        <Flex gap="2">
          <Button variant="soft" color="gray" highContrast aria-label={t('presets.editOf', { name })} onClick={onEdit}>
            {t('presets.edit')}
          </Button>
          <Confirm
            trigger={
              <Button variant="soft" color="red" highContrast aria-label={t('presets.deleteOf', { name })}>
                {t('presets.delete')}
              </Button>
            }
            title={t(`presets.${kind}.deleteTitle`, { name })}
            text={t(`presets.${kind}.deleteText`)}
            confirm={t('presets.delete')}
            onConfirm={onDelete}
          />
        </Flex>
      )}
    </div>
  );
}
