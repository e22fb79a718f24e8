import { Button, Callout, Flex } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useAction, useRoute } from '../data/queries.ts';
import { useMay } from '../data/session.ts';
import './first-run-offer.css';

/** Points a new box at its guide, on the page Now alone. */
export function FirstRunOffer() {
  const { t } = useTranslation();
  const [location] = useLocation();
  // Only who may carry it through.
  const { data } = useRoute('getFirstRun', {}, { enabled: useMay('admin') });
  const change = useAction('changeFirstRun', ['getFirstRun']);
  if (location !== '/' || !data?.offered) return null;
  const isBegun = data.step !== 'storage';
  return (
    <Callout.Root className="offer" highContrast size="1" role="note">
      <Flex align="center" justify="between" gap="3" wrap="wrap">
        <Callout.Text>{t(isBegun ? 'firstRun.offer.continueText' : 'firstRun.offer.text')}</Callout.Text>
        <Flex gap="3" align="center" wrap="wrap">
          <Button asChild>
            <Link className="button-link" href="/first-run">
              {t(isBegun ? 'firstRun.offer.goOn' : 'firstRun.offer.start')}
            </Link>
          </Button>
          <Button
            variant="soft"
            color="gray"
            highContrast
            loading={change.isPending}
            onClick={() => change.mutate({ body: { dismissed: true } })}
          >
            {t('firstRun.offer.dismiss')}
          </Button>
        </Flex>
      </Flex>
    </Callout.Root>
  );
}
