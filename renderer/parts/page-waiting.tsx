import { Skeleton } from '@radix-ui/themes';
import { useTranslation } from 'react-i18next';

/** Stands where a page will, in its shape, while its script comes. */
export function PageWaiting() {
  const { t } = useTranslation();
  return (
    <div className="page-waiting" role="status" aria-busy="true" aria-label={t('common.loading')}>
      <Skeleton width="180px" height="32px" />
      <Skeleton height="160px" />
      <Skeleton height="320px" />
    </div>
  );
}
