import { AlertDialog, Button, Flex } from '@radix-ui/themes';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';

interface LeaveGuardProps {
  isDirty: boolean;
  onDiscard(): void;
}

/** Where a click would lead within the console; null for every other click. */
function targetOf(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
  if (!link || link.target === '_blank') return null;
  const { origin, pathname, hash } = new URL(link.href);
  if (origin !== location.origin || pathname !== location.pathname || !hash.startsWith('#/')) return null;
  return hash === location.hash ? null : hash.slice(1);
}

/** Asks before unsaved changes are left behind, by a link of the console or by closing the page. @returns how to go somewhere by script */
export function useLeaveGuard({ isDirty, onDiscard }: LeaveGuardProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [target, setTarget] = useState<string | null>(null);
  useEffect(() => {
    if (!isDirty) return;
    const onClick = (event: MouseEvent) => {
      const to = targetOf(event);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(to);
    };
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    document.addEventListener('click', onClick, { capture: true });
    window.addEventListener('beforeunload', onUnload);
    return () => {
      document.removeEventListener('click', onClick, { capture: true });
      window.removeEventListener('beforeunload', onUnload);
    };
  }, [isDirty]);
  const leave = () => {
    onDiscard();
    if (target !== null) navigate(target);
    setTarget(null);
  };
  const dialog = (
    <AlertDialog.Root open={target !== null} onOpenChange={(isOpen) => !isOpen && setTarget(null)}>
      <AlertDialog.Content maxWidth="440px">
        <AlertDialog.Title>{t('settings.leaveTitle')}</AlertDialog.Title>
        <AlertDialog.Description size="2">{t('settings.leaveText')}</AlertDialog.Description>
        <Flex gap="3" mt="4" justify="end" wrap="wrap">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray" highContrast>
              {t('settings.leaveStay')}
            </Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action>
            <Button color="red" onClick={leave}>
              {t('settings.leaveDiscard')}
            </Button>
          </AlertDialog.Action>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  );
  return { dialog, goTo: (to: string) => (isDirty ? setTarget(to) : navigate(to)) };
}
