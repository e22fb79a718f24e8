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

type Destination = RouteOutput<(typeof ROUTES)['listDestinations']>['destinations'][number];
type Application = RouteOutput<(typeof ROUTES)['listApplications']>['applications'][number];

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

/** In the place of a section that is not known yet. */
function Waiting() {
  return <Skeleton height="170px" />;
}

/** Saved destinations: each with what may be shown of its keys, to be changed, added and deleted. */
export function DestinationsSection() {
  const { t } = useTranslation();
  const { lists, error } = useSavedLists();
  const remove = useAction('deleteDestination', ['listDestinations']);
  const [edited, setEdited] = useState<Destination | 'new' | null>(null);
  const changed = edited === 'new' ? undefined : (edited ?? undefined);
  if (lists === null && !error) return <Waiting />;
  const list = lists?.destinations ?? [];
  return (
    <SavedList
      kind="destinations"
      isEmpty={lists !== null && list.length === 0}
      error={error ?? remove.error}
      onAdd={() => setEdited('new')}
    >
      {list.map((one) => (
        <SavedRow
          key={one.name}
          kind="destinations"
          name={one.name}
          facts={`${one.Bucket} · ${one.Region} · ${one.Path}`}
          isReadable={one.isReadable}
          badge={
            one.secretId === null
              ? t('presets.destinations.keysOfBox')
              : `${t('presets.destinations.ownKeys', { secretId: one.secretId })}${one.hasToken ? ` · ${t('presets.destinations.temporary')}` : ''}`
          }
          onEdit={() => setEdited(one)}
          onDelete={() => remove.mutate({ params: { name: one.name } })}
        />
      ))}
      <DestinationDialog
        isOpen={edited !== null}
        onOpen={(isOpen) => !isOpen && setEdited(null)}
        given={changed ? { Region: changed.Region, Bucket: changed.Bucket, Path: changed.Path } : {}}
        changed={changed}
        taken={list}
      />
    </SavedList>
  );
}

/** Saved applications: each with what may be shown of its key, to be changed, added and deleted. */
export function ApplicationsSection() {
  const { t } = useTranslation();
  const { lists, error } = useSavedLists();
  const remove = useAction('deleteApplication', ['listApplications']);
  const [edited, setEdited] = useState<Application | 'new' | null>(null);
  const changed = edited === 'new' ? undefined : (edited ?? undefined);
  if (lists === null && !error) return <Waiting />;
  const list = lists?.applications ?? [];
  return (
    <SavedList
      kind="applications"
      isEmpty={lists !== null && list.length === 0}
      error={error ?? remove.error}
      onAdd={() => setEdited('new')}
    >
      {list.map((one) => (
        <SavedRow
          key={one.name}
          kind="applications"
          name={one.name}
          facts={`SDKAppID ${one.SdkAppId}`}
          isReadable={one.isReadable}
          badge={
            one.sdkSecretKey === null
              ? t('presets.applications.noKey')
              : t('presets.applications.ownKey', { secretKey: one.sdkSecretKey })
          }
          onEdit={() => setEdited(one)}
          onDelete={() => remove.mutate({ params: { name: one.name } })}
        />
      ))}
      <ApplicationDialog
        isOpen={edited !== null}
        onOpen={(isOpen) => !isOpen && setEdited(null)}
        given={changed ? { SdkAppId: String(changed.SdkAppId) } : {}}
        changed={changed}
        taken={list}
      />
    </SavedList>
  );
}

type Kind = 'destinations' | 'applications';

function SavedList({
  kind,
  isEmpty,
  error,
  onAdd,
  children,
}: {
  kind: Kind;
  isEmpty: boolean;
  error: unknown;
  onAdd(): void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const mayChange = useMayChange();
  return (
    <Card size="3" asChild>
      <section aria-labelledby={id}>
        <Flex justify="between" align="start" gap="3" wrap="wrap">
          <div className="preset-lead">
            <Heading as="h3" size="4" id={id}>
              {t(`presets.${kind}.title`)}
            </Heading>
            <Text as="p" size="2" color="gray" highContrast mt="1">
              {t(`presets.${kind}.lead`)}
            </Text>
          </div>
          {mayChange && (
            <Button variant="soft" highContrast onClick={onAdd}>
              {t(`presets.${kind}.add`)}
            </Button>
          )}
        </Flex>
        <div className="presets">
          {isEmpty && (
            <Text as="p" size="2" className="presets-empty">
              {t(`presets.${kind}.empty`)}
            </Text>
          )}
          {children}
        </div>
        {!mayChange && (
          <Text as="p" size="2" color="gray" highContrast mt="3">
            {t('presets.adminOnly')}
          </Text>
        )}
        <Problem error={error} />
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
